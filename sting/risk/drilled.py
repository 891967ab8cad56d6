"""What the last drill of a profile has shown, kept beside its log."""

import os
import pathlib
from typing import Final

import msgspec

from sting.model import drills
from sting.model import errors

FILE: Final = 'drill.json'


def keep(folder: pathlib.Path, result: drills.Result) -> None:
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


def last(folder: pathlib.Path) -> drills.Result | None:
    """Gives the last result; None where there is none that can be read.

    Args:
        folder: The profile's state.
    """
    try:
        return msgspec.json.decode(
            (folder / FILE).read_bytes(), type=drills.Result
        )
    except (OSError, msgspec.MsgspecError):
        return None


class Last:
    """The last result, read again only where the file is another."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Reads nothing yet.

        Args:
            folder: The profile's state.
        """
        self._folder = folder
        self._seen: tuple[int, int] | None = None
        self._result: drills.Result | None = None

    def read(self) -> drills.Result | None:
        """Gives the last result; None where there is none."""
        try:
            found = (self._folder / FILE).stat()
        except OSError:
            return None
        seen = found.st_mtime_ns, found.st_ino
        if seen != self._seen:
            self._seen, self._result = seen, last(self._folder)
        return self._result
