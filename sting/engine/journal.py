"""The event log: one SQLite file a profile, appended to and never changed.

Every row carries a hash that covers all its columns and the hash before it.
The one writer, here, commits whatever waits; `engine.reader` and `engine.chain`
read. Figures and traps: `docs/ARCHITECTURE.md`.
"""

import asyncio
from collections.abc import Sequence
import fcntl
import itertools
import os
import pathlib
import sqlite3
import threading
from typing import Any

import aiosqlite

from sting.engine import backfill
from sting.engine import layout
from sting.engine import mark
from sting.model import errors
from sting.model import events


class Lock:
    """The right to write a log, held by one process at a time."""

    def __init__(self, path: pathlib.Path) -> None:
        """Takes the lock.

        Args:
            path: The lock's file; it is made if it is not there, and says
                who holds it.

        Raises:
            errors.JournalLockedError: Another process holds it.
            errors.JournalWriteError: Its file cannot be opened.
        """
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise errors.JournalWriteError(
                f'{path} cannot be written: {error.strerror}; set STING_HOME '
                'to a folder that can be written'
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 200).decode(errors='replace')
            os.close(self._file)
            raise errors.JournalLockedError(
                f'another engine writes {path.parent} '
                f'({holder.strip() or "unknown process"}); end it first, or '
                'use another profile'
            ) from None

    def sign(self, text: str) -> None:
        """Writes who holds the lock, for whoever is refused."""
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text.encode(), 0)

    def release(self) -> None:
        """Gives the lock up."""
        os.close(self._file)


class Journal:
    """The one writer of a log.

    Attributes:
        seq: Number of the last event that is durable.
    """

    def __init__(
        self,
        connection: aiosqlite.Connection,
        water: mark.HighWater,
        filling: backfill.Backfill,
        last: mark.Mark,
    ) -> None:
        self._connection = connection
        self._water = water
        self._filling = filling
        self.seq = last.seq
        self._head = last.head
        # Whether the last commit has not come back, or came back as failed.
        self._in_doubt = False

    @property
    def last(self) -> mark.Mark:
        """Number and hash of the last event that is durable."""
        return mark.Mark(self.seq, self._head)

    @classmethod
    async def open(
        cls, path: pathlib.Path, *, seq: int, head: bytes
    ) -> 'Journal':
        """Opens a log for writing behind what was read of it.

        Args:
            path: The file; it is made, for its owner only, if there is none.
            seq: Number of the last event read from it.
            head: The hash of that event; GENESIS for an empty log.

        Returns:
            The journal.

        Raises:
            errors.JournalWriteError: The file cannot be opened.
        """
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = await aiosqlite.connect(path, isolation_level=None)
            try:
                await connection.execute('PRAGMA journal_mode=WAL')
                await connection.execute('PRAGMA synchronous=FULL')
                await connection.execute(
                    f'PRAGMA wal_autocheckpoint={backfill.MOST_PAGES}'
                )
                await connection.executescript(layout.SCHEMA)
                water = mark.HighWater(mark.beside(path))
            except BaseException:
                # Its thread would keep the process from ending.
                await connection.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise errors.JournalWriteError(
                f'{path} cannot be written: {error}'
            ) from None
        if seq:
            water.move(seq, head)
        filling = backfill.Backfill(path)
        return cls(connection, water, filling, mark.Mark(seq, head))

    async def append(self, batch: Sequence[events.Event]) -> None:
        """Makes events durable, all of them or none.

        Args:
            batch: The next events.

        Raises:
            errors.JournalWriteError: They could not be written; the log is
                as it was.
        """
        rows, head = encode_rows(batch, self._head)
        last = mark.Mark(batch[-1].seq, head)
        try:
            # A commit may fail and be durable all the same.
            if not self._in_doubt or await self._newest() != last:
                self._in_doubt = True
                await self._insert(rows)
        except sqlite3.Error as error:
            raise errors.JournalWriteError(
                f'the event log cannot be written: {error}'
            ) from None
        self._in_doubt = False
        self.seq, self._head = last
        self._moved(last)

    async def _insert(self, rows: list[layout.Row]) -> None:
        """Commits rows, all of them or none."""
        # One hop to the connection's thread for the whole transaction.
        database: Any = self._connection
        await database._execute(
            _write, database._conn, rows, self._filling.between
        )
        self._filling.wrote(len(rows))

    async def _newest(self) -> mark.Mark | None:
        """Gives the last event that the file has."""
        found = await self._connection.execute_fetchall(layout.NEWEST)
        return next((mark.Mark(*row) for row in found), None)

    def _moved(self, last: mark.Mark) -> None:
        """Takes note of the last durable event beside the log."""
        self._water.move(*last)

    async def keep(self, at: mark.Mark, image: bytes) -> None:
        """Keeps an image of the state, and thins out the older ones.

        It counts once an event has told its digest.

        Args:
            at: The last event in it.
            image: The state after that event.

        Raises:
            errors.JournalWriteError: It could not be written.
        """
        try:
            database: Any = self._connection
            await database._execute(_keep, database._conn, at, image)
        except sqlite3.Error as error:
            raise errors.JournalWriteError(
                f'a checkpoint cannot be written: {error}'
            ) from None

    def sync_mark(self) -> None:
        """Writes the high-water mark to the disk."""
        self._water.sync()

    async def close(self) -> None:
        """Closes the file."""
        # It may be in the middle of a copy.
        await asyncio.to_thread(self._filling.close)
        await self._connection.close()
        self._water.close()


