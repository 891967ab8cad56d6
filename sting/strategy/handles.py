"""Indicators as a strategy sees them: lines of values, a symbol at a time."""

from collections.abc import Callable
from collections.abc import Iterator
import itertools
import math
import operator
from typing import Any

from sting.model import errors
from sting.strategy import indicators
from sting.strategy import plain

_CHUNK = 16_384


class Column:
    """Values that were worked out beforehand, handed over one by one.

    Attributes:
        take: Gives the value before the next one, and the next one.
    """

    __slots__ = ('_before', '_coming', '_now', '_values', 'take')

    def __init__(self, values: indicators.FloatArray) -> None:
        self._values = values
        self._before = math.nan
        self._now: list[float] = []
        self._coming = iter(self._now)
        self.take: Callable[[], tuple[float, float]] = itertools.chain(
            itertools.chain.from_iterable(self._pairs()), _ended()
        ).__next__

    def last(self) -> tuple[float, float]:
        """Gives what `take` gave last; nan before that."""
        place = len(self._now) - operator.length_hint(self._coming)
        if not place:
            return math.nan, math.nan
        before = self._now[place - 2] if place > 1 else self._before
        return before, self._now[place - 1]

    def _pairs(self) -> Iterator[Iterator[tuple[float, float]]]:
        # Only a chunk at a time becomes Python floats, which take four times
        # the memory of an array's.
        for start in range(0, len(self._values), _CHUNK):
            self._before = self._now[-1] if self._now else math.nan
            self._now = self._values[start : start + _CHUNK].tolist()
            self._coming = iter(self._now)
            yield zip([self._before, *self._now], self._coming, strict=False)


def _ended() -> Iterator[tuple[float, float]]:
    """Says that there were more bars than columns."""
    raise errors.StateError('there are more bars than were preloaded')
    yield  # type: ignore[unreachable] # What makes it a generator.


class Line:
    """One of the values that an indicator has.

    Attributes:
        name: What it is called in the log: SMA(10), MACD(12, 26, 9).signal.
        value: At the last bar; nan until there are enough bars.
        previous: At the bar before it.
    """

    __slots__ = ('_column', 'name', 'previous', 'value')

    def __init__(self, name: str) -> None:
        self.name = plain.text(name)
        self.value = math.nan
        self.previous = math.nan

    def read(self, column: Column) -> None:
        """Has its values looked up in a column from here on."""
        self._column = column
        # What is not there is asked of `__getattr__`.
        del self.value, self.previous

    def __getattr__(self, name: str) -> float:
        if name == 'value':
            return self._column.last()[1]
        if name == 'previous':
            return self._column.last()[0]
        raise AttributeError(name)

    @property
    def ready(self) -> bool:
        """Whether there were enough bars for a value."""
        return not math.isnan(self.value)


class Lines(Line):
    """The main line of an indicator, with the others that it may have.

    A line can be had by its name: `bands.upper.value`.

    Attributes:
        others: The lines after the main one, by name.
    """

    __slots__ = ('_main', 'others')

    def __init__(self, indicator: indicators.Indicator, name: str) -> None:
        super().__init__(name)
        self._main = indicator.lines[0] if indicator.lines else ''
        self.others = {
            line: Line(f'{name}.{line}') for line in indicator.lines[1:]
        }

    def line(self, name: str) -> Line:
        """Gives a line by its name, the main one too.

        Raises:
            errors.StrategyError: There is none of this name.
        """
        found = self if name == self._main else self.others.get(name)
        if found is None:
            names = ', '.join([self._main, *self.others]).strip(', ')
            raise errors.StrategyError(
                f'{self.name} has no line {name!r}; it has '
                f'{names or "only the one value"}'
            )
        return found

    def __getattr__(self, name: str) -> Any:
        # Asked before there are any lines when a handle is copied.
        if name.startswith('_') or name == 'others':
            raise AttributeError(name)
        if name in ('value', 'previous'):
            return super().__getattr__(name)
        try:
            return self.line(name)
        except errors.StrategyError as error:
            raise AttributeError(str(error)) from None


class Series(Lines):
    """One indicator over the bars of one symbol.

    Attributes:
        indicator: What works it out.
    """

    __slots__ = ('indicator',)

    def __init__(self, indicator: indicators.Indicator, name: str) -> None:
        super().__init__(indicator, name)
        self.indicator = indicator


class Handle(Lines):
    """An indicator as a strategy sees it: one for each symbol.

    `value`, `previous` and the lines are those of the symbol whose event is
    being answered; `handle[symbol]` gives another symbol's.

    Attributes:
        timeframe: Of the bars that it is given; '' for the strategy's first.
        seen: The series of the symbols that were asked for so far.
    """

    __slots__ = ('_kind', '_options', '_symbols', 'seen', 'timeframe')

    def __init__(
        self,
        kind: type[indicators.Indicator],
        options: dict[str, object],
        symbol: str | None,
        timeframe: str = '',
    ) -> None:
        self._kind = kind
        self._options = options
        self.timeframe = timeframe
        self.seen: dict[str, Series] = {}
        made = self.make()
        super().__init__(made, f'{made.name} {timeframe}'.rstrip())
        self._symbols = made.symbols or ((symbol,) if symbol else ())
        if made.symbols:
            if symbol is not None:
                raise errors.StrategyError(
                    f'{made.name} has its symbols; leave symbol={symbol!r} out'
                )
            # Of several together there is one series.
            self.seen = dict.fromkeys(made.symbols, Series(made, self.name))

    def __getitem__(self, symbol: str) -> Series:
        """Gives a symbol's own series, an empty one before its first bar."""
        series = self.seen.get(symbol)
        if series is None:
            if not self.covers(symbol):
                raise errors.StrategyError(
                    f'{self.name} is of {" and ".join(self._symbols)}, '
                    f'not of {symbol}'
                )
            series = self.seen[symbol] = Series(self.make(), self.name)
        return series

    @property
    def shared(self) -> tuple[str, ...]:
        """The symbols that it has together; none for one series each."""
        return tuple(self._symbols) if len(self._symbols) > 1 else ()

    def renew(self, symbol: str) -> None:
        """Begins a symbol's series anew, without a bar."""
        series = self.seen.get(symbol)
        if series is not None:
            series.indicator = self.make()
            for line in (series, *series.others.values()):
                line.value = line.previous = math.nan

    def covers(self, symbol: str) -> bool:
        """Whether bars of a symbol belong to it."""
        return not self._symbols or symbol in self._symbols

    def select(self, symbol: str) -> None:
        """Shows the values of a symbol from here on."""
        series = self[self._symbols[0] if self._symbols else symbol]
        self.value = series.value
        self.previous = series.previous
        for name, line in self.others.items():
            line.value = series.others[name].value
            line.previous = series.others[name].previous

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for handles of the same indicator with the same options."""
        options = tuple(sorted(self._options.items()))
        return self._kind, self.timeframe, options

    def make(self) -> indicators.Indicator:
        """Makes an indicator of its kind before its first bar.

        Raises:
            errors.StrategyError: The class does not take such options.
        """
        try:
            return self._kind(**self._options)
        except TypeError as error:
            raise errors.StrategyError(f'{error}') from None
