"""When the bars of an exchange are due."""

import dataclasses
from typing import Final
from typing import Self

import numpy as np

from sting.data import calendars
from sting.data.quality import batch as batches
from sting.model import errors
from sting.model import market
from sting.model import timeframes

_DAY: Final = timeframes.DAY
_YEARS: Final = 20 * 366 * _DAY


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The moments at which bars of one timeframe close.

    Attributes:
        calendar: The exchange.
        timeframe: Length of a bar, a day at most.
        step: The same in nanoseconds.
        hours: When the exchange trades, around its breaks; None where it
            always does.
    """

    calendar: str
    timeframe: str
    step: int
    hours: batches.Hours | None

    @classmethod
    def build(cls, calendar: str, timeframe: str, moment: int) -> Self:
        """Makes the schedule of an exchange.

        The first of an exchange takes a second or two.

        Args:
            calendar: Its name in exchange_calendars, or 24/7.
            timeframe: Length of a bar.
            moment: What it has to hold, nanoseconds since the epoch, UTC.

        Raises:
            errors.DataError: There is no such calendar, or bars are longer
                than a day.
        """
        step = timeframes.length(timeframe)
        if step > _DAY:
            raise errors.DataError(
                f'there is no feed of bars of {timeframe}; use 1d or shorter'
            )
        if calendar == calendars.ALWAYS:
            return cls(calendar, timeframe, step, None)
        if step == _DAY:
            sessions = calendars.sessions(calendar, moment)
            hours = batches.Hours(
                np.array(sessions.opens, np.int64),
                np.array(sessions.closes, np.int64),
            )
        else:
            edges = moment - _YEARS, moment
            hours = batches.Hours(*calendars.stretches(calendar, *edges))
        return cls(calendar, timeframe, step, hours)

    def newest(self, moment: int) -> int:
        """Gives the close of the newest bar that has closed.

        Args:
            moment: Nanoseconds since the epoch, UTC; the schedule covers it.
        """
        if self.hours is None:
            return moment // self.step * self.step
        _, before, opening, _ = self._stretch(self.hours, moment)
        if moment < opening or self.step == _DAY:
            return before
        count = (moment - opening) // self.step
        return opening + count * self.step if count else before

    def following(self, moment: int) -> int:
        """Gives the close of the first bar that closes after a moment."""
        if self.hours is None:
            return (moment // self.step + 1) * self.step
        _, _, opening, close = self._stretch(self.hours, moment)
        if self.step == _DAY:
            return close
        count = max(moment - opening, 0) // self.step + 1
        return min(opening + count * self.step, close)

    def opens(self, moment: int) -> int:
        """Gives when the exchange trades next; the moment while it does."""
        if self.hours is None:
            return moment
        return max(moment, self._stretch(self.hours, moment).opens)

    def before(self, moment: int, count: int) -> int:
        """Gives from when on there are at least so many bars.

        Args:
            moment: When the last of them may close, nanoseconds since the
                epoch, UTC.
            count: How many.
        """
        if self.hours is None:
            return (moment // self.step - count) * self.step
        place = self._stretch(self.hours, moment).place
        while count > 0 and place > 0:
            place -= 1
            opening, close = _edges(self.hours, place)
            daily = self.step == _DAY
            count -= 1 if daily else -((opening - close) // self.step)
        return int(self.hours.opens[place])

    def _stretch(self, hours: batches.Hours, moment: int) -> batches.Stretch:
        """Finds the first stretch that closes after a moment."""
        found = hours.stretch(moment + 1)
        if not found.place or found.closes <= moment:
            raise errors.DataError(
                f'the calendar {self.calendar} does not cover '
                f'{market.to_iso(moment)}'
            )
        return found


def _edges(hours: batches.Hours, place: int) -> tuple[int, int]:
    return int(hours.opens[place]), int(hours.closes[place])
