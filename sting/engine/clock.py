"""Time, handed in as an object: the only place that reads a clock."""

import abc
import asyncio
import sys
import time

from sting.model import market


class Clock(abc.ABC):
    """What tells the time.

    `now` is the time of events; `monotonic` measures how long things take and
    never enters the log.
    """

    @abc.abstractmethod
    def now(self) -> int:
        """The time of events, nanoseconds since the epoch, UTC."""

    @abc.abstractmethod
    def monotonic(self) -> float:
        """Seconds from some fixed moment, never going back."""

    @abc.abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Waits by this clock."""

    @abc.abstractmethod
    def advance(self, timestamp: int) -> None:
        """Tells the clock that an event with this time came.

        Args:
            timestamp: Nanoseconds since the epoch, UTC.
        """


def thread_cpu(native_id: int | None) -> float | None:
    """Gives what a thread of this process has used of a processor.

    Args:
        native_id: The system's number of the thread.

    Returns:
        Seconds; None where it has ended, or the system does not tell.
    """
    if native_id is None or sys.platform != 'linux':
        return None
    try:
        # The number of a thread's clock as Linux makes it. That of
        # pthread_getcpuclockid needs a thread that has not ended.
        return time.clock_gettime((~native_id << 3) | 6)
    except OSError:
        return None


class LiveClock(Clock):
    """The machine's clock."""

    def now(self) -> int:
        """The wall time, nanoseconds since the epoch, UTC."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Seconds from some fixed moment, never going back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Waits by the machine's clock."""
        await asyncio.sleep(seconds)

    def advance(self, timestamp: int) -> None:
        """Does nothing: the machine's clock moves by itself."""


class MarketClock(LiveClock):
    """Tells the time of the newest market data; waits by the machine's clock.

    For played data, where the bars' time is not the wall's.
    """

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        """The time of the newest event, nanoseconds since the epoch, UTC."""
        return self._now

    def advance(self, timestamp: int) -> None:
        """Moves on to the time of an event; never back."""
        self._now = max(self._now, timestamp)


class VirtualClock(Clock):
    """Time that moves only when told to: for backtests and tests.

    `sleep` moves it, so that nothing ever waits.
    """

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        """The time it was moved to, nanoseconds since the epoch, UTC."""
        return self._now

    def monotonic(self) -> float:
        """The time it was moved to, in seconds."""
        return self._now / market.NANOSECONDS

    async def sleep(self, seconds: float) -> None:
        """Moves on by this long and lets others run."""
        self._now += round(seconds * market.NANOSECONDS)
        await asyncio.sleep(0)

    def advance(self, timestamp: int) -> None:
        """Moves on to the time of an event; never back."""
        self._now = max(self._now, timestamp)
