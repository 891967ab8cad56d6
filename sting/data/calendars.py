"""Exchange hours, from exchange_calendars.

That library takes a while to import and to build a calendar, so it is
imported when first asked, for the years that are asked for, once.
"""

import bisect
import datetime
import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.data import table
from sting.model import errors
from sting.model import market

DEFAULT = 'XNYS'
DateArray = npt.NDArray[np.datetime64]

_DECADE = 10
_MINUTE = 60 * market.NANOSECONDS


def is_session(
    dates: DateArray, calendar: str = DEFAULT
) -> npt.NDArray[np.bool_]:
    """Says which dates are sessions.

    Args:
        dates: Days.
        calendar: The exchange's name in exchange_calendars.

    Raises:
        DataError: There is no such calendar, or it lacks these years.
    """
    days = dates.astype('datetime64[D]')
    if not len(days):
        return np.zeros(0, np.bool_)
    known, _ = _schedule(calendar, *_years(days))
    place = np.minimum(np.searchsorted(known, days), len(known) - 1)
    return np.asarray(known[place] == days)


def session_closes(dates: DateArray, calendar: str = DEFAULT) -> table.IntArray:
    """Gives the moments at which sessions close, half days included.

    Args:
        dates: Days, each a session.
        calendar: The exchange's name in exchange_calendars.

    Returns:
        Nanoseconds since the epoch, UTC.

    Raises:
        DataError: A date is no session, or there is no such calendar.
    """
    days = dates.astype('datetime64[D]')
    wrong = np.flatnonzero(~is_session(days, calendar))
    if len(wrong):
        raise errors.DataError(f'{days[wrong[0]]} is no session of {calendar}')
    if not len(days):
        return np.zeros(0, np.int64)
    known, closes = _schedule(calendar, *_years(days))
    return np.asarray(closes[np.searchsorted(known, days)])


def session_close(timestamp: int, calendar: str = DEFAULT) -> int:
    """Gives the first session close at or after a moment.

    Args:
        timestamp: Nanoseconds since the epoch, UTC.
        calendar: The exchange's name in exchange_calendars.

    Returns:
        Nanoseconds since the epoch, UTC.

    Raises:
        DataError: There is no such calendar, or it lacks these years.
    """
    closes = _closes(calendar, market.to_datetime(timestamp).year // _DECADE)
    return closes[bisect.bisect_left(closes, timestamp)]


def session_of(timestamp: int, calendar: str = DEFAULT) -> datetime.date:
    """Gives the session that closes at a moment, or next after it.

    Args:
        timestamp: Nanoseconds since the epoch, UTC.
        calendar: The exchange's name in exchange_calendars.

    Raises:
        DataError: There is no such calendar, or it lacks these years.
    """
    decade = market.to_datetime(timestamp).year // _DECADE
    place = bisect.bisect_left(_closes(calendar, decade), timestamp)
    first = decade * _DECADE
    days, _ = _schedule(calendar, first, first + _DECADE)
    day: datetime.date = days[place].item()
    return day


def minutes(session: datetime.date, calendar: str = DEFAULT) -> table.IntArray:
    """Gives the moments at which the minutes of a session close.

    Args:
        session: A day that is a session.
        calendar: The exchange's name in exchange_calendars.

    Returns:
        Nanoseconds since the epoch, UTC; without the minutes of a break.

    Raises:
        DataError: The day is no session, or there is no such calendar.
    """
    day = np.array([session], 'datetime64[D]')
    session_closes(day, calendar)
    days, spans = _spans(calendar, *_years(day))
    parts = [
        np.arange(start + _MINUTE, end + 1, _MINUTE)
        for start, end in spans[int(np.searchsorted(days, day[0]))]
    ]
    return np.concatenate(parts)


def _years(days: DateArray) -> tuple[int, int]:
    """The decades that hold the days: their first and last year."""
    years = [
        int(str(edge.astype('datetime64[Y]')))
        for edge in (days.min(), days.max())
    ]
    first, last = (year // _DECADE * _DECADE for year in years)
    return first, last + _DECADE - 1


@functools.lru_cache(maxsize=32)
def _calendar(name: str, first: int, last: int) -> Any:
    import exchange_calendars  # noqa: PLC0415 - slow to import
    from exchange_calendars import errors as calendar_errors  # noqa: PLC0415

    try:
        return exchange_calendars.get_calendar(
            name, start=f'{first}-01-01', end=f'{last}-12-31'
        )
    except calendar_errors.InvalidCalendarName:
        raise errors.DataError(
            f'{name!r} is no calendar; write an exchange such as XNYS, or 24/7'
        ) from None
    except ValueError:
        raise errors.DataError(
            f'the calendar {name} does not cover {first} to {last}'
        ) from None


@functools.lru_cache(maxsize=32)
def _schedule(
    name: str, first: int, last: int
) -> tuple[DateArray, table.IntArray]:
    """The sessions from one year to another, and their closes."""
    calendar = _calendar(name, first, last)
    closes = calendar.closes.dt.as_unit('ns').astype('int64')
    days = calendar.sessions.to_numpy().astype('datetime64[D]')
    return days, closes.to_numpy()


@functools.lru_cache(maxsize=32)
def _spans(
    name: str, first: int, last: int
) -> tuple[DateArray, list[list[tuple[int, int]]]]:
    """The sessions, and when each opens and closes, around its break."""
    calendar = _calendar(name, first, last)
    edges = ('opens', 'break_starts', 'break_ends', 'closes')
    columns = [
        getattr(calendar, edge).dt.as_unit('ns').astype('int64').to_numpy()
        for edge in edges
    ]
    never = np.iinfo(np.int64).min
    spans = []
    for row in np.column_stack(columns).tolist():
        moments = [moment for moment in row if moment != never]
        spans.append(list(zip(moments[::2], moments[1::2], strict=True)))
    return _schedule(name, first, last)[0], spans


@functools.lru_cache(maxsize=32)
def _closes(name: str, decade: int) -> list[int]:
    """The closes of a decade and of the year after it."""
    first = decade * _DECADE
    closes: list[int] = _schedule(name, first, first + _DECADE)[1].tolist()
    return closes
