"""Exchange hours, from exchange_calendars.

That library takes a while to import and to build a calendar, whatever its
length, so it is imported when first asked and a calendar is built once: for
the years that most data is from, and for more when those do not do.
"""

import bisect
import dataclasses
import datetime
import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.data import table
from sting.model import errors
from sting.model import market
from sting.model import sessions as hours_lib

DEFAULT = 'XNYS'
# Names that are right without a look, which loads exchange_calendars.
# An exchange that never closes.
ALWAYS = '24/7'
KNOWN = frozenset({DEFAULT, ALWAYS})
DateArray = npt.NDArray[np.datetime64]

_MINUTE = 60 * market.NANOSECONDS
_USUAL = ('1990-01-01', '2049-12-31')
_ALL = ('1900-01-01', '2199-12-31')


@dataclasses.dataclass(frozen=True, slots=True)
class _Hours:
    """The sessions of an exchange.

    Attributes:
        first: The first day that is covered.
        last: The last day that is covered.
        days: The sessions.
        closes: When they close, nanoseconds UTC.
        moments: The same as a list.
        spans: Where each session opens and closes, around its break.
        zone: The exchange's time zone.
    """

    first: np.datetime64
    last: np.datetime64
    days: DateArray
    closes: table.IntArray
    moments: list[int]
    spans: list[list[tuple[int, int]]]
    zone: datetime.tzinfo


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
    known = _covering(calendar, days.min(), days.max()).days
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
    hours = _covering(calendar, days.min(), days.max())
    return np.asarray(hours.closes[np.searchsorted(hours.days, days)])


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
    hours, place = _place(timestamp, calendar)
    return hours.moments[place]


def session_open(timestamp: int, calendar: str = DEFAULT) -> int:
    """Gives the first session opening at or after a moment.

    Args:
        timestamp: Nanoseconds since the epoch, UTC.
        calendar: The exchange's name in exchange_calendars.

    Returns:
        Nanoseconds since the epoch, UTC.

    Raises:
        DataError: There is no such calendar, or it lacks these years.
    """
    hours, place = _place(timestamp, calendar)
    opening = hours.spans[place][0][0]
    if opening < timestamp:
        hours, place = _place(hours.moments[place] + 1, calendar)
        opening = hours.spans[place][0][0]
    return opening


def session_of(timestamp: int, calendar: str = DEFAULT) -> datetime.date:
    """Gives the session that closes at a moment, or next after it.

    Args:
        timestamp: Nanoseconds since the epoch, UTC.
        calendar: The exchange's name in exchange_calendars.

    Raises:
        DataError: There is no such calendar, or it lacks these years.
    """
    hours, place = _place(timestamp, calendar)
    day: datetime.date = hours.days[place].item()
    return day


def midnight(day: datetime.date, calendar: str = DEFAULT) -> int:
    """Gives the moment at which a day begins where an exchange is.

    Args:
        day: Any day, a session or not.
        calendar: The exchange's name in exchange_calendars.

    Returns:
        Nanoseconds since the epoch, UTC.

    Raises:
        DataError: There is no such calendar, or it lacks these years.
    """
    place = np.datetime64(day)
    zone = _covering(calendar, place, place).zone
    begin = datetime.datetime.combine(day, datetime.time(), zone)
    return int(begin.timestamp()) * market.NANOSECONDS


def zone(calendar: str = DEFAULT) -> datetime.tzinfo:
    """Gives the time zone of an exchange.

    Args:
        calendar: Its name in exchange_calendars.

    Raises:
        DataError: There is no such calendar.
    """
    usual = np.datetime64(_USUAL[0])
    return _covering(calendar, usual, usual).zone


def sessions(
    calendar: str = DEFAULT, moment: int | None = None
) -> hours_lib.Sessions:
    """Gives the sessions of an exchange as plain numbers.

    Args:
        calendar: The exchange's name in exchange_calendars.
        moment: What the years have to hold, nanoseconds since the epoch, UTC;
            None for those that most data is from.

    Raises:
        DataError: There is no such calendar, or it lacks these years.
    """
    if moment is not None:
        hours, _ = _place(moment, calendar)
        if hours is not _hours(calendar, _USUAL):
            return _sessions(calendar, _ALL)
    return _sessions(calendar, _USUAL)


