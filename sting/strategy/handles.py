"""Indicators as a strategy sees them: lines of values, a symbol at a time."""

import math

from sting.model import errors
from sting.strategy import indicators


class Line:
    """One of the values that an indicator has.

    Attributes:
        name: What it is called in the log: SMA(10), MACD(12, 26, 9).signal.
        value: At the last bar; nan until there are enough bars.
        previous: At the bar before it.
    """

    __slots__ = ('name', 'previous', 'value')

    def __init__(self, name: str) -> None:
        self.name = name
        self.value = math.nan
        self.previous = math.nan

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

    def __getattr__(self, name: str) -> Line:
        # Asked before there are any lines when a handle is copied.
        if name.startswith('_') or name == 'others':
            raise AttributeError(name)
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
        made = self._make()
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
            series = self.seen[symbol] = Series(self._make(), self.name)
        return series

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

    def _make(self) -> indicators.Indicator:
        try:
            return self._kind(**self._options)
        except TypeError as error:
            raise errors.StrategyError(f'{error}') from None
