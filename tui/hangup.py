"""What happens when the terminal goes away, or somebody ends the process."""

import os
import signal
import sys
from types import FrameType

from tui import app

_ENDING = (signal.SIGTERM, signal.SIGINT)
_LAST_STANDARD = 2


def end_on_signals(screen: app.StingApp) -> None:
    """Makes SIGTERM, SIGINT and SIGHUP an orderly end.

    With `signal.signal`, since what is added to a loop goes with the loop, and
    the engine may still be closing then.

    Args:
        screen: The app, not yet running.
    """

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        screen.ask_to_exit()

    def hang_up(number: int, frame: FrameType | None) -> None:
        del number, frame
        screen.detached = True
        screen.ask_to_exit()

    for number in _ENDING:
        signal.signal(number, end)
    signal.signal(signal.SIGHUP, hang_up)


def let_go_of_terminal() -> None:
    """Points standard input, output and error to nothing.

    A write to a terminal that is gone would fail, as late as when Python
    flushes at its end, and spoil the exit status.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            os.dup2(nothing, stream.fileno())
    if nothing > _LAST_STANDARD:
        os.close(nothing)
