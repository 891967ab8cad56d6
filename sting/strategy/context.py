"""What a runner and its strategy share: the moment, the wishes, the figures."""

import collections
from collections.abc import Callable
from collections.abc import Iterator
import itertools
import math
from typing import NamedTuple

import msgspec

from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.strategy import frames
from sting.strategy import indicators
from sting.strategy import plain

LOG_LINES = 1000
_CHUNK = 16_384


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
    level: str
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

    def _add(self, level: str, text: str) -> None:
        if len(self._lines) == LOG_LINES:
            self.dropped += 1
        self._lines.append(LogLine(self._clock.time, level, plain.text(text)))


class Series:
    """One indicator over the bars of one symbol.

    Attributes:
        value: At the last bar; nan until there are enough bars.
        previous: At the bar before it.
    """

    __slots__ = ('indicator', 'previous', 'value')

    def __init__(self, indicator: indicators.Indicator) -> None:
        self.indicator = indicator
        self.value = math.nan
        self.previous = math.nan

    @property
    def ready(self) -> bool:
        """Whether there were enough bars for a value."""
        return not math.isnan(self.value)


class Handle:
    """An indicator as a strategy sees it: one for each symbol.

    `value` and `previous` are those of the symbol whose event is being
    answered; `handle[symbol]` gives another symbol's.

    Attributes:
        name: What it is called in the log: SMA(10), SMA(10) 1h.
        timeframe: Of the bars that it is given; '' for the strategy's first.
        value: At the last bar; nan until there are enough bars.
        previous: At the bar before it.
        seen: The series of the symbols that were asked for so far.
    """

    __slots__ = (
        '_kind',
        '_options',
        '_symbol',
        'name',
        'previous',
        'seen',
        'timeframe',
        'value',
    )

    def __init__(
        self,
        kind: type[indicators.Indicator],
        options: dict[str, object],
        symbol: str | None,
        timeframe: str = '',
    ) -> None:
        self._kind = kind
        self._options = options
        self._symbol = symbol
        self.timeframe = timeframe
        self.seen: dict[str, Series] = {}
        self.name = f'{self._make().name} {timeframe}'.rstrip()
        self.value = math.nan
        self.previous = math.nan

    @property
    def ready(self) -> bool:
        """Whether there were enough bars for a value."""
        return not math.isnan(self.value)

    def __getitem__(self, symbol: str) -> Series:
        """Gives a symbol's own series, an empty one before its first bar."""
        series = self.seen.get(symbol)
        if series is None:
            if not self.covers(symbol):
                raise errors.StrategyError(
                    f'{self.name} is of {self._symbol}, not of {symbol}'
                )
            series = self.seen[symbol] = Series(self._make())
        return series

    def covers(self, symbol: str) -> bool:
        """Whether bars of a symbol belong to it."""
        return self._symbol is None or self._symbol == symbol

    def select(self, symbol: str) -> None:
        """Shows the values of a symbol from here on."""
        series = self[self._symbol or symbol]
        self.value = series.value
        self.previous = series.previous

    def _make(self) -> indicators.Indicator:
        try:
            return self._kind(**self._options)
        except TypeError as error:
            raise errors.StrategyError(f'{error}') from None


# What a bar is handed to, and what has its values ready.
_Plan = tuple[
    list[tuple[Handle, Series]],
    list[tuple[Handle, Series, Callable[[], float]]],
]


