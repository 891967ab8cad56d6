"""Bars of large Parquet files, which never are in memory as a whole.

They are read a part at a time into columns that lie in a file (`pages`), and
what comes of several files is merged by time from there.
"""

from collections.abc import Sequence
import dataclasses

import numpy as np

from sting.data import pages as pages_lib
from sting.data import places as places_lib
from sting.data import raw
from sting.data import reading
from sting.data import stamps
from sting.data import table
from sting.data import validator
from sting.model import timeframes

# From so many rows on; below, bars take some 200 MB in memory.
ROWS = 4_000_000
_BATCH = 1 << 16


def are_large(files: Sequence[places_lib.Place]) -> bool:
    """Whether these files are to be read a part at a time.

    Args:
        files: Files of bars.
    """
    rows = [raw.parquet_rows(file.path) for file in files]
    return all(rows) and sum(rows) >= ROWS


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
    count = raw.parquet_rows(path)
    made = _make(names, count, '')
    steps = _Steps(len(names))
    told: set[str | None] = set()
    done, last = 0, (-1, -1)
    for file in raw.batches(path, _BATCH):
        columns = reading.columns(file, raw.BARS)
        moments = stamps.read(file, how.calendar)
        if moments.sessions or moments.warnings:
            return None
        told.add(reading.said(file, how))
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
        rows = slice(done, done + len(index))
        _write(made, rows, moments.timestamp, index, columns)
        done += len(index)
    made.release()
    how = reading.said_with(file, how)
    timeframe = told.pop() or reading.named(steps.most_common(), path, how)
    if how.stamp == stamps.OPEN:
        for rows in table.pieces(count):
            made.timestamp[rows] += timeframes.length(timeframe)
        made.release()
    return dataclasses.replace(made, timeframe=timeframe)


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
    made = _make(names, sum(map(len, parts)), timeframe)
    places = [
        np.array([names.index(name) for name in part.symbols], np.int32)
        for part in parts
    ]
    done, starts = 0, [0] * len(parts)
    # Of many files a few rows at a time, or all together would be many.
    step = max(2 * _BATCH // len(parts), min(_BATCH, 1 << 10))
    while done < len(made):
        limit = min(
            int(part.timestamp[min(start + step, len(part)) - 1])
            for part, start in zip(parts, starts, strict=True)
            if start < len(part)
        )
        ends = [
            int(np.searchsorted(part.timestamp, limit, 'right'))
            for part in parts
        ]
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
        _write(made, slice(done, done + len(index)), stamp, index, columns)
        done, starts = done + len(index), ends
        for part in parts:
            part.release()
    return made


def _make(names: tuple[str, ...], count: int, timeframe: str) -> table.BarTable:
    """Makes a table to be filled."""
    pages = pages_lib.Pages()
    return table.BarTable(
        symbols=names,
        symbol_index=pages.column(np.int32, count),
        timestamp=pages.column(np.int64, count),
        open=pages.column(np.float64, count),
        high=pages.column(np.float64, count),
        low=pages.column(np.float64, count),
        close=pages.column(np.float64, count),
        volume=pages.column(np.float64, count),
        timeframe=timeframe,
        pages=pages,
    )


def _write(
    made: table.BarTable,
    rows: slice,
    timestamp: table.IntArray,
    index: table.IndexArray,
    columns: validator.Columns,
) -> None:
    made.symbol_index[rows] = index
    made.timestamp[rows] = timestamp
    for name in raw.BARS:
        getattr(made, name)[rows] = columns[name]
    made.release()
