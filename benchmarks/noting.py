"""A way of the guardian that notes when it cancels; small, as those are."""

from collections.abc import Mapping
from collections.abc import Set
import pathlib
import time
from typing import Any


class Way:
    """Notes when it is told to cancel."""

    def __init__(self, path: str) -> None:
        """Opens the file for it."""
        self._file = pathlib.Path(path).open('a', encoding='ascii')  # noqa: SIM115

    def keep(self) -> None:
        """Has no connection to keep."""

    def cancel(self, keep: Set[str]) -> None:
        """Notes the moment, which is of one clock for all processes."""
        self._file.write(f'{time.monotonic()}\n')
        self._file.flush()

    def working(self, keep: Set[str]) -> int:
        """Says that nothing works."""
        return 0

    def close(self) -> None:
        """Ends."""
        self._file.close()


def make(options: Mapping[str, Any]) -> Way:
    """Makes the way; for the guardian."""
    return Way(options['path'])
