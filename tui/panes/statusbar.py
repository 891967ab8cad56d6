"""The line at the top that is always there, and the banner under it."""

from sting.model import records
from sting.model import views
from tui import format as text_format
from tui import opening
from tui.panes import line

_SLOW_MS = 50.0
_SILENT_S = 15.0
# A feed that gives bars, if not as it should; and one that does as it should.
_LESS = frozenset({'failover', 'degraded'})
_WELL = _LESS | {'connected', 'started', 'running', 'closed'}
_STATES = {
    records.TradingState.TRADING: 'good!',
    records.TradingState.REDUCING: 'warning!',
    records.TradingState.HALTED: 'error!',
}
# Nothing new goes out to such a broker.
_AWAY = frozenset({'lost', 'silent', 'reconnecting', 'reconciling'})
# A part of the bar: its place when room is short (the highest goes first),
# and what it says, as text and the name of its colour.
_Item = tuple[int, list[tuple[str, str]]]


def is_halted(snapshot: views.Snapshot) -> bool:
    """Whether nothing but the operator's flatten goes through."""
    halted = snapshot.state is records.TradingState.HALTED
    return halted or snapshot.halting


def feed_age(snapshot: views.Snapshot) -> float | None:
    """Gives the seconds since the feed that is silent longest gave anything.

    Feeds that are at their end are not waited for.
    """
    ages = [
        feed.age_s
        for feed in snapshot.feeds
        if feed.age_s is not None
        and feed.status not in ('ended', 'stopped', 'closed')
    ]
    return max(ages, default=None)


def lost_s(snapshot: views.Snapshot) -> float | None:
    """Gives the seconds since the engine was lost; None while it is heard."""
    return None if snapshot.attached is None else snapshot.attached.lost_s


def _is_opening(snapshot: views.Snapshot) -> bool:
    trading = snapshot.state is records.TradingState.TRADING
    return opening.is_opening(snapshot) and trading and not snapshot.halting


def _state(snapshot: views.Snapshot) -> tuple[str, str]:
    if _is_opening(snapshot):
        return 'OPENING', 'warning!'
    if (lost := lost_s(snapshot)) is not None:
        return f'LOST {text_format.duration(lost)}', 'error!'
    if snapshot.halting and snapshot.state is not records.TradingState.HALTED:
        return 'HALTING', 'error!'
    return snapshot.state.value, _STATES[snapshot.state]


def _feed(snapshot: views.Snapshot) -> tuple[str, str]:
    if _is_opening(snapshot) or lost_s(snapshot) is not None:
        # Its age is not known.
        return '', ''
    for feed in snapshot.feeds:
        if feed.status not in _WELL:
            return f'feed {text_format.clean(feed.status)}', 'warning!'
        if feed.status == 'closed':
            return 'feed closed', 'muted'
    age = feed_age(snapshot)
    usual = max((feed.usual_s for feed in snapshot.feeds), default=0.0)
    late = age is None or age > usual + _SILENT_S
    parts = ['feed']
    for feed in snapshot.feeds:
        if feed.status in _LESS:
            late = True
            parts.append(feed.status)
        parts.append(feed.source)
    parts.append(text_format.duration(age))
    return (
        text_format.clean(' '.join(filter(None, parts))),
        'warning!' if late else 'muted',
    )


def _brokers(snapshot: views.Snapshot) -> str:
    """Names the brokers that nothing new goes out to, with why."""
    if _is_opening(snapshot):
        return ''
    away = [
        f'{broker.name} {broker.status}'
        for broker in snapshot.brokers
        if broker.status in _AWAY
    ]
    return text_format.clean(', '.join(away))


def _inbox(snapshot: views.Snapshot) -> str:
    count = sum(not row.accepted for row in snapshot.inbox)
    return f'inbox {count}' if count else ''


def _watches(snapshot: views.Snapshot) -> str:
    attached = snapshot.attached
    return '[READ-ONLY]' if attached and attached.read_only else ''