class Context:
    """What a runner tells its strategy, and what it hears from it.

    Attributes:
        clock: The time of the event being answered.
        log: What the strategy writes.
        queue: What its verbs queued in answer to this event.
        handles: Its indicators, in the order of their making.
        event: Number of the event being answered.
        made: How many ids were made in answer to it.
        ids: The start and the middle of its order ids: log, strategy number.
        name: The instance's name, in its signals.
        code: Hash of the code that it runs, in its signals; or empty.
    """

    __slots__ = (
        '_longer',
        '_plans',
        '_symbol',
        'clock',
        'code',
        'event',
        'frames',
        'handles',
        'ids',
        'log',
        'made',
        'name',
        'queue',
    )

    def __init__(self, name: str = '') -> None:
        self.name = name
        self.code = ''
        self.clock = EventClock()
        self.log = StrategyLog(self.clock)
        self.queue: list[orders.Signal] = []
        self.handles: list[Handle] = []
        self.event = 0
        self.made = 0
        self.ids = ('', 0)
        self._symbol = ''
        self.frames = frames.Frames()
        self._plans: dict[str, _Plan] = {}
        # By symbol and timeframe, what a longer bar is handed to.
        self._longer: dict[tuple[str, str], list[tuple[Handle, Series]]] = {}

    def next_id(self) -> str:
        """Makes the id of the next order in answer to this event."""
        self.made += 1
        log, number = self.ids
        return f'{log}-{self.event}-{number}-{self.made}'

    def want(self, signal: orders.Signal) -> str:
        """Queues a signal that has been checked, under a new id.

        Args:
            signal: One that was made just now and that nobody else has.

        Returns:
            The id.
        """
        order_id = self.next_id()
        msgspec.structs.force_setattr(signal, 'order_id', order_id)
        self.queue.append(signal)
        return order_id

    def add(self, handle: Handle) -> None:
        """Keeps an indicator up to date from the next bar on."""
        if handle.timeframe:
            self.frames.need(handle.timeframe)
        self.handles.append(handle)
        place = self.frames.place(handle.timeframe)
        for symbol, (stepped, _) in self._plans.items():
            if not place and handle.covers(symbol):
                stepped.append((handle, handle[symbol]))
        for (symbol, timeframe), fed in self._longer.items():
            if place == timeframe and handle.covers(symbol):
                fed.append((handle, handle[symbol]))

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
        if symbol in self._plans:
            raise errors.StateError(f'{symbol} had bars before the preloading')
        stepped, ready = self._plan(symbol)
        for handle, series in tuple(stepped):
            values = series.indicator.over_columns(columns)
            if values is not None:
                stepped.remove((handle, series))
                ready.append((handle, series, _one_by_one(values)))

    def update(self, bar: market.MarketData) -> None:
        """Hands a bar to the indicators of its symbol."""
        symbol = bar.symbol
        plan = self._plans.get(symbol)
        if plan is None:
            self.frames.expect(bar.timeframe)
            plan = self._plan(symbol)
        self._symbol = symbol
        for handle, series, take in plan[1]:
            handle.previous = series.previous = series.value
            handle.value = series.value = take()
        for handle, series in plan[0]:
            handle.previous = series.previous = series.value
            handle.value = series.value = series.indicator.update(bar)

    def update_longer(self, bar: market.MarketData) -> None:
        """Hands a bar that was built to the indicators of its timeframe."""
        key = bar.symbol, bar.timeframe
        fed = self._longer.get(key)
        if fed is None:
            fed = self._longer[key] = self._fed(*key)
        for handle, series in fed:
            handle.previous = series.previous = series.value
            handle.value = series.value = series.indicator.update(bar)

    def _plan(self, symbol: str) -> _Plan:
        """Gives what is to be done with a symbol's bars."""
        plan = self._plans.get(symbol)
        if plan is None:
            plan = self._plans[symbol] = (self._fed(symbol, ''), [])
        return plan

    def _fed(self, symbol: str, place: str) -> list[tuple[Handle, Series]]:
        """Gives what a symbol's bars of a timeframe are handed to."""
        return [
            (handle, handle[symbol])
            for handle in self.handles
            if handle.covers(symbol)
            and self.frames.place(handle.timeframe) == place
        ]

    def select(self, symbol: str) -> None:
        """Lets the indicators show the values of a symbol."""
        if symbol != self._symbol:
            self._symbol = symbol
            for handle in self.handles:
                handle.select(symbol)

    def values(self, symbol: str) -> dict[str, float]:
        """Gives the values of the indicators that a symbol has by name."""
        found = {}
        for handle in self.handles:
            series = handle.seen.get(symbol)
            # Neither nan nor infinity can be written as JSON.
            if series is not None and math.isfinite(series.value):
                found[handle.name] = series.value
        return found


def _one_by_one(values: indicators.FloatArray) -> Callable[[], float]:
    """Gives a function that returns one value after another."""
    # Only a chunk at a time becomes Python floats, which take four times the
    # memory of an array's.
    chunks = (
        values[start : start + _CHUNK].tolist()
        for start in range(0, len(values), _CHUNK)
    )
    return itertools.chain(
        itertools.chain.from_iterable(chunks), _ended()
    ).__next__


def _ended() -> Iterator[float]:
    """Says that there were more bars than columns."""
    raise errors.StateError('there are more bars than were preloaded')
    yield  # type: ignore[unreachable] # What makes it a generator.
