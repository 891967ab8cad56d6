"""Archives a log again and again, dying at one line after the other.

It prints at how many lines it died, and what was wrong afterwards. Everything
that uses threads happens in children, so that this process can fork.
"""

import os
import pathlib
import shutil
import signal
import sys
import types

from pyarrow import parquet  # noqa: F401

from sting.engine import archive
from sting.engine import chain
from sting.engine import reader
from sting.engine import segments

FILES = {archive.__file__, segments.__file__}


def say(what):
    sys.stdout.write(f'{what}\n')
    sys.stdout.flush()


def die_at(line):
    """Kills this process at the n-th line of what is being tested."""
    left = line

    def trace(frame: types.FrameType, event, arg):
        nonlocal left
        if frame.f_code.co_filename not in FILES:
            return None
        if event == 'line':
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def in_child(work):
    """Runs something in a child; gives how it ended, negative for a signal."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            say(f'{type(error).__name__}: {error}')
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def attempt(path, line):
    """Archives until a line is reached; gives whether it was."""

    def work():
        die_at(line)
        archive.archive(path)

    return in_child(work) == -signal.SIGKILL


def check(path, whole):
    def work():
        assert chain.verify(path) == whole, 'after the death'
        archive.archive(path)
        assert chain.verify(path) == whole, 'after the next try'
        (only,) = reader.archived(path)
        files = list((path.parent / segments.FOLDER).iterdir())
        assert files == [only.path(path)], 'files left over'

    return in_child(work) == 0


def main():
    original = pathlib.Path(sys.argv[1])
    step = int(sys.argv[2])
    archive.KEEP = 5
    segments._GROUP = 20
    whole = chain.verify(original)
    line = 1
    deaths = 0
    while True:
        folder = original.parent / str(line)
        folder.mkdir()
        path = folder / original.name
        shutil.copy(original, path)
        died = attempt(path, line)
        if not check(path, whole):
            say(f'at line {line}')
            sys.exit(1)
        shutil.rmtree(folder)
        if not died:
            break
        deaths += 1
        line += step
    say(deaths)


if __name__ == '__main__':
    main()
