"""Reports of the emergency stop, on their way into the log."""

import asyncio
from collections.abc import Callable
from typing import Final

from sting.engine import clock
from sting.engine import core
from sting.engine import stops as stops_lib
from sting.model import errors
from sting.model import stops

# So long a report waits for what the halt has kept back to be told, and so
# often it is looked.
SETTLE_S: Final = 1.0
_LOOK_S: Final = 0.01


class StopReports(core.Component):
    """Has each report logged once the engine knows what it met.

    The halt itself is an event before; the cancels that the engine sends, and
    the orders that are kept back, are told in the moments after it.
    """

    name = 'stop reports'

    def __init__(
        self,
        met: stops_lib.Stops,
        tell: Callable[[stops.StopReport], None],
        time_source: clock.Clock,
    ) -> None:
        """Sets up the way; to be made in the engine's loop.

        Args:
            met: Knows what becomes of the orders that a halt meets.
            tell: Takes a report to the engine.
            time_source: The engine's clock.
        """
        self._met = met
        self._tell = tell
        self._clock = time_source
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[stops.StopReport] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    @property
    def task(self) -> asyncio.Task[None]:
        """What tells; it ends by itself only when it fails."""
        if self._task is None:
            raise errors.StateError('reports of stops have not been started')
        return self._task

    async def start(self) -> None:
        """Begins to tell."""
        self._task = self._loop.create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        """Ends; what waits is not told."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def post(self, report: stops.StopReport) -> None:
        """Takes a report; from any thread.

        Raises:
            RuntimeError: The loop has ended.
        """
        self._loop.call_soon_threadsafe(self._waiting.put_nowait, report)

    async def idle(self) -> None:
        """Waits until every report that came is with the engine."""
        if self._task is None:
            return
        joined = asyncio.ensure_future(self._waiting.join())
        await asyncio.wait(
            {joined, self._task}, return_when=asyncio.FIRST_COMPLETED
        )
        joined.cancel()

    async def _run(self) -> None:
        while True:
            report = await self._waiting.get()
            end = self._clock.monotonic() + SETTLE_S
            while (
                not self._met.is_settled(report)
                and self._clock.monotonic() < end
            ):
                await self._clock.sleep(_LOOK_S)
            self._tell(report)
            self._waiting.task_done()
