"""The last bars of each symbol, as arrays."""

import bisect
from collections.abc import Iterable
from collections.abc import Sequence
import math
from typing import Any
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sting.model import market

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Scale(NamedTuple):
    """How bars, days and years go together.

    Attributes:
        bars_a_day: Bars of a trading day; below 1 for longer bars.
        days_a_year: Trading days.
    """

    bars_a_day: float = 1.0
    days_a_year: float = 252.0

    def horizon(self, days: float) -> float:
        """Gives what a bar's deviation grows by over so many days.

        The square root of the bars: it takes them as unrelated. Source:
        RiskMetrics Technical Document (1996), 4.
        """
        return math.sqrt(self.bars_a_day * days)

    def year(self) -> float:
        """Gives what a bar's deviation grows by over a year."""
        return self.horizon(self.days_a_year)


class Series(NamedTuple):
    """Bars of one symbol, the oldest first.

    Attributes:
        stamps: When they closed, nanoseconds since the epoch, UTC.
        closes: Last prices.
        volumes: Units traded.
    """

    stamps: IntArray
    closes: FloatArray
    volumes: FloatArray


_NONE = Series(np.empty(0, np.int64), np.empty(0), np.empty(0))


class Returns(NamedTuple):
    """Returns of several symbols at the same moments.

    Attributes:
        symbols: Those that have enough bars, in the order of the columns.
        values: One row a bar, the oldest first, one column a symbol.
        short: How many returns those have that have too few.
    """

    symbols: tuple[str, ...]
    values: FloatArray
    short: dict[str, int]


class History:
    """Keeps the last bars of each symbol."""

    def __init__(self, most: int) -> None:
        """Starts without any.

        Args:
            most: Bars that are kept of each symbol.
        """
        self._most = most
        self._series: dict[str, Series] = {}

    def last(self, symbol: str) -> int:
        """Gives when the newest bar closed; 0 before the first."""
        stamps = self.of(symbol).stamps
        return int(stamps[-1]) if len(stamps) else 0

    def of(self, symbol: str) -> Series:
        """Gives the bars of a symbol."""
        return self._series.get(symbol, _NONE)

    def take(self, symbol: str, bars: Sequence[market.MarketData]) -> None:
        """Takes further bars; those that it knows already are left out.

        Args:
            symbol: The instrument.
            bars: The oldest first.
        """
        known = self.last(symbol)
        first = bisect.bisect_right(bars, known, key=_stamp)
        fresh = [bar for bar in bars[first:] if bar.close > 0]
        if not fresh:
            return
        before = self.of(symbol)
        fresh = fresh[-self._most :]
        self._series[symbol] = Series(
            self._append(before.stamps, [bar.timestamp for bar in fresh]),
            self._append(before.closes, [bar.close for bar in fresh]),
            self._append(before.volumes, [bar.volume for bar in fresh]),
        )

    def _append(
        self, before: npt.NDArray[Any], fresh: list[Any]
    ) -> npt.NDArray[Any]:
        added = np.array(fresh, before.dtype)
        return np.concatenate((before, added))[-self._most :]

    def returns(
        self, symbols: Iterable[str], lookback: int, least: int
    ) -> Returns:
        """Gives returns at the moments at which any of the symbols had a bar.

        A symbol without a bar at a moment has its last close there, as a
        portfolio is valued; before its first bar it has none, and counts as
        too short where that leaves fewer than `least`.

        Args:
            symbols: Which.
            lookback: Returns at most.
            least: Returns without which a symbol is left out.

        Returns:
            Of all that have enough, from the moment on that they share.
        """
        asked = list(dict.fromkeys(symbols))
        short = {
            symbol: max(0, len(self.of(symbol).stamps) - 1)
            for symbol in asked
            if len(self.of(symbol).stamps) <= least
        }
        kept = tuple(symbol for symbol in asked if symbol not in short)
        if not kept:
            return Returns((), np.empty((0, 0)), short)
        stamps = self._moments(kept, lookback + 1)
        closes = np.empty((len(stamps), len(kept)))
        for column, symbol in enumerate(kept):
            series = self.of(symbol)
            places = np.searchsorted(series.stamps, stamps, 'right') - 1
            closes[:, column] = series.closes[places]
        return Returns(kept, closes[1:] / closes[:-1] - 1.0, short)

    def _moments(self, symbols: tuple[str, ...], most: int) -> IntArray:
        """Gives the last moments, none before all have their first bar."""
        series = [self.of(symbol).stamps for symbol in symbols]
        first = max(int(stamps[0]) for stamps in series)
        longest = series[0]
        if any(not np.array_equal(each, longest) for each in series[1:]):
            longest = np.unique(np.concatenate([s[-most:] for s in series]))
        return longest[longest >= first][-most:]


def _stamp(bar: market.MarketData) -> int:
    return bar.timestamp
