"""What a runner and its strategy share: the moment, the wishes, the figures."""

import collections
from collections.abc import Callable
import math
from typing import Literal
from typing import NamedTuple

import msgspec

from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.strategy import frames
from sting.strategy import handles
from sting.strategy import indicators
from sting.strategy import plain

LOG_LINES = 1000


_set = msgspec.structs.force_setattr


class EventClock:
    """Tells the time of the event that is being answered.

    Attributes:
        time: Nanoseconds since the epoch, UTC.
    """

    __slots__ = ('time',)

    def __init__(self) -> None:
        self.time = 0

    def now(self) -> int:
        """The time of the event, nanoseconds since the epoch, UTC."""
        return self.time


class LogLine(NamedTuple):
    """A line that a strategy wrote.

    Attributes:
        timestamp: Of the event being answered, nanoseconds, UTC.
        level: info or warning.
        text: What it wrote.
    """

    timestamp: int
    level: Literal['info', 'warning']
    text: str


class StrategyLog:
    """Collects what a strategy writes until the runner takes it.

    Attributes:
        dropped: Lines lost since the last `take`, because there were too many.
    """

    def __init__(self, clock: EventClock) -> None:
        self._clock = clock
        self._lines: collections.deque[LogLine] = collections.deque(
            maxlen=LOG_LINES
        )
        self.dropped = 0

    def info(self, text: str) -> None:
        """Writes a line for whoever looks."""
        self._add('info', text)

    def warning(self, text: str) -> None:
        """Writes a line that a person should see."""
        self._add('warning', text)

    def take(self) -> list[LogLine]:
        """Gives the lines written since the last call, oldest first."""
        lines = list(self._lines)
        self._lines.clear()
        self.dropped = 0
        return lines

    def _add(self, level: Literal['info', 'warning'], text: str) -> None:
        if len(self._lines) == LOG_LINES:
            self.dropped += 1
        self._lines.append(LogLine(self._clock.time, level, plain.text(text)))


class Plan(NamedTuple):
    """What is to be done with a symbol's bars.

    Attributes:
        ready: What has its values already: a line as the strategy sees it, and
            what gives the value before the next one and that.
        stepped: What a bar is handed to.
        lined: The other lines of these, and which of its values each is.
    """

    ready: list[tuple[handles.Line, Callable[[], tuple[float, float]]]]
    stepped: list[tuple[handles.Handle, handles.Series]]
    lined: list[tuple[handles.Line, handles.Line, indicators.Indicator, int]]

    def add(self, handle: handles.Handle, series: handles.Series) -> None:
        """Hands an indicator the bars from here on."""
        self.stepped.append((handle, series))
        self.lined.extend(
            (line, series.others[name], series.indicator, at)
            for at, (name, line) in enumerate(handle.others.items(), start=1)
        )

    def step(self, bar: market.MarketData) -> None:
        """Hands a bar to what has no values ready."""
        for handle, series in self.stepped:
            handle.previous = series.previous = series.value
            handle.value = series.value = series.indicator.update(bar)
        for line, own, indicator, at in self.lined:
            line.previous = own.previous = own.value
            line.value = own.value = indicator.values[at]

    def load(
        self,
        handle: handles.Handle,
        series: handles.Series,
        columns: indicators.Columns,
    ) -> None:
        """Has an indicator's values worked out, if it has the speed for it."""
        found = series.indicator.over_lines(columns)
        if found is None:
            self.add(handle, series)
            return
        shown = zip(
            (handle, *handle.others.values()),
            (series, *series.others.values()),
            found,
            strict=True,
        )
        for line, own, values in shown:
            column = handles.Column(values)
            own.read(column)
            self.ready.append((line, column.take))


