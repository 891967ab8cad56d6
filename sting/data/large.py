"""Bars of large Parquet files, which never are in memory as a whole.

They are read a part at a time into columns that lie in a file (`pages`), and
what comes of several files is merged by time from there.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.data import pages as pages_lib
from sting.data import places as places_lib
from sting.data import raw
from sting.data import reading
from sting.data import stamps
from sting.data import table
from sting.data import validator
from sting.model import timeframes

# From so many rows a file on; below, bars take some 10 MB in memory.
ROWS = 200_000
# From so many files on their rows in all count, as those of so many.
_FILES = 20
# More would be more open files than a process may have.
_MOST = 500
_BATCH = 1 << 14
_KINDS = {
    'symbol_index': np.int32,
    'timestamp': np.int64,
    **dict.fromkeys(raw.BARS, np.float64),
}


def are_large(files: Sequence[places_lib.Place]) -> bool:
    """Whether these files are to be read a part at a time.

    Args:
        files: Files of bars.
    """
    if len(files) > _MOST:
        return False
    rows = [raw.parquet_rows(file.path) for file in files]
    return all(rows) and sum(rows) >= ROWS * min(len(rows), _FILES)


def read(
    files: Sequence[places_lib.Place],
    wanted: tuple[str, ...] | None,
    how: stamps.Reading,
) -> table.BarTable | None:
    """Reads bars of Parquet files.

    Args:
        files: Such that `are_large`.
        wanted: The symbols to keep; as for `files.read`.
        how: How their times are to be read.

    Returns:
        The bars, equal to those read into memory; None where that is the only
        way: the rows of a file are not sorted, or something else is to be
        told of them.

    Raises:
        DataError: A file or a row is wrong.
    """
    parts = []
    for file in files:
        own = wanted if file.alone else None
        part = _read(str(file.path), own, how)
        if part is None:
            return None
        parts.append(part)
    return parts[0] if len(parts) == 1 else _merge(parts)


def _read(
    path: str, wanted: tuple[str, ...] | None, how: stamps.Reading
) -> table.BarTable | None:
    """Reads one file."""
    names = _names(path, wanted)
    writer = _Writer(raw.parquet_rows(path))
    steps = _Steps(len(names))
    # What the parts say of the timeframe, and the unit of their times.
    told: set[tuple[str | None, int]] = set()
    last = -1, -1
    for file in raw.batches(path, _BATCH):
        columns = reading.columns(file, raw.BARS)
        moments = stamps.read(file, how.calendar)
        if moments.sessions or moments.warnings:
            return None
        told.add((reading.said(file, how), _unit(file, moments)))
        if len(told) > 1:
            return None
        fault = validator.bar_fault(columns)
        if fault is not None:
            raise file.fault(*fault)
        met, index = reading.symbols_of(file, wanted)
        index = np.array([names.index(name) for name in met], np.int32)[index]
        if not _follows(last, moments.timestamp, index):
            return None
        last = int(moments.timestamp[-1]), int(index[-1])
        steps.look(moments.timestamp, index)
        writer.append(moments.timestamp, index, columns)
    how = reading.said_with(file, how)
    said, _ = told.pop()
    timeframe = said or reading.named(steps.most_common(), path, how)
    made = writer.table(names, timeframe)
    if how.stamp == stamps.OPEN:
        for rows in table.pieces(len(made)):
            made.timestamp[rows] += timeframes.length(timeframe)
            made.release()
    return made


def _unit(file: raw.RawFile, moments: stamps.Moments) -> int:
    """Gives what was made of a file's first time, over what is written.

    Numbers of seconds and of milliseconds in one file are a fault, which shows
    to whoever sees all of them.
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    column = file.columns['timestamp']
    if not pa.types.is_integer(column.type):
        return 1
    first = column[0].as_py()
    return int(moments.timestamp[0]) // first if first else 0


