"""The C library's memory: that it goes back, in a process that runs for long.

Both do something with glibc only; elsewhere memory is used again all the same.
"""

import ctypes
from typing import Final

# Of glibc's malloc.h and of its own first value.
_M_MMAP_THRESHOLD: Final = -3
_LARGE: Final = 128 << 10


def settle() -> None:
    """Has each large block be its own, and go back when it is freed.

    glibc takes blocks of 128 KiB and more from the system, but once such a
    one is freed blocks of its size come from the heap: what is larger than a
    checkpoint for a moment then leaves holes in it, 9 MiB within a day.
    """
    adjust = getattr(ctypes.CDLL(None), 'mallopt', None)
    if adjust is not None:
        adjust(_M_MMAP_THRESHOLD, _LARGE)


def trim() -> None:
    """Gives back what is free."""
    give = getattr(ctypes.CDLL(None), 'malloc_trim', None)
    if give is not None:
        give(0)
