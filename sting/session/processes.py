"""What a process uses, and what lies on the disk, as the system tells."""

import os
import pathlib
from typing import NamedTuple

_PROC = pathlib.Path('/proc')
_KIB = 1024


class Usage(NamedTuple):
    """What a process uses.

    Attributes:
        memory: Bytes that it has in memory.
        peak: The most that it had, bytes.
        cpu_s: Seconds of a processor so far.
        files: Files, sockets and pipes that it has open; None where the
            system does not tell.
    """

    memory: int
    peak: int
    cpu_s: float
    files: int | None = None


def look(pid: int, proc: pathlib.Path = _PROC) -> Usage | None:
    """Looks at a process.

    Args:
        pid: Its number.
        proc: Where the system tells.

    Returns:
        What it uses; None where it is gone, or the system does not tell.
    """
    try:
        status = (proc / str(pid) / 'status').read_text()
        stat = (proc / str(pid) / 'stat').read_text()
        used = _read(status, stat)
    except (OSError, ValueError, LookupError):
        # It has ended, or this system writes other things there.
        return None
    try:
        open_now = sum(1 for _ in (proc / str(pid) / 'fd').iterdir())
    except OSError:
        return used
    return used._replace(files=open_now)


def _read(status: str, stat: str) -> Usage:
    told = dict(
        line.split(':', 1) for line in status.splitlines() if ':' in line
    )
    # What is before the last bracket is its name, which may be anything.
    fields = stat.rpartition(')')[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return Usage(
        _bytes(told['VmRSS']),
        _bytes(told.get('VmHWM', told['VmRSS'])),
        ticks / os.sysconf('SC_CLK_TCK'),
    )


def size_of(*paths: pathlib.Path) -> int:
    """Gives the bytes of files, and of the files in folders.

    Args:
        *paths: Files and folders; what is not there has none.
    """
    size = 0
    for path in paths:
        try:
            found = [*path.iterdir()] if path.is_dir() else [path]
            size += sum(each.stat().st_size for each in found)
        except OSError:
            continue
    return size


def _bytes(text: str) -> int:
    return int(text.split(maxsplit=1)[0]) * _KIB
