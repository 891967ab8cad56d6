"""An event loop in a thread of its own, for libraries that need one."""

import asyncio
from collections.abc import Coroutine
import concurrent.futures
import threading
from typing import Any
from typing import Final
from typing import TypeVar

T = TypeVar('T')
# Seconds for what goes on there to end, and more of them for the thread.
END_S: Final = 5.0
_JOIN_S: Final = 5.0


class LoopThread:
    """A thread that runs a loop until it is stopped."""

    def __init__(self, name: str) -> None:
        """Starts the thread.

        Args:
            name: Of the thread.
        """
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._run, name=name, daemon=True
        )
        self._thread.start()

    def send(
        self, work: Coroutine[Any, Any, T]
    ) -> concurrent.futures.Future[T]:
        """Has something done there; from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def stop(self, seconds: float | None = None) -> str:
        """Ends what goes on there, then the loop and the thread.

        A thread that something blocks is left behind, to end with the
        process; nobody waits for it for ever.

        Args:
            seconds: So long what goes on there may take to end; `END_S`.

        Returns:
            What did not end, for a person; empty where everything did.
        """
        if not self._thread.is_alive():
            return ''
        seconds = END_S if seconds is None else seconds
        ending = self.send(_end(seconds))
        # All the same where what it cancels cancels it.
        ending.add_done_callback(self._halt)
        # Once the loop is not blocked any more it stops all the same.
        await asyncio.to_thread(self._thread.join, seconds + _JOIN_S)
        if self._thread.is_alive():
            return f'thread {self._thread.name} is blocked, and left behind'
        left = () if ending.cancelled() else ending.result()
        if left:
            return f'thread {self._thread.name}: {", ".join(left)} did not end'
        return ''

    async def finish(
        self, last: Coroutine[Any, Any, None], seconds: float | None = None
    ) -> str:
        """Has a last thing done there, then stops; see `stop`.

        Args:
            last: What is done at the end; it need not be done in time.
            seconds: So long it may take, and so long what goes on there;
                `END_S`.

        Returns:
            What did not end, for a person; empty where everything did.
        """
        try:
            async with asyncio.timeout(END_S if seconds is None else seconds):
                await asyncio.wrap_future(self.send(last))
        except TimeoutError:
            # Why is told by what does not end.
            pass
        finally:
            told = await self.stop(seconds)
        return told

    def _halt(self, _ending: concurrent.futures.Future[Any]) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self) -> None:
        # The libraries ask the thread's policy for its loop.
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()


async def _end(seconds: float) -> tuple[str, ...]:
    """Cancels all else that the loop does.

    Returns:
        The names of what does not end.
    """
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    left: set[asyncio.Task[Any]] = set()
    if others:
        ended, left = await asyncio.wait(others, timeout=seconds)
        # What it failed with is nobody's any more.
        await asyncio.gather(*ended, return_exceptions=True)
    return tuple(sorted(each.get_name() for each in left))
