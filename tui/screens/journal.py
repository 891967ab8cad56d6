"""F4: the panes at any moment of a log, framed so that it is not now."""

from collections.abc import Iterator
from collections.abc import Sequence
import datetime
import pathlib
from typing import TYPE_CHECKING
from typing import ClassVar

import textual
from textual import app as textual_app
from textual import containers
from textual import content
from textual import screen
from textual import style as textual_style
from textual import widget
from textual import widgets
from textual.widgets import option_list

from sting import settings
from sting.model import errors
from sting.model import market
from sting.model import records
from sting.model import views
from sting.model import workstation as workstation_model
from sting.session import replay
from sting.session import timeline
from tui import format as text_format
from tui import keymap
from tui import layout as layout_model
from tui import requests
from tui.panes import alerts
from tui.panes import chart
from tui.panes import events
from tui.panes import hintbar
from tui.panes import line
from tui.panes import orders
from tui.panes import pane
from tui.panes import positions
from tui.panes import prompt
from tui.panes import statusbar
from tui.panes import strategies
from tui.panes import table
from tui.panes import track
from tui.panes import watchlist
from tui.screens import base
from tui.screens import trade
from tui.screens import why

if TYPE_CHECKING:
    from tui.app import StingApp

# How much faster than it was; 0 is as fast as it can.
SPEEDS = (1, 10, 100, 0)
_PLAY_S = 0.1
# As fast as it can: so many events a look.
_RUSH = 200
# So many seconds of watching nothing may happen, then the rest is left out.
_CUT_S = 1.0
# No event's number has more.
_DIGITS = 18
_NOT_HERE = 'this is a replay: nothing can be done in the past; esc leaves'


def show(shown: 'StingApp', path: str = '') -> None:
    """Shows the journal.

    Args:
        shown: The terminal.
        path: The log's file; that of the profile without one.
    """
    log = _log_of(shown, pathlib.Path(path) if path else None)
    if log is None:
        return
    while len(shown.screen_stack) > 1:
        shown.pop_screen()
    shown.push_screen(JournalScreen(shown.workstation, log))
    shown.journal_log = log


def _log_of(
    shown: 'StingApp', path: pathlib.Path | None
) -> pathlib.Path | None:
    """Gives a log's file, or that of the profile; None after telling why."""
    try:
        if path is not None:
            log = path.expanduser()
        else:
            log = settings.Home.find().log(shown.snapshot.profile)
        if not log.is_file():
            raise errors.InputError(f'there is no log at {log}')
    # A home that nobody has is a RuntimeError.
    except (errors.ConfigError, errors.InputError, OSError, RuntimeError) as e:
        shown.say(str(e), ok=False)
        return None
    return log


def show_fork(shown: 'StingApp', seq: int, changes: Sequence[str]) -> None:
    """Reruns the log that the journal showed last from an event on.

    Args:
        shown: The terminal.
        seq: The event.
        changes: Each STRATEGY.PARAMETER=VALUE or RULE=VALUE.
    """
    # What only this needs is loaded now.
    from tui.screens import fork  # noqa: PLC0415

    log = _log_of(shown, shown.journal_log)
    if log is not None:
        shown.push_screen(fork.ForkScreen(log, seq, changes))


