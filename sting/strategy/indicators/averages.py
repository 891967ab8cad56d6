"""Moving averages."""

import collections
from collections.abc import Sequence
import math

import numpy as np

from sting.strategy.indicators import base


class SMA(base.OfField):
    """The simple moving average: the mean of the last `period` values.

    It keeps a running sum, in TA-Lib's order of operations, so that crossings
    fall on the same bars as there. The rounding error of that sum grows with
    the root of the number of bars: some 1e-13 of the value after a million.
    `Mean` has none that lasts.
    """

    def __init__(self, period: int, field: str = 'close') -> None:
        super().__init__(period, field)
        self._window: collections.deque[float] = collections.deque()
        self._missing = period
        self._total = 0.0

    def add(self, value: float) -> float:
        """Takes the next value and gives the average that ends with it."""
        window = self._window
        window.append(value)
        total = self._total + value
        if self._missing > 1:
            self._missing -= 1
            self._total = total
            return math.nan
        self._total = total - window.popleft()
        return total / self.period

    def over(self, values: base.FloatArray) -> base.FloatArray:
        """Works out the averages of a whole column."""
        period = self.period
        rest = len(values) - period
        if rest < 0:
            return np.full(len(values), math.nan)
        # Each new value is followed by the oldest one taken away, as in
        # `add`; accumulate adds strictly from left to right.
        terms = np.empty(period + 2 * rest)
        terms[:period] = values[:period]
        np.negative(values[:rest], out=terms[period::2])
        terms[period + 1 :: 2] = values[period:]
        averages = np.empty(len(values))
        averages[: period - 1] = math.nan
        with np.errstate(all='ignore'):
            totals = np.add.accumulate(terms)
            np.divide(totals[period - 1 :: 2], period, averages[period - 1 :])
        return averages


class EMA(base.Running):
    """The exponential moving average with the weight 2 / (period + 1).

    Its first value is the mean of the first `period` values, as in TA-Lib.
    """

    def _steps(self) -> base.Steps:
        return exponential(self.period)


class WMA(base.Window):
    """The weighted moving average: weights 1 to `period`, the newest most.

    As in TA-Lib, but added up anew at each bar.
    """

    def _of(self, window: Sequence[base.Value]) -> base.Value:
        # Of the differences from the first: of equal values none is left.
        first = window[0]
        total = first - first
        for weight, value in enumerate(window, start=1):
            total = total + (value - first) * weight
        return first + total / (self.period * (self.period + 1) / 2)


def exponential(period: int) -> base.Steps:
    """Averages numbers exponentially; the first value is a plain mean."""
    total = 0.0
    for _ in range(period):
        total += yield math.nan
    average = total / period
    weight = 2.0 / (period + 1)
    while True:
        value = yield average
        average += (value - average) * weight


def wilder(period: int) -> base.Steps:
    """Averages numbers with the weight 1 / period, as Wilder and TA-Lib do.

    The first value is a plain mean.
    """
    average = 0.0
    for _ in range(period):
        average += yield math.nan
    average /= period
    while True:
        value = yield average
        average = (average * (period - 1) + value) / period
