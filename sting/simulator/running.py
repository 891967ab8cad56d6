"""Running figures of past bars, in constant memory.

Each knows only the bars that it was shown. The market shows a bar after it has
held its orders against it, so no fill sees its own bar.
"""

import collections
import itertools
import math
import statistics

from sting.model import market
from sting.model import timeframes


class MeanRange:
    """The mean true range of the last bars; Wilder 1978, but a plain mean."""

    def __init__(self, bars: int) -> None:
        """Begins without bars.

        Args:
            bars: How many it is the mean of.
        """
        self._ranges: collections.deque[float] = collections.deque(maxlen=bars)
        self._close: float | None = None

    def show(self, bar: market.MarketData) -> None:
        """Takes a closed bar."""
        high, low = bar.high, bar.low
        if self._close is not None:
            high, low = max(high, self._close), min(low, self._close)
        self._ranges.append(high - low)
        self._close = bar.close

    def split(self, ratio: float) -> None:
        """Restates the past after a split.

        Args:
            ratio: New units for one old.
        """
        self._ranges = collections.deque(
            (each / ratio for each in self._ranges), self._ranges.maxlen
        )
        if self._close is not None:
            self._close /= ratio

    def value(self) -> float:
        """The mean, in units of the price; 0 before the first bar."""
        ranges = self._ranges
        return math.fsum(ranges) / len(ranges) if ranges else 0.0


class DailyFigures:
    """Mean volume and deviation of the returns of the last whole days.

    A day is a UTC day; a bar that closes at midnight belongs to the day that
    ends there.
    """

    def __init__(self, days: int) -> None:
        """Begins without bars.

        Args:
            days: How many days are looked back on.
        """
        self._volumes: collections.deque[float] = collections.deque(maxlen=days)
        # One more: there are as many returns as days.
        self._closes: collections.deque[float] = collections.deque(
            maxlen=days + 1
        )
        self._day: int | None = None
        self._volume = 0.0
        self._close = 0.0

    def show(self, bar: market.MarketData) -> None:
        """Takes a closed bar."""
        self._roll(bar.timestamp)
        self._volume += bar.volume
        self._close = bar.close

    def split(self, ratio: float) -> None:
        """Restates the past after a split.

        Args:
            ratio: New units for one old.
        """
        self._volumes = collections.deque(
            (each * ratio for each in self._volumes), self._volumes.maxlen
        )
        self._closes = collections.deque(
            (each / ratio for each in self._closes), self._closes.maxlen
        )
        self._volume *= ratio
        self._close /= ratio

    def at(self, timestamp: int) -> tuple[float, float]:
        """Gives what was known when the day of a moment began.

        Args:
            timestamp: Nanoseconds since the epoch, UTC; not before the last
                bar.

        Returns:
            The standard deviation of the daily returns, 0 before the third
            day, and the mean units traded a day, 0 before the second.
        """
        self._roll(timestamp)
        returns = [
            now / before - 1.0
            for before, now in itertools.pairwise(self._closes)
            if before > 0.0
        ]
        few = 2
        deviation = statistics.stdev(returns) if len(returns) >= few else 0.0
        volumes = self._volumes
        mean = math.fsum(volumes) / len(volumes) if volumes else 0.0
        return deviation, mean

    def _roll(self, timestamp: int) -> None:
        day = (timestamp - 1) // timeframes.DAY
        if day == self._day:
            return
        if self._day is not None:
            self._volumes.append(self._volume)
            self._closes.append(self._close)
        self._day = day
        self._volume = 0.0
