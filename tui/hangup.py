"""What happens when the terminal goes away, or somebody ends the process."""

from collections.abc import Callable
import contextlib
import gc
import os
import pathlib
import signal
import sys
import threading
from types import FrameType

from tui import app

_ENDING = (signal.SIGTERM, signal.SIGINT)
_LAST_STANDARD = 2
_LOOK_S = 0.2


def end_on_signals(screen: app.StingApp) -> threading.Event:
    """Makes SIGTERM, SIGINT and SIGHUP an orderly end.

    With `signal.signal`, since what is added to a loop goes with the loop, and
    the engine may still be closing then.

    Args:
        screen: The app, not yet running.

    Returns:
        What is set once SIGTERM or SIGINT came: the process is to end, not
        the terminal alone.
    """
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        ended.set()
        screen.ask_to_exit()

    def hang_up(number: int, frame: FrameType | None) -> None:
        del number, frame
        screen.detached = True
        screen.ask_to_exit()

    for number in _ENDING:
        signal.signal(number, end)
    signal.signal(signal.SIGHUP, hang_up)
    return ended


def let_go_of_terminal(log: pathlib.Path | None = None) -> None:
    """Points standard input to nothing, output and error to a file.

    A write to a terminal that is gone would fail, as late as when Python
    flushes at its end, and spoil the exit status.

    Args:
        log: The file, which is appended to; None for nothing.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    written = nothing
    if log is not None:
        with contextlib.suppress(OSError):
            written = os.open(
                log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
            )
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            source = nothing if stream is sys.__stdin__ else written
            os.dup2(source, stream.fileno())
    for each in {nothing, written}:
        if each > _LAST_STANDARD:
            os.close(each)


def outlive_terminal(
    ended: threading.Event, wait: Callable[[float], bool]
) -> None:
    """Keeps the process while its terminal is gone.

    Args:
        ended: Set by the signals that end the process.
        wait: Waits some seconds for the engine's end; gives whether it came.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with contextlib.suppress(PermissionError):
        # The first of a group stays in it; nothing is sent to the group of a
        # terminal that is gone but SIGHUP.
        os.setsid()
    # Until now the screen saw to both.
    gc.enable()
    sys.stdout.write(f'the terminal went away; process {os.getpid()} stays\n')
    sys.stdout.flush()
    while not ended.is_set() and not wait(_LOOK_S):
        pass
