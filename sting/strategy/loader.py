"""Finds a strategy's class by the name that a user gives.

A reference is `module`, `module:Class`, `path/to/file.py` or
`path/to/file.py:Class`.
"""

from collections.abc import Mapping
import difflib
import hashlib
import importlib
import importlib.util
import inspect
import pathlib
import pkgutil
import sys
import types
from typing import Any

from sting.model import errors
from sting.model import parameters as rules
from sting.strategy import base
from sting.strategy import blame
from sting.strategy import frames
from sting.strategy import parameters
from sting.strategy import versions

# What was added here to where modules are looked for.
ADDED: set[str] = set()


def load(
    reference: str, recorder: versions.Recorder | None = None
) -> type[base.AbstractStrategy]:
    """Finds a strategy's class.

    A file is read anew each time, so that a change in it is seen.

    Args:
        reference: A module or a file, with `:Class` where it has several.
        recorder: Sees what is read, and may give an older version of it; for
            a process that runs this strategy alone.

    Returns:
        The class.

    Raises:
        errors.StrategyError: There is none, or its code cannot be run;
            naming file and line.
    """
    module, name, place = find(reference, recorder)
    found = _choose(module, name, place)
    for key, value in found.parameters.items():
        if not isinstance(value, parameters.Parameter):
            raise errors.StrategyError(
                f'{found.__name__}.parameters[{key!r}] is {value!r}; '
                f'make it strategy.Parameter({value!r})',
                path=_file(module, place),
            )
    try:
        frames.checked(found.timeframes)
    except errors.StrategyError as error:
        raise errors.StrategyError(
            f'{found.__name__}.{error}', path=_file(module, place)
        ) from None
    return found


def find(
    reference: str, recorder: versions.Recorder | None = None
) -> tuple[types.ModuleType, str, str]:
    """Loads the module that a reference names.

    Args:
        reference: As `load`.
        recorder: As there.

    Returns:
        The module, the name of the class or '', and the module's own name or
        file as it was given.

    Raises:
        errors.StrategyError: It cannot be loaded; naming file and line.
    """
    place, colon, name = reference.rpartition(':')
    if not colon or '/' in name or '\\' in name:
        place, name = reference, ''
    if place.endswith('.py') or '/' in place:
        return _load_file(pathlib.Path(place), recorder), name, place
    return _load_module(place), name, place


def create(
    reference: str, name: str, given: Mapping[str, Any]
) -> base.AbstractStrategy:
    """Makes an instance of a strategy.

    Args:
        reference: As `load` takes it.
        name: The instance's name.
        given: Its parameters, or their texts.

    Returns:
        The instance, not yet started.

    Raises:
        errors.StrategyError: It cannot be loaded, a parameter is not allowed,
            or its own code raised.
    """
    return instantiate(load(reference), name, given)


def instantiate(
    kind: type[base.AbstractStrategy], name: str, given: Mapping[str, Any]
) -> base.AbstractStrategy:
    """Makes an instance of a class; as `create`."""
    values = parameters.resolve(kind.parameters, given)
    try:
        made = kind(name, values)
    except (Exception, SystemExit) as error:
        raise blame.failure(error, blame.files_of(kind)) from error
    if not hasattr(made, '_context'):
        raise errors.StrategyError(
            f'{kind.__name__}.__init__ must begin with '
            f'super().__init__(name, parameters)',
            path=blame.source_of(kind),
            line=inspect.getsourcelines(kind)[1],
        )
    return made


def describe(
    kind: type[base.AbstractStrategy], values: Mapping[str, Any] | None = None
) -> list[rules.Setting]:
    """Gives a strategy's parameters, in the order of their declaration.

    Args:
        kind: Its class.
        values: What they are set to; None for the defaults.
    """
    values = values or {}
    return [
        rules.Setting(
            name,
            each.default,
            each.allowed(),
            each.doc,
            values.get(name, each.default),
            each.low,
            each.high,
            each.choices or (),
        )
        for name, each in kind.parameters.items()
    ]


