"""Files as they are, with all that is wrong in them."""

from collections.abc import Iterable
import dataclasses

import numpy as np

from sting.data import calendars
from sting.data import places
from sting.data import raw
from sting.data import reading
from sting.data import stamps
from sting.data import table
from sting.data.quality import batch as batches
from sting.model import timeframes


@dataclasses.dataclass(frozen=True, slots=True)
class Opened:
    """A file as it is.

    Attributes:
        file: Its columns, which name the place of a row.
        timeframe: Of its bars.
        batches: The bars of each symbol, in the order of the file.
        warnings: What is odd about it as a whole.
    """

    file: raw.RawFile
    timeframe: str
    batches: tuple[batches.Batch, ...]
    warnings: tuple[str, ...]


def read(
    place: places.Place,
    how: stamps.Reading,
    now: int,
    symbols: Iterable[str] | None = None,
) -> Opened:
    """Reads a file of bars without refusing what is in them.

    What is no number becomes NaN. The times have to be sound, and so do the
    symbols: without them nothing can be said of a bar.

    Args:
        place: A CSV or Parquet file.
        how: How its times are to be read.
        now: The time, nanoseconds since the epoch, UTC.
        symbols: The symbols to keep; None for all. One names the bars of a
            file without a column for it.

    Raises:
        DataError: The file cannot be read, lacks a column, or a time or a
            symbol in it is none.
    """
    wanted = None if symbols is None else tuple(dict.fromkeys(symbols))
    file = raw.read(place.path)
    for name in raw.BARS:
        if name not in file.columns:
            raise file.missing(name)
    moments = stamps.read(file, how.calendar)
    names, index = reading.symbols_of(file, wanted if place.alone else None)
    stamp = moments.timestamp
    order = table.sort_order(stamp, index)
    timeframe = reading.timeframe_of(
        file,
        how,
        moments,
        stamp if order is None else stamp[order],
        index if order is None else index[order],
    )
    step = timeframes.length(timeframe)
    if not moments.sessions and how.stamp == stamps.OPEN:
        stamp = stamp + step
    columns = {name: _numbers(file, name) for name in raw.BARS}
    hours = _hours(how.calendar, stamp)
    found = []
    for number, name in enumerate(names):
        rows = np.flatnonzero(index == number)
        if wanted is not None and name not in wanted:
            continue
        found.append(
            batches.Batch(
                symbol=name,
                row=rows,
                timestamp=stamp[rows],
                open=columns['open'][rows],
                high=columns['high'][rows],
                low=columns['low'][rows],
                close=columns['close'][rows],
                volume=columns['volume'][rows],
                step=step,
                hours=hours,
                now=now,
            )
        )
    return Opened(file, timeframe, tuple(found), moments.warnings)


def _numbers(file: raw.RawFile, name: str) -> table.FloatArray:
    """Gives a column of numbers, NaN for what is none."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    column = file.columns[name].to_pandas()
    numbers = pd.to_numeric(column, errors='coerce')
    return np.ascontiguousarray(numbers.to_numpy(np.float64, na_value=np.nan))


def _hours(calendar: str, stamp: table.IntArray) -> batches.Hours | None:
    if calendar == calendars.ALWAYS:
        return None
    edges = int(stamp.min()), int(stamp.max())
    return batches.Hours(*calendars.stretches(calendar, *edges))