def read_goal(text: str, now: int) -> tuple[int, int]:
    """Reads where to go.

    Args:
        text: An event's number, or a time in UTC: 14:30, 14:30:05,
            2012-06-01, 2012-06-01 14:30.
        now: The moment that is shown, which has the day of a bare time.

    Returns:
        The event's number and 0, or 0 and nanoseconds since the epoch.

    Raises:
        errors.InputError: It is neither.
    """
    word = text.strip().replace(',', '')
    if word.isdecimal() and len(word) <= _DIGITS:
        return int(word), 0
    day = market.to_datetime(now)
    try:
        if ':' in word and '-' not in word:
            clock = datetime.time.fromisoformat(word)
            moment = datetime.datetime.combine(day, clock)
        else:
            moment = datetime.datetime.fromisoformat(word)
    except ValueError:
        raise errors.InputError(
            f'{text.strip()!r} is no event and no time: 1200, 14:30:05, '
            '2012-06-01 14:30'
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return 0, market.to_nanoseconds(moment)


class ReplayBar(line.Line):
    """Says that this is a replay, of which moment, and how things are now."""

    def show(
        self, past: views.Snapshot, place: replay.Place, now: views.Snapshot
    ) -> None:
        """Takes the moment and the newest picture of the engine.

        Args:
            past: The moment.
            place: Where in the log it is.
            now: The engine as it is now.
        """
        style = self.palette.style
        word = ' REPLAY '
        when = text_format.date_clock(place.now)
        gain = text_format.gain(past.day_pnl)
        live = f'{now.mode.value.upper()} {now.state.value}'
        parts: list[line.Part] = [
            (word, self.palette.mode(records.Mode.REPLAY)),
            (f' {when} ', style('text!', 'panel')),
            (
                f' event {place.seq:,} of {place.last:,} ',
                style('focus!', 'panel'),
            ),
            (
                f' equity {text_format.money(past.equity)} day {gain} ',
                style('text', 'panel'),
            ),
            (f' {past.state.value} ', style('text!', 'panel')),
            (f' now: {live} ', style('warning!', 'panel')),
            (f' {text_format.clean(past.profile)} ', style('muted', 'panel')),
        ]
        # What matters least goes first where there is no room.
        for index in (6, 3, 4):
            room = sum(len(text) for text, _ in parts)
            if room > (self.size.width or self.app.size.width):
                parts[index] = ('', parts[index][1])
        self.put(parts)


def _without_ticket(
    columns: tuple[layout_model.Column, ...],
) -> tuple[layout_model.Column, ...]:
    """Gives a layout in which no order can be written."""
    return tuple(
        layout_model.Column(
            tuple(
                layout_model.Area(names, area.share)
                for area in column.areas
                if (names := tuple(n for n in area.panes if n != 'ticket'))
            ),
            column.share,
            column.most,
        )
        for column in columns
    )


class ReplayGrid(trade.Grid):
    """The panes of the trade screen without the ticket."""

    @property
    def columns(self) -> tuple[layout_model.Column, ...]:
        """The layout that fits the terminal."""
        return _without_ticket(super().columns)

    def _title(self, found: pane.Pane) -> content.Content:
        """Gives number and name: what a pane does otherwise it cannot here."""
        name = keymap.SCOPES[found.scope][0]
        return content.Content.styled(
            f' {name} ', textual_style.Style(bold=True)
        )


class Logs(screen.ModalScreen[pathlib.Path]):
    """The logs that there are."""

    BINDINGS: ClassVar = keymap.bindings('logs')

    def __init__(self, found: list[pathlib.Path]) -> None:
        super().__init__()
        self.key_scope = 'logs'
        self._found = found

    def compose(self) -> textual_app.ComposeResult:
        """Gives the list."""
        with containers.Vertical(classes='dialog'):
            yield widgets.Label('Which log?', classes='question')
            yield widgets.OptionList(
                *(
                    option_list.Option(
                        text_format.clean(
                            f'{path.parent.name}/{path.name}  '
                            f'{path.stat().st_size / 1e6:,.1f} MB'
                        ).replace('[', '(')
                    )
                    for path in self._found
                ),
                id='logs',
            )
            yield widgets.Label(
                'enter opens it, esc closes; :journal FILE opens any other',
                classes='keys',
            )

    @textual.on(widgets.OptionList.OptionSelected)
    def _chosen(self, event: widgets.OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._found[event.option_index])


class JournalScreen(base.BaseScreen):
    """A log at a moment.

    Attributes:
        replay: The log as a workstation.
        playing: It plays.
        speed: How much faster than it was; 0 is as fast as it can.
    """

    scope = 'journal'
    BINDINGS = keymap.bindings('journal')
    AUTO_FOCUS = None

    def __init__(
        self, live: workstation_model.Workstation, path: pathlib.Path
    ) -> None:
        """Opens a log.

        Args:
            live: The engine, which the stop key still stops.
            path: The log's file.
        """
        super().__init__()
        self.replay = replay.Replay(path, live)
        self.playing = False
        self.speed = SPEEDS[0]
        self._live = live
        self._told = ''
        self._counted: tuple[object, list[dict[str, int]]] = (None, [])
        self._symbol = ''
        self.watchlist = watchlist.Watchlist()
        self.chart = chart.Chart(self.replay)
        found: tuple[pane.Pane, ...] = (
            self.watchlist,
            self.chart,
            orders.Orders(),
            positions.Positions(),
            alerts.Alerts(),
            strategies.Strategies(),
            events.Events(),
        )
        self.grid = ReplayGrid({each.scope: each for each in found})

    def compose(self) -> textual_app.ComposeResult:
        """Gives the bar of the replay, the banner of now, panes and marks."""
        yield ReplayBar()
        yield statusbar.Banner()
        with containers.Container(id='replay'):
            yield self.grid
        yield track.Track()
        yield prompt.Prompt()
        yield hintbar.HintBar()

    def body(self) -> Iterator[widget.Widget]:
        """Gives nothing more."""
        yield from ()

    def on_mount(self) -> None:
        """Begins at the newest event, in the list of events."""
        self.query_one(prompt.Prompt).display = False
        self.set_interval(_PLAY_S, self._play_on)
        self._go_to('events')
        self.show(self._live.snapshot())

    def on_unmount(self) -> None:
        """Lets go of the log."""
        self.replay.close()

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest picture of the engine, and that of the moment."""
        past, place = self.replay.snapshot(), self.replay.place
        self.query_one(statusbar.Banner).show(snapshot)
        self.query_one(ReplayBar).show(past, place, snapshot)
        self._frame(place)
        self._show_track(place)
        if place.problem and place.problem != self._told:
            self.notify(
                text_format.clean(place.problem),
                severity='error',
                markup=False,
            )
        self._told = place.problem
        if not self._symbol and past.watch:
            self._select(past.watch[0].symbol)
        for found in self.grid.panes.values():
            found.show(past)

    def _frame(self, place: replay.Place) -> None:
        """Writes around the panes that this is not now."""
        box = self.query_one('#replay')
        state = 'paused'
        if self.playing:
            state = f'playing {self.speed}x' if self.speed else 'playing, max'
        if place.is_moving and not self.playing:
            state = 'on its way'
        title = f' REPLAY, not now: {text_format.date_clock(place.now)}  '
        box.border_title = f'{title}{state} '
        box.border_subtitle = track.legend()

    def _show_track(self, place: replay.Place) -> None:
        found = self.query_one(track.Track)
        width = max(1, found.size.width)
        said = f'{place.seq:,}'
        here = self.replay.timeline.after(place.seq - 1)
        if here is not None and here.seq == place.seq:
            said += f' {here.kind}'
        if place.read < place.last:
            said += f', marks read up to {place.read:,}'
        seen = place.read, place.last, width
        if seen != self._counted[0]:
            buckets = self.replay.timeline.buckets(width, place.last)
            self._counted = seen, buckets
        found.show(
            self._counted[1],
            timeline.place_of(max(place.seq, 1), place.last, width),
            said,
        )

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        super().repaint()
        for found in self.grid.panes.values():
            found.repaint()
        self.query_one(track.Track).refresh()

    # Where the focus is.

    @property
    def key_scope(self) -> str:
        """The keys of the journal hold in all its panes."""
        return self.scope

    def on_descendant_focus(self) -> None:
        """Lets the layout follow the focus."""
        focused = self.focused
        name = '' if focused is None else focused.id or ''
        if name in self.grid.panes:
            self.grid.to_front(name)
        self.show_hints()

    def check_action(
        self, action: str, parameters: tuple[object, ...]
    ) -> bool | None:
        """Leaves letters to a line in which something is typed."""
        del parameters
        typing = isinstance(self.focused, widgets.Input)
        return not (typing and action in _NOT_TYPED)

    @property
    def _list(self) -> table.Table[object] | None:
        found = self.grid.panes[self.grid.recent[0]]
        return found if isinstance(found, table.Table) else None

    def _go_to(self, name: str) -> None:
        if name in self.grid.panes:
            self.grid.to_front(name)
            if self.grid.zoomed:
                self.grid.apply()
            self.grid.panes[name].target.focus()

    # What panes ask for: looking, never acting.

    @textual.on(requests.Give)
    @textual.on(requests.Modify)
    @textual.on(requests.ShowStrategy)
    @textual.on(requests.Review)
    @textual.on(requests.Line)
    def _refuse(
        self,
        request: requests.Give
        | requests.Modify
        | requests.ShowStrategy
        | requests.Review
        | requests.Line,
    ) -> None:
        request.stop()
        self.notify(_NOT_HERE, severity='warning', markup=False)

    @textual.on(requests.Why)
    def _why(self, request: requests.Why) -> None:
        request.stop()
        self.app.push_screen(why.WhyScreen(self.replay, request.seq))

    @textual.on(requests.Select)
    def _selected(self, request: requests.Select) -> None:
        request.stop()
        self._select(request.symbol)
        self.chart.show(self.replay.snapshot())

    @textual.on(requests.Step)
    def _stepped(self, request: requests.Step) -> None:
        request.stop()
        self.watchlist.step(request.lines)

    @textual.on(requests.Jump)
    def _jump(self, request: requests.Jump) -> None:
        request.stop()
        self._go_to(request.pane)
        found = self.grid.panes.get(request.pane)
        if isinstance(found, table.Table):
            found.move_to_key(request.key)

    @textual.on(requests.ShowPane)
    def _pane_wanted(self, request: requests.ShowPane) -> None:
        request.stop()
        self._go_to(request.name)

    @textual.on(requests.Renamed)
    def _renamed(self, request: requests.Renamed) -> None:
        request.stop()
        if self.is_attached:
            self.grid.name_panes()

    @textual.on(requests.Filter)
    def _filter(self, request: requests.Filter) -> None:
        request.stop()
        found = self._list
        if found is not None:
            self._open_line('/', found.filter_text)

    def _select(self, symbol: str) -> None:
        self._symbol = symbol
        self.chart.select(symbol)

    # The line for times and filters.

    def _open_line(self, kind: str, text: str) -> None:
        self.query_one(hintbar.HintBar).display = False
        self.query_one(prompt.Prompt).open(kind, text)

    def _close_line(self) -> None:
        self.query_one(prompt.Prompt).close()
        self.query_one(hintbar.HintBar).display = True
        self._go_to(self.grid.recent[0])

    @textual.on(prompt.Prompt.Changed)
    def _typed(self, event: prompt.Prompt.Changed) -> None:
        event.stop()
        found = self._list
        said = 'an event, 14:30:05 or 2012-06-01 14:30, in UTC'
        if event.kind == '/' and found is not None:
            found.set_filter(event.text)
            said = 'enter keeps it, esc ends it'
        self.query_one(prompt.Prompt).explain(said)

    @textual.on(prompt.Prompt.Entered)
    def _entered(self, event: prompt.Prompt.Entered) -> None:
        event.stop()
        self._close_line()
        if event.kind == '/' or not event.text.strip():
            return
        try:
            seq, time = read_goal(event.text, self.replay.place.now)
        except errors.InputError as error:
            self.notify(
                text_format.clean(str(error)), severity='error', markup=False
            )
            return
        self.playing = False
        if seq:
            self.replay.seek(seq)
        else:
            self.replay.to_time(time)

    # Actions of the key table.

    def _play_on(self) -> None:
        """Lets time pass while it plays."""
        place = self.replay.place
        if not self.playing or place.is_moving:
            return
        if place.seq >= place.last or place.problem:
            self.playing = False
        elif self.speed:
            second = market.NANOSECONDS * self.speed
            self.replay.play(int(_PLAY_S * second), int(_CUT_S * second))
        else:
            self.replay.step(_RUSH)

    def action_step(self, count: int) -> None:
        """Goes some events on, or back."""
        self.playing = False
        self.replay.step(count)

    def action_mark(self, forward: bool) -> None:
        """Goes to the next mark, or the one before."""
        self.playing = False
        if not self.replay.to_mark(forward):
            way = 'after' if forward else 'before'
            self.notify(f'there is no mark {way} this moment', markup=False)

    def action_goto(self) -> None:
        """Asks where to go."""
        self._open_line('@', '')

    def action_play(self) -> None:
        """Plays on, or holds."""
        self.playing = not self.playing
        place = self.replay.place
        if self.playing and place.seq >= place.last:
            self.playing = False
            self.notify('this is the end of the log', markup=False)

    def action_speed(self, steps: int) -> None:
        """Plays faster or slower."""
        index = SPEEDS.index(self.speed) + steps
        self.speed = SPEEDS[min(max(index, 0), len(SPEEDS) - 1)]
        self.notify(
            f'plays at {self.speed}x' if self.speed else 'plays at full speed',
            markup=False,
        )

    def action_logs(self) -> None:
        """Lists the logs that there are."""

        def then(chosen: pathlib.Path | None) -> None:
            if chosen is not None:
                self.app.call_later(
                    self.app.run_action, f'show_journal({str(chosen)!r})'
                )

        self.app.push_screen(
            Logs(replay.logs(settings.Home.find().states)), then
        )

    def action_fork(self) -> None:
        """Asks what else could have come of this moment."""
        # What only this needs is loaded now.
        from tui.screens import fork  # noqa: PLC0415

        self.playing = False
        self.app.push_screen(
            fork.ForkScreen(
                self.replay.path,
                self.replay.place.seq,
            )
        )

    def action_focus_pane(self, name: str) -> None:
        """Goes to a pane."""
        self._go_to(name)

    def action_next_pane(self, steps: int) -> None:
        """Goes to the next pane."""
        names = list(self.grid.panes)
        index = names.index(self.grid.recent[0]) + steps
        self._go_to(names[index % len(names)])

    def action_zoom(self) -> None:
        """Gives the pane the whole screen, or takes it back."""
        self.grid.zoomed = not self.grid.zoomed
        self.grid.apply()

    def action_back(self) -> None:
        """Goes back one step: a line, a filter, a zoom; then to now."""
        typed = self.query_one(prompt.Prompt)
        filtered = self._list
        if typed.display:
            if typed.kind == '/' and filtered is not None:
                filtered.set_filter('')
            self._close_line()
        elif filtered is not None and filtered.filter_text:
            filtered.set_filter('')
        elif self.grid.zoomed:
            self.action_zoom()
        else:
            self.app.call_later(self.app.run_action, "show_screen('trade')")


_NOT_TYPED = frozenset(
    action.does.partition('(')[0]
    for action in keymap.ACTIONS
    if action.scope == 'journal' and action.id != 'leave_journal'
)
