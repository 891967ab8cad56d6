"""A run by periods: months, years, falls from a peak, a moving window."""

from collections.abc import Callable
import dataclasses
import math

import numpy as np
import numpy.typing as npt

from sting.backtest.figures import metrics
from sting.data import table
from sting.model import market

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# How many falls are listed.
WORST = 10
# The days of a rolling figure: half a year, as in quantstats.
WINDOW = 126
# Equity that is this little below its peak is so by rounding alone.
_ROUNDING = 1e-12
_AT_ONCE = 8_192


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Drawdown:
    """A fall from a peak.

    Attributes:
        depth: How far below the peak at its bottom; a fraction, below 0.
        start: When the peak was last seen, nanoseconds since the epoch, UTC.
        bottom: When it was deepest.
        end: When the peak was reached again; None if it never was.
        length_s: From the start to the end, or to the end of the run, seconds.
        recovery_s: From the bottom to the end, seconds; None without an end.
    """

    depth: float
    start: int
    bottom: int
    end: int | None
    length_s: float
    recovery_s: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class Falls:
    """Every fall of a run, in columns of places in the curve.

    Attributes:
        first: The first place below the peak.
        end: The first place at the peak again, or the curve's length.
        depth: The lowest in between; below 0.
    """

    first: IntArray
    end: IntArray
    depth: FloatArray


def below(depths: FloatArray) -> npt.NDArray[np.int8]:
    """Says of each moment whether it is below a peak: 1 or 0.

    Args:
        depths: How far below its peak the equity is at each moment.
    """
    return (depths < -_ROUNDING).astype(np.int8)


def falls(
    depths: FloatArray, release: Callable[[], None] = lambda: None
) -> Falls:
    """Finds the stretches below a peak.

    Args:
        depths: How far below its peak the equity is at each moment.
        release: Says that what was read is not needed for now.
    """
    edges = [np.empty(0, np.int64)]
    before = np.int8(0)
    for rows in table.pieces(len(depths)):
        now = below(depths[rows])
        edges.append(np.flatnonzero(np.diff(now, prepend=before)) + rows.start)
        before = now[-1]
        release()
    if before:
        edges.append(np.array([len(depths)]))
    places = np.concatenate(edges)
    first = places[::2]
    lowest = np.zeros(len(first))
    for rows in table.pieces(len(depths)):
        # Also the one that an earlier piece began.
        start = max(int(np.searchsorted(first, rows.start, 'right')) - 1, 0)
        own = slice(start, int(np.searchsorted(first, rows.stop)))
        starts = np.maximum(first[own] - rows.start, 0)
        if len(starts):
            found = np.minimum.reduceat(depths[rows], starts)
            lowest[own] = np.minimum(lowest[own], found)
            release()
    return Falls(first, places[1::2], lowest)


def longest_s(timestamp: IntArray, found: Falls) -> float:
    """Gives the longest time below a peak, seconds; 0 without a fall."""
    if not len(found.first):
        return 0.0
    starts = timestamp[np.maximum(found.first - 1, 0)]
    ends = timestamp[np.minimum(found.end, len(timestamp) - 1)]
    return float(np.max(ends - starts)) / market.NANOSECONDS


def worst(
    timestamp: IntArray, depths: FloatArray, found: Falls
) -> tuple[Drawdown, ...]:
    """Gives the deepest falls, the deepest first.

    Args:
        timestamp: Of each moment, rising, nanoseconds since the epoch, UTC.
        depths: How far below its peak the equity is at each.
        found: The falls in them.

    Returns:
        At most ten. One from the starting cash begins at the first moment.
    """
    order = np.argsort(found.depth, kind='stable')[:WORST]
    return tuple(
        _drawdown(timestamp, depths, int(found.first[at]), int(found.end[at]))
        for at in order
    )


def _drawdown(
    timestamp: IntArray, depths: FloatArray, first: int, end: int
) -> Drawdown:
    lowest = first + int(np.argmin(depths[first:end]))
    start = int(timestamp[max(first - 1, 0)])
    bottom = int(timestamp[lowest])
    recovered = end < len(timestamp)
    last = int(timestamp[end if recovered else -1])
    return Drawdown(
        depth=float(depths[lowest]),
        start=start,
        bottom=bottom,
        end=last if recovered else None,
        length_s=(last - start) / market.NANOSECONDS,
        recovery_s=(last - bottom) / market.NANOSECONDS if recovered else None,
    )


def monthly(days: IntArray, returns: FloatArray) -> dict[str, float]:
    """Compounds daily returns by month.

    Args:
        days: The UTC days, rising, as days since the epoch.
        returns: Theirs.

    Returns:
        The return of each month that has a day, by its name: '2013-05'.
    """
    return _compounded(days.astype('datetime64[D]').astype('M8[M]'), returns)


def yearly(days: IntArray, returns: FloatArray) -> dict[str, float]:
    """Compounds daily returns by year; as `monthly`, named '2013'."""
    return _compounded(days.astype('datetime64[D]').astype('M8[Y]'), returns)


def _compounded(
    names: npt.NDArray[np.datetime64], returns: FloatArray
) -> dict[str, float]:
    if not len(returns):
        return {}
    first = np.flatnonzero(np.append(True, names[1:] != names[:-1]))
    growth = np.multiply.reduceat(1.0 + returns, first) - 1.0
    texts = np.datetime_as_string(names[first]).tolist()
    return dict(zip(texts, growth.tolist(), strict=True))


def rolling_sharpe(returns: FloatArray, window: int = WINDOW) -> FloatArray:
    """Gives the Sharpe ratio over the last days, a year.

    Each window is summed by itself, so that nothing drifts.

    Args:
        returns: Day by day.
        window: How many days each counts.

    Returns:
        One for each day from the window's last on; NaN where the returns of
        a window do not differ.
    """
    if len(returns) < window:
        return np.empty(0)
    windows = np.lib.stride_tricks.sliding_window_view(returns, window)
    ratios = np.empty(len(windows))
    for start in range(0, len(windows), _AT_ONCE):
        part = windows[start : start + _AT_ONCE]
        deviation = np.std(part, axis=1, ddof=1)
        deviation[deviation < metrics.STILL] = np.nan
        ratios[start : start + _AT_ONCE] = np.mean(part, axis=1) / deviation
    ratios *= math.sqrt(metrics.DAYS_A_YEAR)
    return ratios
