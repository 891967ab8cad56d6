"""Compiled code in a file, so that the next process need not compile it.

A file is named after the digest of all that its code depends on, and begins
with the digest of what follows: machine code that a disk has changed would
not raise an error, it would run.
"""

import contextlib
import hashlib
import os
import pathlib
import pickle
from typing import Any
import uuid

from numba.core import compiler
from numba.core import serialize
from numba.core.runtime import nrt

# It has the secret that hashes of texts begin with.
from numba.cpython import hashing  # noqa: F401

DIGEST = 32
# Every edit of a strategy leaves a file behind.
KEPT = 200
SUFFIX = '.code'


class CodeFile:
    """One function's compiled code: what numba calls a cache.

    Attributes:
        path: The file.
        hit: The code came from the file.
    """

    def __init__(self, path: pathlib.Path) -> None:
        """Names the file; it need not be there.

        Args:
            path: Where it is kept, in a folder that is there.
        """
        self.path = path
        self.hit = False

    def load_overload(self, _signature: Any, target: Any) -> Any:
        """Reads the code.

        Args:
            target: Numba's target context.

        Returns:
            Numba's compile result; None when there is none that is sound.
        """
        payload = self._read()
        if payload is None:
            return None
        _begin(target)
        try:
            # Its own file, in a folder of mode 0700, and checked above.
            reduced = pickle.loads(payload)  # noqa: S301
            found = compiler.CompileResult._rebuild(target, *reduced)
        except (AttributeError, ImportError, pickle.PickleError):
            # It names what is not here any more.
            self._set_aside()
            return None
        self.hit = True
        return found

    def save_overload(self, _signature: Any, result: Any) -> None:
        """Writes the code, all of it or nothing; a full disk is no failure.

        Args:
            result: Numba's compile result.
        """
        if result.library.has_dynamic_globals or result.lifted:
            return
        payload = serialize.dumps(result._reduce())
        other = self.path.with_suffix(f'.{uuid.uuid4().hex}')
        try:
            other.touch(mode=0o600)
            other.write_bytes(_digest(payload) + payload)
            other.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                other.unlink()
            return
        self._prune()

    def _read(self) -> bytes | None:
        try:
            content = self.path.read_bytes()
        except OSError:
            return None
        payload = content[DIGEST:]
        if _digest(payload) == content[:DIGEST]:
            return payload
        self._set_aside()
        return None

    def _set_aside(self) -> None:
        with contextlib.suppress(OSError):
            self.path.replace(self.path.with_suffix('.corrupt'))

    def _prune(self) -> None:
        """Removes the oldest files, when there are many."""

        def age(entry: os.DirEntry[str]) -> int:
            return entry.stat().st_mtime_ns

        folder = self.path.parent
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in sorted(entries, key=age)[:-KEPT]:
                (folder / entry.name).unlink()


def _begin(target: Any) -> None:
    """Sets up what compiled code calls while it runs.

    What only compiling needs, `target.refresh()`, takes as long again as
    everything else; it is done where something is compiled.
    """
    nrt.rtsys.initialize(target)


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=DIGEST).digest()
