"""The last lines of what a strategy wrote to its log and printed."""

import os
import pathlib

from sting.session import parts
from sting.strategy import isolated

# Of a file.
TAIL = 256 << 10


def read(folder: pathlib.Path, strategy: str, limit: int) -> tuple[str, ...]:
    """Reads the last lines of a strategy.

    Args:
        folder: The profile's.
        strategy: The instance's name.
        limit: At most so many lines.

    Returns:
        The lines, oldest first; none where there is no file yet.
    """
    path = isolated.output_of(folder / parts.STRATEGIES, strategy)
    found = _lines(path)
    if len(found) < limit:
        # A new file was begun a moment ago.
        found = _lines(path.with_name(f'{path.name}.1')) + found
    return tuple(line.decode(errors='replace') for line in found[-limit:])


def _lines(path: pathlib.Path) -> list[bytes]:
    """Gives the whole lines at the end of a file, oldest first."""
    try:
        with path.open('rb') as source:
            size = source.seek(0, os.SEEK_END)
            start = max(0, size - TAIL)
            source.seek(start)
            found = source.read(TAIL).splitlines()
    except OSError:
        return []
    return found[1:] if start else found
