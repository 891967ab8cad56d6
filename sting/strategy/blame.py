"""Turns what a user's code raised into one line that names file and line."""

from collections.abc import Callable
from collections.abc import Sequence
import inspect
import pathlib
import traceback
from typing import Any

import sting
from sting.model import errors
from sting.strategy import base

# Where the classes are that users derive from.
_INSIDE = 'sting.strategy.'
_OURS = str(pathlib.Path(sting.__file__).parent)


def source_of(kind: type[base.AbstractStrategy]) -> str:
    """Gives the file that holds a class, '' where there is none."""
    try:
        return inspect.getsourcefile(kind) or ''
    except (OSError, TypeError):
        return ''


def files_of(kind: type[base.AbstractStrategy]) -> list[str]:
    """Gives the files of a strategy's class and of its parents but sting's."""
    found = [
        source_of(each)
        for each in kind.__mro__
        if issubclass(each, base.AbstractStrategy)
        and not each.__module__.startswith(_INSIDE)
    ]
    return list(dict.fromkeys(filter(None, found)))


def failure(
    error: BaseException,
    files: Sequence[str],
    remedy: str = '',
    maker: Callable[..., Any] | None = None,
) -> errors.StrategyError:
    """Says what was raised, and where in the user's code.

    Args:
        error: What was raised.
        files: The user's files. The innermost frame in one of them counts,
            else the innermost that is not sting's, else the first file.
        remedy: What to change.
        maker: The user's function that gave what is wrong, for an error that
            was raised outside of the user's code.

    Returns:
        The error to raise in its place.
    """
    name = type(error).__name__
    text = ' '.join(str(error).split())
    path, line = _place(error, files)
    code = getattr(maker, '__code__', None)
    if line is None and code is not None:
        path, line = code.co_filename, code.co_firstlineno
    if isinstance(error, SyntaxError):
        path, line = error.filename or path, error.lineno
        text = error.msg
    message = f'{name}: {text}' if text else name
    return errors.StrategyError(
        f'{message}; {remedy}' if remedy else message, path=path, line=line
    )


def _place(
    error: BaseException, files: Sequence[str]
) -> tuple[str | None, int | None]:
    """Finds the frame to blame."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename in files]
    others = [frame for frame in frames if not frame.filename.startswith(_OURS)]
    for found in (own, others):
        if found:
            return found[-1].filename, found[-1].lineno
    return (files[0] if files else None), None
