"""The event log: one SQLite file a profile, appended to and never changed.

Every row carries a hash that covers all its columns and the hash before it.
The one writer commits whatever waits; readers open the file read-only. Figures
and traps: `docs/ARCHITECTURE.md`.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import fcntl
import itertools
import os
import pathlib
import sqlite3
import struct
from typing import Any

import aiosqlite
import msgspec

from sting.engine import mark
from sting.engine import segments
from sting.model import errors
from sting.model import events

# 'stng', so that a database of someone else's is not taken for a log.
APPLICATION = 0x73746E67
VERSION = 1

SCHEMA = f"""
PRAGMA application_id={APPLICATION};
PRAGMA user_version={VERSION};
CREATE TABLE IF NOT EXISTS events(
    seq INTEGER PRIMARY KEY,
    timestamp INTEGER NOT NULL,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    symbol TEXT NOT NULL,
    cause INTEGER NOT NULL,
    data TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS checkpoints(
    seq INTEGER PRIMARY KEY,
    head BLOB NOT NULL,
    image BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS events_are_not_updated BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is never changed'); END;
CREATE TRIGGER IF NOT EXISTS events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is never changed'); END;
"""
_COLUMNS = 'seq, timestamp, type, source, symbol, cause, data, hash'
# For reading without verifying, a quarter quicker.
_UNHASHED = _COLUMNS.replace('hash', 'NULL')
INSERT = f'INSERT INTO events({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)'  # noqa: S608
_PAGE = 10_000

START = mark.Mark(0, events.GENESIS)

Row = segments.Row


class Verification(msgspec.Struct, frozen=True):
    """What a walk over the whole log found.

    Attributes:
        ok: Every number follows, and every hash is right.
        events: How many events were read.
        head: The last good hash, in hexadecimal.
        first_bad: Number of the first event that is wrong.
        message: What is wrong, for a person.
    """

    ok: bool
    events: int
    head: str
    first_bad: int | None = None
    message: str = ''


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
        last: mark.Mark,
    ) -> None:
        self._connection = connection
        self._water = water
        self.seq = last.seq
        self._head = last.head

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
                await connection.execute('PRAGMA wal_autocheckpoint=10000')
                await connection.executescript(SCHEMA)
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
        return cls(connection, water, mark.Mark(seq, head))

    async def append(self, batch: Sequence[events.Event]) -> None:
        """Makes events durable, all of them or none.

        Args:
            batch: The next events.

        Raises:
            errors.JournalWriteError: They could not be written; the log is
                as it was.
        """
        rows, head = encode_rows(batch, self._head)
        try:
            # One hop to the connection's thread for the whole transaction.
            database: Any = self._connection
            await database._execute(_write, database._conn, rows)
        except sqlite3.Error as error:
            raise errors.JournalWriteError(
                f'the event log cannot be written: {error}'
            ) from None
        self._head = head
        self.seq = batch[-1].seq
        self._water.move(self.seq, head)

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
        await self._connection.close()
        self._water.close()


def encode_rows(
    batch: Sequence[events.Event], head: bytes
) -> tuple[list[Row], bytes]:
    """Writes events as rows of the log.

    Args:
        batch: The next events.
        head: The hash of the event before them.

    Returns:
        The rows and the last one's hash.
    """
    rows: list[Row] = []
    for event in batch:
        text = events.encode(event.data)
        head = events.chain(head, event, text)
        rows.append(
            (
                event.seq,
                event.timestamp,
                event.type._value_,
                event.source,
                event.symbol,
                event.cause,
                text.decode(),
                head,
            )
        )
    return rows, head


def _write(connection: sqlite3.Connection, rows: list[Row]) -> None:
    connection.execute('BEGIN IMMEDIATE')
    try:
        connection.executemany(INSERT, rows)
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


def open_reader(path: pathlib.Path) -> sqlite3.Connection:
    """Opens a log for reading.

    Args:
        path: Its file.

    Returns:
        A connection that cannot write.

    Raises:
        errors.JournalError: There is no file.
        errors.JournalCorruptError: It is no log of sting's.
    """
    lost = mark.read(mark.beside(path))
    if not path.exists():
        if lost is not None:
            raise errors.JournalCorruptError(
                f'{path} is gone; it had {lost.seq} events', 1
            )
        raise errors.JournalError(f'there is no event log at {path}')
    connection = None
    try:
        # A reader that is given up half-way may be closed by the collector,
        # on whatever thread that runs.
        connection = sqlite3.connect(
            f'{path.absolute().as_uri()}?mode=ro',
            uri=True,
            check_same_thread=False,
        )
        (application,) = connection.execute('PRAGMA application_id').fetchone()
        (version,) = connection.execute('PRAGMA user_version').fetchone()
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise errors.JournalCorruptError(
            f'{path} cannot be read: {error}', 1
        ) from None
    if application != APPLICATION:
        connection.close()
        raise errors.JournalCorruptError(f'{path} is not an event log', 1)
    if version > VERSION:
        connection.close()
        raise errors.JournalError(
            f'{path} was written by a newer sting; update this one'
        )
    return connection


def rows(path: pathlib.Path, after: int) -> Iterator[Row]:
    """Reads rows as they stand in the log, without verifying them.

    It reads in pages, so that no read transaction stays open, and goes through
    the segments of an archived log first.

    Args:
        path: The log's file.
        after: Begin behind this number.

    Yields:
        The rows in order.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
    """
    for page in _pages(path, after, _PAGE, _COLUMNS):
        yield from page


def _pages(
    path: pathlib.Path, after: int, size: int, columns: str
) -> Iterator[list[Row]]:
    connection = open_reader(path)
    query = (
        f'SELECT {columns} FROM events WHERE seq > ? '  # noqa: S608
        f'ORDER BY seq LIMIT {size}'
    )
    try:
        while True:
            page = _readable(connection.execute(query, (after,)))
            segment = None
            if not page or page[0][0] != after + 1:
                segment = segments.find(connection, after + 1)
            if segment is not None:
                yield from segments.pages(path, segment, after)
                after = segment.last
            elif page:
                yield page
                if page[-1][0] <= after:
                    # A damaged tree gave an older row last; going on behind
                    # it would never end.
                    raise errors.JournalCorruptError(
                        f'{path}: the rows behind event {after} are in '
                        'disorder',
                        after + 1,
                    )
                after = page[-1][0]
            else:
                return
    except sqlite3.Error as error:
        raise errors.JournalCorruptError(
            f'{path} cannot be read behind event {after}: {error}', after + 1
        ) from None
    finally:
        connection.close()


def _readable(found: Iterable[Row]) -> list[Row]:
    """Gives the rows up to the first that cannot be read, if it is not first.

    So the number of the one that cannot be read is known.
    """
    page: list[Row] = []
    try:
        # What comes before an error is in the list by then.
        page.extend(found)
    except sqlite3.Error:
        if not page:
            raise
    return page


def _to_event(row: Row) -> events.Event:
    seq, timestamp, kind, source, symbol, cause, text, _ = row
    try:
        data = events.DECODERS[kind](text)
    except KeyError:
        raise errors.JournalError(
            f'event {seq} is a {kind!r}, which this version does not know'
        ) from None
    except msgspec.MsgspecError as error:
        raise errors.JournalError(
            f'event {seq}, a {kind}, cannot be read: {error}'
        ) from None
    return events.Event(
        seq, timestamp, events.KINDS[kind], source, data, symbol, cause
    )


def read(
    path: pathlib.Path, *, after: int = 0, limit: int | None = None
) -> Iterator[events.Event]:
    """Reads events without verifying them.

    Args:
        path: The log's file.
        after: Begin behind this number.
        limit: At most so many.

    Yields:
        The events in order.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
    """
    if limit is None:
        for page in _pages(path, after, _PAGE, _UNHASHED):
            yield from map(_to_event, page)
        return
    size = max(1, min(limit, _PAGE))
    for page in _pages(path, after, size, _UNHASHED):
        yield from map(_to_event, page[:limit])
        limit -= len(page)
        if limit <= 0:
            return


def executions(path: pathlib.Path) -> frozenset[tuple[str, str]]:
    """Gives what was ever filled, older than what a state remembers too.

    Args:
        path: The log's file.

    Returns:
        Of each fill the order's id and the execution's.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
    """
    kind = events.EventType.FILL
    fills = (_to_event(row).data for row in rows(path, 0) if row[2] == kind)
    return frozenset((fill.order_id, fill.execution_id) for fill in fills)


def read_one(path: pathlib.Path, seq: int) -> events.Event:
    """Reads one event.

    Args:
        path: The log's file.
        seq: Its number.

    Returns:
        The event.

    Raises:
        errors.JournalError: There is no such event, or no log.
    """
    for event in read(path, after=seq - 1, limit=1):
        if event.seq == seq:
            return event
    raise errors.JournalError(f'the log has no event {seq}')


def read_verified(
    path: pathlib.Path,
    after: mark.Mark = START,
    until: int | None = None,
) -> Iterator[tuple[events.Event, bytes]]:
    """Reads a log and holds every row against the chain.

    Args:
        path: The log's file.
        after: Begin behind this event, whose hash is known to be right.
        until: The last number to read; None for all, and then the log has to
            reach its high-water mark.

    Yields:
        Each event with its hash.

    Raises:
        errors.JournalCorruptError: At the first row that is wrong.
        errors.JournalError: There is no log.
    """
    # Before the rows: a log that is being written may outrun it meanwhile.
    high = mark.read(mark.beside(path)) if until is None else None
    wanted: Iterator[Row] = rows(path, after.seq)
    if until is not None:
        wanted = itertools.islice(wanted, max(0, until - after.seq))
    seq = after.seq
    for event, head in held(path, wanted, after):
        seq = event.seq
        yield event, head
    if until is not None and seq < until:
        raise errors.JournalCorruptError(
            f'{path}: event {seq + 1} is missing', seq + 1
        )
    if high is not None and high.seq > seq:
        raise errors.JournalCorruptError(
            f'{path} ends at event {seq} but had {high.seq}: the end is lost',
            seq + 1,
        )


def held(
    path: pathlib.Path, found: Iterable[Row], after: mark.Mark
) -> Iterator[tuple[events.Event, bytes]]:
    """Holds rows against the chain.

    Args:
        path: Where they are from, for messages.
        found: The rows.
        after: The event before them.

    Yields:
        Each event with its hash.

    Raises:
        errors.JournalCorruptError: At the first row that is wrong.
    """
    seq, head = after
    for expected, row in enumerate(found, start=seq + 1):
        if row[0] != expected:
            raise errors.JournalCorruptError(
                f'{path}: event {expected} is missing', expected
            )
        event, head = _checked(path, row, expected, head)
        if head != row[7]:
            raise errors.JournalCorruptError(
                f'{path}: event {expected} was changed: its hash is wrong',
                expected,
            )
        yield event, head


def archived(path: pathlib.Path) -> list[segments.Segment]:
    """Lists the segments of a log, the oldest first.

    Args:
        path: The log's file.

    Returns:
        The segments; none where nothing was ever archived.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
    """
    connection = open_reader(path)
    try:
        return segments.listed(connection)
    except sqlite3.Error as error:
        raise errors.JournalCorruptError(
            f'{path}: the list of segments cannot be read: {error}', 1
        ) from None
    finally:
        connection.close()


def _checked(
    path: pathlib.Path, row: Any, seq: int, head: bytes
) -> tuple[events.Event, bytes]:
    """Makes an event of a row, and its hash.

    A damaged row has anything in its columns, NULL and bytes too.
    """
    try:
        event = _to_event(row)
        return event, events.chain(head, event, row[6].encode())
    except (
        errors.JournalError,
        TypeError,
        ValueError,
        AttributeError,
        struct.error,
    ) as error:
        raise errors.JournalCorruptError(
            f'{path}: event {seq} cannot be read: {error}', seq
        ) from None


def verify(path: pathlib.Path) -> Verification:
    """Walks over a whole log.

    Args:
        path: The log's file.

    Returns:
        What was found; a log that is wrong is an answer, not an error.

    Raises:
        errors.JournalError: There is no log.
    """
    head = events.GENESIS
    count = 0
    try:
        moved = {segment.last: segment for segment in archived(path)}
        for event, digest in read_verified(path):
            head = digest
            count = event.seq
            if count in moved:
                segments.check(path, moved[count], head)
    except errors.JournalCorruptError as error:
        return Verification(
            False, count, head.hex(), error.first_bad, str(error)
        )
    return Verification(True, count, head.hex())
