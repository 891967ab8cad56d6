"""When strategies run, by a schedule and the sessions of an exchange."""

import bisect
import datetime
from typing import Final
from typing import NamedTuple

import msgspec

from sting.model import sessions as sessions_lib
from sting.settings import schedule as schedule_lib

_EPOCH: Final = datetime.date(1970, 1, 1)


class Window(NamedTuple):
    """A session as it is scheduled.

    Attributes:
        day: Its day, counted from 1970-01-01.
        begins: When strategies are started, nanoseconds since the epoch, UTC.
        ends: When they are stopped, likewise.
    """

    day: int
    begins: int
    ends: int

    @property
    def date(self) -> str:
        """Its day, YYYY-MM-DD."""
        return (_EPOCH + datetime.timedelta(days=self.day)).isoformat()


class Plan:
    """All scheduled sessions of an exchange.

    Attributes:
        sessions: The same as sessions that open and close when strategies are
            started and stopped.
    """

    def __init__(
        self, schedule: schedule_lib.Schedule, sessions: sessions_lib.Sessions
    ) -> None:
        """Works them out.

        A day that is too short for both moments has none, and one that would
        begin before the one before has ended begins with that end.

        Args:
            schedule: What is configured.
            sessions: When the exchange trades.
        """
        begins, ends = schedule.begins, schedule.ends
        found: list[Window] = []
        last = 0
        for day, opens, closes in zip(
            sessions.days, sessions.opens, sessions.closes, strict=True
        ):
            start = max(begins.of(opens, closes), last)
            end = ends.of(opens, closes)
            if start < end:
                found.append(Window(day, start, end))
                last = end
        self._windows = found
        self.sessions = msgspec.structs.replace(
            sessions,
            days=tuple(each.day for each in found),
            opens=tuple(each.begins for each in found),
            closes=tuple(each.ends for each in found),
        )

    def current(self, moment: int) -> Window | None:
        """Gives the session that runs at a moment, if one does.

        Args:
            moment: Nanoseconds since the epoch, UTC.
        """
        place = bisect.bisect_right(self.sessions.opens, moment) - 1
        if place < 0 or self._windows[place].ends <= moment:
            return None
        return self._windows[place]

    def following(self, moment: int) -> Window | None:
        """Gives the first session that begins after a moment.

        None past the years that the calendar covers.
        """
        place = bisect.bisect_right(self.sessions.opens, moment)
        return self._windows[place] if place < len(self._windows) else None

    def last_end(self, moment: int) -> int:
        """Gives when the last session ended; 0 where there was none."""
        place = bisect.bisect_right(self.sessions.closes, moment) - 1
        return self._windows[place].ends if place >= 0 else 0
