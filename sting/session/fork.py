"""What would have come of it: a log rerun from a moment with other settings.

Three lives begin in the state of that moment: the one that the log has, one
with the settings as they are (the base), and one with the changed ones (the
fork). The fills of the last two are simulated, so that what differs between
them is the change and nothing else.
"""

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence
import pathlib

import msgspec

from sting import settings
from sting.engine import image
from sting.engine import reader
from sting.engine import state
from sting.model import errors
from sting.model import events
from sting.model import specs
from sting.session import forked
from sting.session import travel

# Points of a curve that are given out.
POINTS = 400

_T = events.EventType
_BY_HAND = ('submit', 'flatten', 'replace', 'cancel', 'cancel_all')


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be rerun.

    Attributes:
        path: The log's file.
        profile: The profile whose settings hold; empty for the log's own.
        seq: The event after which it begins anew; None for a time.
        time: Instead of it a moment, nanoseconds since the epoch, UTC.
        until: The last event of the log that is played; None for all.
        parameters: By strategy and name, other values or their texts.
        limits: By rule, other limits.
    """

    path: pathlib.Path
    profile: str = ''
    seq: int | None = None
    time: int | None = None
    until: int | None = None
    parameters: Mapping[str, Mapping[str, str]] = {}
    limits: Mapping[str, float] = {}


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a life.

    Attributes:
        pnl: Equity at the end less that at the fork.
        drawdown: The deepest fall from a high since then, in money.
        fees: Fees paid since then.
        orders: Orders asked for since then.
        denied: Of these, the ones that risk kept back.
        fills: Fills since then.
    """

    pnl: float
    drawdown: float
    fees: float
    orders: int
    denied: int
    fills: int


class Forked(msgspec.Struct, frozen=True, kw_only=True):
    """The three lives.

    Attributes:
        log: The log's file.
        at: Number of the event of the fork.
        time: Its time, nanoseconds since the epoch, UTC.
        until: Number of the last event that was played.
        events: What the market said since then, in events.
        changes: What was changed: name, was, is.
        then: What the log has.
        base: The same settings on the simulator.
        fork: The changed ones on the simulator.
        difference: Profit of the fork less that of the base.
        times: Of the points of the curves, nanoseconds since the epoch, UTC.
        curves: Equity at these times, of then, base and fork.
        notes: What a reader has to know.
    """

    log: str
    at: int
    time: int
    until: int
    events: int
    changes: tuple[tuple[str, str, str], ...]
    then: Figures
    base: Figures
    fork: Figures
    difference: float
    times: tuple[int, ...]
    curves: dict[str, tuple[float, ...]]
    notes: tuple[str, ...]


def run(config: settings.Settings, asked: Asked) -> Forked:
    """Reruns a log from a moment on.

    Args:
        config: What is configured.
        asked: What is to be rerun, and with what.

    Returns:
        What came of it.

    Raises:
        errors.InputError: Nothing is changed, or what is changed is not
            there.
        errors.JournalError: The log cannot be read.
        errors.StrategyError: A strategy cannot be loaded, or a parameter is
            not allowed.
    """
    return asyncio.run(_run(config, asked))


