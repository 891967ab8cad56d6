"""The column of times in a file, as nanoseconds."""

import dataclasses
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.data import calendars
from sting.data import columns
from sting.data import raw
from sting.data import table
from sting.data import times
from sting.model import errors
from sting.model import market
from sting.model import timeframes

OPEN = 'open'
CLOSE = 'close'

_WHOLE = re.compile(r'-?\d+')
_DAY = re.compile(r'\d{4}-\d\d-\d\d')
# An epoch below the first figure is in seconds, below the next in ms, us, ns.
_EPOCHS = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3), (10**20, 1))
_EPOCHS_NAMED = 'seconds, ms, us or ns since 1970'
# What is outside is no time of market data.
EARLIEST = times.parse_moment('1900-01-01')
LATEST = times.parse_moment('2200-01-01')


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """How the times of a file are to be read.

    Attributes:
        stamp: What a moment in the file is of its bar: 'open' or 'close'.
        timeframe: Length of a bar; None to infer it.
        calendar: The exchange whose sessions bare dates name.

    Raises:
        DataError: `stamp` or `timeframe` is none.
    """

    stamp: str = OPEN
    timeframe: str | None = None
    calendar: str = calendars.DEFAULT

    def __post_init__(self) -> None:
        if self.stamp not in (OPEN, CLOSE):
            raise errors.DataError(
                f"stamp {self.stamp!r} is neither 'open' nor 'close'"
            )
        if self.timeframe is not None:
            timeframes.length(self.timeframe)


@dataclasses.dataclass(frozen=True, slots=True)
class Moments:
    """The times of a file, in its order.

    Attributes:
        timestamp: Nanoseconds, UTC.
        sessions: They are the closes of sessions, not moments as written.
        warnings: What looks odd.
    """

    timestamp: table.IntArray
    sessions: bool
    warnings: tuple[str, ...] = ()


def read(file: raw.RawFile, calendar: str) -> Moments:
    """Reads the column `timestamp`, or `date` where there is none.

    Args:
        file: What has the column.
        calendar: The exchange whose sessions bare dates name.

    Raises:
        DataError: There is neither column, or a value is wrong.
    """
    name = next((each for each in raw.TIMES if each in file.columns), None)
    if name is None:
        raise file.missing('timestamp')
    column = file.columns[name]
    if column.null_count:
        nulls = column.is_null().to_numpy()
        raise file.fault(int(np.argmax(nulls)), f'{name} is missing')
    values = _parse(file, name, column)
    if values.dtype.kind != 'M':
        moments = values.astype(np.int64)
        _check_range(file, name, moments)
        return Moments(moments, sessions=False)
    days = values.astype('datetime64[D]')
    midnights = days.astype('datetime64[s]').astype(np.int64)
    # Before they are nanoseconds, which far days are too large for.
    _check_range(file, name, midnights, market.NANOSECONDS)
    if name == 'date':
        return Moments(_closes(file, days, calendar), sessions=True)
    warning = (
        f'{file.path}: timestamp has bare dates, taken as midnight UTC; '
        f'name the column date for sessions of {calendar}'
    )
    return Moments(midnights * market.NANOSECONDS, False, (warning,))


def unit(number: int) -> int | None:
    """Says how many nanoseconds one of an epoch number is.

    Args:
        number: One value of a column.

    Returns:
        Nanoseconds; None where the column has days, such as 20130301.
    """
    if 19000101 <= number < 3 * 10**7:
        return None
    size = max(number, -(number + 1))
    return next((each for limit, each in _EPOCHS if size < limit), 1)


