"""Columns that lie in a file and not in memory.

The system reads what is looked at and keeps it while there is room. `release`
says that what was looked at is not needed for now, so that a process that goes
through a large table from its first row to its last never holds much of it.
"""

import mmap
import tempfile
from typing import Any

import numpy as np
import numpy.typing as npt


class Pages:
    """Columns in files without a name, which end with the process.

    They lie in the folder for temporary files; TMPDIR names another.
    """

    def __init__(self) -> None:
        self._maps: list[mmap.mmap] = []

    def __reduce__(self) -> tuple[type['Pages'], tuple[()]]:
        # Another process gets the columns themselves.
        return Pages, ()

    def column(self, kind: npt.DTypeLike, count: int) -> npt.NDArray[Any]:
        """Makes a column of zeros.

        Args:
            kind: Of its values.
            count: How many there are, one at least.
        """
        size = np.dtype(kind).itemsize * count
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            mapped = mmap.mmap(file.fileno(), size)
        self._maps.append(mapped)
        return np.frombuffer(mapped, kind)

    def release(self) -> None:
        """Lets go of the memory; what was written stays."""
        for mapped in self._maps:
            mapped.madvise(mmap.MADV_DONTNEED)
