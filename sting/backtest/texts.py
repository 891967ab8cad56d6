"""Columns of texts and of names, at a few bytes each.

A run can have hundreds of thousands of fills; a list of as many texts would be
most of its memory.
"""

import array
from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Iterator
import itertools
from typing import Generic
from typing import TypeVar
import zlib

import msgspec

_T = TypeVar('_T', bound=Hashable)
# So many texts are packed together.
_TOGETHER = 2_048
_decode = msgspec.json.Decoder(list[str]).decode


class Names(Generic[_T]):
    """A column of few different values, of which each is kept once."""

    def __init__(self, values: Iterable[_T] = ()) -> None:
        """Makes a column.

        Args:
            values: What it begins with.
        """
        self._codes = array.array('i')
        self._values: list[_T] = []
        self._known: dict[_T, int] = {}
        self.extend(values)

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[_T]:
        return map(self._values.__getitem__, self._codes)

    def append(self, value: _T) -> None:
        """Adds a value at the end."""
        code = self._known.get(value)
        if code is None:
            code = self._know(value)
        self._codes.append(code)

    def extend(self, values: Iterable[_T]) -> None:
        """Adds values at the end."""
        given = list(values)
        for value in dict.fromkeys(given):
            if value not in self._known:
                self._know(value)
        self._codes.extend(map(self._known.__getitem__, given))

    def _know(self, value: _T) -> int:
        code = self._known[value] = len(self._values)
        self._values.append(value)
        return code


class Texts:
    """A column of texts that are much alike, packed."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """Makes a column.

        Args:
            values: What it begins with.
        """
        self._packed: list[bytes] = []
        self._last: list[str] = []
        self.extend(values)

    def __len__(self) -> int:
        return len(self._packed) * _TOGETHER + len(self._last)

    def __iter__(self) -> Iterator[str]:
        packed = (_decode(zlib.decompress(each)) for each in self._packed)
        return itertools.chain(
            itertools.chain.from_iterable(packed), self._last
        )

    def append(self, value: str) -> None:
        """Adds a text at the end."""
        self._last.append(value)
        if len(self._last) == _TOGETHER:
            self._pack()

    def extend(self, values: Iterable[str]) -> None:
        """Adds texts at the end."""
        self._last.extend(values)
        while len(self._last) >= _TOGETHER:
            self._pack()

    def _pack(self) -> None:
        some, self._last = self._last[:_TOGETHER], self._last[_TOGETHER:]
        self._packed.append(zlib.compress(msgspec.json.encode(some), 1))
