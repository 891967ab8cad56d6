"""The high-water mark: how far a log had come, kept beside it.

A log whose tail is lost looks whole: what is left still verifies. So the
number and the hash of the last durable event stand in a small file of their
own, which a damage to the log does not touch.
"""

import hashlib
import mmap
import os
import pathlib
import struct
from typing import NamedTuple

from sting.model import events

# Two slots, written in turn, each with a check sum: a torn write leaves the
# one before it.
_SLOT = struct.Struct('>Q32s16s')
_BODY = struct.Struct('>Q32s')
_SPACING = 512
_SIZE = 2 * _SPACING


class Mark(NamedTuple):
    """How far a log had come.

    Attributes:
        seq: Number of the last durable event.
        head: Its hash.
    """

    seq: int
    head: bytes


# Before the first event.
START = Mark(0, events.GENESIS)


class HighWater:
    """The mark's file, mapped into memory: moving it on costs no system call.

    A process that dies loses nothing of it; what a power failure may lose is
    bounded by how often `sync` is called.
    """

    def __init__(self, path: pathlib.Path) -> None:
        """Opens the file; makes it, for its owner only, if there is none.

        Args:
            path: The file.
        """
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(file).st_size < _SIZE:
                os.posix_fallocate(file, 0, _SIZE)
            self._map = mmap.mmap(file, _SIZE)
        finally:
            os.close(file)
        self._next = 0

    def move(self, seq: int, head: bytes) -> None:
        """Moves the mark on.

        Args:
            seq: Number of the last durable event.
            head: Its hash.
        """
        body = _BODY.pack(seq, head)
        start = self._next * _SPACING
        self._map[start : start + _SLOT.size] = body + _check(body)
        self._next = 1 - self._next

    def sync(self) -> None:
        """Writes the mark to the disk."""
        self._map.flush()

    def close(self) -> None:
        """Closes the file."""
        self._map.flush()
        self._map.close()


def read(path: pathlib.Path) -> Mark | None:
    """Reads a mark.

    Args:
        path: Its file.

    Returns:
        The mark; None where there is no file or nothing whole in it.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    marks = []
    for start in (0, _SPACING):
        slot = raw[start : start + _SLOT.size]
        if len(slot) == _SLOT.size:
            body = slot[: _BODY.size]
            seq, head = _BODY.unpack(body)
            if seq and slot[_BODY.size :] == _check(body):
                marks.append(Mark(seq, head))
    return max(marks, default=None)


def beside(log: pathlib.Path) -> pathlib.Path:
    """Gives the path of a log's mark."""
    return log.with_suffix('.mark')


def _check(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()
