"""Writes bars as files that `files.read` gives back as they were."""

from collections.abc import Callable
from collections.abc import Iterable
import contextlib
import pathlib
from typing import Any

import numpy as np

from sting.data import calendars
from sting.data import outputs
from sting.data import table
from sting.data import times
from sting.model import errors
from sting.model import timeframes

_COLUMNS = ('open', 'high', 'low', 'close', 'volume')


def write(
    path: pathlib.Path, bars: table.BarTable, calendar: str = calendars.DEFAULT
) -> None:
    """Writes bars to a file, whole or not at all.

    Bars of a day are written with the date of their session, others with the
    moment at which they open. Where their length does not show in that, a
    column says it.

    Args:
        path: It ends in .csv or .parquet; one that is there is replaced.
        bars: What to write.
        calendar: The exchange whose sessions the bars of a day are.

    Raises:
        errors.InputError: It ends otherwise, or cannot be written.
        errors.DataError: A bar of a day closes with no session of the
            calendar.
    """
    write_parts(path, [bars], calendar)


def write_parts(
    path: pathlib.Path,
    parts: Iterable[table.BarTable],
    calendar: str = calendars.DEFAULT,
    told: Callable[[int], None] | None = None,
) -> None:
    """Writes bars to a file a part at a time, whole or not at all.

    Args:
        path: As `write`.
        parts: At least one, of the same symbols and timeframe, each later
            than the one before. Whether their length shows in the times is
            seen from the first.
        calendar: As `write`.
        told: Told after each part how many rows it had.

    Raises:
        errors.InputError: As `write`.
        errors.DataError: As `write`, or from the parts.
    """
    from pyarrow import csv  # noqa: PLC0415 - slow to import
    from pyarrow import parquet  # noqa: PLC0415

    check(path)
    kinds = {'.csv': csv.CSVWriter, '.parquet': parquet.ParquetWriter}
    with outputs.replacing(path) as fresh, contextlib.ExitStack() as opened:
        file: Any = None
        for bars in parts:
            if file is None:
                said = not _shows(bars, calendar)
            data = _data(bars, calendar, timeframe=said)
            if file is None:
                made = kinds[path.suffix](fresh, data.schema)
                file = opened.enter_context(made)
            file.write_table(data)
            if told is not None:
                told(len(bars))


def check(path: pathlib.Path) -> None:
    """Refuses a name that does not say what a file is to be.

    Args:
        path: The file.

    Raises:
        errors.InputError: It ends neither in .csv nor in .parquet.
    """
    if path.suffix not in ('.csv', '.parquet'):
        raise errors.InputError(
            'has to end in .csv or .parquet to be written', path=path
        )


def save(path: pathlib.Path, bars: table.BarTable, calendar: str) -> None:
    """Writes bars whose symbol and timeframe the names of folders say.

    Args:
        path: Where nothing is yet, and no reader looks; Parquet.
        bars: Of one symbol.
        calendar: As `write`.

    Raises:
        OSError: It cannot be written.
        errors.DataError: As `write`.
    """
    from pyarrow import parquet  # noqa: PLC0415 - slow to import

    data = _data(bars, calendar, symbol=False, timeframe=False)
    parquet.write_table(data, path)


def _data(
    bars: table.BarTable,
    calendar: str,
    *,
    symbol: bool = True,
    timeframe: bool,
) -> Any:
    """Gives the columns of a file, some of them where they are wanted."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    name, moments = _times(bars, calendar)
    columns: dict[str, Any] = {name: moments}
    if symbol:
        columns['symbol'] = pa.DictionaryArray.from_arrays(
            bars.symbol_index, list(bars.symbols)
        ).cast(pa.string())
    columns |= {each: getattr(bars, each) for each in _COLUMNS}
    if timeframe:
        columns['timeframe'] = pa.DictionaryArray.from_arrays(
            np.zeros(len(bars), np.int32), [bars.timeframe]
        ).cast(pa.string())
    return pa.table(columns)


def _has_dates(bars: table.BarTable, calendar: str) -> bool:
    """Whether bars are written with the dates of sessions."""
    long = timeframes.length(bars.timeframe) >= timeframes.DAY
    return long and calendar != calendars.ALWAYS


def _shows(bars: table.BarTable, calendar: str) -> bool:
    """Whether the times in a file show how long its bars are."""
    if _has_dates(bars, calendar):
        return bars.timeframe == '1d'
    step = times.common_step(bars.timestamp, bars.symbol_index)
    return step == timeframes.length(bars.timeframe)


def _times(bars: table.BarTable, calendar: str) -> tuple[str, Any]:
    """Gives the column of times and its name."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    if not _has_dates(bars, calendar):
        opens = bars.timestamp - timeframes.length(bars.timeframe)
        return 'timestamp', pa.array(opens, pa.timestamp('ns', 'UTC'))
    stamps, place = np.unique(bars.timestamp, return_inverse=True)
    found = [calendars.session_of(each, calendar) for each in stamps.tolist()]
    dates = np.array(found, 'datetime64[D]')
    wrong = calendars.session_closes(dates, calendar) != stamps
    if wrong.any():
        raise errors.DataError(
            f'a bar closes with no session of {calendar}; name its calendar'
        )
    return 'date', pa.array(dates[place])
