"""Compiles with numba, keeps the code on disk, and says why it cannot.

This module and what it imports are slow to import: only what has something to
compile does.
"""

from collections.abc import Callable
from collections.abc import Sequence
import pathlib
import platform
import re
from typing import Any

import llvmlite
import numba
from numba.core import config
from numba.core import errors as numba_errors
from numba.core import registry
import numpy as np

from sting.model import errors
from sting.settings import home
from sting.strategy import codecache
from sting.strategy import linker

FOLDER = 'compiled'

# What is compiled in this process, by its key.
_known: dict[str, Any] = {}
_PLACE = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+)')
_NO_NEWS = ('Failed in nopython mode pipeline', 'During: ', '-' * 10)


def compile(
    function: Callable[..., Any],
    samples: Sequence[Any],
    folder: pathlib.Path | None = None,
) -> Any:
    """Compiles a function for arguments of these types.

    The code is taken from a file where one is there that was made of the same
    functions, constants, types, versions and processor.

    Args:
        function: What to compile, with all functions that it calls.
        samples: One value for each argument, of its type.
        folder: Where code is kept; None for the user's cache.

    Returns:
        The function, compiled; numba's dispatcher.

    Raises:
        errors.StrategyError: It cannot be compiled; naming file and line.
    """
    if config.DISABLE_JIT:
        raise errors.StrategyError(
            'compiling is switched off; unset NUMBA_DISABLE_JIT'
        )
    links = linker.Linker()
    made = links.link(function)
    try:
        signature = tuple(numba.typeof(each) for each in samples)
    except ValueError as error:
        raise errors.StrategyError(
            f'{error}; give numbers, bools and tuples of them'
        ) from None
    links.note(signature, _machine())
    key = links.digest()
    if key in _known:
        return _known[key]
    links.name_after(key)
    where = _folder() if folder is None else folder
    if where is not None:
        made._cache = codecache.CodeFile(
            where / f'{function.__name__}-{key}{codecache.SUFFIX}'
        )
    try:
        made.compile(signature)
    except numba_errors.NumbaError as error:
        raise _refusal(error, function) from None
    # From here on a call with other types is an error, not another result.
    made.disable_compile()
    _known[key] = made
    return made


def result_type(compiled: Any) -> Any:
    """Gives the type, as numba has it, of what a compiled function returns."""
    (signature,) = compiled.nopython_signatures
    return signature.return_type


def _machine() -> tuple[Any, ...]:
    """Gives what machine code depends on beside its source."""
    return (
        numba.__version__,
        llvmlite.__version__,
        np.__version__,
        platform.python_implementation(),
        platform.python_version(),
        # The triple, the processor's name and what it can do.
        registry.cpu_target.target_context.codegen().magic_tuple(),
        sorted(linker.OPTIONS.items()),
        str(config.OPT),
        config.USING_SVML,
    )


def _folder() -> pathlib.Path | None:
    """Gives the user's cache; None where it cannot be made."""
    folder = home.Home.find().cache / FOLDER
    try:
        home.make_private(folder)
    except errors.ConfigError:
        return None
    return folder


def _refusal(
    error: Exception, function: Callable[..., Any]
) -> errors.StrategyError:
    """Says in one line what numba could not compile, and where."""
    text = str(error)
    news = [
        line.strip()
        for line in text.splitlines()
        if line.strip() and not line.strip().startswith(_NO_NEWS)
    ]
    path: str | None = None
    line: int | None = None
    # The first place that it names is the innermost one.
    found = _PLACE.search(text)
    if found is not None:
        # It shortens what lies below the working directory.
        path = str(pathlib.Path(found['path']).absolute())
        line = int(found['line'])
    if path is None:
        code = function.__code__
        path, line = code.co_filename, code.co_firstlineno
    return errors.StrategyError(
        f'cannot be compiled: {news[0] if news else type(error).__name__}',
        path=path,
        line=line,
    )


def type_of(value: Any) -> Any:
    """Gives the type that numba has for a value."""
    return numba.typeof(value)
