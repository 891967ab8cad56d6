"""The guardian's process: started, told what to guard, listened to."""

import asyncio
from collections.abc import Callable
from collections.abc import Sequence
import contextlib
import os
import pathlib
import sys
from typing import Final

import msgspec

import sting
from sting.broker import interface
from sting.engine import core
from sting.engine import signals
from sting.risk import guardian

# Seconds between two looks whether a broker can be guarded by now.
_ARM_S: Final = 0.1
# Seconds before another guardian is started, and for one to end.
_AGAIN_S: Final = 1.0
_END_S: Final = guardian.LIMIT_S + 2.0


class Guarding(core.Component):
    """Keeps a guardian for the brokers that another process can cancel at.

    Attributes:
        pid: The guardian's process; 0 while there is none.
        armed: Brokers that it has a connection to.
    """

    name = 'guardian'

    def __init__(
        self,
        brokers: Sequence[interface.BrokerInterface],
        latch: pathlib.Path,
        alert: Callable[[str, str], None],
        *,
        cancel: bool,
        keep: Callable[[], Sequence[guardian.Keep]] = tuple,
    ) -> None:
        """Sets it up; a process is started once there is something to guard.

        Args:
            brokers: The brokers.
            latch: The latch's file.
            alert: Told what a person should know, and by whom.
            cancel: Whether a killed engine leaves no orders behind.
            keep: Gives what the guardian leaves alone now, by broker.
        """
        self._keep = keep
        self._brokers = brokers
        self._latch = latch
        self._alert = alert
        self._cancel = cancel
        self._task: asyncio.Task[None] | None = None
        self._failed: dict[str, str] = {}
        self._decoder = msgspec.json.Decoder(guardian.Told)
        self.pid = 0
        self.armed: set[str] = set()

    async def start(self) -> None:
        """Begins to look for what can be guarded."""
        self._task = asyncio.create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        """Ends the guardian, once it has done what was pulled."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_ARM_S)
            if any(one.emergency() for one in self._brokers):
                break
        while True:
            try:
                await self._guard()
            except OSError as error:
                self._alert(f'no guardian can be started: {error}', self.name)
            await asyncio.sleep(_AGAIN_S)

    async def _guard(self) -> None:
        """Has one guardian, from its start to its end."""
        pipes = signals.pipes()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            '-P',
            '-m',
            'sting.risk.guardian',
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # It may be a terminal's, with a screen on it.
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=tuple(pipes.values()),
            # What the terminal sends is for the engine.
            start_new_session=True,
            env=_environment(),
        )
        assert process.stdin is not None  # noqa: S101 - mypy
        assert process.stdout is not None  # noqa: S101 - mypy
        self.pid = process.pid
        begin = guardian.Begin(
            str(self._latch), tuple(sys.path), pipes, self._cancel
        )
        arming = asyncio.create_task(self._arm(process.stdin, begin))
        try:
            while line := await process.stdout.readline():
                self._hear(self._decoder.decode(line))
        finally:
            self.pid = 0
            self.armed.clear()
            arming.cancel()
            await asyncio.gather(arming, return_exceptions=True)
            await _end(process)
        self._alert('the guardian ended; another one is started', self.name)

    async def _arm(
        self, pipe: asyncio.StreamWriter, begin: guardian.Begin
    ) -> None:
        """Tells the guardian what to guard, and what to leave alone.

        Of each broker as soon as its account is known, and of what is kept
        whenever that changes.
        """
        pipe.write(msgspec.json.encode(begin) + b'\n')
        left = list(self._brokers)
        kept: dict[str, guardian.Keep] = {}
        while True:
            for each in self._keep():
                if kept.get(each.broker, guardian.Keep(each.broker)) != each:
                    kept[each.broker] = each
                    pipe.write(msgspec.json.encode(each) + b'\n')
            for one in tuple(left):
                way = one.emergency()
                if way is not None:
                    left.remove(one)
                    order = guardian.Arm(
                        one.name, way.reference, dict(way.options)
                    )
                    pipe.write(msgspec.json.encode(order) + b'\n')
            await asyncio.sleep(_ARM_S)

    def _hear(self, told: guardian.Told) -> None:
        if told.who:
            self._alert(_words(told), self.name)
            return
        before = self._failed.get(told.broker, '')
        self._failed[told.broker] = told.error
        if told.error:
            self.armed.discard(told.broker)
            self._alert(
                f'the guardian cannot reach {told.broker}: {told.error}',
                self.name,
            )
            return
        self.armed.add(told.broker)
        if before:
            self._alert(f'the guardian reaches {told.broker} again', self.name)


def _environment() -> dict[str, str]:
    """Gives ours, with the place where sting is found."""
    found = dict(os.environ)
    paths = [str(pathlib.Path(sting.__file__).parents[1])]
    paths += filter(None, [found.get('PYTHONPATH', '')])
    return found | {'PYTHONPATH': os.pathsep.join(paths)}


def _words(told: guardian.Told) -> str:
    """Says what the guardian did for a stop."""
    if told.first_ms is None or told.last_ms is None:
        done = 'no cancel left'
    else:
        done = f'the first cancel left after {told.first_ms:.0f} ms'
    if told.left is None:
        found = f'what works there is UNKNOWN: {told.error}'
    elif told.left:
        found = f'{told.left} orders still work there'
    else:
        found = f'nothing works there after {told.last_ms:.0f} ms'
    return f'guardian at {told.broker}, stop by {told.who}: {done}; {found}'


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ends a guardian in order; one that hangs is killed."""
    pipe = process.stdin
    if pipe is not None:
        # It may have ended by itself.
        with contextlib.suppress(OSError):
            pipe.write(msgspec.json.encode(guardian.End()) + b'\n')
            await pipe.drain()
        pipe.close()
    try:
        async with asyncio.timeout(_END_S):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