async def _run(config: settings.Settings, asked: Asked) -> Forked:
    there = travel.Travel(asked.path)
    profile = asked.profile or there.created.profile
    last = there.last if asked.until is None else asked.until
    if asked.seq is not None:
        if not 1 <= asked.seq < last:
            raise errors.InputError(
                f'--at {asked.seq} leaves nothing to rerun: the log has '
                f'events 1 to {last}'
            )
        there.seek(asked.seq)
    else:
        there.to_time(asked.time or 0)
        if there.seq >= last:
            raise errors.InputError(
                f'--time leaves nothing to rerun: that is event {there.seq}, '
                f'and the last one is {last}'
            )
    begun = there.image()
    chosen = running(config, profile, begun)
    varied = _varied(config, chosen, asked.parameters)
    limited = _limited(config, asked.limits)
    changes = _changes(config, chosen, asked)
    base = forked.Life(config, profile, chosen, there.image())
    fork = forked.Life(limited, profile, varied, there.image())
    then = state.SystemState()
    image.put(then, begun)
    start = then.equity()
    for life in (base, fork):
        await life.begin(asked.path, there)
    curves = _Curves(start, begun.time)
    lived = forked.Tally()
    played, by_hand = 0, 0
    wanted = last - there.seq
    for event in reader.read(asked.path, after=there.seq, limit=wanted):
        then.apply(event)
        lived.take(event)
        by_hand += _is_by_hand(event)
        if event.type in forked.MARKET:
            await base.take(event)
            await fork.take(event)
            played += 1
            curves.take(
                event.timestamp,
                (then.equity(), base.state.equity(), fork.state.equity()),
            )
    curves.end((then.equity(), base.state.equity(), fork.state.equity()))
    tallies = (lived, base.tally, fork.tally)
    made = [curves.figures(nth, tally) for nth, tally in enumerate(tallies)]
    return Forked(
        log=str(asked.path),
        at=there.seq,
        time=begun.time,
        until=then.seq,
        events=played,
        changes=changes,
        then=made[0],
        base=made[1],
        fork=made[2],
        difference=made[2].pnl - made[1].pnl,
        times=curves.times(),
        curves=curves.given(),
        notes=_notes(base, fork, begun, chosen, by_hand),
    )


class _Curves:
    """Equity of the three lives, thinned out as they grow."""

    def __init__(self, start: float, time: int) -> None:
        self._start = start
        self._times = [time]
        self._rows: list[tuple[float, ...]] = [(start,) * 3]
        self._highs = [start] * 3
        self._falls = [0.0] * 3
        self._every = 1
        self._count = 0
        self._pending = time, self._rows[0]

    def take(self, time: int, row: tuple[float, ...]) -> None:
        """Takes the equities after an event."""
        for nth, equity in enumerate(row):
            self._highs[nth] = max(self._highs[nth], equity)
            self._falls[nth] = max(self._falls[nth], self._highs[nth] - equity)
        if time != self._pending[0]:
            self._count += 1
            if self._count % self._every == 0:
                self._keep()
        self._pending = time, row

    def _keep(self) -> None:
        time, row = self._pending
        if time > self._times[-1]:
            self._times.append(time)
            self._rows.append(row)
        if len(self._times) >= 2 * POINTS:
            del self._times[1::2], self._rows[1::2]
            self._every *= 2

    def end(self, row: tuple[float, ...]) -> None:
        """Takes where they end."""
        self._pending = self._pending[0], row
        if self._pending[0] > self._times[-1]:
            self._times.append(self._pending[0])
            self._rows.append(row)
        else:
            self._rows[-1] = row

    def figures(self, nth: int, tally: forked.Tally) -> Figures:
        """Gives the figures of a life."""
        return Figures(
            pnl=self._rows[-1][nth] - self._start,
            drawdown=self._falls[nth],
            fees=tally.fees,
            orders=tally.orders,
            denied=tally.denied,
            fills=tally.fills,
        )

    def times(self) -> tuple[int, ...]:
        """Gives the times of the points."""
        return tuple(self._times)

    def given(self) -> dict[str, tuple[float, ...]]:
        """Gives the curves by name."""
        columns = zip(*self._rows, strict=True)
        return dict(zip(('then', 'base', 'fork'), columns, strict=True))


def running(
    config: settings.Settings, profile: str, begun: image.Image
) -> list[specs.StrategySpec]:
    """Gives the strategies that ran at a moment, as they are configured.

    Args:
        config: What is configured.
        profile: The profile's name.
        begun: The state of that moment.
    """
    chosen = config.profile(profile)
    return [
        msgspec.structs.replace(
            config.strategies[name].spec(name, number),
            given=begun.parameters.get(name, {}),
        )
        for number, name in enumerate(chosen.strategies, start=1)
        if name in begun.strategies
        and begun.strategies[name].status in state.ALIVE
    ]


