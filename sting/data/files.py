"""Bars, quotes and trades from CSV and Parquet files."""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import pathlib
from typing import Any

import numpy as np

from sting.data import calendars
from sting.data import large
from sting.data import logged
from sting.data import places
from sting.data import raw
from sting.data import reading
from sting.data import stamps
from sting.data import table
from sting.data import times
from sting.data import validator
from sting.model import errors
from sting.model import timeframes

Path = places.Path
Moment = int | str


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """What reading gave.

    Attributes:
        table: The bars.
        warnings: What looks odd, one sentence each.
    """

    table: table.BarTable
    warnings: tuple[str, ...]


def read(
    paths: Path | Iterable[Path | places.Place],
    *,
    symbols: Iterable[str] | None = None,
    timeframe: str | None = None,
    stamp: str = stamps.OPEN,
    start: Moment | None = None,
    end: Moment | None = None,
    calendar: str = calendars.DEFAULT,
    told: Callable[[int], object] | None = None,
) -> Loaded:
    """Reads bars.

    Args:
        paths: CSV or Parquet files, folders, patterns, or 'sample' for the
            data that ships; as `places.expand`. Also event logs, whose bars
            are read as they were given.
        symbols: The symbols to keep; None for all. It names the bars of a
            file without a column for it.
        timeframe: Length of a bar; None to infer it from each file.
        stamp: What `timestamp` in the files is: 'open' or 'close'.
        start: The first stamp to keep: nanoseconds UTC, a date or a moment.
        end: The last stamp to keep; a date is meant whole.
        calendar: The exchange whose sessions a bare `date` names.
        told: Called with how many files are done since it was called before.

    Returns:
        The bars of all files together, and what is odd.

    Raises:
        DataError: A file, a row or an argument is wrong.
    """
    wanted = None if symbols is None else tuple(dict.fromkeys(symbols))
    how = stamps.Reading(stamp, timeframe, calendar)
    found = places.pick(places.expand(paths), wanted, timeframe)
    warnings: list[str] = []
    merged = large.read(found, wanted, how) if large.are_large(found) else None
    if merged is None:
        tables: list[table.BarTable] = []
        for place in found:
            own = wanted if place.alone else None
            one, odd = _read_bars(place.path, own, how)
            tables.append(one)
            warnings += odd
            if told is not None:
                told(1)
        merged = table.BarTable.merge(tables)
    picked = merged.select(wanted, *_range(start, end))
    if not len(picked):
        raise errors.DataError('no bars are left between start and end')
    warnings += validator.oddities(picked)
    return Loaded(picked, tuple(warnings))


@dataclasses.dataclass(frozen=True, slots=True)
class Rows:
    """What reading rows of any kind gave.

    Attributes:
        rows: Bars, quotes or trades.
        warnings: What looks odd, one sentence each.
    """

    rows: table.BarTable | table.QuoteTable | table.TradeTable
    warnings: tuple[str, ...] = ()


def read_rows(
    paths: Path | Iterable[Path],
    *,
    symbols: Iterable[str] | None = None,
    **reading_of: Any,
) -> Rows:
    """Reads bars, quotes or trades, whichever the first file has.

    Args:
        paths: As for `read`.
        symbols: The symbols to keep; as for bars.
        **reading_of: How bars are to be read; as for `read`.

    Raises:
        DataError: A file, a row or an argument is wrong.
    """
    found = places.expand(paths)
    first = found[0].path
    kind = raw.BARS if logged.is_log(first) else raw.kind(first)
    if kind is raw.BARS:
        loaded = read(paths, symbols=symbols, **reading_of)
        return Rows(loaded.table, loaded.warnings)
    wanted = None if symbols is None else tuple(dict.fromkeys(symbols))
    found = places.pick(found, wanted, None)
    fault_of = validator.trade_fault
    if kind is raw.QUOTES:
        fault_of = validator.quote_fault
    parts = [
        _read_ticks(each.path, wanted if each.alone else None, kind, fault_of)
        for each in found
    ]
    if kind is raw.QUOTES:
        quotes = table.QuoteTable.merge([table.QuoteTable(*p) for p in parts])
        return Rows(quotes.select(wanted))
    trades = table.TradeTable.merge([table.TradeTable(*p) for p in parts])
    return Rows(trades.select(wanted))


