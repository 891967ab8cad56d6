"""Reads the event log, without holding it against the chain.

Readers open the file read-only and keep no transaction open; archived events
are read from their segments. `engine.chain` reads and verifies.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import pathlib
import sqlite3
import sys
from typing import Any

import msgspec

from sting.engine import layout
from sting.engine import mark
from sting.engine import segments
from sting.model import errors
from sting.model import events

# Rows that are read together. Small pages, and what is made of them, stay in
# the processor's cache and leave the garbage collector nothing to do.
_PAGE = 250
# The hash is needed only where it is verified.
_UNHASHED = layout.COLUMNS[:-1]


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
    if application != layout.APPLICATION:
        connection.close()
        raise errors.JournalCorruptError(f'{path} is not an event log', 1)
    if version > layout.VERSION:
        connection.close()
        raise errors.JournalError(
            f'{path} was written by a newer sting; update this one'
        )
    return connection


def last_seq(path: pathlib.Path) -> int:
    """Gives the number of the newest event; 0 in an empty log.

    Args:
        path: The log's file.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
    """
    with contextlib.closing(open_reader(path)) as connection:
        try:
            (last,) = connection.execute(
                'SELECT max(seq) FROM events'
            ).fetchone()
        except sqlite3.Error as error:
            raise errors.JournalError(
                f'{path} cannot be read: {error}'
            ) from None
    return int(last or 0)


def rows(path: pathlib.Path, after: int) -> Iterator[layout.Row]:
    """Reads rows as they stand in the log, without verifying them.

    Args:
        path: The log's file.
        after: Begin behind this number.

    Yields:
        The rows in order.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
    """
    for page in pages(path, after):
        yield from page


def pages(
    path: pathlib.Path,
    after: int,
    limit: int | None = None,
    columns: Sequence[str] = layout.COLUMNS,
) -> Iterator[list[Any]]:
    """Does as `rows`, some rows at a time.

    No read transaction stays open between the pages. It goes through the
    segments of an archived log first.

    Args:
        path: The log's file.
        after: Begin behind this number.
        limit: At most so many rows.
        columns: What is wanted of a row; the number first.

    Yields:
        Rows in order.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
    """
    left = sys.maxsize if limit is None else limit
    size = max(1, min(left, _PAGE))
    for page in _pages(path, after, size, columns):
        if left < len(page):
            page = page[:left]  # noqa: PLW2901
        left -= len(page)
        yield page
        if left <= 0:
            return


def _pages(
    path: pathlib.Path, after: int, size: int, columns: Sequence[str]
) -> Iterator[list[Any]]:
    connection = open_reader(path)
    query = (
        f'SELECT {", ".join(columns)} FROM events WHERE seq > ? '  # noqa: S608
        f'ORDER BY seq LIMIT {size}'
    )
    try:
        while True:
            page = _readable(connection.execute(query, (after,)))
            segment = None
            if not page or page[0][0] != after + 1:
                segment = segments.find(connection, after + 1)
            if segment is not None:
                yield from segments.pages(path, segment, after, columns)
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


def _readable(found: Iterable[Any]) -> list[Any]:
    """Gives the rows up to the first that cannot be read, if it is not first.

    So the number of the one that cannot be read is known.
    """
    page: list[Any] = []
    try:
        # What comes before an error is in the list by then.
        page.extend(found)
    except sqlite3.Error:
        if not page:
            raise
    return page


def to_event(row: Sequence[Any]) -> events.Event:
    """Makes an event of a row.

    Args:
        row: As it stands in the log, with or without the hash.

    Returns:
        The event.

    Raises:
        errors.JournalError: This version does not know such an event.
    """
    seq, timestamp, kind, source, symbol, cause, text = row[:7]
    data = payload(seq, kind, text)
    return events.Event(
        seq, timestamp, events.KINDS[kind], source, data, symbol, cause
    )


def payload(seq: int, kind: str, text: str | bytes) -> Any:
    """Reads the payload of an event.

    Args:
        seq: The event's number.
        kind: Its type, as the log has it.
        text: JSON.

    Returns:
        The payload.

    Raises:
        errors.JournalError: This version does not know such an event.
    """
    try:
        return events.DECODERS[kind](text)
    except KeyError:
        raise errors.JournalError(
            f'event {seq} is a {kind!r}, which this version does not know'
        ) from None
    except msgspec.MsgspecError as error:
        raise errors.JournalError(
            f'event {seq}, a {kind}, cannot be read: {error}'
        ) from None


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
    yield from map(to_event, unhashed(path, after=after, limit=limit))


def unhashed(
    path: pathlib.Path, *, after: int = 0, limit: int | None = None
) -> Iterator[Any]:
    """Reads rows without their hashes, for `to_event`; as `read`."""
    for page in pages(path, after, limit, _UNHASHED):
        yield from page


def executions(
    path: pathlib.Path, after: int = 0
) -> frozenset[tuple[str, str]]:
    """Gives what was ever filled, older than what a state remembers too.

    Args:
        path: The log's file.
        after: Begin behind this number.

    Returns:
        Of each fill the order's id and the execution's.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
    """
    found = payloads(path, events.EventType.FILL, after)
    return frozenset((each.order_id, each.execution_id) for each in found)


def payloads(
    path: pathlib.Path, kind: events.EventType, after: int = 0
) -> Iterator[Any]:
    """Reads the payloads of the events of one type, in their order.

    Args:
        path: The log's file.
        kind: The type.
        after: Begin behind this number.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
    """
    for seq, name, text in _of_kind(path, after, kind.value):
        if name == kind.value:
            yield payload(seq, name, text)


def _of_kind(
    path: pathlib.Path, after: int, kind: str
) -> Iterator[tuple[int, str, str]]:
    """Gives number, type and payload of what was archived, and of a kind.

    The database looks through the rest by itself, without holding up others.
    """
    columns = ('seq', 'type', 'data')
    for segment in archived(path):
        if segment.last > after:
            for page in segments.pages(path, segment, after, columns):
                yield from page
    connection = open_reader(path)
    try:
        yield from connection.execute(
            'SELECT seq, type, data FROM events WHERE seq > ? AND type = ?',
            (after, kind),
        )
    except sqlite3.Error as error:
        raise errors.JournalCorruptError(
            f'{path} cannot be read behind event {after}: {error}', after + 1
        ) from None
    finally:
        connection.close()


def of_kinds(
    path: pathlib.Path,
    kinds: Sequence[events.EventType],
    after: int,
    until: int,
) -> list[tuple[int, int, str, str]]:
    """Reads number, time, type and payload of the events of some types.

    Args:
        path: The log's file.
        kinds: The types.
        after: Begin behind this number.
        until: End with this number.

    Returns:
        The rows in order.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
    """
    columns = ('seq', 'timestamp', 'type', 'data')
    names = frozenset(kind.value for kind in kinds)
    found: list[tuple[int, int, str, str]] = []
    for segment in archived(path):
        if segment.last <= after or segment.first > until:
            continue
        for page in segments.pages(path, segment, after, columns):
            found += [r for r in page if r[0] <= until and r[2] in names]
            if page[-1][0] >= until:
                break
    marks = ', '.join('?' for _ in names)
    with contextlib.closing(open_reader(path)) as connection:
        try:
            found += connection.execute(
                f'SELECT {", ".join(columns)} FROM events '  # noqa: S608
                f'WHERE seq > ? AND seq <= ? AND type IN ({marks})',
                (after, until, *names),
            )
        except sqlite3.Error as error:
            raise errors.JournalCorruptError(
                f'{path} cannot be read behind event {after}: {error}',
                after + 1,
            ) from None
    return found


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
