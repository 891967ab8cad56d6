"""Start-up: read the log back, hold it against its chain, and go on."""

from collections.abc import Callable
import pathlib

import msgspec

from sting.engine import journal
from sting.engine import state
from sting.model import events


class Recovered(msgspec.Struct, frozen=True):
    """What was read.

    Attributes:
        seq: Number of the last event; 0 for a new log.
        head: Its hash.
    """

    seq: int
    head: bytes


def restore(
    path: pathlib.Path,
    system: state.SystemState,
    take: Callable[[events.Event], None],
) -> Recovered:
    """Brings a state to where the log ends.

    Args:
        path: The log's file; a missing or empty one is a new log.
        system: A state without history; it takes every event.
        take: Shown every event after the state has it.

    Returns:
        Where the log ends.

    Raises:
        errors.JournalCorruptError: The log does not verify.
    """
    seq = 0
    head = events.GENESIS
    if not path.exists() or path.stat().st_size == 0:
        return Recovered(seq, head)
    for event, digest in journal.read_verified(path):
        system.apply(event)
        take(event)
        seq = event.seq
        head = digest
    return Recovered(seq, head)
