"""A disk that is slow, fails and is torn, under the event log."""

import asyncio
from collections.abc import Callable
import pathlib
import sqlite3

import numpy as np

from sting.engine import journal
from sting.engine import layout
from sting.engine import mark
from sting.model import errors
from sting.testing.simulation import faults as faults_lib

_KEEP = 'INSERT OR REPLACE INTO checkpoints VALUES (?,?,?)'

Durable = Callable[[list[layout.Row]], None]


class Disk:
    """The file of a log, which outlives the processes that write it.

    Attributes:
        path: The file; recovery reads it as it would any other.
        quiet: Nothing goes wrong any more.
        full_until: No commit works before this moment, in the loop's seconds.
    """

    def __init__(
        self,
        path: pathlib.Path,
        faults: faults_lib.Faults,
        chance: np.random.Generator,
        durable: Durable,
    ) -> None:
        """Sets up the disk.

        Args:
            path: An empty log.
            faults: How often what goes wrong.
            chance: Where it is drawn from.
            durable: Told of rows in the moment when they are durable.
        """
        self.path = path
        self.quiet = False
        self.full_until = 0.0
        self._faults = faults
        self._chance = chance
        self._durable = durable
        self._database = sqlite3.connect(path, isolation_level=None)
        # What survives is decided here; the real disk need not wait for it.
        self._database.execute('PRAGMA synchronous=OFF')

    async def write(self, rows: list[layout.Row]) -> None:
        """Commits rows, all or none, sooner or later.

        Raises:
            errors.JournalWriteError: They could not be written.
        """
        await self._pass_time()
        self._fail_perhaps()
        self._database.execute('BEGIN')
        self._database.executemany(layout.INSERT, rows)
        self._database.execute('COMMIT')
        self._durable(rows)
        lies = self._faults.commit_lies
        if lies and not self.quiet and self._chance.random() < lies:
            raise errors.JournalWriteError('disk I/O error')
        # The process can die here, before it knows.
        await self._pass_time()

    def newest(self) -> mark.Mark | None:
        """Gives the last event that is durable."""
        row = self._database.execute(layout.NEWEST).fetchone()
        return None if row is None else mark.Mark(*row)

    async def keep(self, at: mark.Mark, image: bytes) -> None:
        """Keeps a checkpoint.

        Raises:
            errors.JournalWriteError: It could not be written.
        """
        await self._pass_time()
        self._fail_perhaps()
        self._database.execute(_KEEP, (*at, image))
        await self._pass_time()

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    async def _pass_time(self) -> None:
        delay = 0.0
        if not self.quiet and self._chance.random() < self._faults.slow:
            delay = self._faults.slow_s * float(self._chance.random())
        await asyncio.sleep(delay)

    def _fail_perhaps(self) -> None:
        now = asyncio.get_running_loop().time()
        if self.quiet:
            return
        if self._chance.random() < self._faults.commit_fails:
            self.full_until = now + 60.0 * float(self._chance.random())
        if now < self.full_until:
            raise errors.JournalWriteError('the disk is full')


class SimulatedJournal(journal.Journal):
    """The one writer of a log, on such a disk."""

    def __init__(self, disk: Disk, last: mark.Mark) -> None:
        """Opens the log for writing behind what was read of it.

        Args:
            disk: Where it is.
            last: The last event in it.
        """
        self._disk = disk
        self.seq = last.seq
        self._head = last.head
        self._in_doubt = False

    async def _insert(self, rows: list[layout.Row]) -> None:
        await self._disk.write(rows)

    async def _newest(self) -> mark.Mark | None:
        return self._disk.newest()

    def _moved(self, last: mark.Mark) -> None:
        """Has no mark: the disk loses nothing that it acknowledged."""

    async def keep(self, at: mark.Mark, image: bytes) -> None:
        """Keeps an image of the state; see `Journal`."""
        await self._disk.keep(at, image)

    def sync_mark(self) -> None:
        """Has no mark: the disk loses nothing that it acknowledged."""

    async def close(self) -> None:
        """Leaves the file open for the next process."""
