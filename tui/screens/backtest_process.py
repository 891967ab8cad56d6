"""A command of `sting` in a process of its own, which can be ended."""

import asyncio
from collections.abc import Callable
from collections.abc import Sequence
import json
import sys
from typing import NamedTuple

from sting.model import errors

PROGRAM = (sys.executable, '-m', 'sting.cli.main')
# How long a child may take to end when asked to, in seconds.
PATIENCE_S = 2.0
_LINE_LIMIT = 1 << 20

Progress = Callable[[int, int], None]


def _deaf(done: int, total: int) -> None:
    """Takes no progress."""


class Ended(NamedTuple):
    """What came of a command.

    Attributes:
        status: Of its process; 0 where it went well.
        printed: What it wrote to its output.
        complaint: The last line that it wrote beside its progress; or empty.
    """

    status: int
    printed: bytes
    complaint: str


class Process:
    """Runs one command and can end it.

    Attributes:
        program: What the command and its options are given to.
        cancelled: It was to end before its time.
    """

    def __init__(self, program: Sequence[str] = PROGRAM) -> None:
        self.program = tuple(program)
        self.cancelled = False
        self._process: asyncio.subprocess.Process | None = None

    async def execute(
        self, arguments: Sequence[str], progress: Progress = _deaf
    ) -> Ended:
        """Runs a command to its end.

        Args:
            arguments: The command of `sting`, and its options.
            progress: Called with what is done and what there is in all.

        Returns:
            What came of it.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *self.program,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_LINE_LIMIT,
            )
        except OSError as error:
            return Ended(1, b'', f'it cannot be started: {error}')
        self._process = process
        if self.cancelled:
            process.terminate()
        if process.stdout is None or process.stderr is None:
            raise errors.StateError('a child without pipes')
        try:
            printed, complaint = await asyncio.gather(
                process.stdout.read(), _follow(process.stderr, progress)
            )
            return Ended(await process.wait(), printed, complaint)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def cancel(self) -> None:
        """Ends what runs; waits until its process is gone."""
        self.cancelled = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE_S)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _follow(stream: asyncio.StreamReader, progress: Progress) -> str:
    """Passes progress on, and gives the last line that was something else."""
    complaint = ''
    async for line in stream:
        text = line.decode(errors='replace').strip()
        try:
            seen = json.loads(text)
            progress(int(seen['done']), int(seen['total']))
        except (ValueError, KeyError, TypeError):
            complaint = text.removeprefix('sting: ') or complaint
    return complaint
