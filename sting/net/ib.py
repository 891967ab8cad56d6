"""Which library speaks to Interactive Brokers: ib_async, or ib_insync.

Both are asked for the same parts, which they have under the same names. They
belong to one event loop: they ask the thread's policy for it when they are
imported and whenever they send, so they are imported and used in a thread that
has a loop of its own (`loops.LoopThread`), never in the engine's.
"""

import importlib
import importlib.util
import logging
from typing import Any
from typing import Final

from sting.model import errors

# The first that is installed; never both in one environment.
NAMES: Final = ('ib_async', 'ib_insync')

# Without a handler Python would print what they say over the terminal.
for _name in (*NAMES, 'eventkit'):
    logging.getLogger(_name).addHandler(logging.NullHandler())


def name() -> str:
    """Gives the name of the library, without loading it.

    Raises:
        errors.ConfigError: None is installed.
    """
    for each in NAMES:
        if importlib.util.find_spec(each) is not None:
            return each
    raise errors.ConfigError(
        'ibkr needs ib_insync, which is not installed: '
        "pip install 'sting[ibkr]'"
    )


def load() -> Any:
    """Gives the library; to be called in the thread that is to use it."""
    return importlib.import_module(name())
