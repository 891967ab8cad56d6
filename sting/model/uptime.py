"""How much of the time in which an exchange trades one could trade here."""

import msgspec

# So many days are looked back.
DAYS = 30


class Day(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A session of the exchange.

    Attributes:
        day: Its date, YYYY-MM-DD.
        open_s: Seconds that it has lasted, since the log began.
        up_s: Seconds of these in which the engine ran and trading was
            possible.
    """

    day: str
    open_s: float
    up_s: float

    @property
    def share(self) -> float:
        """The share of the one in the other."""
        return self.up_s / self.open_s


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """The last thirty days.

    Attributes:
        days: Their sessions, oldest first; the last may go on.
        share: Of all of them together; None before the first has begun.
    """

    days: tuple[Day, ...] = ()
    share: float | None = None
