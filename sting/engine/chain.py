"""The event log held against its hash chain."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import pathlib
import struct
from typing import NamedTuple

import msgspec

from sting.engine import layout
from sting.engine import mark
from sting.engine import reader
from sting.engine import segments
from sting.model import errors
from sting.model import events


class Held(NamedTuple):
    """Some events that are as they were written.

    Attributes:
        events: The events, at least one.
        head: The hash of the last.
    """

    events: list[events.Event]
    head: bytes


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
        for found in read(path):
            head = found.head
            count = found.events[-1].seq
            if count in moved:
                segments.check(path, moved[count], head)
    except errors.JournalCorruptError as error:
        return Verification(
            False, count, head.hex(), error.first_bad, str(error)
        )
    return Verification(True, count, head.hex())


def read(
    path: pathlib.Path,
    after: mark.Mark = mark.START,
    until: int | None = None,
) -> Iterator[Held]:
    """Reads a log and holds every row against the chain.

    Args:
        path: The log's file.
        after: Begin behind this event, whose hash is known to be right.
        until: The last number to read; None for all, and then the log has to
            reach its high-water mark.

    Yields:
        Events, some at a time; none go over the end of a segment.

    Raises:
        errors.JournalCorruptError: At the first row that is wrong; what comes
            before it has been given.
        errors.JournalError: There is no log.
    """
    # Before the rows: a log that is being written may outrun it meanwhile.
    high = mark.read(mark.beside(path)) if until is None else None
    limit = None if until is None else max(0, until - after.seq)
    seq = after.seq
    for found in hold(path, reader.pages(path, seq, limit), after):
        seq = found.events[-1].seq
        yield found
    if until is not None and seq < until:
        raise errors.JournalCorruptError(
            f'{path}: event {seq + 1} is missing', seq + 1
        )
    if high is not None and high.seq > seq:
        raise errors.JournalCorruptError(
            f'{path} ends at event {seq} but had {high.seq}: the end is lost',
            seq + 1,
        )


def hold(
    path: pathlib.Path,
    pages: Iterable[Sequence[layout.Row]],
    after: mark.Mark,
) -> Iterator[Held]:
    """Holds rows against the chain.

    Args:
        path: Where they are from, for messages.
        pages: The rows, some at a time.
        after: The event before them.

    Yields:
        The events of each page.

    Raises:
        errors.JournalCorruptError: At the first row that is wrong; what comes
            before it has been given.
    """
    seq, head = after
    for page in pages:
        made: list[events.Event] = []
        fault = None
        try:
            _check(path, page, mark.Mark(seq, head), made)
        except _DAMAGED as error:
            fault = _corrupt(path, seq + len(made) + 1, error)
        if made:
            seq, head = made[-1].seq, page[len(made) - 1][-1]
            yield Held(made, head)
        if fault is not None:
            raise fault


# A damaged row has anything in its columns, NULL and bytes too.
_DAMAGED = (
    errors.JournalError,
    TypeError,
    ValueError,
    AttributeError,
    struct.error,
)


def _corrupt(
    path: pathlib.Path, seq: int, error: Exception
) -> errors.JournalCorruptError:
    if isinstance(error, errors.JournalCorruptError):
        return error
    return errors.JournalCorruptError(
        f'{path}: event {seq} cannot be read: {error}', seq
    )


def _check(
    path: pathlib.Path,
    page: Sequence[layout.Row],
    after: mark.Mark,
    made: list[events.Event],
) -> None:
    """Makes events of rows, up to the first that is wrong.

    Args:
        path: Where they are from, for messages.
        page: The rows.
        after: The event before them.
        made: Where the events go.
    """
    last, head = after
    for seq, timestamp, kind, source, symbol, cause, text, digest in page:
        if seq != last + 1:
            raise errors.JournalCorruptError(
                f'{path}: event {last + 1} is missing', last + 1
            )
        raw = text.encode()
        words = kind, source, symbol
        if digest != events.link(head, seq, timestamp, cause, words, raw):
            raise errors.JournalCorruptError(
                f'{path}: event {seq} was changed: its hash is wrong', seq
            )
        data = reader.payload(seq, kind, raw)
        made.append(
            events.Event(
                seq, timestamp, events.KINDS[kind], source, data, symbol, cause
            )
        )
        last, head = seq, digest