def _items(snapshot: views.Snapshot) -> list[_Item]:
    day = snapshot.day_pnl
    start = snapshot.equity - day
    day_style = 'up!' if day > 0 else 'down!' if day < 0 else ''
    share = text_format.percent(day / start) if start else ''
    lag = snapshot.loop_lag_ms
    account = text_format.clean(snapshot.account or snapshot.profile)
    currency = text_format.clean(snapshot.currency)
    equity, gain = text_format.money(snapshot.equity), text_format.gain(day)
    slow = f'lag {lag:.0f}ms'
    if opening.is_opening(snapshot):
        account = equity = gain = text_format.NONE
        slow = ''
    return [
        (0, [(_watches(snapshot), 'warning!')]),
        (3, [(account, '')]),
        (
            0,
            [
                ('equity ', 'muted'),
                (equity, 'text!'),
            ],
        ),
        (6, [(currency, 'muted')]),
        (1, [('day ', 'muted'), (gain, day_style)]),
        (5, [(share, day_style)]),
        (0, [_state(snapshot)]),
        (0, [(_brokers(snapshot), 'error!')]),
        (1, [(_inbox(snapshot), 'warning!')]),
        (2, [_feed(snapshot)]),
        (
            4,
            [(slow, 'warning!' if lag > _SLOW_MS else 'muted')],
        ),
        (7, [('generated data' if snapshot.generated else '', 'warning')]),
        (
            8,
            [(text_format.date_clock(snapshot.time), 'muted')],
        ),
    ]


def _length(items: list[_Item]) -> int:
    return sum(
        sum(len(text) for text, _ in texts) + 2
        for _, texts in items
        if any(text for text, _ in texts)
    )


class StatusBar(line.Line):
    """Mode, account, money, risk state, lost brokers, feed age, loop lag."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: views.Snapshot | None = None

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest picture of the engine."""
        self._snapshot = snapshot
        style = self.palette.style
        mode = f' {snapshot.mode.value.upper()} '
        items = _items(snapshot)
        room = self.size.width - len(mode)
        while len(items) > 3 and _length(items) > room:
            items.remove(max(items, key=lambda item: item[0]))
        parts = [(mode, self.palette.mode(snapshot.mode))]
        for _, texts in items:
            if any(text for text, _ in texts):
                parts.append(('  ', style('', 'panel')))
                parts += [(text, style(name, 'panel')) for text, name in texts]
        self.put(parts)

    def on_resize(self) -> None:
        """Fits what it says to the new width."""
        if self._snapshot is not None:
            self.show(self._snapshot)

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        self.on_resize()
        self.refresh()


class Banner(line.Line):
    """Says that trading is halted or the engine lost, and what to do."""

    def show(self, snapshot: views.Snapshot) -> None:
        """Appears while not all is well, and goes after that."""
        halted = is_halted(snapshot)
        reducing = snapshot.state is records.TradingState.REDUCING
        lost = lost_s(snapshot)
        attached = snapshot.attached
        said = attached.detail if attached else ''
        self.display = halted or reducing or lost is not None or bool(said)
        if not self.display:
            return
        reason = text_format.clean(snapshot.reason)
        if lost is not None:
            style = self.palette.style('on_error!', 'error')
            head = f' ■ LOST what is shown is {text_format.duration(lost)} old '
            reason, tail = text_format.clean(said), ''
        elif said:
            style = self.palette.style('on_error!', 'error')
            head, reason, tail = ' ■ STOP ', text_format.clean(said), ''
        elif halted:
            style = self.palette.style('on_error!', 'error')
            head = ' ■ HALTED ' if not snapshot.halting else ' ■ HALTING '
            tail = ':resume lets trading go on'
            if held := text_format.held(snapshot.positions):
                reason = f'open {held}; {reason}'
                tail = ':resume'
        else:
            style = self.palette.style('background!', 'warning')
            head = ' ■ REDUCING only orders that shrink a position pass '
            tail = ''
        width = self.size.width or self.app.size.width
        room = max(0, width - len(head) - len(tail) - 3)
        text = text_format.fit(reason, room)
        self.put([(f'{head} {text} {tail} ', style)])

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        self._parts = ()
