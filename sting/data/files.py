"""Bars, quotes and trades from CSV and Parquet files."""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import pathlib
from typing import Any

import numpy as np

from sting.data import calendars
from sting.data import raw
from sting.data import stamps
from sting.data import table
from sting.data import times
from sting.data import validator
from sting.model import errors
from sting.model import timeframes

SAMPLE = 'sample'
SAMPLE_PATH = pathlib.Path(__file__).parent / 'samples' / 'daily.parquet'
Path = str | pathlib.Path
Moment = int | str


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """What reading gave.

    Attributes:
        table: The bars.
        warnings: What looks odd, one sentence each.
        digest: The data's identity: equal bars have equal digests.
    """

    table: table.BarTable
    warnings: tuple[str, ...]
    digest: str


def read(
    paths: Path | Iterable[Path],
    *,
    symbols: Iterable[str] | None = None,
    timeframe: str | None = None,
    stamp: str = stamps.OPEN,
    start: Moment | None = None,
    end: Moment | None = None,
    calendar: str = calendars.DEFAULT,
) -> Loaded:
    """Reads bars.

    Args:
        paths: CSV or Parquet files, or 'sample' for the data that ships.
        symbols: The symbols to keep; None for all. It names the bars of a
            file without a column for it.
        timeframe: Length of a bar; None to infer it from each file.
        stamp: What `timestamp` in the files is: 'open' or 'close'.
        start: The first stamp to keep: nanoseconds UTC, a date or a moment.
        end: The last stamp to keep; a date is meant whole.
        calendar: The exchange whose sessions a bare `date` names.

    Returns:
        The bars of all files together, what is odd, and their identity.

    Raises:
        DataError: A file, a row or an argument is wrong.
    """
    wanted = None if symbols is None else tuple(dict.fromkeys(symbols))
    how = stamps.Reading(stamp, timeframe, calendar)
    names = [paths] if isinstance(paths, str | pathlib.Path) else list(paths)
    if not names:
        raise errors.DataError('no file of data is named')
    warnings: list[str] = []
    tables: list[table.BarTable] = []
    for name in names:
        one, odd = _read_bars(name, wanted, how)
        tables.append(one)
        warnings += odd
    merged = table.BarTable.merge(tables)
    picked = merged.select(wanted, *_range(start, end))
    if not len(picked):
        raise errors.DataError('no bars are left between start and end')
    warnings += validator.oddities(picked)
    return Loaded(picked, tuple(warnings), picked.digest())


def place(path: Path) -> pathlib.Path:
    """Gives the file that is meant: also for 'sample'.

    Args:
        path: As `read` takes it.
    """
    return SAMPLE_PATH if str(path) == SAMPLE else pathlib.Path(path)


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
    file = raw.read(place(path))
    columns = _columns(file, raw.BARS)
    moments = stamps.read(file, how.calendar)
    fault = validator.bar_fault(columns)
    if fault is not None:
        raise file.fault(*fault)
    names, index = symbols_of(file, wanted)
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
    timeframe = timeframe_of(file, how, moments, timestamp, index)
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
    columns = _columns(file, needed)
    timestamp = stamps.read(file, calendars.DEFAULT).timestamp
    fault = fault_of(columns)
    if fault is not None:
        raise file.fault(*fault)
    names, index = symbols_of(file, wanted)
    order = table.sort_order(timestamp, index)
    if order is None:
        return names, index, timestamp, *columns.values()
    values = [each[order] for each in columns.values()]
    return names, index[order], timestamp[order], *values


def _columns(
    file: raw.RawFile, needed: tuple[str, ...]
) -> dict[str, table.FloatArray]:
    """Gives the columns of numbers that are needed."""
    if not any(name in file.columns for name in raw.TIMES):
        raise file.missing('timestamp')
    for name in needed:
        if name not in file.columns:
            raise file.missing(name)
    return {name: file.numbers(name) for name in needed}


def symbols_of(
    file: raw.RawFile, wanted: tuple[str, ...] | None
) -> tuple[tuple[str, ...], table.IndexArray]:
    """Gives the file's symbols in alphabetical order, and each row's."""
    if 'symbol' in file.columns:
        return file.symbols()
    stem = pathlib.Path(file.path).stem
    if wanted is None or (len(wanted) > 1 and stem in wanted):
        name = stem
    elif len(wanted) == 1:
        name = wanted[0]
    else:
        raise errors.DataError(
            'the file has no column symbol, so exactly one symbol must be '
            f'named for it, not {len(wanted)}',
            path=file.path,
        )
    return (name,), np.zeros(len(file), np.int32)


def timeframe_of(
    file: raw.RawFile,
    how: stamps.Reading,
    moments: stamps.Moments,
    timestamp: table.IntArray,
    index: table.IndexArray,
) -> str:
    """Takes the timeframe that was given, or infers it."""
    if moments.sessions:
        return _session_timeframe(file, how.timeframe)
    step = times.common_step(timestamp, index)
    inferred = None if step is None else timeframes.name(step)
    if how.timeframe is None:
        if inferred is None:
            raise errors.DataError(
                'the length of a bar does not show in the file; '
                "name it, such as timeframe '1m'",
                path=file.path,
            )
        return inferred
    if step is not None and step < timeframes.length(how.timeframe):
        raise errors.DataError(
            f'bars of {how.timeframe} cannot be {step / 1e9:g} s apart; '
            'name the length that they have',
            path=file.path,
        )
    return how.timeframe


def _session_timeframe(file: raw.RawFile, given: str | None) -> str:
    if given is not None and not given.endswith(('d', 'w')):
        raise errors.DataError(
            f'the file has days, not bars of {given}; leave timeframe out',
            path=file.path,
        )
    return given or '1d'


def _range(
    start: Moment | None, end: Moment | None
) -> tuple[int | None, int | None]:
    first = times.parse_moment(start) if isinstance(start, str) else start
    if isinstance(end, str):
        return first, times.parse_moment(end, last=True)
    return first, end