def _varied(
    config: settings.Settings,
    chosen: Sequence[specs.StrategySpec],
    parameters: Mapping[str, Mapping[str, str]],
) -> list[specs.StrategySpec]:
    """Gives the strategies with other parameters."""
    names = [spec.name for spec in chosen]
    for name in parameters:
        if name not in names:
            known = 'not running then' if name in config.strategies else 'none'
            raise errors.InputError(
                f'--set: strategy {name!r} is {known}; those that ran at that '
                f'moment: {", ".join(names) or "none"}'
            )
    return [
        msgspec.structs.replace(
            spec,
            given={**spec.given, **parameters.get(spec.name, {})},
        )
        for spec in chosen
    ]


def _limited(
    config: settings.Settings, limits: Mapping[str, float]
) -> settings.Settings:
    """Gives the settings with other limits."""
    risk = config.risk
    rules, scoped = dict(risk.rules), dict(risk.scoped)
    for name, limit in limits.items():
        if name in rules:
            rules[name] = msgspec.structs.replace(
                rules[name], limit=limit, enabled=True
            )
        elif name in scoped:
            scoped[name] = msgspec.structs.replace(
                scoped[name], limit=limit, enabled=True
            )
        else:
            raise errors.InputError(
                f'--limit: risk.yaml has no rule {name!r}; it has '
                f'{", ".join([*rules, *scoped])}'
            )
    risk = msgspec.structs.replace(risk, rules=rules, scoped=scoped)
    return msgspec.structs.replace(config, risk=risk)


def _changes(
    config: settings.Settings,
    chosen: Sequence[specs.StrategySpec],
    asked: Asked,
) -> tuple[tuple[str, str, str], ...]:
    """Says what was changed, from what, to what."""
    by_name = {spec.name: spec.values for spec in chosen}
    found = [
        (f'{name}.{key}', str(by_name[name].get(key, 'default')), str(value))
        for name, values in asked.parameters.items()
        for key, value in values.items()
    ]
    risk = config.risk
    for name, limit in asked.limits.items():
        rule: settings.Rule | settings.ScopedRule = (
            risk.rules[name] if name in risk.rules else risk.scoped[name]
        )
        was = f'{rule.limit:g}' if rule.enabled else 'off'
        found.append((name, was, f'{limit:g}'))
    if not found:
        raise errors.InputError(
            'nothing is changed; write --set STRATEGY.PARAMETER=VALUE or '
            '--limit RULE=VALUE'
        )
    return tuple(found)


def _is_by_hand(event: events.Event) -> bool:
    if event.type is not _T.COMMAND:
        return False
    tag = type(event.data.command).__struct_config__.tag
    return event.source == 'operator' and tag in _BY_HAND


def _notes(
    base: forked.Life,
    fork: forked.Life,
    begun: image.Image,
    chosen: Sequence[specs.StrategySpec],
    by_hand: int,
) -> tuple[str, ...]:
    """Says what the figures do not know."""
    notes = [
        'fills of base and fork are simulated; compare these two, `then` has '
        'what really happened',
        'prices are those of then: what other orders would have done to the '
        'market is not known',
        'settings are those of today: a log does not keep the parameters and '
        'the limits of scoped rules that held then',
    ]
    if not chosen:
        notes.append('no strategy of the profile ran at that moment')
    if begun.halted_by:
        notes.append(f'trading was halted then: {begun.halted_by}')
    if by_hand:
        notes.append(
            f'{by_hand} orders and cancels by hand after the moment are in '
            '`then` only'
        )
    notes += base.notes
    notes += [f'fork: {note}' for note in fork.notes if note not in base.notes]
    return tuple(notes)