def read_quotes(
    path: Path, *, symbols: Iterable[str] | None = None
) -> table.QuoteTable:
    """Reads a file of quotes: timestamp, bid, ask, bid_size, ask_size.

    Args:
        path: A CSV or Parquet file.
        symbols: The symbols to keep; as for bars.

    Raises:
        DataError: The file or a row is wrong.
    """
    wanted = None if symbols is None else tuple(dict.fromkeys(symbols))
    part = _read_ticks(path, wanted, raw.QUOTES, validator.quote_fault)
    return table.QuoteTable(*part).select(wanted)


def read_trades(
    path: Path, *, symbols: Iterable[str] | None = None
) -> table.TradeTable:
    """Reads a file of trades: timestamp, price, size.

    Args:
        path: A CSV or Parquet file.
        symbols: The symbols to keep; as for bars.

    Raises:
        DataError: The file or a row is wrong.
    """
    wanted = None if symbols is None else tuple(dict.fromkeys(symbols))
    part = _read_ticks(path, wanted, raw.TRADES, validator.trade_fault)
    return table.TradeTable(*part).select(wanted)


def _read_bars(
    path: Path, wanted: tuple[str, ...] | None, how: stamps.Reading
) -> tuple[table.BarTable, list[str]]:
    """Reads the bars of one file, and says what is odd there."""
    if logged.is_log(path):
        return logged.read(pathlib.Path(path), how.timeframe), []
    file = raw.read(path)
    columns = reading.columns(file, raw.BARS)
    moments = stamps.read(file, how.calendar)
    fault = validator.bar_fault(columns)
    if fault is not None:
        raise file.fault(*fault)
    names, index = reading.symbols_of(file, wanted)
    timestamp = moments.timestamp
    warnings = list(moments.warnings)
    order = table.sort_order(timestamp, index)
    if order is not None:
        late = _count_late(timestamp, index)
        if late:
            warnings.append(f'{path}: rows out of order, now sorted: {late}')
        timestamp, index = timestamp[order], index[order]
        columns = {name: each[order] for name, each in columns.items()}
    _refuse_repeats(file, timestamp, index, order)
    timeframe = reading.timeframe_of(file, how, moments, timestamp, index)
    if not moments.sessions and how.stamp == stamps.OPEN:
        timestamp = timestamp + timeframes.length(timeframe)
    bars = table.BarTable(
        names,
        index,
        timestamp,
        columns['open'],
        columns['high'],
        columns['low'],
        columns['close'],
        columns['volume'],
        timeframe,
    )
    return bars, warnings


def _refuse_repeats(
    file: raw.RawFile,
    timestamp: table.IntArray,
    index: table.IndexArray,
    order: table.IntArray | None,
) -> None:
    """Refuses two bars of one symbol and stamp in sorted rows."""
    repeat = table.first_repeat(timestamp, index)
    if repeat is not None:
        row = repeat if order is None else int(order[repeat])
        raise file.fault(
            row, 'a second bar of this symbol and stamp; take one out'
        )


def _count_late(timestamp: table.IntArray, index: table.IndexArray) -> int:
    """Counts the rows with an earlier stamp than their symbol's row before."""
    order = np.argsort(index, kind='stable')
    back = np.diff(timestamp[order]) < 0
    return int((back & (np.diff(index[order]) == 0)).sum())


def _read_ticks(
    path: Path,
    wanted: tuple[str, ...] | None,
    needed: tuple[str, ...],
    fault_of: Callable[[validator.Columns], validator.Fault | None],
) -> tuple[Any, ...]:
    """Gives symbols, symbol index, timestamps and the columns needed."""
    file = raw.read(path)
    columns = reading.columns(file, needed)
    timestamp = stamps.read(file, calendars.DEFAULT).timestamp
    fault = fault_of(columns)
    if fault is not None:
        raise file.fault(*fault)
    names, index = reading.symbols_of(file, wanted)
    order = table.sort_order(timestamp, index)
    if order is None:
        return names, index, timestamp, *columns.values()
    values = [each[order] for each in columns.values()]
    return names, index[order], timestamp[order], *values


def _range(
    start: Moment | None, end: Moment | None
) -> tuple[int | None, int | None]:
    first = times.parse_moment(start) if isinstance(start, str) else start
    if isinstance(end, str):
        return first, times.parse_moment(end, last=True)
    return first, end
