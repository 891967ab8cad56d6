"""The loop: takes what waits, has it decided, makes it durable, acts."""

import asyncio
import collections
from collections.abc import Callable
import operator
from typing import Protocol

from sting.engine import board
from sting.engine import bus
from sting.engine import clock
from sting.engine import core
from sting.engine import journal
from sting.engine import latency
from sting.engine import step
from sting.model import commands
from sting.model import errors
from sting.model import events

BATCH = 2_000
RETRY_S = 1.0

# Python 3.11 takes long to look a member of an enumeration up.
_BAR = events.EventType.MARKET_DATA
_TYPE = operator.attrgetter('type')


class Outlet(Protocol):
    """Where effects go once they are durable; it never waits."""

    def act(self, effect: step.Effect) -> None:
        """Carries out an effect, or hands it to what does."""
        ...


class Sequence(core.Component):
    """Runs the engine over the bus: number, journal, then act.

    Nothing leaves before the batch that decided it is durable. When the log
    cannot be written, `failed` is told once, nothing more is taken, and the
    batch is tried again until it is written.

    Attributes:
        counts: How many events of each type were made durable.
    """

    name = 'sequence'

    def __init__(
        self,
        engine: core.CoreEngine,
        *,
        event_bus: bus.EventBus,
        log: journal.Journal,
        shown: board.Board,
        outlet: Outlet,
        time_source: clock.Clock,
        failed: Callable[[str], object],
        batch: int = BATCH,
        timing: latency.BarToOrder | None = None,
    ) -> None:
        """Sets up the loop.

        Args:
            engine: What decides.
            event_bus: Where events come from.
            log: Where they are kept.
            shown: What screens see; it takes durable events.
            outlet: Where effects go.
            time_source: What stamps events.
            failed: Told when the log cannot be written, and why.
            batch: At most so many events a commit.
            timing: Told when each batch was taken, and when it is in the log.
        """
        self.counts: collections.Counter[str] = collections.Counter()
        self._engine = engine
        self._bus = event_bus
        self._log = log
        self._board = shown
        self._outlet = outlet
        self._clock = time_source
        self._failed = failed
        self._batch = batch
        self._timing = timing
        self._task: asyncio.Task[None] | None = None
        self._idle = asyncio.Lock()

    @property
    def task(self) -> asyncio.Task[None]:
        """The loop's task; it ends by itself only when it fails."""
        if self._task is None:
            raise errors.StateError('the sequence has not been started')
        return self._task

    @property
    def durable(self) -> asyncio.Lock:
        """Held while the state is ahead of the log."""
        return self._idle

    async def start(self) -> None:
        """Logs the rules in force and begins to take events."""
        rules = self._engine.adopt_rules()
        await self._finish([(None, rules)])
        self._task = asyncio.get_running_loop().create_task(
            self._run(), name='sequence'
        )

    async def stop(self) -> None:
        """Ends after the batch in hand."""
        async with self._idle:
            self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def drain(self) -> None:
        """Waits until nothing waits in the lanes.

        Raises:
            Exception: Whatever ended the loop, if it has ended.
        """
        empty = asyncio.ensure_future(self._bus.empty())
        await asyncio.wait(
            {empty, self.task}, return_when=asyncio.FIRST_COMPLETED
        )
        empty.cancel()
        if self.task.done():
            self.task.result()
        async with self._idle:
            return

    async def _run(self) -> None:
        while True:
            await self._bus.ready()
            async with self._idle:
                # Taken under the lock: while it is waited for, a report could
                # come that has to go before a bar taken earlier.
                if self._timing is not None:
                    self._timing.batch(self._engine.state.seq + 1)
                done = []
                for incoming in self._bus.collect(self._batch):
                    taken = self._take(incoming)
                    if taken is not None:
                        done.append((incoming.reply, taken))
                await self._finish(done)

    def _take(self, incoming: bus.Incoming) -> step.Step | None:
        if incoming.type is _BAR:
            self._clock.advance(incoming.data.timestamp)
        try:
            refused = incoming.refusal and incoming.refusal()
            if refused:
                raise errors.RefusedError(refused)
            return self._engine.process_event(incoming, self._clock.now())
        except (errors.InputError, errors.RefusedError) as error:
            if incoming.reply is not None:
                incoming.reply(
                    commands.CommandResult(
                        ok=False,
                        message=str(error),
                        wrong_input=isinstance(error, errors.InputError),
                    )
                )
            return None

    async def _finish(
        self, done: list[tuple[bus.Reply | None, step.Step]]
    ) -> None:
        decided = [event for _, taken in done for event in taken.events]
        if decided:
            await self._commit(decided)
        now = self._clock.monotonic()
        self._board.take(decided, now)
        self.counts.update(map(_TYPE, decided))
        if self._timing is not None:
            self._timing.durable(now)
        for reply, taken in done:
            for effect in taken.effects:
                self._outlet.act(effect)
            if reply is not None and taken.result is not None:
                reply(taken.result)

    async def _commit(self, decided: list[events.Event]) -> None:
        told = False
        while True:
            try:
                await self._log.append(decided)
            except errors.JournalWriteError as error:
                if not told:
                    self._failed(str(error))
                told = True
                await self._clock.sleep(RETRY_S)
            else:
                return
