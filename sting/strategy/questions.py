"""What a strategy's process was asked and has not answered, and how long."""

import asyncio
import collections
from collections.abc import Callable

from sting.model import errors
from sting.strategy import wire

# How often it is looked whether the engine's own loop is late.
_TICK_S = 0.05

Waiter = asyncio.Future[wire.Said]


class Questions:
    """Questions in their order, each with the time that it may take.

    A question's time runs from when the one before it was answered, so that a
    burst is no failure. What the engine's own loop is late adds to it: then
    the machine is busy or was asleep, and so was the process.

    Attributes:
        since: When the oldest began to count, by the loop's time.
        looked: When it was last looked at.
    """

    def __init__(self, overdue: Callable[[], None]) -> None:
        """Sets up without a question.

        Args:
            overdue: Called when the oldest one has taken too long; then
                nothing is watched until `watch`.
        """
        self.since = 0.0
        self.looked = 0.0
        self._overdue = overdue
        self._asked: collections.deque[tuple[float, Waiter | None]] = (
            collections.deque()
        )
        self._extra = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._idle: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        """How many are not answered."""
        return len(self._asked)

    @property
    def patience(self) -> float:
        """Seconds that the oldest may take."""
        return self._asked[0][0]

    @property
    def allowed(self) -> float:
        """Seconds that it may take with what the loop was late."""
        return self.patience + self._extra

    def ask(self, patience: float, waiter: Waiter | None = None) -> None:
        """Adds a question that has just been sent.

        Args:
            patience: Seconds that it may take.
            waiter: Gets the answer; None where nobody waits for it.
        """
        loop = asyncio.get_running_loop()
        if not self._asked:
            self.since = loop.time()
            self._extra = 0.0
        self._asked.append((patience, waiter))
        if self._timer is None or self._due > self.since + self.allowed:
            self.watch()

    def answered(self) -> Waiter | None:
        """Takes the oldest off.

        Returns:
            Who waits for its answer.

        Raises:
            errors.StrategyError: There is none.
        """
        if not self._asked:
            raise errors.StrategyError(
                'its process sent what makes no sense: an answer to nothing'
            )
        _, waiter = self._asked.popleft()
        self.since = asyncio.get_running_loop().time()
        self._extra = 0.0
        if not self._asked and self._idle is not None:
            self._idle.set_result(None)
            self._idle = None
        return waiter

    async def all_answered(self) -> None:
        """Waits until none is left; for one that waits at a time.

        Raises:
            errors.StrategyError: There will be no answer.
        """
        if self._asked:
            self._idle = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._idle)

    def refuse(self, detail: str) -> None:
        """Lets those who wait know that no answer will come.

        Args:
            detail: Why.
        """
        self.rest()
        error = errors.StrategyError(detail)
        waiters = [waiter for _, waiter in self._asked]
        self._asked.clear()
        idle, self._idle = self._idle, None
        for waiter in (*waiters, idle):
            if waiter is not None and not waiter.done():
                waiter.set_exception(error)
                # Not everybody who asks waits for the answer.
                waiter.exception()

    def watch(self) -> None:
        """Looks at the oldest one from now on."""
        self.rest()
        loop = asyncio.get_running_loop()
        self._due = min(self.since + self.allowed, loop.time() + _TICK_S)
        self._timer = loop.call_at(self._due, self._look)

    def rest(self) -> None:
        """Stops looking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def add_lateness(self, due: float) -> None:
        """Counts how late the loop is with what was due at some time."""
        self.looked = asyncio.get_running_loop().time()
        self._extra += max(0.0, self.looked - max(due, self.since))

    def _look(self) -> None:
        self._timer = None
        if not self._asked:
            return
        self.add_lateness(self._due)
        if self.looked < self.since + self.allowed:
            self.watch()
        else:
            self._overdue()
