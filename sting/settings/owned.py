"""Files that decide what is traded belong to their user alone."""

import os
import pathlib
import stat

from sting.model import errors


def check(path: pathlib.Path) -> None:
    """Refuses a file or a folder that somebody else may change.

    A group that may write is allowed where it is the user's own, as systems
    have it that give each user a group.

    Args:
        path: What is about to be read or run; one that is not there passes.

    Raises:
        errors.ConfigError: It belongs to another user, or others may write
            it; naming it and the remedy.
    """
    try:
        found = path.stat()
    except OSError:
        # Whoever reads it says so better.
        return
    if found.st_uid not in (os.getuid(), 0):
        raise errors.ConfigError(
            f'belongs to another user (uid {found.st_uid}), who could change '
            'what is traded; copy it and use the copy',
            path=path,
        )
    if found.st_mode & stat.S_IWOTH:
        raise errors.ConfigError(
            f'anybody may write it; chmod o-w {path}', path=path
        )
    if found.st_mode & stat.S_IWGRP and found.st_gid != os.getgid():
        raise errors.ConfigError(
            f'its group may write it; chmod g-w {path}', path=path
        )


def check_code(reference: str) -> None:
    """Refuses code that somebody else may change, or add a module beside.

    Args:
        reference: What is run: a file, or a module, which passes; the class
            may follow.

    Raises:
        errors.ConfigError: As `check`, of the file or its folder.
    """
    place = reference.partition(':')[0]
    if place.endswith('.py'):
        path = pathlib.Path(place).expanduser().absolute()
        check(path)
        check(path.parent)
