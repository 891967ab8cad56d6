"""How a strategy's process is started, found out about, and ended."""

import asyncio
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import os
import pathlib
import signal
import socket
import sys

import sting
from sting.strategy import loader

# What a strategy may see of the environment: no secrets.
_PASSED = frozenset(
    {
        'HOME',
        'LANG',
        'PATH',
        'PYTHONHASHSEED',
        'PYTHONPATH',
        'STING_HOME',
        'TMPDIR',
        'TZ',
    }
)
_PASSED_PREFIXES = ('COVERAGE_PROCESS_', 'LC_', 'NUMBA_', 'XDG_')
# One process a strategy is enough; threads of each would fight for the cores,
# and starting them takes half of the time that numpy needs.
_SET = {'OPENBLAS_NUM_THREADS': '1', 'OMP_NUM_THREADS': '1'}
_TAIL = 8_192
_HERE = str(pathlib.Path(sting.__file__).parent)


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Gives what a strategy's process sees of an environment.

    Args:
        given: The engine's own.
    """
    passed = {
        name: value
        for name, value in given.items()
        if name in _PASSED or name.startswith(_PASSED_PREFIXES)
    }
    paths = [str(pathlib.Path(_HERE).parent), passed.get('PYTHONPATH', '')]
    passed['PYTHONPATH'] = os.pathsep.join(filter(None, paths))
    return {**_SET, **passed}


def search() -> list[str]:
    """Gives where modules are looked for here, in absolute paths.

    Folders of strategies are left out: each finds its own beside itself.
    """
    return [
        str(pathlib.Path(each).absolute())
        for each in sys.path
        if each not in loader.ADDED
    ]


async def start(
    name: str, channel: socket.socket, output: pathlib.Path
) -> asyncio.subprocess.Process:
    """Starts a process for a strategy.

    It ends with the thread that called this: call it in the engine's loop.

    Args:
        name: The instance's name, for lists of processes.
        channel: The strategy's end of the socket pair; all else that is open
            here stays here.
        output: The file that has what it prints, for its owner only.

    Returns:
        The process, in a session of its own.

    Raises:
        OSError: It cannot be started.
    """
    output.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    printed = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            # The folder that the engine was started in is not to hide modules.
            '-P',
            '-m',
            'sting.strategy.child',
            str(channel.fileno()),
            str(os.getpid()),
            name,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            pass_fds=(channel.fileno(),),
            close_fds=True,
            start_new_session=True,
            env=environment(os.environ),
        )
    finally:
        os.close(printed)


def kill(pid: int) -> None:
    """Kills a strategy's process and all that it started.

    Args:
        pid: The process, the first of its group.
    """
    found = list(descendants(pid))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    for one in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def descendants(pid: int) -> Iterator[int]:
    """Gives the processes that descend from one, as far as /proc has them.

    Args:
        pid: The process.

    Yields:
        Their numbers.
    """
    waiting = [str(pid)]
    while waiting:
        tasks = pathlib.Path('/proc', waiting.pop(), 'task')
        # Only it knows: to look at all processes takes milliseconds, in which
        # the engine does nothing else.
        try:
            threads = list(tasks.iterdir())
        except OSError:
            # It has ended.
            continue
        for each in threads:
            with contextlib.suppress(OSError):
                found = (each / 'children').read_text(encoding='ascii').split()
                yield from map(int, found)
                waiting += found


def where(output: pathlib.Path, files: list[str]) -> str:
    """Reads in which line a process was that was asked by SIGUSR1.

    Args:
        output: The file that has what it prints.
        files: The user's files.

    Returns:
        `file:line: `, empty where it cannot be told.
    """
    try:
        with output.open('rb') as source:
            source.seek(0, os.SEEK_END)
            source.seek(max(0, source.tell() - _TAIL))
            text = source.read().decode(errors='replace')
    except OSError:
        return ''
    _, found, stack = text.rpartition('most recent call first')
    places = []
    for line in stack.splitlines() if found else ():
        head, quote, rest = line.partition('File "')
        name, _, more = rest.partition('", line ')
        number = more.split(' ')[0]
        if quote and not head.strip() and number.isdecimal():
            places.append((name, number))
    for name, number in places:
        if name in files:
            return f'{name}:{number}: '
    return ''
