"""What was typed on the command line, kept from one start to the next."""

import contextlib
import os
import pathlib

from sting.model import commands

FILE = 'commands'
_KEPT = 500
# Lines that hold a word that has to be typed are never given back: two keys
# would then do what asks for the word.
_TYPED = frozenset({commands.RESUME_WORD, commands.FLATTEN_WORD})


class History:
    """The lines, oldest first.

    Attributes:
        lines: What was typed.
    """

    def __init__(self, path: pathlib.Path | None = None) -> None:
        """Reads what was kept.

        Args:
            path: Where it is kept; None for nowhere.
        """
        self.lines: list[str] = []
        self._path = path
        if path is not None:
            # A history that cannot be read must not keep anyone from trading.
            with contextlib.suppress(OSError, UnicodeDecodeError):
                text = path.read_text(encoding='utf-8')
                self.lines = text.splitlines()[-_KEPT:]

    def add(self, line: str) -> None:
        """Keeps a line, unless it is the last one again or has a typed word.

        Args:
            line: As typed, without the colon.
        """
        line = line.strip()
        if not line or _TYPED.intersection(line.split()):
            return
        if self.lines[-1:] == [line]:
            return
        self.lines.append(line)
        if self._path is not None:
            with contextlib.suppress(OSError):
                _append(self._path, line)


def _append(path: pathlib.Path, line: str) -> None:
    """Adds a line to a file that only its owner may read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    handle = os.open(path, flags, 0o600)
    try:
        os.write(handle, f'{line}\n'.encode())
    finally:
        os.close(handle)
