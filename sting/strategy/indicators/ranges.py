"""The highest and the lowest price of the last bars, and what builds on it."""

import collections
import math

import numpy as np

from sting.model import market
from sting.strategy.indicators import base
from sting.strategy.indicators import statistics


class Extremes:
    """The highest high and the lowest low of the last bars."""

    def __init__(self, period: int) -> None:
        """Begins before the first bar.

        Args:
            period: How many bars, from 1 on.
        """
        self._highs: collections.deque[float] = collections.deque(maxlen=period)
        self._lows: collections.deque[float] = collections.deque(maxlen=period)
        self._period = period

    def update(self, bar: market.MarketData) -> tuple[float, float]:
        """Takes the next bar and gives both; nan until there are enough."""
        self._highs.append(bar.high)
        self._lows.append(bar.low)
        if len(self._highs) < self._period:
            return math.nan, math.nan
        return max(self._highs), min(self._lows)

    def over(
        self, columns: base.Columns
    ) -> tuple[base.FloatArray, base.FloatArray]:
        """Gives both for many bars at once."""
        return (
            _widened(np.maximum, columns['high'], self._period),
            _widened(np.minimum, columns['low'], self._period),
        )


class Donchian(base.Indicator):
    """Donchian's channel: the highest high and the lowest low of some bars.

    Lines: `middle`, half way between the others; `upper`; `lower`. The bar
    that has just closed is one of the period: a breakout is a close above
    `upper.previous`.
    """

    lines = ('middle', 'upper', 'lower')

    def __init__(self, period: int = 20) -> None:
        """Makes one before its first bar.

        Args:
            period: How many bars.

        Raises:
            errors.StrategyError: It is no whole number above 0.
        """
        base.check_whole(self, period=period)
        self.period = period
        self.name = base.name_of(self, period)
        self._extremes = Extremes(period)

    def update(self, bar: market.MarketData) -> float:
        """Takes the next bar and gives the middle of the channel."""
        upper, lower = self._extremes.update(bar)
        middle = lower + (upper - lower) / 2
        self.values = (middle, upper, lower)
        return middle

    def over_columns(self, columns: base.Columns) -> base.FloatArray:
        """Works out the middle for many bars at once."""
        return self.over_lines(columns)[0]

    def over_lines(self, columns: base.Columns) -> tuple[base.FloatArray, ...]:
        """Works out the lines for many bars at once."""
        upper, lower = self._extremes.over(columns)
        return lower + (upper - lower) / 2, upper, lower


class Stochastic(base.Indicator):
    """Lane's stochastic oscillator, 0 to 100, as TA-Lib's slow one.

    Lines: `k`, where the close lies in the range of the last `period` bars,
    averaged over `smooth` bars; `d`, the mean of `k` over `signal` bars. Where
    there is no range it lies at 0, as in TA-Lib.
    """

    lines = ('k', 'd')

    def __init__(
        self, period: int = 14, smooth: int = 3, signal: int = 3
    ) -> None:
        """Makes one before its first bar.

        Args:
            period: Bars in the range.
            smooth: Values in the mean that is `k`.
            signal: Values in the mean that is `d`.

        Raises:
            errors.StrategyError: One is no whole number above 0.
        """
        base.check_whole(self, period=period, smooth=smooth, signal=signal)
        self.period = period
        self.name = base.name_of(self, period, smooth, signal)
        self._extremes = Extremes(period)
        self._smooth = statistics.Mean(smooth)
        self._signal = statistics.Mean(signal)

    def update(self, bar: market.MarketData) -> float:
        """Takes the next bar and gives `k`."""
        highest, lowest = self._extremes.update(bar)
        k = d = math.nan
        if not math.isnan(highest):
            k = self._smooth.add(_place(bar.close, highest, lowest))
        if not math.isnan(k):
            d = self._signal.add(k)
        self.values = (k, d)
        return k

    def over_columns(self, columns: base.Columns) -> base.FloatArray:
        """Works out `k` for many bars at once."""
        return self.over_lines(columns)[0]

    def over_lines(self, columns: base.Columns) -> tuple[base.FloatArray, ...]:
        """Works out the lines for many bars at once."""
        highest, lowest = self._extremes.over(columns)
        k, d = (np.full(len(highest), math.nan) for _ in range(2))
        first = self.period - 1
        with np.errstate(all='ignore'):
            place = _place(
                columns['close'][first:], highest[first:], lowest[first:]
            )
        k[first:] = self._smooth.over(place)
        first += self._smooth.period - 1
        d[first:] = self._signal.over(k[first:])
        return k, d


def _place(
    close: base.Value, highest: base.Value, lowest: base.Value
) -> base.Value:
    """Gives where a close lies in its range, 0 to 100."""
    return base.ratio(close - lowest, (highest - lowest) / 100.0)


def _widened(
    choose: np.ufunc, values: base.FloatArray, period: int
) -> base.FloatArray:
    """Gives the extreme of each window, nan before the first full one."""
    found = np.full(len(values), math.nan)
    if len(values) < period:
        return found
    extreme, width = values, 1
    # Two windows beside or over each other make a wider one.
    while width < period:
        step = min(width, period - width)
        extreme = choose(extreme[:-step], extreme[step:])
        width += step
    found[period - 1 :] = extreme
    return found