def _load_file(
    path: pathlib.Path, recorder: versions.Recorder | None
) -> types.ModuleType:
    """Runs a file as a module with a name of its own."""
    path = path.expanduser().absolute()
    try:
        source = (
            path.read_bytes() if recorder is None else recorder.read(str(path))
        )
    except OSError as error:
        raise errors.StrategyError(
            f'cannot be read: {error.strerror}; check the path', path=path
        ) from None
    digest = hashlib.blake2b(str(path).encode(), digest_size=4).hexdigest()
    spec = importlib.util.spec_from_file_location(
        f'sting_user_{path.stem}_{digest}', path
    )
    if spec is None:
        raise errors.StrategyError('is not a Python file (.py)', path=path)
    module = importlib.util.module_from_spec(spec)
    # Its folder comes last, so that no file of the user's hides a module
    # that the engine needs.
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
        ADDED.add(str(path.parent))
    # Some of what a class body may use looks its module up by name.
    sys.modules[spec.name] = module
    try:
        # Compiled here: importlib's cache misses an edit that keeps the size
        # of the file within one tick of its time stamp.
        exec(compile(source, str(path), 'exec'), vars(module))  # noqa: S102
    except (Exception, SystemExit) as error:
        del sys.modules[spec.name]
        raise _unrunnable(error, str(path)) from error
    return module


def _load_module(name: str) -> types.ModuleType:
    """Imports a module by its name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f'{name}.'.startswith(f'{error.name}.'):
            raise errors.StrategyError(
                f'there is no module {name!r}; {_meant(name)}'
            ) from None
        raise _unrunnable(error, _source(name)) from error
    except (ValueError, TypeError):
        raise errors.StrategyError(
            f'{name!r} is not a module; give a module or path/to/file.py'
        ) from None
    except (Exception, SystemExit) as error:
        raise _unrunnable(error, _source(name)) from error


def _meant(name: str) -> str:
    """Says what may have been meant by a module that is not there."""
    package, _, last = name.rpartition('.')
    if not package:
        return f'a file is given as {name}.py or path/to/{name}.py'
    folders = getattr(sys.modules.get(package), '__path__', [])
    known = [module.name for module in pkgutil.iter_modules(folders)]
    near = difflib.get_close_matches(last, known, n=1)
    if near:
        return f'did you mean {package}.{near[0]}?'
    return 'give a module or path/to/file.py'


def _source(name: str) -> str:
    """Gives the file of a module that can be found but not run."""
    spec = importlib.util.find_spec(name)
    return '' if spec is None or spec.origin is None else spec.origin


def _unrunnable(error: BaseException, path: str) -> errors.StrategyError:
    """Says why a file could not be run."""
    if isinstance(error, SyntaxError):
        remedy = 'mend this line, or the one before it'
    elif isinstance(error, ImportError):
        remedy = 'install it, or correct the import'
    else:
        remedy = 'its code must run when it is imported'
    return blame.failure(error, [path], remedy)


def _choose(
    module: types.ModuleType, name: str, place: str
) -> type[base.AbstractStrategy]:
    """Picks the class that is meant."""
    path = _file(module, place)
    own = _strategies(module)
    names = [each.__name__ for each in own]
    if not name:
        if len(own) == 1:
            return own[0]
        if own:
            raise errors.StrategyError(
                f'has several strategies: {", ".join(names)}; '
                f'name one, as {place}:{names[0]}',
                path=path,
            )
        raise errors.StrategyError(
            'has no strategy: no class derives from strategy.AbstractStrategy',
            path=path,
        )
    chosen = getattr(module, name, None)
    if isinstance(chosen, type) and issubclass(chosen, base.AbstractStrategy):
        return chosen
    if chosen is not None:
        raise errors.StrategyError(
            f'{name} does not derive from strategy.AbstractStrategy', path=path
        )
    near = difflib.get_close_matches(name, names, n=1)
    hint = f'; did you mean {near[0]}?' if near else ''
    raise errors.StrategyError(
        f'has no class {name}{hint} '
        f'(its strategies: {", ".join(names) or "none"})',
        path=path,
    )


def _strategies(
    module: types.ModuleType,
) -> list[type[base.AbstractStrategy]]:
    """Gives the public strategies that a module defines itself."""
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base.AbstractStrategy)
        and value.__module__ == module.__name__
        and not value.__name__.startswith('_')
    ]
    return list(dict.fromkeys(found))


def _file(module: types.ModuleType, place: str) -> str:
    """Gives a module's file, for a message."""
    return getattr(module, '__file__', None) or place
