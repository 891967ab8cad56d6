"""How far prices move, and bands around them."""

import collections
from collections.abc import Sequence
import math
import operator

import numpy as np

from sting.model import market
from sting.strategy.indicators import averages
from sting.strategy.indicators import base
from sting.strategy.indicators import statistics

_NOTHING = (math.nan, math.nan, math.nan)


class ATR(base.OfBars):
    """Wilder's average true range, as in TA-Lib.

    The first bar has no true range, since none closed before it.
    """

    fields = ('high', 'low', 'close')

    def __init__(self, period: int = 14) -> None:
        """Makes one before its first bar.

        Args:
            period: How many bars are averaged at first; then each new one
                has the weight 1 / period.

        Raises:
            errors.StrategyError: It is no whole number above 0.
        """
        base.check_whole(self, period=period)
        self.period = period
        super().__init__(base.name_of(self, period))

    def _steps(self) -> base.Steps:
        return average_range(self.period)


class Volatility(base.Indicator):
    """The standard deviation of the returns, scaled to a year; a fraction.

    Of the last `period` returns from close to close (close / previous - 1),
    divided by `period`, times the root of the bars in a year.
    """

    def __init__(self, period: int = 20, bars_per_year: float = 252) -> None:
        """Makes one before its first bar.

        Args:
            period: How many returns, from 2 on.
            bars_per_year: 252 for daily bars; 1 leaves it a bar's.

        Raises:
            errors.StrategyError: An option is not allowed.
        """
        base.check_whole(self, period=period, low=2)
        base.check_positive(self, bars_per_year=bars_per_year)
        self.period = period
        self.name = base.name_of(self, period, bars_per_year)
        self._scale = math.sqrt(bars_per_year)
        self._deviation = statistics.Deviation(period)
        self._before = math.nan

    def update(self, bar: market.MarketData) -> float:
        """Takes the next bar and gives the volatility at its close."""
        before, self._before = self._before, bar.close
        if math.isnan(before):
            return math.nan
        return self._deviation.add(bar.close / before - 1.0) * self._scale

    def over_columns(self, columns: base.Columns) -> base.FloatArray:
        """Works out the values of many bars at once."""
        close = columns['close']
        found = np.full(len(close), math.nan)
        with np.errstate(all='ignore'):
            returns = close[1:] / close[:-1] - 1.0
            found[1:] = self._deviation.over(returns) * self._scale
        return found


class Bollinger(base.Indicator):
    """Bollinger's bands: the mean, and `width` deviations around it.

    Lines: `middle`, `upper`, `lower`. As TA-Lib's BBANDS.
    """

    lines = ('middle', 'upper', 'lower')

    def __init__(
        self, period: int = 20, width: float = 2, field: str = 'close'
    ) -> None:
        """Makes one before its first bar.

        Args:
            period: How many bars, from 2 on.
            width: Deviations from the middle to a band.
            field: The part of the bar that it reads.

        Raises:
            errors.StrategyError: An option is not allowed.
        """
        base.check_whole(self, period=period, low=2)
        base.check_positive(self, width=width)
        base.check_field(self, field)
        self.period = period
        self.width = width
        self.field = field
        self.name = base.name_of(self, period, width, field=field)
        self._read = operator.attrgetter(field)
        self._window: collections.deque[float] = collections.deque(
            maxlen=period
        )

    def update(self, bar: market.MarketData) -> float:
        """Takes the next bar and gives the mean at its close."""
        window = self._window
        window.append(self._read(bar))
        full = len(window) == self.period
        self.values = self._of(window) if full else _NOTHING
        return self.values[0]

    def over_columns(self, columns: base.Columns) -> base.FloatArray:
        """Works out the mean for many bars at once."""
        return self.over_lines(columns)[0]

    def over_lines(self, columns: base.Columns) -> tuple[base.FloatArray, ...]:
        """Works out the lines for many bars at once."""
        return base.over_windows(
            self._of, self.period, columns[self.field], lines=3
        )

    def _of(self, window: Sequence[base.Value]) -> tuple[base.Value, ...]:
        shift, square = statistics.moments(window)
        middle = window[0] + shift
        reach = base.root(square) * self.width
        return middle, middle + reach, middle - reach


class Keltner(base.OfBars):
    """Keltner's channel as Linda Raschke draws it.

    Lines: `middle`, the exponential average of the close; `upper` and
    `lower`, `width` average true ranges (Wilder's) around it. Keltner himself
    averaged plainly, typical prices and ranges.
    """

    lines = ('middle', 'upper', 'lower')
    fields = ('high', 'low', 'close')

    def __init__(
        self, period: int = 20, atr: int = 10, width: float = 2
    ) -> None:
        """Makes one before its first bar.

        Args:
            period: Bars of the exponential average.
            atr: Bars of the average true range.
            width: Average true ranges from the middle to a band.

        Raises:
            errors.StrategyError: An option is not allowed.
        """
        base.check_whole(self, period=period, atr=atr)
        base.check_positive(self, width=width)
        self.period = period
        self.atr = atr
        self.width = width
        super().__init__(base.name_of(self, period, atr, width))

    def _steps(self) -> base.Steps:
        average = base.begin(averages.exponential(self.period))
        spread = base.begin(average_range(self.atr))
        bar = yield _NOTHING
        while True:
            middle = average(bar[2])
            reach = spread(bar) * self.width
            bar = yield middle, middle + reach, middle - reach


def true_range(high: float, low: float, before: float) -> float:
    """Gives how far a bar reached, from the close before it too.

    Args:
        high: The bar's highest price.
        low: Its lowest price.
        before: The close of the bar before it.
    """
    top = high if high > before else before
    bottom = low if low < before else before
    return top - bottom


def average_range(period: int) -> base.Steps:
    """Averages true ranges as Wilder does; is sent high, low and close."""
    average = base.begin(averages.wilder(period))
    _, _, before = yield math.nan
    value = math.nan
    while True:
        high, low, close = yield value
        value = average(true_range(high, low, before))
        before = close
