"""Compiles a function with all that it uses, and names what that is.

Numba compiles a function only if those that it calls are compiled too, and its
own cache does not notice an edit in one of them. So every function that is
reached is copied with a namespace of its own, and what enters the compilation
(code, constants, the values of globals) enters one digest.
"""

from collections.abc import Mapping
import dis
import enum
import functools
import hashlib
import sys
import types
from typing import Any

import numba
import numpy as np

from sting.model import errors

# Made for being compiled by numba, or no Python at all: left as they are.
_FOREIGN = frozenset({*sys.stdlib_module_names, 'numpy', 'numba', 'llvmlite'})
_NAMES = frozenset({'LOAD_GLOBAL', 'LOAD_DEREF', 'LOAD_NAME'})
_ATTRIBUTES = frozenset({'LOAD_ATTR', 'LOAD_METHOD'})
_PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic)
# How every function is compiled. Nothing here may reorder arithmetic.
OPTIONS: dict[str, Any] = {
    'error_model': 'numpy',
    'fastmath': False,
    'boundscheck': False,
    'nogil': True,
    # Wrappers that nothing here calls would take as long to compile again.
    'no_cfunc_wrapper': True,
}


class Linker:
    """Copies functions for numba and takes the digest of what they are."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=24)
        self._made: dict[types.FunctionType, Any] = {}
        self._copies: list[types.FunctionType] = []

    def digest(self) -> str:
        """Gives the digest of all that was linked so far, in hex digits."""
        return self._hash.hexdigest()

    def name_after(self, key: str) -> None:
        """Names the copies after what they are, before they are compiled.

        Numba counts functions to tell those of one name apart, and two
        processes count alike: code that both kept would have the same symbols.

        Args:
            key: A word that no other set of functions has.
        """
        for copy in self._copies:
            copy.__qualname__ = f'{copy.__qualname__}_{key}'

    def note(self, *parts: Any) -> None:
        """Has something enter the digest.

        Args:
            *parts: Values whose `repr` says all about them.
        """
        self._hash.update(repr(parts).encode('utf-8', 'backslashreplace'))

    def link(self, function: Any) -> Any:
        """Makes a copy of a function that numba compiles when it is called.

        Args:
            function: A Python function, or one that numba has wrapped.

        Returns:
            Numba's dispatcher.

        Raises:
            errors.StrategyError: It uses what cannot be compiled; naming file
                and line.
        """
        function = getattr(function, 'py_func', function)
        made = self._made.get(function)
        if made is not None:
            self.note('again', list(self._made).index(function))
            return made
        code = function.__code__
        space: dict[str, Any] = {'__name__': __name__}
        cells = tuple(types.CellType() for _ in code.co_freevars)
        copy = types.FunctionType(
            code, space, function.__name__, function.__defaults__, cells or None
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        copy.__qualname__ = function.__qualname__
        # Code from a file looks its module up by name, and the user's own may
        # not be there by then.
        copy.__module__ = __name__
        self._copies.append(copy)
        made = numba.njit(**OPTIONS, no_cpython_wrapper=bool(self._made))(copy)
        self._made[function] = made
        self.note('function', function.__name__, function.__defaults__)
        self.note(function.__kwdefaults__)
        self._note_code(code)
        used = _seen(code, code.co_filename, code.co_linetable)
        for name in sorted(used.keys() & function.__globals__.keys()):
            value = function.__globals__[name]
            space[name] = self._value(name, value, used[name])
        for name, own, cell in zip(
            code.co_freevars, cells, function.__closure__ or (), strict=True
        ):
            use = used.get(name) or _Use(code, code.co_firstlineno)
            own.cell_contents = self._value(name, cell.cell_contents, use)
        return made

    def _note_code(self, code: types.CodeType) -> None:
        self.note(
            code.co_code,
            code.co_names,
            code.co_varnames,
            code.co_freevars,
            code.co_cellvars,
            code.co_argcount,
            code.co_kwonlyargcount,
            code.co_flags,
            # Which code an `except` is for.
            code.co_exceptiontable,
        )
        for each in code.co_consts:
            if isinstance(each, types.CodeType):
                self._note_code(each)
            else:
                self.note(type(each).__name__, each)

    def _value(self, name: str, value: Any, use: '_Use') -> Any:
        """Notes what a name stands for and gives what numba is to see."""
        self.note('name', name)
        if isinstance(value, types.ModuleType):
            return self._module(value, use)
        if _is_foreign(value):
            self.note(type(value).__name__, value.__name__)
            return value
        if isinstance(value, types.FunctionType) or hasattr(value, 'py_func'):
            return self.link(value)
        if not self._is_constant(value):
            raise errors.StrategyError(
                f'{use.code.co_name} uses {name}, a {type(value).__name__}; '
                'only numbers, tuples of them and functions can be compiled',
                path=use.code.co_filename,
                line=use.line,
            )
        return value

    def _module(self, module: types.ModuleType, use: '_Use') -> Any:
        """Gives a module with what is used of it alone."""
        if module.__name__.partition('.')[0] in _FOREIGN:
            self.note('module', module.__name__)
            return module
        shown = types.ModuleType(module.__name__)
        for name in sorted({chain[0] for chain in use.chains if chain}):
            if not hasattr(module, name):
                continue
            inner = _Use(use.code, use.line)
            inner.chains = {
                chain[1:] for chain in use.chains if chain[:1] == (name,)
            }
            value = getattr(module, name)
            setattr(shown, name, self._value(name, value, inner))
        return shown

    def _is_constant(self, value: Any) -> bool:
        """Notes a value that numba takes as it is, if it is one."""
        self.note(type(value).__name__)
        if isinstance(value, enum.Enum):
            self.note(value.name, value.value)
            return True
        if isinstance(value, type):
            fields = getattr(value, '_fields', None)
            self.note(value.__qualname__, fields)
            if issubclass(value, enum.Enum):
                self.note([(each.name, each.value) for each in value])
            return fields is not None or issubclass(value, enum.Enum)
        if isinstance(value, tuple):
            return all(self._is_constant(each) for each in value)
        self.note(value)
        return isinstance(value, _PLAIN)


class _Use:
    """How code uses a name.

    Attributes:
        code: The code.
        line: The first line that does.
        chains: What it reads of it: `a.b.c` is ('b',) and ('b', 'c') of a.
    """

    def __init__(self, code: types.CodeType, line: int) -> None:
        self.code = code
        self.line = line
        self.chains: set[tuple[str, ...]] = set()


@functools.lru_cache(maxsize=1_024)
def _seen(
    code: types.CodeType, _path: str, _lines: bytes
) -> Mapping[str, _Use]:
    """Gives what `_used` finds; code of other lines may be equal to it."""
    return _used(code)


def _used(code: types.CodeType) -> dict[str, _Use]:
    """Finds the names that code, or a function inside it, gets from outside."""
    found: dict[str, _Use] = {}
    use: _Use | None = None
    chain: tuple[str, ...] = ()
    for each in dis.get_instructions(code):
        if each.opname in _NAMES:
            positions = each.positions
            line = positions.lineno if positions is not None else None
            use = found.setdefault(
                each.argval, _Use(code, line or code.co_firstlineno)
            )
            chain = ()
        elif each.opname in _ATTRIBUTES and use is not None:
            chain = (*chain, each.argval)
            use.chains.add(chain)
        else:
            use = None
    for each_code in code.co_consts:
        if isinstance(each_code, types.CodeType):
            for name, inner in _used(each_code).items():
                found.setdefault(name, inner).chains |= inner.chains
    return found


def _is_foreign(value: Any) -> bool:
    """Whether it is a function or a type that numba knows by itself."""
    module = getattr(value, '__module__', None) or ''
    named = callable(value) and hasattr(value, '__name__')
    return (
        named
        and not hasattr(value, 'py_func')
        and module.partition('.')[0] in _FOREIGN | {'builtins'}
    )