def _check_range(
    file: raw.RawFile, name: str, moments: table.IntArray, unit: int = 1
) -> None:
    outside = (moments < EARLIEST // unit) | (moments > LATEST // unit)
    if outside.any():
        row = int(outside.argmax())
        text = raw.show(str(raw.value(file.columns[name], row)))
        raise file.fault(row, f'{name} {text} is not from 1900 to 2200')


def _closes(
    file: raw.RawFile, days: calendars.DateArray, calendar: str
) -> table.IntArray:
    """Turns days into the closes of their sessions."""
    wrong = ~calendars.is_session(days, calendar)
    if wrong.any():
        row = int(wrong.argmax())
        raise file.fault(
            row,
            f'{days[row]} is no session of {calendar}; take the row out, or '
            'name the column timestamp',
        )
    return calendars.session_closes(days, calendar)


def _parse(
    file: raw.RawFile, name: str, column: Any
) -> npt.NDArray[np.datetime64] | table.IntArray:
    """Gives days where the values are bare dates, else nanoseconds."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _parse_text(file, name, column)
    if pa.types.is_date(kind):
        return _days(column)
    if pa.types.is_timestamp(kind):
        moments = _cast(file, name, column, pa.timestamp('ns', kind.tz))
        if name == 'date' and not (moments % timeframes.UNITS['d']).any():
            return moments.astype('datetime64[ns]').astype('datetime64[D]')
        return moments
    return _epochs(file, name, _cast(file, name, column, pa.int64()))


def _parse_text(
    file: raw.RawFile, name: str, column: Any
) -> npt.NDArray[np.datetime64] | table.IntArray:
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    import pyarrow.compute as pc  # noqa: PLC0415

    column = pc.utf8_trim_whitespace(column)
    first = column[0].as_py()
    if _WHOLE.fullmatch(first):
        return _epochs(file, name, _cast(file, name, column, pa.int64()))
    if _DAY.fullmatch(first):
        row = raw.first_uncastable(column, pa.date32())
        if row is None:
            return _days(column.cast(pa.date32()))
        if name == 'date':
            raise _bad(file, name, row)
    return _cast(file, name, column, raw.moments_like(first))


def _days(column: Any) -> npt.NDArray[np.datetime64]:
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    whole = columns.array(column.cast(pa.date32()).cast(pa.int32()))
    return np.asarray(whole.astype(np.int64).astype('datetime64[D]'))


def _cast(file: raw.RawFile, name: str, column: Any, to: Any) -> table.IntArray:
    """Turns a column into whole numbers by way of a type."""
    row = raw.first_uncastable(column, to)
    if row is not None:
        raise _bad(file, name, row)
    return columns.array(raw.cast(column, to))


def _bad(file: raw.RawFile, name: str, row: int) -> errors.DataError:
    text = raw.show(raw.value(file.columns[name], row))
    form = '2013-03-01' if name == 'date' else '2013-03-01T14:30:00Z'
    like = '' if row == 0 else ', or is not like the first'
    return file.fault(
        row, f'{name} {text} is none{like}; write {form}, or {_EPOCHS_NAMED}'
    )


def _epochs(
    file: raw.RawFile, name: str, numbers: table.IntArray
) -> npt.NDArray[np.datetime64] | table.IntArray:
    """Turns epoch numbers into nanoseconds; all have to be of one unit."""
    if (numbers // 10**7 <= 2).all() and (numbers >= 19000101).all():
        return _written_days(file, name, numbers)
    sizes = np.maximum(numbers, -(numbers + 1))
    limits = [limit for limit, _ in _EPOCHS[:-1]]
    units = np.searchsorted(limits, sizes, 'right')
    unit = int(units.max())
    factor = _EPOCHS[unit][1]
    other = (units != unit) | (sizes > LATEST // factor)
    if other.any():
        raise _bad(file, name, int(other.argmax()))
    return numbers * factor


def _written_days(
    file: raw.RawFile, name: str, numbers: table.IntArray
) -> npt.NDArray[np.datetime64]:
    """Turns 20130301 into a day."""
    year, rest = np.divmod(numbers, 10000)
    month, day = np.divmod(rest, 100)
    months = (year - 1970) * 12 + np.clip(month, 1, 12) - 1
    days = months.astype('datetime64[M]').astype('datetime64[D]') + day - 1
    same = days.astype('datetime64[M]').astype(np.int64) == months
    wrong = ~same | (month < 1) | (month > 12)
    if wrong.any():
        raise _bad(file, name, int(wrong.argmax()))
    return np.asarray(days)