def stretches(
    calendar: str, first: int, last: int
) -> tuple[table.IntArray, table.IntArray]:
    """Gives when an exchange trades without a pause, around its breaks.

    Args:
        calendar: The exchange's name in exchange_calendars.
        first: Nanoseconds since the epoch, UTC; in the years that are given.
        last: Likewise, not before it.

    Returns:
        When each stretch opens and closes, nanoseconds since the epoch, UTC.

    Raises:
        DataError: There is no such calendar, or it lacks these years.
    """
    days = np.array([first, last]).astype('datetime64[ns]')
    hours = _covering(calendar, *days.astype('datetime64[D]'))
    usual = hours is _hours(calendar, _USUAL)
    return _stretches(calendar, _USUAL if usual else _ALL)


def is_open(timestamp: int, calendar: str = DEFAULT) -> bool:
    """Says whether an exchange trades at a moment.

    Args:
        timestamp: Nanoseconds since the epoch, UTC.
        calendar: The exchange's name in exchange_calendars.

    Raises:
        DataError: There is no such calendar, or it lacks these years.
    """
    if calendar == ALWAYS:
        return True
    opens, closes = stretches(calendar, timestamp, timestamp)
    place = int(np.searchsorted(opens, timestamp, 'right')) - 1
    return place >= 0 and timestamp < int(closes[place])


@functools.lru_cache(maxsize=4)
def _stretches(
    calendar: str, years: tuple[str, str]
) -> tuple[table.IntArray, table.IntArray]:
    every = _hours(calendar, years).spans
    spans = np.array([each for spans in every for each in spans])
    opens, closes = spans[:, 0].copy(), spans[:, 1].copy()
    # They are given to everybody.
    opens.flags.writeable = closes.flags.writeable = False
    return opens, closes


@functools.lru_cache(maxsize=4)
def _sessions(calendar: str, years: tuple[str, str]) -> hours_lib.Sessions:
    hours = _hours(calendar, years)
    return hours_lib.Sessions(
        calendar=calendar,
        days=tuple(hours.days.astype(np.int64).tolist()),
        opens=tuple(spans[0][0] for spans in hours.spans),
        closes=tuple(hours.moments),
    )


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
    hours = _covering(calendar, day[0], day[0])
    spans = hours.spans[int(np.searchsorted(hours.days, day[0]))]
    return np.concatenate(
        [np.arange(start + _MINUTE, end + 1, _MINUTE) for start, end in spans]
    )


def _covering(name: str, first: np.datetime64, last: np.datetime64) -> _Hours:
    """The hours of a calendar, of years that hold two days."""
    for years in (_USUAL, _ALL):
        hours = _hours(name, years)
        if hours.first <= first and last <= hours.last:
            return hours
    raise errors.DataError(
        f'the calendar {name} covers {hours.first} to {hours.last}, '
        f'not {first} to {last}'
    )


def _place(timestamp: int, name: str) -> tuple[_Hours, int]:
    """The hours of a calendar, and the first close there from a moment on."""
    for years in (_USUAL, _ALL):
        hours = _hours(name, years)
        place = bisect.bisect_left(hours.moments, timestamp)
        if 0 < place < len(hours.moments):
            return hours, place
    moment = market.to_iso(timestamp)
    raise errors.DataError(
        f'the calendar {name} covers {hours.first} to {hours.last}, '
        f'not {moment}'
    )


@functools.lru_cache(maxsize=32)
def _hours(name: str, years: tuple[str, str]) -> _Hours:
    """Builds a calendar, as far as its exchange is known."""
    first, last = years
    try:
        calendar = _calendar(name, first, last)
    except ValueError:
        known = type(_calendar(name, None, None))
        lowest, highest = known.bound_min(), known.bound_max()
        first = first if lowest is None else max(first, str(lowest.date()))
        last = last if highest is None else min(last, str(highest.date()))
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
    return _Hours(
        np.datetime64(first),
        np.datetime64(last),
        calendar.sessions.to_numpy().astype('datetime64[D]'),
        columns[-1],
        columns[-1].tolist(),
        spans,
        calendar.tz,
    )


def _calendar(name: str, first: str | None, last: str | None) -> Any:
    import exchange_calendars  # noqa: PLC0415 - slow to import
    from exchange_calendars import errors as calendar_errors  # noqa: PLC0415

    try:
        return exchange_calendars.get_calendar(name, start=first, end=last)
    except calendar_errors.InvalidCalendarName:
        raise errors.DataError(
            f'{name!r} is no calendar; write an exchange such as XNYS, or 24/7'
        ) from None
