"""Files that a command writes: all of them or none."""

from collections.abc import Callable
from collections.abc import Iterable
import os
import pathlib
import tempfile

from sting.model import errors

Write = Callable[[pathlib.Path], None]


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
                'cannot be written there; name a file in a folder that is '
                'there and may be written',
                path=path,
            )


def write(outputs: Iterable[tuple[pathlib.Path, Write]]) -> None:
    """Writes all files or none: each beside its place, then all moved.

    Args:
        outputs: Places, each with what writes there.

    Raises:
        errors.InputError: One cannot be written.
    """
    done: list[tuple[pathlib.Path, pathlib.Path]] = []
    try:
        for path, make in outputs:
            handle, name = tempfile.mkstemp(
                dir=path.absolute().parent, prefix=f'.{path.name}.'
            )
            os.close(handle)
            done.append((pathlib.Path(name), path))
            make(pathlib.Path(name))
        for temporary, path in done:
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
    except OSError as error:
        raise errors.InputError(
            f'cannot be written: {error.strerror}', path=error.filename
        ) from None
    finally:
        for temporary, _ in done:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
