"""Crossings of two lines, or of a line and a level."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from sting.strategy.indicators import base


class Moving(Protocol):
    """What has a value and one before it: an indicator's handle, or a line."""

    @property
    def value(self) -> float:
        """At the last bar."""

    @property
    def previous(self) -> float:
        """At the bar before it."""


def crossed_above(line: Moving, other: Moving | float) -> bool:
    """Tells whether a line has crossed above another at this bar.

    Args:
        line: The one that moves.
        other: Another one, or a level.

    Returns:
        Whether it is above now and was not at the bar before. False while
        one of them has no value.
    """
    now, before = _both(other)
    return line.previous <= before and line.value > now


def crossed_below(line: Moving, other: Moving | float) -> bool:
    """Tells whether a line has crossed below another; as `crossed_above`."""
    now, before = _both(other)
    return line.previous >= before and line.value < now


def crossings(
    line: base.FloatArray, other: base.FloatArray | float
) -> npt.NDArray[np.int8]:
    """Gives the crossings of whole columns.

    Args:
        line: The values of the one that moves, oldest first.
        other: Those of another one, or a level.

    Returns:
        At each bar 1 where `crossed_above` holds, -1 where `crossed_below`
        does, else 0.
    """
    level = np.broadcast_to(other, line.shape)
    found = np.zeros(len(line), np.int8)
    now, before = slice(1, None), slice(None, -1)
    above = (line[before] <= level[before]) & (line[now] > level[now])
    below = (line[before] >= level[before]) & (line[now] < level[now])
    found[now] = above.astype(np.int8) - below.astype(np.int8)
    return found


def _both(other: Moving | float) -> tuple[float, float]:
    """Gives the value at this bar and at the bar before."""
    if isinstance(other, int | float):
        return other, other
    return other.value, other.previous