class Context:
    """What a runner tells its strategy, and what it hears from it.

    Attributes:
        clock: The time of the event being answered.
        log: What the strategy writes.
        queue: What its verbs queued in answer to this event.
        handles: Its indicators, in the order of their making.
        event: Number of the event being answered.
        made: How many ids were made in answer to it.
        symbol: The one whose values the indicators show.
        plans: By symbol, what is to be done with its bars.
        ids: The start and the middle of its order ids: log, strategy number.
        name: The instance's name, in its signals.
        code: Hash of the code that it runs, in its signals; or empty.
    """

    __slots__ = (
        '_longer',
        'clock',
        'code',
        'event',
        'frames',
        'handles',
        'ids',
        'log',
        'made',
        'name',
        'plans',
        'queue',
        'symbol',
    )

    def __init__(self, name: str = '') -> None:
        self.name = plain.text(name)
        self.code = ''
        self.clock = EventClock()
        self.log = StrategyLog(self.clock)
        self.queue: list[orders.Signal] = []
        self.handles: list[handles.Handle] = []
        self.event = 0
        self.made = 0
        self.ids = ('', 0)
        self.symbol = ''
        self.frames = frames.Frames()
        self.plans: dict[str, Plan] = {}
        # By symbol and timeframe, what a longer bar is handed to.
        self._longer: dict[tuple[str, str], Plan] = {}

    def next_id(self) -> str:
        """Makes the id of the next order in answer to this event."""
        self.made += 1
        log, number = self.ids
        return f'{log}-{self.event}-{number}-{self.made}'

    def want(self, signal: orders.Signal) -> str:
        """Queues a signal that has been checked, with its id and the figures.

        Args:
            signal: One that was made just now and that nobody else has; it
                gets a new id, and the values of the symbol's indicators.

        Returns:
            The id.
        """
        order_id = self.next_id()
        _set(signal, 'order_id', order_id)
        if self.handles:
            _set(signal, 'indicators', self.values(signal.symbol))
        self.queue.append(signal)
        return order_id

    def add(self, handle: handles.Handle) -> None:
        """Keeps an indicator up to date from the next bar on."""
        if self.frames.own == frames.QUOTES:
            raise errors.StrategyError(
                f'indicators are updated by bars; {frames.NO_BARS}'
            )
        if handle.timeframe:
            self.frames.need(handle.timeframe)
        self.handles.append(handle)
        place = self.frames.place(handle.timeframe)
        for symbol, plan in self.plans.items():
            if not place and handle.covers(symbol):
                plan.add(handle, handle[symbol])
        for (symbol, timeframe), plan in self._longer.items():
            if place == timeframe and handle.covers(symbol):
                plan.add(handle, handle[symbol])

    def preload(self, symbol: str, columns: indicators.Columns) -> None:
        """Works out what the indicators will give, all at once.

        The values are those of bar by bar, bit for bit, at a fraction of the
        cost; each is handed over with its bar, not before.

        Args:
            symbol: The instrument.
            columns: Its next bars, which `update` will be given, field by
                field.

        Raises:
            errors.StateError: It had bars of the symbol already.
        """
        if symbol in self.plans:
            raise errors.StateError(f'{symbol} had bars before the preloading')
        plan = self.plans[symbol] = Plan([], [], [])
        for handle in self._of(symbol, ''):
            plan.load(handle, handle[symbol], columns)

    def update(self, bar: market.MarketData) -> None:
        """Hands a bar to the indicators of its symbol."""
        symbol = bar.symbol
        plan = self.plans.get(symbol)
        if plan is None:
            self.frames.expect(bar.timeframe)
            plan = self.plans[symbol] = self._plan(symbol, '')
        self.symbol = symbol
        for line, take in plan.ready:
            line.previous, line.value = take()
        if plan.stepped:
            plan.step(bar)

    def update_longer(self, bar: market.MarketData) -> None:
        """Hands a bar that was built to the indicators of its timeframe."""
        symbol, timeframe = key = bar.symbol, bar.timeframe
        plan = self._longer.get(key)
        if plan is None:
            plan = self._longer[key] = self._plan(symbol, timeframe)
        plan.step(bar)

    def together(self, symbol: str) -> frozenset[str]:
        """Gives a symbol and those that an indicator has together with it."""
        found, known = {symbol}, 0
        while len(found) > known:
            known = len(found)
            for handle in self.handles:
                if found & set(handle.shared):
                    found |= set(handle.shared)
        return frozenset(found)

    def renew(self, symbols: frozenset[str]) -> None:
        """Forgets all bars of symbols, so that others can take their place.

        Args:
            symbols: As `together` gives them.
        """
        for symbol in symbols:
            self.plans.pop(symbol, None)
            self.frames.forget(symbol)
            for handle in self.handles:
                handle.renew(symbol)
        for key in [key for key in self._longer if key[0] in symbols]:
            del self._longer[key]

    def _plan(self, symbol: str, place: str) -> Plan:
        """Gives what is to be done with a symbol's bars of a timeframe."""
        plan = Plan([], [], [])
        for handle in self._of(symbol, place):
            plan.add(handle, handle[symbol])
        return plan

    def _of(self, symbol: str, place: str) -> list[handles.Handle]:
        """Gives what a symbol's bars of a timeframe are handed to."""
        return [
            handle
            for handle in self.handles
            if handle.covers(symbol)
            and self.frames.place(handle.timeframe) == place
        ]

    def select(self, symbol: str) -> None:
        """Lets the indicators show the values of a symbol."""
        if symbol != self.symbol:
            self.symbol = symbol
            for handle in self.handles:
                handle.select(symbol)

    def lines(self, symbol: str) -> list[handles.Line]:
        """Gives the lines of all indicators of a symbol, as they are now."""
        found: list[handles.Line] = []
        for handle in self.handles:
            if symbol in handle.seen:
                shown = symbol == self.symbol
                own: handles.Lines = handle if shown else handle.seen[symbol]
                found += (own, *own.others.values())
        return found

    def values(self, symbol: str) -> dict[str, float]:
        """Gives the values of the indicators that a symbol has by name."""
        found: dict[str, float] = {}
        finite = math.isfinite
        shown = symbol == self.symbol
        lines: handles.Lines
        for handle in self.handles:
            if symbol not in handle.seen:
                continue
            # It may show them already.
            lines = handle if shown else handle.seen[symbol]
            value = lines.value
            # As `plain.figures` has it, of the one that most of them have.
            if type(value) is float and finite(value):
                found[lines.name] = value
            else:
                found |= plain.figures([(lines.name, value)])
            if lines.others:
                named = lines.others.values()
                found |= plain.figures(
                    [(each.name, each.value) for each in named]
                )
        return found
