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
import contextlib
import os
import pathlib
import signal
import socket
from typing import Any
from typing import cast

import msgspec

from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import sessions
from sting.model import specs
from sting.strategy import host
from sting.strategy import questions
from sting.strategy import saved as states
from sting.strategy import spawn
from sting.strategy import wire

WINDOW = 64
# Its start may import and compile a lot.
START_S = 30.0
GRACE_S = 2.0
# Signals may come in bursts of this many seconds' worth.
BURST_S = 10.0
# What a process gets to write where it is before it is killed.
_LAST_WORDS_S = 0.01
# How far apart the end of a process and that of the way to it may be seen.
_CLOSED_S = 1.0
_CHUNK = 1 << 16


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a process was given up; it has been killed.

    Attributes:
        detail: For a person, with file and line where they are known.
        loading: Its code could not even be loaded.
        waited: Seconds that the event took on which it was given up, where it
            was for that.
        allowed: Seconds that it was allowed to take, which is the deadline
            and as much as the engine's own loop was late meanwhile.
    """

    detail: str
    loading: bool = False
    waited: float = 0.0
    allowed: float = 0.0


Hear = Callable[[wire.Answer], None]
Fail = Callable[[Failure], None]


class Process(asyncio.Protocol):
    """One process that runs one strategy.

    Attributes:
        spec: What it runs.
        pid: Its number; 0 before it was started.
        late: How many answers took longer than `late_ms`.
        slowest: The longest answer so far, in seconds.
        last_seq: Number of the last event that it answered.
        files: The files of its class and of its parents.
        code: Hash of the code that it loaded, 16 hex digits.
        sources: Path and digest of each file of that code, by name.
        failure: Why it was given up, if it was.
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
        fail: Fail,
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
        self.spec = spec
        self.pid = 0
        self.late = 0
        self.slowest = 0.0
        self.last_seq = 0
        self.files: list[str] = []
        self.code = ''
        self.sources: dict[str, tuple[str, str]] = {}
        self.failure: Failure | None = None
        self.began = 0
        self._log = log
        self._output = output
        self._sessions = sessions
        self._hear = hear
        self._fail = fail
        self._versions = '' if versions is None else str(versions)
        self._version = version
        self._child: asyncio.subprocess.Process | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._socket: socket.socket | None = None
        self._reader = wire.Reader(wire.FRAME_LIMIT)
        self._questions = questions.Questions(self._ask_where)
        self._waiting: collections.deque[tuple[int, bytes]] = (
            collections.deque()
        )
        self._missed: collections.deque[tuple[int, bytes]] = collections.deque()
        self._open = False
        self._timer: asyncio.TimerHandle | None = None
        self._tokens = spec.process.signals_per_s * BURST_S
        self._refilled = 0.0
        self._ending = False
        self._killed = False
        self._lost = asyncio.Event()
        self._gone = asyncio.Event()
        self._gone.set()
        self._burial: asyncio.Task[None] | None = None

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
        loop = asyncio.get_running_loop()
        if self._ending:
            raise errors.StrategyError('killed before it was started')
        self._gone.clear()
        ours, theirs = socket.socketpair()
        try:
            self._child = await spawn.start(
                self.spec.name, theirs, self._output
            )
        except OSError as error:
            ours.close()
            self._gone.set()
            self._give_up(f'its process cannot be started: {error}')
            raise errors.StrategyError(str(error)) from None
        finally:
            theirs.close()
        self.pid = self._child.pid
        self._burial = asyncio.create_task(self._bury(self._child))
        self._socket = ours
        await loop.create_connection(lambda: self, sock=ours)
        if self._killed:
            # Meanwhile, and there was nothing to kill yet.
            self.kill()
            raise errors.StrategyError('killed before it was loaded')
        loaded = await self._ask(
            wire.Load(
                self.spec.name,
                self.spec.reference,
                self.spec.number,
                dict(self.spec.parameters),
                self._log,
                spawn.search(),
                self.spec.process.memory_mb << 20,
                str(self._output),
                self.spec.timeframes,
                self._sessions,
                self._versions,
                self._version,
            ),
            START_S,
        )
        if not isinstance(loaded, wire.Loaded):
            raise self._nonsense(loaded)
        self.files = loaded.files
        self.code = loaded.code
        self.sources = loaded.sources

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

    def kill(self) -> None:
        """Kills it and all that it started, at once and without a word."""
        self._ending = self._killed = True
        self._cancel_timer()
        if self.pid and not self._gone.is_set():
            spawn.kill(self.pid)
        self._drop()
        self._questions.refuse('killed')

    async def gone(self) -> None:
        """Waits until nothing is left of it."""
        await self._gone.wait()

    # What it answers.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Has the way to it; see asyncio.Protocol."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Takes what it sent; see asyncio.Protocol."""
        if self.failure is not None or self._killed:
            return
        try:
            for body in self._reader.take(data):
                self._take(wire.said(body))
        except errors.StrategyError as error:
            self._give_up(str(error))
        self._pump()

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
        if answer.spent * 1000 > self.spec.process.late_ms:
            self.late += 1

    def _judge(self, answer: wire.Answer) -> None:
        """Gives up on a flood of signals, and on those of others."""
        limits = self.spec.process
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

    def _nonsense(self, said: wire.Said) -> errors.StrategyError:
        """Gives up on an answer to another question."""
        what = type(said).__name__
        self._give_up(f'its process sent what makes no sense: {what} now')
        return errors.StrategyError(str(self.failure and self.failure.detail))

    # How it is watched.

    @property
    def _deadline(self) -> float:
        return self.spec.process.deadline_ms / 1000

    def _ask(
        self, frame: wire.Told, patience: float
    ) -> asyncio.Future[wire.Said]:
        """Sends a frame whose answer somebody waits for."""
        waiter = asyncio.get_running_loop().create_future()
        # One that was just killed may still seem to be there.
        if self.failure or self._killed or self._transport is None:
            detail = 'gone' if self.failure is None else self.failure.detail
            waiter.set_exception(errors.StrategyError(detail))
            waiter.exception()
            return waiter
        self._questions.ask(patience, waiter)
        self._transport.write(wire.encode(frame))
        return waiter

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

    def _ask_where(self) -> None:
        """Has it write where it is before it is killed."""
        if self._ending:
            return
        asked = self._questions
        due = asked.looked + _LAST_WORDS_S
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGUSR1)
        self._timer = asyncio.get_running_loop().call_at(
            due, self._kill_late, due, asked.since
        )

    def _kill_late(self, due: float, since: float) -> None:
        asked = self._questions
        if asked.since != since:
            # It has just answered after all.
            if asked:
                asked.watch()
            return
        asked.add_lateness(due)
        waited, allowed = asked.looked - since, asked.allowed
        spawn.kill(self.pid)
        place = spawn.where(self._output, self.files)
        self._give_up(
            f'{place}did not answer within {asked.patience * 1000:g} ms; '
            'was killed',
            waited=waited,
            allowed=allowed,
        )

    # How it ends.

    def connection_lost(self, exc: Exception | None) -> None:
        """Has lost the way to it; see asyncio.Protocol."""
        if exc is not None:
            self._read_the_rest()
        self._transport = self._socket = None
        self._lost.set()
        if not self._ending:
            # Its end follows, or else it only let go of the way to here.
            self._cancel_timer()
            self._timer = asyncio.get_running_loop().call_later(
                _CLOSED_S, self._give_up, 'closed the way to the engine'
            )

    def _read_the_rest(self) -> None:
        """Takes what it said last.

        A write that finds it gone closes the way at once, with its last words
        still unread.
        """
        if self._socket is None:
            return
        with contextlib.suppress(OSError):
            while data := self._socket.recv(_CHUNK):
                self.data_received(data)

    async def _bury(self, child: asyncio.subprocess.Process) -> None:
        """Waits for its end, which nobody may have asked for."""
        status = await child.wait()
        # What it started goes with it; then what it said last has come.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSED_S):
                await self._lost.wait()
        self._gone.set()
        if not self._ending:
            self._give_up(_obituary(status))
        self._questions.refuse('gone')
        self._close()

    def _give_up(
        self,
        detail: str,
        *,
        loading: bool = False,
        waited: float = 0.0,
        allowed: float = 0.0,
    ) -> None:
        if self.failure is not None:
            return
        self.failure = Failure(
            detail=detail, loading=loading, waited=waited, allowed=allowed
        )
        self._questions.refuse(detail)
        self.kill()
        self._close()
        self._fail(self.failure)

    def _close(self) -> None:
        self._cancel_timer()
        if self._transport is not None:
            self._transport.close()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _obituary(status: int) -> str:
    if status < 0:
        return f'its process was ended by {signal.Signals(-status).name}'
    return f'its process ended by itself with status {status}'
