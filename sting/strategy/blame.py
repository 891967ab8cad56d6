"""Turns what a user's code raised into one line that names file and line."""

from collections.abc import Collection
import inspect
import traceback

from sting.model import errors
from sting.strategy import base


def files_of(kind: type[base.AbstractStrategy]) -> frozenset[str]:
    """Gives the files of a strategy's class and of its parents but sting's."""
    found = set()
    for each in kind.__mro__:
        if not issubclass(each, base.AbstractStrategy):
            continue
        if each is not base.AbstractStrategy:
            found.add(inspect.getsourcefile(each) or '')
    return frozenset(found)


def failure(
    error: BaseException, files: Collection[str], remedy: str = ''
) -> errors.StrategyError:
    """Says what was raised, and where in the user's code.

    Args:
        error: What was raised.
        files: The user's files; the innermost frame in one of them counts,
            and without one the innermost frame of all.
        remedy: What to change.

    Returns:
        The error to raise in its place.
    """
    name = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename in files] or frames
    path, line = own[-1].filename, own[-1].lineno
    text = ' '.join(str(error).split())
    if isinstance(error, SyntaxError):
        path, line = error.filename or path, error.lineno
        text = error.msg
    message = f'{name}: {text}' if text else name
    return errors.StrategyError(
        f'{message}; {remedy}' if remedy else message, path=path, line=line
    )
