"""Figures of the last values of a field.

Each is added up anew at each bar, from the differences from the window's first
value, so that no rounding error lasts and equal values have no deviation.
Deviations are those of the whole window (divided by `period`), as in TA-Lib.
"""

from collections.abc import Sequence

from sting.strategy.indicators import base


class Mean(base.Window):
    """The mean of the last `period` values."""

    def _of(self, window: Sequence[base.Value]) -> base.Value:
        return mean(window)


class Deviation(base.Window):
    """The standard deviation of the last `period` values, TA-Lib's STDDEV."""

    low = 2

    def _of(self, window: Sequence[base.Value]) -> base.Value:
        _, square = moments(window)
        return base.root(square)


class ZScore(base.Window):
    """How many deviations the last value lies above the mean of its window.

    0 where the values do not differ.
    """

    low = 2

    def _of(self, window: Sequence[base.Value]) -> base.Value:
        shift, square = moments(window)
        return base.ratio(window[-1] - window[0] - shift, base.root(square))


class Slope(base.Window):
    """The slope of the line through the last `period` values, a bar.

    The line is that of least squares, as TA-Lib's LINEARREG_SLOPE.
    """

    low = 2

    def _of(self, window: Sequence[base.Value]) -> base.Value:
        period = self.period
        middle = (period - 1) / 2
        first = window[0]
        total = first - first
        for at, value in enumerate(window):
            total = total + (value - first) * (at - middle)
        return total / (period * (period * period - 1) / 12)


def mean(window: Sequence[base.Value]) -> base.Value:
    """Gives the mean of a window."""
    first = window[0]
    total = first - first
    for value in window:
        total = total + (value - first)
    return first + total / len(window)


def moments(window: Sequence[base.Value]) -> tuple[base.Value, base.Value]:
    """Gives a window's mean less its first value, and its variance.

    Args:
        window: Numbers, or columns of one length.

    Returns:
        Both, of the numbers or row by row.
    """
    first = window[0]
    total = first - first
    for value in window:
        total = total + (value - first)
    shift = total / len(window)
    squares = first - first
    for value in window:
        distance = value - first - shift
        squares = squares + distance * distance
    return shift, squares / len(window)


def comoment(
    window: Sequence[base.Value],
    other: Sequence[base.Value],
    shift: base.Value,
    other_shift: base.Value,
) -> base.Value:
    """Gives the covariance of two windows.

    Args:
        window: Numbers, or columns of one length.
        other: As many others.
        shift: The mean of the one less its first value.
        other_shift: That of the other.

    Returns:
        The covariance, of the numbers or row by row.
    """
    first, second = window[0], other[0]
    total = first - first
    for one, two in zip(window, other, strict=True):
        total = total + (one - first - shift) * (two - second - other_shift)
    return total / len(window)
