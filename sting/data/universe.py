"""Universes: which instruments belonged to a list, and when.

A list of today's members run over the past has forgotten all that failed since
then. One with dates of membership has not.
"""

import datetime
import pathlib

import msgspec

from sting.data import calendars
from sting.data import rows

_FOREVER = 2**63 - 1
COLUMNS = ('symbol', 'from', 'to')


class Membership(msgspec.Struct, frozen=True):
    """A time for which an instrument belongs to a universe.

    Attributes:
        symbol: The instrument.
        first: Its first day, in the exchange's time; None for ever before.
        last: Its last day; None while it belongs.
    """

    symbol: str
    first: datetime.date | None = None
    last: datetime.date | None = None


def read(path: str | pathlib.Path) -> tuple[Membership, ...]:
    """Reads a universe: symbol, from, to.

    Args:
        path: CSV, Parquet, or YAML with a list under `members:`. Both dates
            belong to the membership and may be left out. A symbol that left
            and came back has several rows.

    Returns:
        The memberships by symbol and date.

    Raises:
        errors.DataError: The file or a row is wrong, or two memberships of a
            symbol overlap.
    """
    found: dict[str, list[Membership]] = {}
    for row in rows.read(path, COLUMNS, 'members'):
        one = Membership(
            row.symbol(),
            row.day('from') if row.values['from'] else None,
            row.day('to') if row.values['to'] else None,
        )
        if one.first and one.last and one.last < one.first:
            raise row.place(f'to {one.last} is before from {one.first}')
        others = found.setdefault(one.symbol, [])
        if any(_overlap(one, other) for other in others):
            raise row.place(
                f'{one.symbol} is a member twice at a time; mend the dates'
            )
        others.append(one)
    return tuple(
        each
        for symbol in sorted(found)
        for each in sorted(found[symbol], key=_begin)
    )


def spans(
    members: tuple[Membership, ...], calendar: str = calendars.DEFAULT
) -> dict[str, tuple[tuple[int, int], ...]]:
    """Gives when each instrument belongs to a universe.

    Args:
        members: The memberships.
        calendar: The exchange's name in exchange_calendars.

    Returns:
        By symbol, the moments after which a membership begins and up to which
        it lasts, nanoseconds since the epoch, UTC.

    Raises:
        errors.DataError: There is no such calendar, or it lacks these years.
    """
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for one in members:
        begin = (
            0 if one.first is None else calendars.midnight(one.first, calendar)
        )
        end = _FOREVER
        if one.last is not None:
            after = one.last + datetime.timedelta(days=1)
            end = calendars.midnight(after, calendar)
        found[one.symbol] = (*found.get(one.symbol, ()), (begin, end))
    return found


def _begin(one: Membership) -> datetime.date:
    return one.first or datetime.date.min


def _overlap(one: Membership, other: Membership) -> bool:
    return (one.last or datetime.date.max) >= _begin(other) and (
        other.last or datetime.date.max
    ) >= _begin(one)