def _names(path: str, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """Gives the symbols of a file in alphabetical order."""
    names: set[str] = set()
    for file in raw.batches(path, _BATCH, (*raw.TIMES, 'symbol')):
        names.update(reading.symbols_of(file, wanted)[0])
        if 'symbol' not in file.columns:
            break
    return tuple(sorted(names))


def _follows(
    last: tuple[int, int], timestamp: table.IntArray, index: table.IndexArray
) -> bool:
    """Whether rows are sorted, without repeats, and after the last one."""
    step = np.diff(timestamp, prepend=last[0])
    return bool(
        ((step > 0) | ((step == 0) & (np.diff(index, prepend=last[1]) > 0)))[
            last[0] < 0 :
        ].all()
    )


class _Steps:
    """Counts the times between two rows of one symbol."""

    def __init__(self, symbols: int) -> None:
        self._last = np.full(symbols, -1, np.int64)
        self._counts: dict[int, int] = {}

    def look(self, timestamp: table.IntArray, index: table.IndexArray) -> None:
        """Takes the next rows."""
        if len(self._last) > 1:
            order = np.argsort(index, kind='stable')
            index, timestamp = index[order], timestamp[order]
        first = np.diff(index, prepend=-1) != 0
        before = np.concatenate(([0], timestamp[:-1]))
        before[first] = self._last[index[first]]
        known = before >= 0
        self._last[index] = timestamp
        found, counts = np.unique(
            (timestamp - before)[known], return_counts=True
        )
        for step, count in zip(found.tolist(), counts.tolist(), strict=True):
            self._counts[step] = self._counts.get(step, 0) + count

    def most_common(self) -> int | None:
        """Gives the most common one, the shortest if several are."""
        if not self._counts:
            return None
        return min(self._counts, key=lambda step: (-self._counts[step], step))


def _merge(parts: Sequence[table.BarTable]) -> table.BarTable | None:
    """Merges tables by time, from one moment to a later one at a time."""
    names = tuple(sorted({name for part in parts for name in part.symbols}))
    timeframe = table.one_timeframe(parts)
    writer = _Writer(sum(map(len, parts)))
    places = [
        np.array([names.index(name) for name in part.symbols], np.int32)
        for part in parts
    ]
    starts = [0] * len(parts)
    # Of many files a few rows at a time, or all together would be many.
    step = max(8 * _BATCH // len(parts), min(_BATCH, 1 << 10))
    while any(map(int.__lt__, starts, map(len, parts))):
        ends = _next(parts, starts, step)
        taken = [
            part.take(slice(start, end))
            for part, start, end in zip(parts, starts, ends, strict=True)
        ]
        stamp = np.concatenate([part.timestamp for part in taken])
        index = np.concatenate(
            [
                place[part.symbol_index]
                for place, part in zip(places, taken, strict=True)
            ]
        )
        order = np.lexsort((index, stamp))
        stamp, index = stamp[order], index[order]
        if table.first_repeat(stamp, index) is not None:
            return None
        columns = {
            name: np.concatenate([getattr(part, name) for part in taken])[order]
            for name in raw.BARS
        }
        writer.append(stamp, index, columns)
        starts = ends
        for part in parts:
            part.release()
    return writer.table(names, timeframe)


def _next(
    parts: Sequence[table.BarTable], starts: Sequence[int], step: int
) -> list[int]:
    """Gives where the rows up to a moment end, at most `step` more a part."""
    limit = min(
        int(part.timestamp[min(start + step, len(part)) - 1])
        for part, start in zip(parts, starts, strict=True)
        if start < len(part)
    )
    return [
        int(np.searchsorted(part.timestamp, limit, 'right')) for part in parts
    ]


class _Writer:
    """Writes the columns of a table, one part after another."""

    def __init__(self, rows: int) -> None:
        self._pages = pages_lib.Pages(_KINDS, rows)
        self._done = 0

    def append(
        self,
        timestamp: table.IntArray,
        index: table.IndexArray,
        columns: validator.Columns,
    ) -> None:
        """Writes the next rows."""
        parts: dict[str, npt.NDArray[Any]] = {
            'symbol_index': index,
            'timestamp': timestamp,
            **columns,
        }
        for name, values in parts.items():
            self._pages.write(name, self._done, values)
        self._done += len(index)

    def table(self, names: tuple[str, ...], timeframe: str) -> table.BarTable:
        """Gives the table.

        Args:
            names: The symbols that `index` counts.
            timeframe: Length of a bar.
        """
        column = self._pages.column
        return table.BarTable(
            symbols=names,
            symbol_index=column('symbol_index'),
            timestamp=column('timestamp'),
            open=column('open'),
            high=column('high'),
            low=column('low'),
            close=column('close'),
            volume=column('volume'),
            timeframe=timeframe,
            pages=self._pages,
        )
