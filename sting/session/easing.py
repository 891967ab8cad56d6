"""Gives way where the machine runs short, a step at a time, and comes back.

Steps 1 to 4 are taken back by themselves. What touches trading stays until a
person resumes it, as after every other halt.
"""

import asyncio
import collections
from collections.abc import Callable
import errno
import gc
import os
import pathlib
import resource
from typing import Final

from sting import settings
from sting.engine import archive
from sting.engine import background
from sting.engine import clock
from sting.engine import sequence
from sting.model import errors
from sting.model import health
from sting.model import records
from sting.monitor import health as monitored
from sting.monitor import resources
from sting.session import heap
from sting.session import intake

EVERY_S: Final = 1.0
_MINUTE: Final = 60
# Events that are archived at a time: the engine waits while their rows are
# taken out of the log.
PIECE: Final = 20_000
WHO: Final = 'resources'


class Easing(background.Background):
    """Looks at what the engine uses, once a second.

    Attributes:
        found: How far the engine gives way now.
    """

    name = 'easing'

    def __init__(
        self,
        limits: settings.Resources,
        look: Callable[[], health.Health | None],
        *,
        log: pathlib.Path,
        loop: sequence.Sequence,
        tell: intake.Intake,
        let_go: Callable[[], None],
        reduce: Callable[[str], None],
        halt: Callable[[str], None],
        time_source: clock.Clock,
    ) -> None:
        """Sets it up.

        Args:
            limits: What may be used.
            look: Gives the newest figures.
            log: The event log, of which old events are archived.
            loop: Is kept from writing it while rows are taken out.
            tell: Takes alerts.
            let_go: Frees caches.
            reduce: Has only orders pass that shrink; is told why.
            halt: Stops everything; is told why.
            time_source: The machine's clock.
        """
        self.found = health.Easing()
        self._limits = limits
        self._look = look
        self._log = log
        self._loop = loop
        self._tell = tell
        self._let_go = let_go
        self._acts: dict[int, Callable[[str], None]] = {
            health.REDUCING: reduce,
            health.HALTED: halt,
        }
        self._clock = time_source
        self._ladder = resources.Ladder()
        self._cpu: collections.deque[float] = collections.deque(maxlen=_MINUTE)
        self._moved = False
        self._again = 0.0
        self._failed = ''
        self._archiving: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """Looks no more, and archives no more."""
        await super().stop()
        if self._archiving is not None:
            self._archiving.cancel()
            await asyncio.gather(self._archiving, return_exceptions=True)

    @property
    def is_thin(self) -> bool:
        """Whether screens are to have fewer pictures."""
        return self._ladder.level >= health.THIN

    async def _run(self) -> None:
        while True:
            found = self._look()
            if found is not None:
                self.take(await asyncio.to_thread(self._use, found))
                self._tell_clock(found.clock_step)
            await asyncio.sleep(EVERY_S)

    def take(self, use: resources.Use) -> None:
        """Takes what is used now, and the step that it asks for.

        Args:
            use: The figures.
        """
        ladder = self._ladder
        wanted, why = resources.judge(use, self._limits.free_mb, ladder.level)
        moved = ladder.take(wanted, self._clock.monotonic())
        self.found = health.Easing(ladder.level, why)
        if moved > 0:
            self._up(ladder.level, '; '.join(why))
        elif moved < 0:
            self._down(ladder.level + 1)
        elif wanted >= health.ARCHIVE and self._clock.monotonic() > self._again:
            # While it lasts, what became old meanwhile.
            self._archive()

    def _use(self, found: health.Health) -> resources.Use:
        """Makes one figure of each resource; in a thread."""
        own = next(iter(found.processes), None)
        if own is not None and own.cpu is not None:
            self._cpu.append(own.cpu)
        memory, text = resources.memory_of(
            found.processes,
            self._limits.memory_mb,
            resources.group_memory(),
        )
        return resources.Use(
            memory=memory,
            memory_text=text,
            machine=resources.machine_memory(),
            files=_files(own),
            free=found.free,
            cpu=sum(self._cpu) / _MINUTE if len(self._cpu) == _MINUTE else None,
        )

    def _up(self, level: int, why: str) -> None:
        act = self._acts.get(level)
        self._tell.alert(
            f'{why}: step {level} of {len(health.STEPS)}, '
            f'{health.STEPS[level - 1]}',
            WHO,
            records.Severity.WARNING
            if act is None
            else records.Severity.CRITICAL,
        )
        if act is not None:
            act(why)
        elif level == health.CACHES:
            self._free()
        elif level == health.ARCHIVE:
            self._archive()

    def _down(self, level: int) -> None:
        left = (
            '; trading stays as it is until someone resumes it'
            if level in self._acts
            else ''
        )
        self._tell.alert(
            f'better for {resources.DOWN_S:g} s: step {level}, '
            f'{health.STEPS[level - 1]}, is over{left}',
            WHO,
            records.Severity.INFO,
        )

    def _free(self) -> None:
        """Drops what can be read again, and gives the memory back."""
        self._let_go()
        gc.collect()
        heap.trim()

    def _archive(self) -> None:
        self._again = self._clock.monotonic() + _MINUTE
        if self._archiving is None or self._archiving.done():
            self._archiving = asyncio.get_running_loop().create_task(
                self._move_old(), name='archiving'
            )

    async def _move_old(self) -> None:
        """Moves what is old out of the log, a piece at a time."""
        first = last = 0
        try:
            while True:
                segment = await asyncio.to_thread(
                    archive.prepare, self._log, most=PIECE
                )
                if segment is None:
                    break
                async with self._loop.durable:
                    await asyncio.to_thread(
                        archive.move, self._log, segment, compact=False
                    )
                first, last = first or segment.first, segment.last
        except errors.JournalError as error:
            if str(error) != self._failed:
                self._tell.alert(f'old events stay in the log: {error}', WHO)
            self._failed = str(error)
        if first:
            self._tell.system('archived', f'archived events {first} to {last}')

    def _tell_clock(self, step: float | None) -> None:
        """Tells once that the machine's clock was moved."""
        is_moved = step is not None and abs(step) > monitored.STEP_S
        if is_moved and not self._moved:
            self._tell.alert(
                f"the machine's clock was moved by {step:+,.1f} s: bars and "
                'orders are stamped by it',
                WHO,
            )
        self._moved = is_moved


def _files(own: health.ProcessRow | None) -> tuple[int, int] | None:
    """Gives how many files the engine has open, and may have."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most <= 0:
        return None
    if own is not None and own.files is not None:
        return own.files, most
    # To count them takes one more.
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return (most, most) if error.errno == errno.EMFILE else None
    return None
