"""Which of several sources gives the bars of a symbol."""

from typing import Final

import msgspec

# Seconds that a source which failed is not asked: the first time, each time
# more twice as many, and at most.
REST_S: Final = 30.0
MOST_S: Final = 900.0


class Health(msgspec.Struct):
    """How one source does for one symbol.

    Attributes:
        failures: How often it failed in a row.
        until: When it is asked again, seconds of the monotonic clock.
    """

    failures: int = 0
    until: float = 0.0


class Route:
    """The sources of one symbol and timeframe, in the order of preference.

    One that failed rests, longer each time; then it is tried again before
    those that come after it.

    Attributes:
        used: The place of the source in use.
        why: Why it took the place of one that is preferred.
    """

    def __init__(self, count: int) -> None:
        """Begins with the first of so many sources."""
        self.used = 0
        self.why = ''
        self._health = [Health() for _ in range(count)]

    def order(self, now: float) -> list[int]:
        """Gives the places of the sources to ask, the first one first.

        Where all of them rest it is the one that has rested longest.

        Args:
            now: Seconds of the monotonic clock.
        """
        awake = [
            place
            for place, each in enumerate(self._health)
            if each.until <= now
        ]
        if awake:
            return awake
        each = range(len(self._health))
        return [min(each, key=lambda place: self._health[place].until)]

    def failed(self, place: int, now: float, wait_s: float = 0.0) -> None:
        """Lets a source rest.

        Args:
            place: Which one.
            now: Seconds of the monotonic clock.
            wait_s: Seconds that it wants to be left alone, at least.
        """
        health = self._health[place]
        rest = min(REST_S * 2.0**health.failures, MOST_S)
        health.failures += 1
        health.until = now + max(rest, wait_s)

    def wake(self, place: int) -> None:
        """Lets a source be asked next time, as it gives a sign of life.

        Args:
            place: Which one.
        """
        self._health[place].until = 0.0

    def worked(self, place: int, why: str = '') -> int:
        """Notes that a source gave what was asked for, and uses it.

        Args:
            place: Which one.
            why: What was wrong with those that are preferred.

        Returns:
            Below 0 where one is used again that is preferred, above 0 where
            it took the place of one that failed, else 0.
        """
        self._health[place] = Health()
        change = place - self.used
        self.used = place
        if change:
            self.why = why
        return change
