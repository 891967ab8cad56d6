"""Start-up: the newest good checkpoint, then the log's tail, held to its chain.

What is newer than the checkpoint is verified before anything else happens;
what is older is left to `verify_older`, which may run in the background. A
checkpoint counts only when an event of the chain has its digest.
"""

from collections.abc import Callable
from collections.abc import Sequence
import contextlib
import hashlib
import pathlib
import sqlite3
import zlib

import msgspec

from sting.engine import chain
from sting.engine import image
from sting.engine import mark
from sting.engine import reader
from sting.engine import state
from sting.model import errors
from sting.model import events

# What screens are shown again of the time before the checkpoint.
SHOWN = 20_000

# The columns that a state is folded from.
_NEEDED = ('seq', 'timestamp', 'type', 'data')
IMPOSSIBLE = (
    errors.StateError,
    msgspec.MsgspecError,
    LookupError,
    ArithmeticError,
)


class Recovered(msgspec.Struct, frozen=True):
    """What was read.

    Attributes:
        last: Number and hash of the last event; 0 for a new log.
        base: The checkpoint that the state was read from; 0 for none. What is
            not newer has not been verified.
        notes: What a person should know.
    """

    last: mark.Mark
    base: mark.Mark = mark.START
    notes: tuple[str, ...] = ()


def pack(taken: image.Image) -> tuple[bytes, str]:
    """Turns an image into what a checkpoint keeps.

    Args:
        taken: The image.

    Returns:
        Its bytes and their digest, in hexadecimal.
    """
    raw = zlib.compress(image.encode(taken), 1)
    return raw, _digest(raw)


def restore(
    path: pathlib.Path,
    system: state.SystemState,
    take: Callable[[Sequence[events.Event]], None],
) -> Recovered:
    """Brings a state to where the log ends.

    Args:
        path: The log's file; a missing or empty one is a new log.
        system: A state without history.
        take: Shown the events of the last while, some at a time, after the
            state has them.

    Returns:
        Where the log ends.

    Raises:
        errors.JournalCorruptError: The log does not verify. The state is as
            it was before the first bad event.
        errors.JournalError: A newer version wrote it.
    """
    if _is_new(path):
        return Recovered(mark.START)
    base, notes = nearest(path, system, None)
    if base.seq:
        _show(path, base.seq, take)
    last = base
    for held in chain.read(path, base):
        for event in held.events:
            system.apply(event)
        take(held.events)
        last = mark.Mark(held.events[-1].seq, held.head)
    return Recovered(last, base, tuple(notes))


def state_at(path: pathlib.Path, seq: int) -> state.SystemState:
    """Gives the state as it was after an event, from the nearest checkpoint.

    Args:
        path: The log's file.
        seq: The event's number; beyond the end, the end.

    Returns:
        The state.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
        errors.JournalCorruptError: An event cannot have followed.
    """
    system = state.SystemState()
    nearest(path, system, seq)
    forward(path, system, seq)
    return system


def forward(path: pathlib.Path, system: state.SystemState, seq: int) -> None:
    """Brings a state to where it was after a later event.

    Args:
        path: The log's file.
        system: The state after an earlier event of that log.
        seq: The event's number; beyond the end, the end.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
        errors.JournalCorruptError: An event cannot have followed.
    """
    wanted = seq - system.seq
    if wanted <= 0:
        return
    for page in reader.pages(path, system.seq, wanted, _NEEDED):
        left = iter(page)
        try:
            system.replay(left)
        except IMPOSSIBLE as error:
            # These rows have not been verified.
            number, _, kind, text = page[-1 - len(list(left))]
            reader.payload(number, kind, text)
            raise errors.JournalCorruptError(
                f'{path}: event {number} cannot have happened: {error}', number
            ) from None


def verify_older(path: pathlib.Path, base: mark.Mark) -> None:
    """Holds what is not newer than a checkpoint against the chain.

    Args:
        path: The log's file.
        base: The checkpoint's event.

    Raises:
        errors.JournalCorruptError: At the first row that is wrong.
    """
    head = events.GENESIS
    for held in chain.read(path, until=base.seq):
        head = held.head
    if head != base.head:
        raise errors.JournalCorruptError(
            f'{path}: event {base.seq} is not the one of the checkpoint',
            base.seq,
        )


def _is_new(path: pathlib.Path) -> bool:
    """Whether no event was ever in this log."""
    if mark.read(mark.beside(path)) is not None:
        return False
    if not path.exists() or path.stat().st_size == 0:
        return True
    try:
        uri = f'{path.absolute().as_uri()}?mode=ro'
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as found:
            query = 'SELECT count(*) FROM sqlite_master'
            (tables,) = found.execute(query).fetchone()
    except sqlite3.Error:
        return False
    return bool(tables == 0)


def nearest(
    path: pathlib.Path, system: state.SystemState, until: int | None
) -> tuple[mark.Mark, list[str]]:
    """Brings a state to the newest good checkpoint, if there is one.

    Args:
        path: The log's file.
        system: A state without history.
        until: The checkpoint is not newer than this event; None for any.

    Returns:
        The checkpoint's event, and what a person should know.

    Raises:
        errors.JournalError: There is no log, or it cannot be read.
    """
    notes: list[str] = []
    connection = reader.open_reader(path)
    try:
        found = connection.execute(
            'SELECT seq, head, image FROM checkpoints '
            'WHERE ? IS NULL OR seq <= ? ORDER BY seq DESC',
            (until, until),
        )
        for seq, head, raw in found:
            told = _told(path, seq)
            if told is None:
                continue
            if told == (head, _digest(raw)) and _load(system, raw):
                return mark.Mark(seq, head), notes
            notes.append(f'the checkpoint at event {seq} is damaged')
    except sqlite3.Error as error:
        raise errors.JournalCorruptError(
            f'{path}: the checkpoints cannot be read: {error}', 1
        ) from None
    finally:
        connection.close()
    return mark.START, notes


def _told(path: pathlib.Path, seq: int) -> tuple[bytes, str] | None:
    """Gives what the chain has of a checkpoint, in the log or its segments.

    Args:
        path: The log's file.
        seq: The checkpoint's event.

    Returns:
        That event's hash and the checkpoint's digest; None where the chain
        does not tell of it.
    """
    head = None
    try:
        for row in reader.rows(path, seq - 1):
            if head is None:
                if row[0] != seq:
                    return None
                head = row[7]
            elif row[2] == events.EventType.CHECKPOINT:
                kept = events.decode(events.EventType.CHECKPOINT, row[6])
                if kept.up_to >= seq:
                    return (head, kept.digest) if kept.up_to == seq else None
    except errors.JournalError:
        # What cannot be read is found when the rows are verified.
        return None
    return None


def _load(system: state.SystemState, raw: bytes) -> bool:
    try:
        image.restore(system, zlib.decompress(raw))
    except (errors.JournalError, zlib.error):
        return False
    return True


def _show(
    path: pathlib.Path,
    seq: int,
    take: Callable[[Sequence[events.Event]], None],
) -> None:
    """Shows screens the events before a checkpoint, unverified as yet."""
    first = max(0, seq - SHOWN)
    shown: list[events.Event] = []
    # What cannot be read there is found by `verify_older`.
    with contextlib.suppress(errors.JournalError):
        shown.extend(reader.read(path, after=first, limit=seq - first))
    take(shown)


def _digest(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=32).hexdigest()
