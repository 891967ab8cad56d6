"""Limits on how often another machine is asked."""

import datetime
from email import utils

import aiolimiter

from sting.model import errors
from sting.model import market


class RateLimiter:
    """Lets at most `rate` requests through a second, with bursts of `burst`.

    In any stretch of T seconds at most `burst` + `rate` * T units pass, so
    that a limit of N a minute is held by a burst of n and a rate of
    (N - n) / 60. What is urgent has a reserve of its own, so that a flood of
    requests never delays getting out of one.

    Attributes:
        rate: Units a second.
        burst: Units that may pass at once after a pause.
        reserve: Of these, how many only what is urgent may take.
        rests_until: When whoever is asked wants to be asked again, by the clock
            of those who ask, seconds: kept here since all of them heed it.
    """

    def __init__(self, rate: float, burst: int, reserve: int = 0) -> None:
        """Begins with the whole burst at hand.

        Args:
            rate: Units a second, above 0.
            burst: Units at once, at least 1.
            reserve: Units kept for what is urgent, fewer than `burst`.

        Raises:
            errors.ConfigError: The figures make no sense.
        """
        # Written so that NaN fails too.
        if not (0 < rate < float('inf') and 0 <= reserve < burst):
            raise errors.ConfigError(
                f'a rate of {rate:g} a second with a burst of {burst} and a '
                f'reserve of {reserve} makes no sense'
            )
        self.rate = rate
        self.burst = burst
        self.reserve = reserve
        self.rests_until = 0.0
        share = (burst - reserve) / burst
        self._common = _bucket(burst - reserve, rate * share)
        self._urgent = (
            _bucket(reserve, rate * (1 - share)) if reserve else self._common
        )
        self._waiting = 0

    async def acquire(
        self, weight: float = 1.0, *, urgent: bool = False
    ) -> None:
        """Waits for a turn.

        Args:
            weight: Units that the request counts for; more than a burst count
                as a burst.
            urgent: Draw on the reserve where the rest is used up.
        """
        bucket = self._common
        if urgent and not bucket.has_capacity(min(weight, bucket.max_rate)):
            bucket = self._urgent
        self._waiting += 1
        try:
            await bucket.acquire(min(weight, bucket.max_rate))
        finally:
            self._waiting -= 1

    def statistics(self) -> dict[str, float]:
        """Says how it is: the rate, the burst, and how many wait."""
        return {
            'rate': self.rate,
            'burst': float(self.burst),
            'reserve': float(self.reserve),
            'waiting': float(self._waiting),
        }


def _bucket(size: float, rate: float) -> aiolimiter.AsyncLimiter:
    return aiolimiter.AsyncLimiter(size, size / rate)


def retry_after(said: str, now: int) -> float | None:
    """Reads `Retry-After`: seconds or a date (RFC 9110, 10.2.3).

    Args:
        said: The header; empty where there is none.
        now: The time, nanoseconds since the epoch, UTC.

    Returns:
        Seconds from now; None where it says nothing.
    """
    text = said.strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    moment = http_date(text)
    if moment is None:
        return None
    return max(0.0, (moment - now) / market.NANOSECONDS)


def http_date(said: str) -> int | None:
    """Reads a date of a header (RFC 9110, 5.6.7).

    Args:
        said: As it is written.

    Returns:
        Nanoseconds since the epoch, UTC; None where it is no date.
    """
    try:
        moment = utils.parsedate_to_datetime(said)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return int(moment.timestamp()) * market.NANOSECONDS
