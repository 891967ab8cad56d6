"""Moves old events out of a log into compressed segments.

A segment is written, synced and read back before one transaction lists it and
takes its rows out of the log. Whoever calls this holds the log's lock. While
an engine writes the log, `prepare` runs beside it, as what it reads does not
change, and `move` between two of its commits.
"""

import contextlib
import itertools
import pathlib
import sqlite3

import msgspec

from sting import settings
from sting.engine import chain
from sting.engine import mark
from sting.engine import reader
from sting.engine import segments
from sting.model import errors
from sting.model import market

# The newest events, which always stay in the log.
KEEP = 10_000

_DAY = 86_400 * market.NANOSECONDS
_MB = 1_000_000
_TRIGGER = 'events_are_not_deleted'


class Archived(msgspec.Struct, frozen=True):
    """What was moved.

    Attributes:
        first: Number of the first event.
        last: Number of the last event.
        file: The segment's file.
        bytes: The file's size.
    """

    first: int
    last: int
    file: str
    bytes: int


def archive(
    path: pathlib.Path, *, before: int | None = None, keep: int = 0
) -> Archived | None:
    """Moves old events into a new segment.

    What is newer than the newest checkpoint stays, and so does its event.

    Args:
        path: The log's file; nobody may be writing it.
        before: Only events before this moment, nanoseconds since the epoch,
            UTC: up to the first that is not.
        keep: So many of the newest events stay; KEEP at least.

    Returns:
        What was moved; None when there is nothing to move.

    Raises:
        errors.JournalCorruptError: The events to move do not verify; nothing
            was changed.
        errors.JournalWriteError: The disk failed; nothing was changed.
        errors.JournalError: There is no log.
    """
    segment = prepare(path, before=before, keep=keep)
    if segment is None:
        return None
    try:
        move(path, segment, compact=True)
        file = path.parent / segments.FOLDER / segment.file
        return Archived(
            segment.first, segment.last, str(file), file.stat().st_size
        )
    except OSError as error:
        raise _failed(path, error) from None


def prepare(
    path: pathlib.Path,
    *,
    before: int | None = None,
    keep: int = 0,
    most: int | None = None,
) -> segments.Segment | None:
    """Writes a new segment of old events, which are still in the log.

    Args:
        path: The log's file; it may be written to meanwhile.
        before: As for `archive`.
        keep: As for `archive`.
        most: At most so many events; None for all.

    Returns:
        What `move` takes; None when there is nothing to move.

    Raises:
        errors.JournalError: As by `archive`; nothing was changed.
    """
    start = _archived_up_to(path)
    last = _end(path, start.seq, before, max(keep, KEEP))
    if most is not None:
        last = min(last, start.seq + most)
    if last <= start.seq:
        return None
    folder = path.parent / segments.FOLDER
    file = folder / f'{start.seq + 1:012}.parquet'
    try:
        rows = itertools.islice(reader.rows(path, start.seq), last - start.seq)
        segments.write(file, rows)
        return _read_back(path, file, start, last)
    except (OSError, sqlite3.Error) as error:
        raise _failed(path, error) from None


def _failed(path: pathlib.Path, error: Exception) -> errors.JournalWriteError:
    return errors.JournalWriteError(f'{path} cannot be archived: {error}')


def auto(path: pathlib.Path, config: settings.Journal) -> str | None:
    """Archives what is too old or too much, if the configuration says so.

    Call it under the log's lock, before the log is opened for writing. It
    stops no engine: what fails is told, and the log is as it was.

    Args:
        path: The log's file; it may not exist yet.
        config: Says after how many days, before the newest event's time, and
            above how many megabytes.

    Returns:
        What a person should know; None when nothing was done.
    """
    days, limit = config.archive_after_days, config.archive_above_mb
    if (days is None and limit is None) or not path.exists():
        return None
    done: list[Archived] = []
    try:
        if days is not None:
            _, newest = _newest(path)
            moved = archive(path, before=newest - round(days * _DAY))
            done += [moved] if moved else []
        if limit is not None:
            size, count = _used(path)
            if size > limit * _MB:
                # Half of the limit is left, or each start would move some.
                kept = round(count * limit * _MB / size / 2)
                moved = archive(path, keep=kept)
                done += [moved] if moved else []
    except errors.JournalError as error:
        return f'the log could not be archived: {error}'
    if not done:
        return None
    return f'archived events {done[0].first} to {done[-1].last}'


