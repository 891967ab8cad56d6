"""Keeps images of the state now and then, without holding up the engine."""

import asyncio
import contextlib

from sting.engine import background
from sting.engine import bus
from sting.engine import clock
from sting.engine import image
from sting.engine import journal
from sting.engine import recovery
from sting.engine import sequence
from sting.engine import state
from sting.model import errors
from sting.model import events
from sting.model import records

LOOK_S = 1.0


class Checkpointer(background.Background):
    """Makes a checkpoint after so many events and after so much time.

    It also writes the high-water mark to the disk, once a second.
    """

    name = 'checkpoints'

    def __init__(
        self,
        system: state.SystemState,
        loop: sequence.Sequence,
        log: journal.Journal,
        *,
        event_bus: bus.EventBus,
        time_source: clock.Clock,
        every_events: int,
        every_s: float,
        after: int | None = None,
    ) -> None:
        """Sets up the checkpoints.

        Args:
            system: What is kept.
            loop: Says when the state is that of the log.
            log: Keeps the images.
            event_bus: Takes the event that puts an image into the chain.
            time_source: Measures the time between.
            every_events: After so many events at the latest.
            every_s: After so many seconds at the latest.
            after: The last event in the newest checkpoint that there is; None
                counts from the log's end.
        """
        self._state = system
        self._loop = loop
        self._log = log
        self._bus = event_bus
        self._clock = time_source
        self._every_events = every_events
        self._every_s = every_s
        self._last = log.seq if after is None else after
        self._when = time_source.monotonic()

    async def make(self) -> None:
        """Makes a checkpoint now, if there is anything new.

        Raises:
            errors.JournalWriteError: It could not be kept.
        """
        async with self._loop.durable:
            taken = image.capture(self._state)
            at = self._log.last
        self._when = self._clock.monotonic()
        # The event that tells of the last one is nothing new.
        if at.seq <= self._last + 1:
            return
        raw, digest = await asyncio.to_thread(recovery.pack, taken)
        await self._log.keep(at, raw)
        self._last = at.seq
        self._bus.put(
            bus.Lane.REPORTS,
            bus.Incoming(
                events.EventType.CHECKPOINT,
                records.Checkpoint(up_to=at.seq, digest=digest),
                'engine',
            ),
        )

    async def _run(self) -> None:
        while True:
            # At once: an engine that is killed soon after each start would
            # have more to read at every one.
            late = self._clock.monotonic() - self._when >= self._every_s
            if late or self._log.seq - self._last >= self._every_events:
                # The log itself is on the same disk: the sequence halts
                # trading and says so. The next look tries again.
                with contextlib.suppress(errors.JournalWriteError):
                    await self.make()
            await asyncio.sleep(LOOK_S)
            await asyncio.to_thread(self._log.sync_mark)
