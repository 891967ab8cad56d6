"""The event log held against its hash chain."""

from collections.abc import Iterable
from collections.abc import Iterator
import itertools
import pathlib
import struct
from typing import Any

import msgspec

from sting.engine import layout
from sting.engine import mark
from sting.engine import reader
from sting.engine import segments
from sting.model import errors
from sting.model import events


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
        moved = {segment.last: segment for segment in reader.archived(path)}
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


def read_verified(
    path: pathlib.Path,
    after: mark.Mark = mark.START,
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
    wanted: Iterator[layout.Row] = reader.rows(path, after.seq)
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
    path: pathlib.Path, found: Iterable[layout.Row], after: mark.Mark
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


def _checked(
    path: pathlib.Path, row: Any, seq: int, head: bytes
) -> tuple[events.Event, bytes]:
    """Makes an event of a row, and its hash.

    A damaged row has anything in its columns, NULL and bytes too.
    """
    try:
        event = reader.to_event(row)
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