def encode_rows(
    batch: Sequence[events.Event], head: bytes
) -> tuple[list[layout.Row], bytes]:
    """Writes events as rows of the log.

    Args:
        batch: The next events.
        head: The hash of the event before them.

    Returns:
        The rows and the last one's hash.
    """
    rows: list[layout.Row] = []
    for event in batch:
        seq, timestamp, cause = event.seq, event.timestamp, event.cause
        kind, source, symbol = words = event.type, event.source, event.symbol
        text = events.encode(event.data)
        head = events.link(head, seq, timestamp, cause, words, text)
        rows.append(
            (
                seq,
                timestamp,
                kind._value_,
                source,
                symbol,
                cause,
                text.decode(),
                head,
            )
        )
    return rows, head


# One statement for so many rows is a fifth quicker than one for each.
_TOGETHER = 50
_INSERT_SOME = layout.insert(_TOGETHER)


def _write(
    connection: sqlite3.Connection,
    rows: list[layout.Row],
    alone: threading.Lock,
) -> None:
    with alone:
        connection.execute('BEGIN IMMEDIATE')
        try:
            whole = len(rows) // _TOGETHER * _TOGETHER
            for first in range(0, whole, _TOGETHER):
                some = rows[first : first + _TOGETHER]
                connection.execute(
                    _INSERT_SOME, tuple(itertools.chain.from_iterable(some))
                )
            connection.executemany(layout.INSERT, rows[whole:])
            connection.execute('COMMIT')
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute('ROLLBACK')
            raise


# The newest checkpoints are all kept, older ones this many events apart.
NEWEST = 3
APART = 100_000


def _keep(connection: sqlite3.Connection, at: mark.Mark, image: bytes) -> None:
    connection.execute('BEGIN IMMEDIATE')
    try:
        connection.execute(
            'INSERT OR REPLACE INTO checkpoints VALUES (?,?,?)', (*at, image)
        )
        rows = connection.execute(
            'SELECT seq FROM checkpoints ORDER BY seq DESC'
        ).fetchall()
        kept: int | None = None
        for (seq,) in reversed(rows[NEWEST:]):
            if kept is None or seq - kept >= APART:
                kept = seq
            else:
                connection.execute(
                    'DELETE FROM checkpoints WHERE seq=?', (seq,)
                )
        connection.execute('COMMIT')
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute('ROLLBACK')
        raise
