"""Stretches of time, as sorted tuples of (first, last), both included."""

from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np

Ranges = tuple[tuple[int, int], ...]


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Joins stretches that overlap or touch.

    Args:
        ranges: In any order; one that ends before it begins counts as none.

    Returns:
        The same moments, in order, as few stretches as possible.
    """
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if last < first:
            continue
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return tuple(joined)


def lacking(known: Ranges, first: int, last: int) -> Ranges:
    """Gives what of a stretch is not known.

    Args:
        known: As `union` gives them.
        first: Where the stretch begins.
        last: Where it ends.
    """
    found = []
    at = first
    for begin, end in known:
        if end < at:
            continue
        if begin > last:
            break
        if begin > at:
            found.append((at, begin - 1))
        at = max(at, end + 1)
    if at <= last:
        found.append((at, last))
    return tuple(found)


def common(known: Ranges, first: int, last: int) -> Ranges:
    """Gives what of a stretch is known; as `lacking`."""
    return tuple(
        (max(begin, first), min(end, last))
        for begin, end in known
        if begin <= last and end >= first
    )


def by_month(first: int, last: int) -> Iterator[tuple[str, int, int]]:
    """Cuts a stretch of moments at the months, UTC.

    Args:
        first: Nanoseconds since the epoch, UTC.
        last: Likewise.

    Yields:
        The month as 2013-03, and the first and last moment there.
    """
    at = first
    while at <= last:
        month, begins = _month(at)
        ends = begins - 1
        yield month, at, min(ends, last)
        at = begins


def _month(moment: int) -> tuple[str, int]:
    """Names a moment's month, and gives where the next one begins."""
    month = np.datetime64(moment, 'ns').astype('datetime64[M]')
    begins = (month + 1).astype('datetime64[ns]').astype(np.int64)
    return str(month), int(begins)
