"""What the indicators of strategies gave at the last bars of a symbol."""

import bisect
from collections.abc import Mapping
import math
import struct

from sting.model import readings
from sting.model import views

_STAMP = struct.Struct('<q')


class Track:
    """The values of one strategy's indicators at bars of one symbol.

    They are kept packed, since a number of Python's takes four times the
    memory; another thread may read while a row is added.
    """

    __slots__ = ('_kept', '_limit')

    def __init__(self, limit: int) -> None:
        """Sets up an empty track.

        Args:
            limit: How many bars it keeps, at least.
        """
        self._limit = limit
        # Changed together, so that a thread that reads sees what fits.
        self._kept: tuple[tuple[str, ...], bytearray] = ((), bytearray())

    def take(self, told: readings.Readings) -> None:
        """Takes values; those of bars that are known stay as they were.

        Other names than before take the place of the old ones. Of lines that
        go on the values stay, unless the past is told too, as at a start.

        Args:
            told: Sound readings.
        """
        names, kept = self._kept
        size = readings.row_bytes(len(told.names))
        if names != told.names:
            several = len(told.rows) > size
            kept = bytearray() if several else self._laid_out(told.names)
        older, newer = _around(told.rows, kept, size)
        if older:
            kept = bytearray(older) + kept
        kept += newer
        if len(kept) > (self._limit + self._limit // 2) * size:
            kept = kept[-self._limit * size :]
        self._kept = told.names, kept

    def _laid_out(self, names: tuple[str, ...]) -> bytearray:
        """Gives what is known in the order of other names."""
        before, kept = self._kept
        packed = bytearray()
        if not set(before) & set(names):
            return packed
        pack = readings.packer(len(names)).pack
        for stamp, values in readings.unpack(kept, len(before)):
            known = dict(zip(before, values, strict=True))
            packed += pack(stamp, *(known.get(n, math.nan) for n in names))
        return packed

    def lines(self, strategy: str, limit: int) -> list[views.Line]:
        """Gives the values at the last bars, without lines that have none.

        Args:
            strategy: Whose they are.
            limit: At most so many bars.
        """
        names, kept = self._kept
        size = readings.row_bytes(len(names))
        # A copy, since the packed rows may grow meanwhile.
        rows = bytes(kept[-limit * size :])
        if not rows:
            return []
        stamps, *columns = zip(
            *readings.packer(len(names)).iter_unpack(rows), strict=True
        )
        found = []
        for name, column in zip(names, columns, strict=True):
            known = [
                (stamp, value)
                for stamp, value in zip(stamps, column, strict=True)
                if math.isfinite(value)
            ]
            if known:
                times, values = zip(*known, strict=True)
                found.append(views.Line(strategy, name, times, values))
        return found


def _around(rows: bytes, kept: bytearray, size: int) -> tuple[bytes, bytes]:
    """Gives the rows older than what is kept, and those newer."""
    if not kept:
        return b'', rows
    places = range(0, len(rows), size)

    def stamp(place: int) -> int:
        return _stamp(rows, place)

    before = bisect.bisect_left(places, _stamp(kept, 0), key=stamp)
    newest = _stamp(kept, len(kept) - size)
    after = bisect.bisect_right(places, newest, key=stamp)
    return rows[: before * size], rows[after * size :]


def _stamp(rows: bytes | bytearray, place: int) -> int:
    (stamp,) = _STAMP.unpack_from(rows, place)
    return int(stamp)


def lines(tracks: Mapping[str, Track], limit: int) -> tuple[views.Line, ...]:
    """Gives the values of several strategies, by strategy.

    Args:
        tracks: By strategy.
        limit: At most so many bars of each.
    """
    return tuple(
        line
        for name, track in sorted(tracks.items())
        for line in track.lines(name, limit)
    )
