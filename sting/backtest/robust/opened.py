"""Sees which files of data are opened while a strategy runs."""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import ctypes
import os
import pathlib
import re
import struct
import sys
import threading
from typing import Any

import sting

# Files that bars could be in.
_DATA = re.compile(
    r'\.(csv|tsv|txt|jsonl?|parquet|feather|arrow|orc|h5|hdf5|np[yz]|pkl|pickle'
    r'|db|sqlite|duckdb|xlsx|gz|zip|zst)',
    re.IGNORECASE,
)
_INSTALLED = frozenset({'site-packages', 'dist-packages'})
_IN_OPEN = 0x20
# A watch's number, a mask, a cookie, and how long the name after it is.
_EVENT = struct.Struct('iIII')


class Opened:
    """What was opened.

    Attributes:
        own: Files of the bars, in the order in which they were given.
        others: Other files of data, by name.
    """

    def __init__(self, files: Sequence[pathlib.Path]) -> None:
        self._files = tuple(files)
        self._thread = threading.get_ident()
        self._names: set[str] = set()
        self._named: set[str] = set()
        self._seen: set[pathlib.Path] = set()

    def note(self, name: str) -> None:
        """Takes a file that Python code opened.

        Of other threads only the files of the bars count: they may be ours.
        """
        self._names.add(name)
        if threading.get_ident() == self._thread:
            self._named.add(name)

    def see(self, path: pathlib.Path) -> None:
        """Takes a file of the bars that somebody opened."""
        self._seen.add(path)

    @property
    def own(self) -> tuple[pathlib.Path, ...]:
        """The files of the bars, in the order given."""
        named = {pathlib.Path(name).resolve() for name in self._names}
        return tuple(
            path
            for path in self._files
            if path in self._seen or path.resolve() in named
        )

    @property
    def others(self) -> tuple[pathlib.Path, ...]:
        """Other files that bars could be in, by name."""
        own = {path.resolve() for path in self._files}
        paths = (pathlib.Path(name) for name in sorted(self._named))
        return tuple(
            path
            for path in paths
            if _DATA.fullmatch(path.suffix)
            and path.resolve() not in own
            and not _is_installed(path)
        )


_asking: list[Opened] = []
_hooks: list[object] = []


@contextlib.contextmanager
def watched(files: Sequence[pathlib.Path] = ()) -> Iterator[Opened]:
    """Sees what is opened meanwhile.

    What Python code of this process opens is seen anywhere. What libraries
    open by themselves, as readers of Parquet do, and other processes, is seen
    of the files named, on Linux, if they do not ship with sting; another
    program that opens one of these just then is taken for the strategy.

    Args:
        files: Those that the bars are of.

    Yields:
        What was opened so far.
    """
    if not _hooks:
        # A hook cannot be taken away again.
        sys.addaudithook(_hook)
        _hooks.append(_hook)
    found = Opened(files)
    _asking.append(found)
    try:
        # What ships is read by everybody all the time.
        with _notified([f for f in files if not _is_installed(f)]) as look:
            try:
                yield found
            finally:
                for path in look():
                    found.see(path)
    finally:
        _asking.pop()


def _hook(event: str, given: tuple[Any, ...]) -> None:
    """Notes which files are opened, while somebody asks."""
    if _asking and event == 'open' and isinstance(given[0], str | bytes):
        _asking[-1].note(os.fsdecode(given[0]))


@contextlib.contextmanager
def _notified(files: Sequence[pathlib.Path]) -> Iterator[Any]:
    """Has the kernel tell of these files; gives what asks it."""
    if sys.platform != 'linux' or not files:
        yield lambda: ()
        return
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if handle < 0:
        # All that may be had are in use.
        yield lambda: ()
        return
    watches = {
        libc.inotify_add_watch(handle, os.fsencode(path), _IN_OPEN): path
        for path in files
    }
    try:
        yield lambda: _told(handle, watches)
    finally:
        os.close(handle)


def _told(
    handle: int, watches: dict[int, pathlib.Path]
) -> Iterator[pathlib.Path]:
    """Reads what the kernel has to tell."""
    with contextlib.suppress(BlockingIOError):
        while raw := os.read(handle, 1 << 16):
            at = 0
            while at < len(raw):
                number, _, _, length = _EVENT.unpack_from(raw, at)
                at += _EVENT.size + length
                if number in watches:
                    yield watches[number]


def _is_installed(path: pathlib.Path) -> bool:
    """Whether a file belongs to Python, sting or a library."""
    here = path.resolve()
    own = pathlib.Path(sting.__file__).parent
    roots = (sys.prefix, sys.base_prefix, own)
    return not _INSTALLED.isdisjoint(here.parts) or any(
        here.is_relative_to(root) for root in roots
    )
