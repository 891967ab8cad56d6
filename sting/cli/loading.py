"""Imports what a command needs."""

from collections.abc import Iterator
import contextlib
import gc


@contextlib.contextmanager
def modules() -> Iterator[None]:
    """Imports without looking for garbage: what a module makes stays.

    To look for it takes a tenth of the time. What is read at the start, and
    what is compiled, stays as well.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
