"""What a worker on another machine does: it sees that it is the same, and runs.

A worker outlives a sweep, so nothing of an earlier one may count: neither its
bars nor its code. What is not the same here as where the sweep began is
refused with words; a figure that differs by machine would be worse than none.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import functools
import hashlib
import io
import pathlib
import pickle
import platform
import sys
import threading
from typing import Any
from typing import NamedTuple

import numpy as np

import sting
from sting import version
from sting.data import table
from sting.model import errors
from sting.strategy import versions

# Things that a worker keeps open: that of the sweep, and the one before.
KEPT = 2


class Release(NamedTuple):
    """What has to be the same on all machines.

    Attributes:
        python: Its version, without the last number.
        numpy: Its version.
        sting: Its version.
        code: Hash of all of sting's own files.
    """

    python: str
    numpy: str
    sting: str
    code: str

    def difference(self, other: 'Release') -> str:
        """Says what differs; empty for nothing.

        Args:
            other: That of a worker.
        """
        for name, own, theirs in zip(self._fields, self, other, strict=True):
            if own != theirs:
                what = "sting's code" if name == 'code' else name
                return f'{what} is {theirs} there and {own} here'
        return ''


class Bars(NamedTuple):
    """Bars that lie where all can read them.

    Attributes:
        url: The file, as fsspec takes it.
        digest: BLAKE2b of it, 32 hexadecimal digits.
        rest: What of the table is no column, by name.
    """

    url: str
    digest: str
    rest: Mapping[str, Any]


class Sent(NamedTuple):
    """What all tasks of a sweep share, on its way.

    Attributes:
        key: Another thing has another.
        release: Where it was made.
        data: Its pickle.
    """

    key: str
    release: Release
    data: bytes


@functools.cache
def release() -> Release:
    """Gives what this machine has."""
    digest = hashlib.blake2b(digest_size=8)
    root = pathlib.Path(sting.__file__).parent
    for path in sorted(root.rglob('*.py')):
        for part in (str(path.relative_to(root)).encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, 'big'))
            digest.update(part)
    return Release(
        '.'.join(platform.python_version_tuple()[:2]),
        np.__version__,
        version.__version__,
        digest.hexdigest(),
    )


def packed(thing: Any, store: Callable[[table.BarTable], Bars] | None) -> bytes:
    """Pickles a thing.

    Args:
        thing: What all tasks share.
        store: Puts bars where all can read them; None to send them along.
    """
    file = io.BytesIO()
    _Packer(file, store).dump(thing)
    return file.getvalue()


def columns(bars: table.BarTable) -> tuple[bytes, dict[str, Any]]:
    """Takes bars apart.

    Args:
        bars: The bars.

    Returns:
        Their columns as an `.npz`, and the rest by name.
    """
    arrays = {}
    rest = {}
    for name in bars.__dataclass_fields__:
        value = getattr(bars, name)
        if isinstance(value, np.ndarray):
            arrays[name] = value
        elif name != 'pages':
            rest[name] = value
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue(), rest


def digest_of(data: bytes) -> str:
    """Gives the hash that `Bars` has."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def call(function: Callable[[Any, range], Any], sent: Sent, task: range) -> Any:
    """Does a task; what a worker is asked for.

    Args:
        function: Is given the shared thing and the task.
        sent: The thing.
        task: Which numbers.

    Raises:
        errors.InputError: This worker is not the same as where the sweep
            began, or cannot read the bars.
    """
    with contextlib.ExitStack() as held:
        with _lock:
            thing = _opened(sent)
            _renewed(thing)
        if not getattr(thing, 'by_columns', False):
            # It looks at the imports of the whole process.
            held.enter_context(_events)
            _renewed(thing)
        return function(thing, task)


_lock = threading.Lock()
_events = threading.Lock()
_open: dict[str, Any] = {}
_code: dict[str, str] = {}


def _opened(sent: Sent) -> Any:
    """Gives what was sent, unpacked once."""
    if sent.key in _open:
        return _open[sent.key]
    different = sent.release.difference(release())
    if different:
        raise errors.InputError(
            f'the worker on {platform.node()} would run something else: '
            f'{different}; install the same there'
        )
    try:
        thing = _Unpacker(io.BytesIO(sent.data)).load()
    except (ImportError, AttributeError) as error:
        raise errors.InputError(
            f'the worker on {platform.node()} lacks what the sweep is made '
            f'of: {error}; install it there'
        ) from None
    while len(_open) >= KEPT:
        del _open[next(iter(_open))]
    _open[sent.key] = thing
    return thing


def _renewed(thing: Any) -> None:
    """Forgets modules of a strategy that were loaded of other code."""
    made: versions.Version | None = getattr(thing, 'version', None)
    for source in () if made is None else _users(made.sources):
        if _code.get(source.name) != source.digest:
            sys.modules.pop(source.name, None)
            _code[source.name] = source.digest


def _users(sources: Iterable[versions.Source]) -> Iterator[versions.Source]:
    """Gives what is not sting's own, which is known to be the same."""
    for source in sources:
        if not source.name.startswith('sting.'):
            yield source


def _read(bars: Bars) -> table.BarTable:
    """Reads bars and sees that they are the ones that are meant."""
    # Not everybody has it.
    import fsspec  # noqa: PLC0415

    where = f'the worker on {platform.node()}'
    try:
        with fsspec.open(bars.url, 'rb') as file:
            data = file.read()
    except (OSError, ValueError, ImportError) as error:
        raise errors.InputError(
            f'{where} cannot read the bars at {bars.url}: {error}; name '
            'a --cluster-share that all workers see'
        ) from None
    if digest_of(data) != bars.digest:
        raise errors.InputError(
            f'{where} has other bars at {bars.url} than the sweep; name '
            'a --cluster-share that is the same for all'
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return table.BarTable(**arrays, **bars.rest)


class _Packer(pickle.Pickler):
    """Puts a reference in the place of bars."""

    def __init__(
        self,
        file: io.BytesIO,
        store: Callable[[table.BarTable], Bars] | None,
    ) -> None:
        super().__init__(file, 5)
        self._store = store

    def persistent_id(self, thing: Any) -> Bars | None:
        """Gives the reference; None for all else."""
        if self._store is None or not isinstance(thing, table.BarTable):
            return None
        return self._store(thing)


class _Unpacker(pickle.Unpickler):
    """Reads bars where a reference stands for them."""

    def persistent_load(self, bars: Any) -> table.BarTable:
        """Gives the bars."""
        return _read(bars)
