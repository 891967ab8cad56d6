"""When an exchange trades, and which bars follow from that."""

import bisect

import msgspec

from sting.model import errors
from sting.model import market
from sting.model import timeframes

# A Monday, 1969-12-29, in days since the epoch.
_MONDAY = -3


class Sessions(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions of an exchange over some years, oldest first.

    Plain numbers, so that a process that has none of the calendars can be
    given them.

    Attributes:
        calendar: The exchange's name.
        days: Their days, counted from 1970-01-01.
        opens: When they open, nanoseconds since the epoch, UTC.
        closes: When they close, likewise.
    """

    calendar: str
    days: tuple[int, ...]
    opens: tuple[int, ...]
    closes: tuple[int, ...]

    def last_close(self, moment: int) -> int:
        """Gives the last close at or before a moment, nanoseconds, UTC.

        Raises:
            errors.DataError: It lies outside of these years.
        """
        place = bisect.bisect_right(self.closes, moment)
        if not 0 < place < len(self.closes):
            raise self._outside(moment)
        return self.closes[place - 1]

    def ends_at(self, moment: int) -> bool:
        """Whether a session closes at a moment, and none opens with it."""
        place = bisect.bisect_left(self.closes, moment)
        if place == len(self.closes) or self.closes[place] != moment:
            return False
        return self.opens[place + 1 : place + 2] != (moment,)

    def period(self, timeframe: str, moment: int) -> tuple[int, int]:
        """Gives the bar of a timeframe that a moment belongs to.

        Intraday bars count from the session's open, and the last one ends
        with the session. What is traded outside of a session is counted on
        from the next open, backwards. A day is a session, a week those of
        one calendar week, Monday to Sunday.

        Args:
            timeframe: One that `timeframes.fault` has nothing against.
            moment: Nanoseconds since the epoch, UTC; that at which a bar
                opens belongs to the bar before.

        Returns:
            When the bar opens and when it closes, nanoseconds, UTC.

        Raises:
            errors.DataError: It lies outside of these years.
        """
        place = bisect.bisect_left(self.closes, moment)
        if not 0 < place < len(self.closes):
            raise self._outside(moment)
        if timeframe == '1w':
            return self._week(place)
        start, end = self.opens[place], self.closes[place]
        if timeframe == '1d':
            return start, end
        step = timeframes.length(timeframe)
        count = -((start - moment) // step)
        closes = min(start + count * step, end)
        return max(start + (count - 1) * step, self.closes[place - 1]), closes

    def _week(self, place: int) -> tuple[int, int]:
        monday = (self.days[place] - _MONDAY) // 7 * 7 + _MONDAY
        first = bisect.bisect_left(self.days, monday)
        last = bisect.bisect_left(self.days, monday + 7) - 1
        return self.opens[first], self.closes[last]

    def _outside(self, moment: int) -> errors.DataError:
        edges = map(market.to_iso, (*self.closes[:1], *self.closes[-1:]))
        return errors.DataError(
            f'the calendar {self.calendar} covers '
            f'{" to ".join(edges) or "no time"}, not {market.to_iso(moment)}'
        )
