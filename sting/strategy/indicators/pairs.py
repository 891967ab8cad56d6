"""Indicators of two symbols together, or of two fields of one.

What is of two symbols moves when both have a closed bar of the same stamp: at
the later one's. Where one of them has no bar, it keeps its value. It has only
the speed of bar by bar.
"""

import abc
import collections
from collections.abc import Sequence
import math
import operator
from typing import Any

from sting.model import errors
from sting.model import market
from sting.strategy.indicators import base
from sting.strategy.indicators import statistics


class OfTwo(base.Indicator):
    """A value of pairs of values.

    Attributes:
        period: How many pairs.
        fields: The part of the first symbol's bars and of the second's.
    """

    def __init__(
        self, period: int, fields: Sequence[str], symbols: Sequence[str]
    ) -> None:
        """Makes one before its first bar.

        Args:
            period: How many pairs, from 2 on.
            fields: Two parts of bars.
            symbols: Two instruments; none where the fields are of one.

        Raises:
            errors.StrategyError: An option is not allowed.
        """
        base.check_whole(self, period=period, low=2)
        self.fields = self._two('fields', fields)
        base.check_field(self, *self.fields)
        self.symbols = self._two('symbols', symbols) if symbols else ()
        if len({*self.symbols}) == 1:
            raise errors.StrategyError(
                f'{type(self).__name__}: symbols {symbols!r} must be two '
                f'different ones'
            )
        self.period = period
        shown = [str(period), *self.symbols]
        if set(self.fields) != {'close'}:
            shown += self.fields
        self.name = f'{type(self).__name__}({", ".join(shown)})'
        self._reads = [operator.attrgetter(field) for field in self.fields]
        # By symbol, the stamp and the value of the last bar.
        self._last = dict.fromkeys(self.symbols, (-1, math.nan))
        self._value = math.nan

    def update(self, bar: market.MarketData) -> float:
        """Takes the next bar and gives the value at its close."""
        if not self.symbols:
            return self.add(*(read(bar) for read in self._reads))
        at = self.symbols.index(bar.symbol)
        self._last[bar.symbol] = (bar.timestamp, self._reads[at](bar))
        (stamp, first), (other_stamp, second) = self._last.values()
        if stamp == other_stamp:
            self._value = self.add(first, second)
        return self._value

    @abc.abstractmethod
    def add(self, first: float, second: float) -> float:
        """Takes the next pair and gives the value at it."""

    def _two(self, name: str, given: Any) -> tuple[str, ...]:
        """Gives two names that were given."""
        two = () if isinstance(given, str) else tuple(given)
        if len(two) != 2 or not all(isinstance(each, str) for each in two):
            raise errors.StrategyError(
                f'{type(self).__name__}: {name} {given!r} must be two names'
            )
        return two


class Correlation(OfTwo):
    """Pearson's correlation of the last pairs, -1 to 1, as TA-Lib's CORREL.

    Of two symbols: `period=30, symbols=('A', 'B')`; of two fields of each:
    `period=30, fields=('close', 'volume')`. 0 where one of them does not move.
    """

    def __init__(
        self,
        period: int = 30,
        symbols: Sequence[str] = (),
        fields: Sequence[str] = ('close', 'close'),
    ) -> None:
        super().__init__(period, fields, symbols)
        if not self.symbols and self.fields[0] == self.fields[1]:
            raise errors.StrategyError(
                'Correlation: give symbols=(one, other), or two fields'
            )
        self._windows: list[collections.deque[float]] = [
            collections.deque(maxlen=period) for _ in range(2)
        ]

    def add(self, first: float, second: float) -> float:
        """Takes the next pair and gives the correlation at it."""
        for window, value in zip(self._windows, (first, second), strict=True):
            window.append(value)
        if len(self._windows[0]) < self.period:
            return math.nan
        found: float = _correlation(*self._windows)[0]
        return found

    def over_columns(self, columns: base.Columns) -> base.FloatArray | None:
        """Works out the values of many bars, where they are of one symbol."""
        if self.symbols:
            return None
        return self.over(*(columns[field] for field in self.fields))

    def over(
        self, first: base.FloatArray, second: base.FloatArray
    ) -> base.FloatArray:
        """Works out whole columns at once.

        Args:
            first: Values, oldest first.
            second: Those of the same moments.

        Returns:
            What `add` gives at each pair.
        """
        return base.over_windows(_correlation, self.period, first, second)[0]


class RatioZScore(OfTwo):
    """How unusual the ratio of two symbols' prices is.

    The z-score of first / second in the last pairs: how many deviations the
    ratio lies above its mean. A ratio to 0, as a volume may be, counts as 0.
    """

    def __init__(
        self,
        period: int = 60,
        symbols: Sequence[str] = (),
        fields: Sequence[str] = ('close', 'close'),
    ) -> None:
        if not symbols:
            raise errors.StrategyError('RatioZScore: give symbols=(one, other)')
        super().__init__(period, fields, symbols)
        self._score = statistics.ZScore(period)

    def add(self, first: float, second: float) -> float:
        """Takes the next pair and gives the z-score at it."""
        return self._score.add(base.ratio(first, second))


def _correlation(
    first: Sequence[base.Value], second: Sequence[base.Value]
) -> tuple[base.Value]:
    """Gives the correlation of two windows."""
    shift, square = statistics.moments(first)
    other_shift, other_square = statistics.moments(second)
    return (
        base.ratio(
            statistics.comoment(first, second, shift, other_shift),
            base.root(square) * base.root(other_square),
        ),
    )
