"""What workers are asked for in the tests of executors."""

import os
import pathlib
import signal
import time


def squares(shared, task):
    """Squares numbers, and says where."""
    return os.getpid(), [number * number for number in task]


def total(shared, task):
    """Adds a shared array up, and writes into its own copy of it."""
    found = float(shared['values'].sum())
    shared['values'][0] = 1e9
    return found


def dying(folder, task):
    """Dies at 3 the first time, and at 5 always."""
    for number in task:
        seen = pathlib.Path(folder, 'seen')
        if number == 5 or (number == 3 and not seen.exists()):
            seen.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return list(task)


def endless(folder, task):
    """Says who it is, and never ends."""
    path = pathlib.Path(folder, 'pid')
    path.with_suffix('.new').write_text(str(os.getpid()))
    path.with_suffix('.new').replace(path)
    while True:
        time.sleep(0.01)


def raising(shared, task):
    """Raises something of its own."""
    raise ValueError(f'no {task.start}')
