"""Indicators: one class is one definition, in two speeds.

`update` takes one bar after another; `over` takes a whole column. Both do the
same additions in the same order, so that their values are equal bit for bit.
Where TA-Lib has an indicator, its order of operations is followed.
"""

import abc
import collections
from collections.abc import Mapping
import math
import operator

import numpy as np
import numpy.typing as npt

from sting.model import errors
from sting.model import market

FloatArray = npt.NDArray[np.float64]
Columns = Mapping[str, FloatArray]

_FIELDS = ('open', 'high', 'low', 'close', 'volume')


class Indicator(abc.ABC):
    """A value that follows from the bars of one symbol.

    Attributes:
        name: What it is called in the log: SMA(10).
    """

    name: str

    @abc.abstractmethod
    def update(self, bar: market.MarketData) -> float:
        """Takes the next bar.

        Args:
            bar: A closed bar of the symbol.

        Returns:
            The value at the bar's close, nan until there are enough bars.
        """

    def over_columns(self, columns: Columns) -> FloatArray | None:
        """Works out the values of many bars at once; it keeps no state.

        Args:
            columns: The bars' open, high, low, close and volume by name.

        Returns:
            What `update` would give a new instance at each bar, bit for bit;
            None for an indicator that has only the one speed.
        """
        return None


class Average(Indicator):
    """What the averages over a period share.

    Attributes:
        period: How many bars.
        field: The part of the bar that is averaged.
    """

    def __init__(self, period: int, field: str = 'close') -> None:
        if isinstance(period, bool) or not isinstance(period, int):
            raise errors.StrategyError(
                f'{type(self).__name__}: period {period!r} must be an int'
            )
        if period < 1:
            raise errors.StrategyError(
                f'{type(self).__name__}: period {period} must be at least 1'
            )
        if field not in _FIELDS:
            raise errors.StrategyError(
                f'{type(self).__name__}: field {field!r} must be one of '
                f'{", ".join(_FIELDS)}'
            )
        self.period = period
        self.field = field
        suffix = '' if field == 'close' else f', {field}'
        self.name = f'{type(self).__name__}({period}{suffix})'
        self._read = operator.attrgetter(field)

    def over_columns(self, columns: Columns) -> FloatArray:
        """Works out the averages of many bars at once."""
        return self.over(columns[self.field])

    @abc.abstractmethod
    def over(self, values: FloatArray) -> FloatArray:
        """Works out the whole column at once.

        Args:
            values: The field's values, oldest first.

        Returns:
            What `update` gives at each of them.
        """


class SMA(Average):
    """The simple moving average: the mean of the last `period` values."""

    def __init__(self, period: int, field: str = 'close') -> None:
        super().__init__(period, field)
        self._window: collections.deque[float] = collections.deque()
        self._missing = period
        self._total = 0.0

    def update(self, bar: market.MarketData) -> float:
        """Takes the next bar and gives the average that ends with it."""
        value: float = self._read(bar)
        window = self._window
        window.append(value)
        total = self._total + value
        if self._missing > 1:
            self._missing -= 1
            self._total = total
            return math.nan
        self._total = total - window.popleft()
        return total / self.period

    def over(self, values: FloatArray) -> FloatArray:
        """Works out the averages of a whole column."""
        period = self.period
        averages = np.full(len(values), math.nan)
        rest = len(values) - period
        if rest < 0:
            return averages
        # Each new value is followed by the oldest one taken away, as in
        # `update`; accumulate adds strictly from left to right.
        terms = np.empty(period + 2 * rest)
        terms[:period] = values[:period]
        terms[period::2] = -values[:rest]
        terms[period + 1 :: 2] = values[period:]
        totals = np.add.accumulate(terms)
        averages[period - 1 :] = totals[period - 1 :: 2] / period
        return averages


class EMA(Average):
    """The exponential moving average with the weight 2 / (period + 1).

    Its first value is the mean of the first `period` values, as in TA-Lib.
    """

    def __init__(self, period: int, field: str = 'close') -> None:
        super().__init__(period, field)
        self._weight = 2.0 / (period + 1)
        self._missing = period
        self._total = 0.0
        self._value = math.nan

    def update(self, bar: market.MarketData) -> float:
        """Takes the next bar and gives the average that ends with it."""
        value: float = self._read(bar)
        if self._missing == 0:
            self._value += (value - self._value) * self._weight
            return self._value
        self._missing -= 1
        self._total += value
        if self._missing == 0:
            self._value = self._total / self.period
        return self._value

    def over(self, values: FloatArray) -> FloatArray:
        """Works out the averages of a whole column."""
        period = self.period
        averages = np.full(len(values), math.nan)
        if len(values) < period:
            return averages
        weight = self._weight
        average = float(np.add.accumulate(values[:period])[-1]) / period
        column = [average]
        for value in values[period:].tolist():
            average += (value - average) * weight
            column.append(average)
        averages[period - 1 :] = column
        return averages
