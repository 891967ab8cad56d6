"""The session in which strategies run, as it is shown."""

import datetime
from typing import Final

import msgspec

from sting.model import market

_DAY: Final = '%Y-%m-%d %H:%M'
_TIME: Final = '%H:%M'


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session of a profile's schedule: the running one, or the next.

    Attributes:
        calendar: The exchange whose session it is.
        running: Whether it runs.
        begins: When it begins or began, nanoseconds since the epoch, UTC.
        ends: When it ends, likewise.
    """

    calendar: str
    running: bool
    begins: int
    ends: int

    @property
    def phrase(self) -> str:
        """What a person is told: until when it runs, or when the next does."""
        begins, ends = _moment(self.begins), _moment(self.ends)
        until = _TIME if begins.date() == ends.date() else _DAY
        if self.running:
            return f'{self.calendar} until {ends:{_DAY}} UTC'
        words = f'{begins:{_DAY}} to {ends:{until}} UTC'
        return f'waits for {self.calendar}: {words}'


def _moment(timestamp: int) -> datetime.datetime:
    return market.to_datetime(timestamp)
