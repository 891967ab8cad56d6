"""What the last drill of a profile has shown, kept beside its log."""

import os
import pathlib
from typing import Final

import msgspec

from sting.model import errors

FILE: Final = 'drill.json'


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case of it; times are milliseconds since the stop was pulled.

    Attributes:
        case: Which.
        ok: Whether the goals were met, and nothing worked any more.
        order_ms: Until the last order left; 0 where none did after the flag.
        first_ms: Until the first cancel; None where there was none.
        report_ms: Until the report came; None where none did.
        left: How many worked on at the broker.
        busy: Whether the machine was too busy for a missed goal to say much.
    """

    case: str
    ok: bool
    order_ms: float
    first_ms: float | None
    report_ms: float | None
    left: int
    busy: bool = False

    @property
    def verdict(self) -> str:
        """Says in a word or two how it went."""
        if self.ok:
            return 'ok'
        return 'MISSED, busy machine' if self.busy else 'MISSED'


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A drill.

    Attributes:
        profile: Whose rules it had.
        at: When it ended, nanoseconds since the epoch, UTC.
        cases: What was tried.
    """

    profile: str
    at: int
    cases: tuple[Case, ...]


def keep(folder: pathlib.Path, result: Result) -> None:
    """Keeps a result in the place of the last one.

    Args:
        folder: The profile's state.
        result: The result.

    Raises:
        errors.JournalWriteError: It cannot be written.
    """
    path, new = folder / FILE, folder / f'{FILE}.new'
    try:
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, 'wb') as target:
            target.write(msgspec.json.encode(result))
        new.replace(path)
    except OSError as error:
        raise errors.JournalWriteError(
            f'{path} cannot be written: {error.strerror}; the drill itself is '
            'done'
        ) from None


def last(folder: pathlib.Path) -> Result | None:
    """Gives the last result; None where there is none that can be read.

    Args:
        folder: The profile's state.
    """
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Result)
    except (OSError, msgspec.MsgspecError):
        return None
