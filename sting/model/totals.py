"""Sums that come to the same bits with every Python."""

from collections.abc import Iterable
import functools
import operator
import sys

if sys.version_info >= (3, 12):

    def total(values: Iterable[float], start: float = 0.0) -> float:
        """Adds numbers from left to right, each sum rounded.

        The built-in sum does so up to 3.11, and five times as fast; later ones
        carry what was rounded away, which gives other last bits.

        Args:
            values: The numbers.
            start: What they are added to.
        """
        return functools.reduce(operator.add, values, start)

else:

    def total(values: Iterable[float], start: float = 0.0) -> float:
        """Adds numbers from left to right, each sum rounded."""
        return sum(values, start)
