"""Writes bars as files that `files.read` gives back as they were."""

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
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    from pyarrow import csv  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    if path.suffix not in ('.csv', '.parquet'):
        raise errors.InputError(
            'has to end in .csv or .parquet to be written', path=path
        )
    name, moments = _times(bars, calendar)
    columns: dict[str, Any] = {
        name: moments,
        'symbol': pa.DictionaryArray.from_arrays(
            bars.symbol_index, list(bars.symbols)
        ).cast(pa.string()),
        **{each: getattr(bars, each) for each in _COLUMNS},
    }
    if not _shows(bars, name):
        columns['timeframe'] = pa.DictionaryArray.from_arrays(
            np.zeros(len(bars), np.int32), [bars.timeframe]
        ).cast(pa.string())
    data = pa.table(columns)
    with outputs.replacing(path) as fresh:
        if path.suffix == '.csv':
            csv.write_csv(data, fresh)
        else:
            parquet.write_table(data, fresh)


def _shows(bars: table.BarTable, name: str) -> bool:
    """Whether the times in a file show how long its bars are."""
    if name == 'date':
        return bars.timeframe == '1d'
    step = times.common_step(bars.timestamp, bars.symbol_index)
    return step == timeframes.length(bars.timeframe)


def _times(bars: table.BarTable, calendar: str) -> tuple[str, Any]:
    """Gives the column of times and its name."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    step = timeframes.length(bars.timeframe)
    if step < timeframes.DAY or calendar == calendars.ALWAYS:
        opens = bars.timestamp - step
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
