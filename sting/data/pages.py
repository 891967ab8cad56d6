"""Columns that lie in a file and not in memory.

The system reads what is looked at and keeps it while there is room. `release`
says that what was looked at is not needed for now, so that a process that goes
through a large table from its first row to its last never holds much of it.
"""

from collections.abc import Mapping
import mmap
import os
import tempfile
from typing import Any
import weakref

import numpy as np
import numpy.typing as npt

from sting.model import errors


class Pages:
    """Columns in a file without a name, which ends with the process.

    It lies in the folder for temporary files; TMPDIR names another.
    """

    def __init__(self, kinds: Mapping[str, npt.DTypeLike], rows: int) -> None:
        """Makes columns of zeros.

        Args:
            kinds: Of the values of each column, by its name.
            rows: How many values each can have.
        """
        self._rows = rows
        self._places: dict[str, tuple[int, np.dtype[Any]]] = {}
        size = 0
        for name, each in kinds.items():
            kind = np.dtype(each)
            self._places[name] = size, kind
            size += -(-kind.itemsize * rows // mmap.PAGESIZE) * mmap.PAGESIZE
        self._map: mmap.mmap | None = None
        if not size:
            return
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            self._map = mmap.mmap(file.fileno(), size)
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)

    def __reduce__(self) -> tuple[type['Pages'], tuple[Any, ...]]:
        # Another process gets the columns themselves.
        return Pages, ({}, 0)

    def write(self, name: str, row: int, values: npt.ArrayLike) -> None:
        """Writes values into a column.

        It is much faster than to set them there, and it fails with an error
        where the disk is full.

        Args:
            name: The column.
            row: Of the first value.
            values: Of the column's kind.

        Raises:
            errors.DataError: There is no room for them.
        """
        start, kind = self._places[name]
        left = np.ascontiguousarray(values, kind).view(np.uint8).data
        place = start + row * kind.itemsize
        try:
            while left:
                written = os.pwrite(self._file, left, place)
                left, place = left[written:], place + written
        except OSError as error:
            raise errors.DataError(
                f'cannot write to {tempfile.gettempdir()}: {error.strerror}; '
                'TMPDIR names another folder for columns'
            ) from None

    def column(self, name: str, rows: int | None = None) -> npt.NDArray[Any]:
        """Gives a column, which may be changed in place.

        Args:
            name: Its name.
            rows: How many of its first values; None for all.
        """
        start, kind = self._places[name]
        count = self._rows if rows is None else rows
        if self._map is None or not count:
            return np.empty(0, kind)
        return np.frombuffer(self._map, kind, count, start)

    def release(self) -> None:
        """Lets go of the memory; what was written stays."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)
