"""An event loop in virtual time, and processes in it that can die."""

import asyncio
from collections.abc import Callable
import contextvars
import selectors
from typing import Any

from sting.engine import clock
from sting.model import errors
from sting.model import market

# Turns of the loop in one moment, after which nobody believes in an end.
STANDSTILL = 20_000


class Life:
    """A process: what runs in its context stops for good when it dies.

    Attributes:
        alive: Whether it still runs.
        steps: Callbacks that have run in it; a process can die between any
            two of them, which is at every await that waits.
    """

    def __init__(self, dies_at: int, ended: Callable[[], None]) -> None:
        """Sets up a process; `run_in` starts things in it.

        Args:
            dies_at: It dies instead of taking this step; 0 for never.
            ended: Told when it has died.
        """
        self.alive = True
        self.steps = 0
        self._dies_at = dies_at
        self._ended = ended

    def step(self) -> bool:
        """Counts a step, and says whether it may be taken."""
        if not self.alive:
            return False
        self.steps += 1
        if self.steps == self._dies_at:
            self.die()
        return self.alive

    def die(self) -> None:
        """Ends the process: nothing of it runs from here on."""
        if self.alive:
            self.alive = False
            self._ended()

    def spare(self) -> None:
        """Lets it live on to the end."""
        self._dies_at = 0


_life: contextvars.ContextVar[Life | None] = contextvars.ContextVar(
    'life', default=None
)


def context_of(life: Life) -> contextvars.Context:
    """Gives the context in which everything belongs to a process."""
    context = contextvars.copy_context()
    context.run(_life.set, life)
    return context


class _NoWaiting(selectors.SelectSelector):
    """Never waits: the time that it was to wait has passed at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise errors.StateError('everything waits and nothing will happen')
        self._turns = 0 if timeout > 0.0 else self._turns + 1
        if self._turns > STANDSTILL:
            raise errors.StateError('time stands still: something never rests')
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs callbacks in a fixed order, and jumps over the time between.

    Work for other threads is done at once, on this one.
    """

    def __init__(self) -> None:
        """Begins at time 0."""
        self._waiting = _NoWaiting()
        super().__init__(self._waiting)
        self._outside = contextvars.copy_context()
        self._dead: list[asyncio.Task[Any]] = []

    def time(self) -> float:
        """Seconds since the beginning."""
        return self._waiting.now

    def call_soon(  # type: ignore[override]
        self,
        callback: Callable[..., Any],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Calls back with the next turn, if the process still lives."""
        life = _life.get() if context is None else context.get(_life)
        if life is None:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(_step, life, callback, args, context=context)

    def call_soon_threadsafe(  # type: ignore[override]
        self,
        callback: Callable[..., Any],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Does as `call_soon`: there is no other thread."""
        return self.call_soon(callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., Any],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Calls back at a moment, if the process lives then."""
        life = _life.get() if context is None else context.get(_life)
        if life is None:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(
            when, _step, life, callback, args, context=context
        )

    def call_outside(
        self, delay: float, callback: Callable[..., Any], *args: Any
    ) -> None:
        """Calls back after a while, whichever process lives or dies.

        Args:
            delay: Seconds.
            callback: What to call.
            *args: What with.
        """
        self.call_at(
            self.time() + delay, callback, *args, context=self._outside.copy()
        )

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Does the work at once; the answer comes with a later turn."""
        answer: asyncio.Future[Any] = self.create_future()
        # What a thread raises reaches whoever awaits it, whatever it is.
        try:
            answer.set_result(func(*args))
        except Exception as error:  # noqa: BLE001
            answer.set_exception(error)
        return answer

    def bury(self) -> None:
        """Keeps what a dead process has left, for `forget`."""
        self._dead += asyncio.all_tasks(self)

    def forget(self) -> None:
        """Takes down what the dead have left, then closes the loop."""
        self.bury()
        for task in self._dead:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            coroutine: Any = task.get_coro()
            # Some would await while they are taken down; let them.
            try:
                coroutine.close()
            except (RuntimeError, BaseExceptionGroup):
                continue
        self.close()


def _step(
    life: Life, callback: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    if life.step():
        callback(*args)


class LoopClock(clock.Clock):
    """Tells the loop's time, with an error that can jump.

    Attributes:
        error: Nanoseconds that the wall clock of this machine is off.
    """

    def __init__(self, loop: VirtualLoop, start: int) -> None:
        """Sets up a clock.

        Args:
            loop: Whose time it tells.
            start: The moment when the loop began, nanoseconds, UTC.
        """
        self._loop = loop
        self._start = start
        self.error = 0

    def true(self) -> int:
        """The time without error, nanoseconds since the epoch, UTC."""
        return self._start + round(self._loop.time() * market.NANOSECONDS)

    def now(self) -> int:
        """What the machine takes the time for, nanoseconds, UTC."""
        return self.true() + self.error

    def monotonic(self) -> float:
        """Seconds since the loop began."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Waits in virtual time."""
        await asyncio.sleep(seconds)

    def advance(self, timestamp: int) -> None:
        """Does nothing: time moves by itself."""
