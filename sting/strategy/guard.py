"""What a strategy's process lays on itself before it runs a user's code.

It is a fence against mistakes, not against malice: code that wants to can get
over it, and the engine kills what it finds beyond.
"""

import ctypes
import faulthandler
import io
import os
import pathlib
import resource
import signal
import sys
import types
from typing import Any

import sting
from sting.model import errors

# Memory that loading may take on top of what the strategy is allowed, and
# what is left to tell that there was not enough.
LOADING = 2 << 30
SPARE = 32 << 20
OUTPUT_LIMIT = 4 << 20

_PR_SET_PDEATHSIG = 1
_STARTS_PROCESSES = frozenset(
    {
        'os.exec',
        'os.fork',
        'os.forkpty',
        'os.posix_spawn',
        'os.spawn',
        'os.system',
        'pty.spawn',
        'subprocess.Popen',
    }
)
_NOT_THE_USERS = (
    str(pathlib.Path(sting.__file__).parent),
    sys.base_prefix,
    sys.prefix,
    '<frozen',
)


def tie_to(parent: int) -> None:
    """Ends this process with the one that started it, whatever ends that.

    Args:
        parent: The process that started this one.
    """
    if sys.platform == 'linux':
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have ended before that.
    if os.getppid() != parent:
        os._exit(1)


def set_signals() -> None:
    """Lets SIGUSR1 write where the code is, and lets all signals in.

    The engine holds some of them back, and its children inherit that.
    """
    faulthandler.enable(file=2, all_threads=False)
    faulthandler.register(signal.SIGUSR1, file=2, all_threads=False)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def limit_memory(allowed: int) -> None:
    """Bounds the memory of this process.

    Args:
        allowed: Bytes beyond what it has now.
    """
    used = _data()
    if used is None:
        return
    hard = used + allowed + SPARE
    limit = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if limit != resource.RLIM_INFINITY:
        hard = min(hard, limit)
    resource.setrlimit(resource.RLIMIT_DATA, (hard - SPARE, hard))


def spare_memory() -> None:
    """Lets this process have what it needs to tell that it ran out."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _data() -> int | None:
    """Gives the bytes that RLIMIT_DATA counts; None where nobody says."""
    try:
        text = pathlib.Path('/proc/self/status').read_text(encoding='ascii')
    except OSError:
        return None
    _, _, rest = text.partition('VmData:')
    return int(rest.split()[0]) * 1024


class Fence:
    """Refuses to let a strategy start processes.

    Attributes:
        crossed: What was refused, and where; empty as long as nothing was.
    """

    def __init__(self) -> None:
        self.crossed = ''

    def put_up(self) -> None:
        """Begins; nothing can end it."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, given: tuple[Any, ...]) -> None:
        del given
        if event in _STARTS_PROCESSES:
            what = f'a strategy may not start processes ({event})'
            self.crossed = f'{_place()}{what}'
            raise errors.RefusedError(what)


def _place() -> str:
    """Names the user's line that is being run."""
    frame: types.FrameType | None = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_NOT_THE_USERS):
            return f'{name}:{frame.f_lineno}: '
        frame = frame.f_back
    return ''


class Output(io.TextIOBase):
    """Takes what is printed; the file before is kept, older ones go.

    Written to file descriptors 1 and 2, so that what C code prints and the
    last words of a crash are in the same file.
    """

    def __init__(self, path: str, limit: int = OUTPUT_LIMIT) -> None:
        """Takes over the descriptors 1 and 2, which are that file already.

        Args:
            path: The file.
            limit: Bytes that it may have.
        """
        self._path = pathlib.Path(path)
        self._limit = limit
        self._size = os.fstat(1).st_size
        self._line = ''

    def writable(self) -> bool:
        """Says yes."""
        return True

    def write(self, text: str) -> int:
        """Writes what is complete up to the end of a line."""
        self._line += text
        done, newline, self._line = self._line.rpartition('\n')
        if newline or len(self._line) > self._limit:
            if not newline:
                done, self._line = self._line, ''
            self._write(f'{done}{newline}'.encode(errors='backslashreplace'))
        return len(text)

    def flush(self) -> None:
        """Writes what is left of a line."""
        if self._line:
            self._write(self._line.encode(errors='backslashreplace'))
            self._line = ''

    def _write(self, raw: bytes) -> None:
        raw = raw[-self._limit :]
        if self._size + len(raw) > self._limit:
            self._rotate()
        self._size += len(raw)
        while raw:
            raw = raw[os.write(1, raw) :]

    def _rotate(self) -> None:
        self._path.replace(f'{self._path}.1')
        fresh = os.open(
            self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
        )
        os.dup2(fresh, 1)
        os.dup2(fresh, 2)
        os.close(fresh)
        self._size = 0
