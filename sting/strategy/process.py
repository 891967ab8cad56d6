"""A strategy in a process of its own, seen from the engine.

    process = Process(spec, log=..., output=..., hear=..., fail=...)
    await process.spawn()                # loaded
    await process.begin(seq=..., now=..., book=..., history=...)
    process.tell(seq, wire.encode(...))  # an event; answers go to `hear`
    saved, state = await process.save()  # between two events
    await process.end(seq=..., now=...)  # in order; or at once: kill()

At most WINDOW events are under way at once, the rest waits here, so that one
process can take over from another: `hold` waits until what is under way is
answered, and `take_waiting` gives the rest.
"""

import asyncio
import collections
from collections.abc import Callable
from collections.abc import Sequence
import pathlib
from typing import Any

from sting.engine import latency
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import parameters
from sting.model import portfolio
from sting.model import sessions
from sting.model import specs
from sting.strategy import host
from sting.strategy import saved as states
from sting.strategy import spawn
from sting.strategy import watched
from sting.strategy import wire

WINDOW = 64
# Its start may import and compile a lot.
START_S = 30.0
GRACE_S = 2.0
# Signals may come in bursts of this many seconds' worth.
BURST_S = 10.0


Hear = Callable[[wire.Answer], None]


class Process(watched.Watched):
    """One process that runs one strategy.

    Attributes:
        late: How many answers took longer than `late_ms`.
        slowest: The longest answer so far, in seconds.
        spent: The seconds that the last answers took it.
        last_seq: Number of the last event that it answered.
        code: Hash of the code that it loaded, 16 hex digits.
        sources: Path and digest of each file of that code, by name.
        settings: Its parameters, with what they are set to.
        began: Number of the event that started it; what it wants in answer to
            those before does not count as a flood.
    """

    def __init__(
        self,
        spec: specs.StrategySpec,
        *,
        log: str,
        output: pathlib.Path,
        hear: Hear,
        fail: watched.Fail,
        sessions: sessions.Sessions | None = None,
        versions: pathlib.Path | None = None,
        version: str = '',
    ) -> None:
        """Sets up a process that is not yet started.

        Args:
            spec: What to run.
            log: The id of the log, the start of every order id.
            output: The file for what it prints.
            hear: Told each answer, in the order of the events.
            fail: Told once, if it has to be given up; what waits for an
                answer raises StrategyError besides.
            sessions: When the exchange trades, for longer bars.
            versions: Where copies of its code are kept; None keeps none.
            version: Hash of the version to load from its copy; empty for the
                files as they are.
        """
        super().__init__(spec, output, fail)
        self.late = 0
        self.slowest = 0.0
        self.spent = latency.recent()
        self.last_seq = 0
        self.code = ''
        self.sources: dict[str, tuple[str, str]] = {}
        self.settings: tuple[parameters.Setting, ...] = ()
        self.began = 0
        self._log = log
        self._sessions = sessions
        self._hear = hear
        self._versions = '' if versions is None else str(versions)
        self._version = version
        self._waiting: collections.deque[tuple[int, bytes]] = (
            collections.deque()
        )
        self._missed: collections.deque[tuple[int, bytes]] = collections.deque()
        self._open = False
        self._tokens = spec.process.signals_per_s * BURST_S
        self._refilled = 0.0

    @property
    def waiting(self) -> int:
        """How many events it has yet to answer."""
        waiting = len(self._missed) + len(self._waiting)
        return waiting + len(self._questions)

    # What it is asked.

    async def spawn(self) -> None:
        """Starts the process and has it load the strategy.

        Raises:
            errors.StrategyError: It could not be started or loaded.
        """
        await self._launch()
        loaded = await self._ask(
            wire.Load(
                self.spec.name,
                self.spec.reference,
                self.spec.number,
                self.spec.values,
                self._log,
                spawn.search(),
                self.spec.process.memory_mb << 20,
                str(self._output),
                self.spec.timeframes,
                self._sessions,
                self._versions,
                self._version,
                self.spec.sizing,
            ),
            START_S,
        )
        if not isinstance(loaded, wire.Loaded):
            raise self._nonsense(loaded)
        self.files = loaded.files
        self.code = loaded.code
        self.sources = loaded.sources
        self.settings = tuple(loaded.settings)

    def begin(
        self,
        *,
        seq: int,
        now: int,
        book: portfolio.Portfolio,
        history: Sequence[market.MarketData] = (),
        state: bytes = b'',
        working: Sequence[orders.Order] = (),
        missed: Sequence[tuple[int, bytes]] = (),
    ) -> asyncio.Future[wire.Said]:
        """Starts the strategy; events that wait follow at once.

        Args:
            seq: Number of the event that starts it.
            now: Its time, nanoseconds since the epoch, UTC.
            book: What it holds.
            history: Closed bars of before, oldest first.
            state: What `save` gave, as JSON; empty for none.
            working: Its orders that work.
            missed: Events from before, numbered and encoded, which it is
                given before those that wait.

        Returns:
            What to await until it runs; raises StrategyError if it fails.
        """
        frame = wire.Begin(
            seq,
            now,
            book.cash,
            book.positions,
            list(history),
            state,
            list(working),
        )
        self.began = seq
        self._missed.extend(missed)
        begun = self._ask(frame, START_S)
        self.resume()
        return begun

    async def adopt(
        self, saved: wire.Saved, bars: Sequence[market.MarketData]
    ) -> None:
        """Has it go on, after `begin`, where another process was.

        Args:
            saved: What the other one gave.
            bars: What the other one answered since this one began, closed
                bars, oldest first.

        Raises:
            errors.StrategyError: It failed.
        """
        await self._ask(
            wire.Adopt(
                saved.seq, saved.cash, saved.positions, [*bars], saved.state
            ),
            START_S,
        )

    def tell(self, seq: int, frame: bytes) -> None:
        """Hands it an event; before `begin` and while held, it waits here.

        Args:
            seq: The event's number.
            frame: The event, encoded.
        """
        if self.failure is not None or self._ending:
            return
        if len(self._waiting) >= host.WAITING:
            self._give_up(f'fell behind: {host.WAITING} events wait')
            return
        self._waiting.append((seq, frame))
        self._pump()

    def overdue(self, seq: int) -> bool:
        """Whether an answer comes too late to act on; none does from here.

        Args:
            seq: Number of the event that is answered.
        """
        del seq
        return False

    def inherit(self, waiting: Sequence[tuple[int, bytes]]) -> None:
        """Hands it, all at once, what waited for the one before it.

        Args:
            waiting: Events, numbered and encoded; they may be more than may
                wait, since the other one was to answer what it missed too.
        """
        if self.failure is None and not self._ending:
            self._missed.extend(waiting)
            self._pump()

    async def hold(self) -> None:
        """Keeps events back from now on, and waits for those under way.

        Raises:
            errors.StrategyError: It failed.
        """
        self._open = False
        await self._questions.all_answered()

    def resume(self) -> None:
        """Ends a `hold`."""
        self._open = True
        self._pump()

    @property
    def pending(self) -> tuple[tuple[int, bytes], ...]:
        """The events that it was not given yet."""
        return (*self._missed, *self._waiting)

    def take_waiting(self) -> list[tuple[int, bytes]]:
        """Gives the events that wait here, and forgets them."""
        waiting = [*self._missed, *self._waiting]
        self._drop()
        return waiting

    def _drop(self) -> None:
        self._missed.clear()
        self._waiting.clear()

    async def save(self) -> tuple[wire.Saved, dict[str, Any]]:
        """Asks for its state, after the events that are under way.

        Returns:
            The state, its book, and the last event answered; then the state
            as it was read.

        Raises:
            errors.StrategyError: It failed.
        """
        saved = await self._ask(wire.Save(), self._deadline)
        if not isinstance(saved, wire.Saved):
            raise self._nonsense(saved)
        try:
            return saved, states.read(saved)
        except errors.StrategyError as error:
            self._give_up(str(error))
            raise

    async def end(self, *, seq: int, now: int) -> bool:
        """Stops it: what waits is dropped, what it answers is still heard.

        Args:
            seq: Number of the event that stops it.
            now: Its time, nanoseconds since the epoch, UTC.

        Returns:
            Whether it ended by itself within GRACE_S; else it was killed.
        """
        self._drop()
        if self.failure is None and self._transport is not None:
            self._ending = True
            self._ask(wire.End(seq, now), GRACE_S)
        try:
            async with asyncio.timeout(GRACE_S):
                await self._gone.wait()
        except TimeoutError:
            self.kill()
            await self._gone.wait()
            return False
        return True

    def _take(self, said: wire.Said) -> None:
        if self.failure is not None:
            return
        if isinstance(said, wire.Failed):
            self._tell_lines(said)
            self._give_up(said.detail, loading=said.loading)
            return
        waiter = self._questions.answered()
        if isinstance(said, wire.Answer):
            if waiter is None:
                self._time(said)
            self._judge(said)
            self.last_seq = said.seq
            self._hear(said)
        if waiter is not None and not waiter.done():
            waiter.set_result(said)

    def _tell_lines(self, failed: wire.Failed) -> None:
        if failed.lines:
            self._hear(wire.Answer(self.last_seq, 0.0, [], failed.lines))

    def _time(self, answer: wire.Answer) -> None:
        """Counts an answer that is late."""
        self.slowest = max(self.slowest, answer.spent)
        self.spent.append(answer.spent)
        if answer.spent * 1000 > self.spec.process.late_ms:
            self.late += 1

    def _judge(self, answer: wire.Answer) -> None:
        """Gives up on a flood of signals, and on those of others."""
        limits = self.spec.process
        for told in answer.read:
            if not told.is_sound():
                raise errors.StrategyError(
                    'its process sent what makes no sense: values of '
                    f'indicators of {told.symbol!r}'
                )
        for each in answer.signals:
            if each.strategy != self.spec.name:
                raise errors.StrategyError(
                    f'wants something in the name of {each.strategy!r}'
                )
        if not answer.signals or answer.seq < self.began:
            return
        most = limits.signals_per_s * BURST_S
        now = self._questions.since
        passed, self._refilled = now - self._refilled, now
        self._tokens = min(most, self._tokens + passed * limits.signals_per_s)
        self._tokens -= len(answer.signals)
        if self._tokens < 0:
            raise errors.StrategyError(
                f'wants too much: above {limits.signals_per_s:g} signals a '
                f'second over {BURST_S:g} seconds; see process.signals_per_s'
            )

    @property
    def _deadline(self) -> float:
        return self.spec.process.deadline_ms / 1000

    def _pump(self) -> None:
        """Sends what waits, as far as the window lets it."""
        if not self._open or self._transport is None:
            return
        frames = []
        while len(self._questions) < WINDOW:
            waiting = self._missed or self._waiting
            if not waiting:
                break
            frames.append(waiting.popleft()[1])
            self._questions.ask(self._deadline)
        if frames:
            self._transport.write(b''.join(frames))
