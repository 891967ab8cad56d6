"""A part of the engine that goes on beside it, in a task of its own."""

import abc
import asyncio

from sting.engine import core


class Background(core.Component):
    """Runs from the start to the end of the engine.

    Attributes:
        task: What runs; None before the start. Whoever runs the engine tells
            of one that failed.
    """

    task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins."""
        self.task = asyncio.get_running_loop().create_task(
            self._run(), name=self.name
        )

    async def stop(self) -> None:
        """Ends where it is."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    @abc.abstractmethod
    async def _run(self) -> None:
        """Goes on until it is cancelled."""
