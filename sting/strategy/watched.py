"""A process that is asked, watched, killed and buried, whatever it runs."""

import abc
import asyncio
from collections.abc import Callable
import contextlib
import os
import pathlib
import signal
import socket
from typing import cast

import msgspec

from sting.model import errors
from sting.model import specs
from sting.strategy import questions
from sting.strategy import spawn
from sting.strategy import wire

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
        away: Its node was lost, which is no fault of the strategy.
    """

    detail: str
    loading: bool = False
    waited: float = 0.0
    allowed: float = 0.0
    away: bool = False


Fail = Callable[[Failure], None]


class Watched(asyncio.Protocol, abc.ABC):
    """One process, from its start until nothing is left of it.

    Attributes:
        spec: What it is for.
        pid: Its number; 0 before it was started.
        files: The user's files that it runs.
        failure: Why it was given up, if it was.
    """

    def __init__(
        self, spec: specs.StrategySpec, output: pathlib.Path, fail: Fail
    ) -> None:
        """Sets up a process that is not yet started.

        Args:
            spec: What it is for.
            output: The file for what it prints.
            fail: Told once, if it has to be given up.
        """
        self.spec = spec
        self.pid = 0
        self.files: list[str] = []
        self.failure: Failure | None = None
        self._output = output
        self._fail = fail
        self._transport: asyncio.WriteTransport | None = None
        self._socket: socket.socket | None = None
        self._reader = wire.Reader(wire.FRAME_LIMIT)
        self._questions = questions.Questions(self._ask_where)
        self._timer: asyncio.TimerHandle | None = None
        self._ending = False
        self._killed = False
        self._lost = asyncio.Event()
        self._gone = asyncio.Event()
        self._gone.set()
        self._burial: asyncio.Task[None] | None = None

    async def _launch(self) -> None:
        """Starts the process, in which nothing is loaded.

        Raises:
            errors.StrategyError: It could not be started, or was killed.
        """
        if self._ending:
            raise errors.StrategyError('killed before it was started')
        loop = asyncio.get_running_loop()
        self._gone.clear()
        try:
            ours, child = await self._fork()
        except OSError as error:
            self._gone.set()
            self._give_up(f'its process cannot be started: {error}')
            raise errors.StrategyError(str(error)) from None
        self.pid = child.pid
        self._burial = asyncio.create_task(self._bury(child))
        self._socket = ours
        await loop.create_connection(lambda: self, sock=ours)
        if self._killed:
            # Meanwhile, and there was nothing to kill yet.
            self.kill()
            raise errors.StrategyError('killed before it was loaded')

    async def _fork(self) -> tuple[socket.socket, asyncio.subprocess.Process]:
        """Starts the process; gives this end of the way to it, too."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                child = await spawn.start(self.spec.name, theirs, self._output)
            except BaseException:
                ours.close()
                raise
        return ours, child

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

    @abc.abstractmethod
    def _take(self, said: wire.Said) -> None:
        """Takes what it said; a StrategyError gives it up."""

    @abc.abstractmethod
    def _pump(self) -> None:
        """Sends what waits, now that there may be room for it."""

    @abc.abstractmethod
    def _drop(self) -> None:
        """Forgets what waits."""

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

    def _nonsense(self, said: wire.Said) -> errors.StrategyError:
        """Gives up on an answer to another question."""
        what = type(said).__name__
        self._give_up(f'its process sent what makes no sense: {what} now')
        return errors.StrategyError(str(self.failure and self.failure.detail))

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
