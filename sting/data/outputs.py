"""Files that are written whole or not at all."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import os
import pathlib
import shutil
import tempfile

from sting.model import errors

Write = Callable[[pathlib.Path], None]

_REMEDY = 'name a file in a folder that is there and may be written'


def check(paths: Iterable[pathlib.Path]) -> None:
    """Refuses a place that cannot be written before the work begins.

    Args:
        paths: Of the files.

    Raises:
        errors.InputError: Naming the place.
    """
    seen = set()
    for path in paths:
        place = path.absolute()
        if place in seen:
            raise errors.InputError('is named for two outputs', path=path)
        seen.add(place)
        if path.is_dir() or not os.access(place.parent, os.W_OK | os.X_OK):
            raise errors.InputError(
                f'cannot be written there; {_REMEDY}', path=path
            )


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Gives a place to write at, beside the one that is meant.

    At the end the file is moved to its own place: whoever reads there finds
    the old one or the new one whole, also after a loss of power. Where
    something is raised the old one stays.

    Args:
        path: Where the file belongs; one that is there is replaced.

    Yields:
        A path with the same name, where there is nothing yet.

    Raises:
        errors.InputError: It cannot be written.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(21, 'it is a folder')
        beside = tempfile.mkdtemp(
            dir=path.absolute().parent, prefix=f'.{path.name}.'
        )
    except OSError as error:
        raise errors.InputError(
            f'cannot be written: {error.strerror}; {_REMEDY}', path=path
        ) from None
    try:
        fresh = pathlib.Path(beside) / path.name
        yield fresh
        _store(fresh)
        fresh.replace(path)
    except OSError as error:
        raise errors.InputError(
            f'cannot be written: {error.strerror or error}', path=path
        ) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write(outputs: Iterable[tuple[pathlib.Path, Write]]) -> None:
    """Writes all files or none: each beside its place, then all moved.

    Args:
        outputs: Places, each with what writes there.

    Raises:
        errors.InputError: One cannot be written.
    """
    with contextlib.ExitStack() as moved:
        for path, make in outputs:
            make(moved.enter_context(replacing(path)))


def _store(path: pathlib.Path) -> None:
    """Waits until what was written is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