def _connect(path: pathlib.Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute('PRAGMA synchronous=FULL')
    return connection


def _archived_up_to(path: pathlib.Path) -> mark.Mark:
    found = reader.archived(path)
    return mark.Mark(found[-1].last, found[-1].head) if found else mark.START


def _newest(path: pathlib.Path) -> tuple[int, int]:
    """Gives number and time of the last event; zeros for an empty log."""
    rows = _ask(
        path, 'SELECT seq, timestamp FROM events ORDER BY seq DESC LIMIT 1'
    )
    return rows[0] if rows else (0, 0)


def _used(path: pathlib.Path) -> tuple[int, int]:
    """Gives the bytes that a log takes, and how many events they hold."""
    return _ask(
        path,
        'SELECT (page_count - freelist_count) * page_size, '
        '(SELECT count(*) FROM events) FROM pragma_page_count, '
        'pragma_freelist_count, pragma_page_size',
    )[0]


def _end(path: pathlib.Path, start: int, before: int | None, keep: int) -> int:
    """Gives the last number that may be moved."""
    newest, _ = _newest(path)
    kept = _ask(
        path,
        'SELECT coalesce(max(c.seq), 0), 0 FROM checkpoints c '
        'JOIN events e ON e.seq = c.seq AND e.hash = c.head',
    )[0][0]
    ends = [newest - keep, kept - 1]
    if before is not None:
        found = _ask(
            path,
            'SELECT coalesce(min(seq), :newest + 1), 0 FROM events '
            'WHERE timestamp >= :before',
            {'before': before, 'newest': newest},
        )
        ends.append(found[0][0] - 1)
    return max(start, min(ends))


def _ask(
    path: pathlib.Path, query: str, values: dict[str, int] | None = None
) -> list[tuple[int, int]]:
    with contextlib.closing(reader.open_reader(path)) as connection:
        try:
            return connection.execute(query, values or {}).fetchall()
        except sqlite3.Error as error:
            raise errors.JournalCorruptError(
                f'{path} cannot be read: {error}', 1
            ) from None


def _read_back(
    path: pathlib.Path, file: pathlib.Path, start: mark.Mark, last: int
) -> segments.Segment:
    """Holds what was written against the chain and against the log."""
    found = segments.Segment(
        start.seq + 1, last, 0, file.name, b'', segments.digest(file)
    )
    latest = 0
    head = start.head
    try:
        pages = segments.pages(path, found, start.seq)
        for held in chain.hold(path, pages, start):
            latest = max(latest, *(event.timestamp for event in held.events))
            head = held.head
    except errors.JournalCorruptError:
        file.unlink()
        raise
    return msgspec.structs.replace(found, latest=latest, head=head)


def move(
    path: pathlib.Path, segment: segments.Segment, *, compact: bool
) -> None:
    """Lists a segment and takes its rows out of the log, or does neither.

    Args:
        path: The log's file; nobody may be writing it just now.
        segment: What `prepare` gave.
        compact: Give the space back to the disk, which takes as long as to
            write the whole log; else what comes later uses it.

    Raises:
        errors.JournalWriteError: The disk failed; nothing was changed.
    """
    try:
        _move(path, segment, compact)
    except sqlite3.Error as error:
        raise _failed(path, error) from None


def _move(path: pathlib.Path, segment: segments.Segment, compact: bool) -> None:
    with contextlib.closing(_connect(path)) as connection:
        connection.executescript(segments.SCHEMA)
        connection.execute('BEGIN IMMEDIATE')
        try:
            _swap(connection, segment)
            connection.execute('COMMIT')
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute('ROLLBACK')
            raise
        if not compact:
            return
        # Where there is no space for it, free pages are used again all the
        # same.
        with contextlib.suppress(sqlite3.Error):
            connection.execute('VACUUM')
            connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')


def _swap(connection: sqlite3.Connection, segment: segments.Segment) -> None:
    connection.execute(
        'INSERT INTO segments VALUES (?,?,?,?,?,?)',
        msgspec.structs.astuple(segment),
    )
    # The one moment at which rows may go: the trigger is off in this
    # transaction alone.
    trigger = connection.execute(
        'SELECT sql FROM sqlite_master WHERE name = ?', (_TRIGGER,)
    ).fetchone()
    connection.execute(f'DROP TRIGGER IF EXISTS {_TRIGGER}')
    connection.execute('DELETE FROM events WHERE seq <= ?', (segment.last,))
    if trigger is not None:
        connection.execute(trigger[0])
