"""An event loop in a thread of its own, for libraries that need one."""

import asyncio
from collections.abc import Coroutine
import concurrent.futures
import threading
from typing import Any
from typing import TypeVar

T = TypeVar('T')


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

    async def stop(self) -> None:
        """Ends what goes on there, then the loop and the thread."""
        if self._thread.is_alive():
            await asyncio.wrap_future(self.send(_end()))
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        # The libraries ask the thread's policy for its loop.
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()


async def _end() -> None:
    """Cancels all else that the loop does."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)
