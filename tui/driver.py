"""A terminal that may be slow, and may go away.

Textual's own writer has a queue of thirty that blocks the loop when it is
full, and a thread that dies of a closed terminal and then blocks for ever.
"""

import collections
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from textual import events
from textual import message as textual_message
from textual.drivers import linux_driver

from tui import cells

BACKLOG = 8
_CLOSE_S = 1.0


class Writer(threading.Thread):
    """Writes to a terminal; never blocks who asks it to.

    Attributes:
        dead: The terminal is gone; whatever comes is dropped.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(daemon=True, name='sting-terminal')
        self.dead = threading.Event()
        self._descriptor = descriptor
        self._queue: collections.deque[bytes] = collections.deque()
        self._ready = threading.Condition()
        self._closing = False

    @property
    def waiting(self) -> int:
        """How many writes the terminal has not taken yet."""
        return len(self._queue)

    def put(self, text: str) -> None:
        """Takes a text to be written."""
        if self.dead.is_set():
            return
        with self._ready:
            self._queue.append(text.encode('utf-8', 'replace'))
            self._ready.notify()

    def close(self) -> None:
        """Writes what is left, but does not wait long for a stalled one."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        self.join(_CLOSE_S)

    def run(self) -> None:
        """Writes until it is closed or the terminal is gone."""
        while True:
            with self._ready:
                while not self._queue and not self._closing:
                    self._ready.wait()
                if not self._queue:
                    return
                data = self._queue[0]
            try:
                self._write(data)
            except OSError:
                self.dead.set()
                self._queue.clear()
                return
            # Only what was taken counts as written.
            self._queue.popleft()

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


class TerminalDriver(linux_driver.LinuxDriver):
    """Textual's driver with the writer above."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._out: Writer | None = None

    @property
    def waiting(self) -> int:
        """How many writes the terminal has not taken yet."""
        return 0 if self._out is None else self._out.waiting

    @property
    def is_dead(self) -> bool:
        """Whether the terminal is gone."""
        return self._out is not None and self._out.dead.is_set()

    def start_application_mode(self) -> None:
        """Starts the writer, then takes the terminal."""
        self._out = Writer(sys.__stderr__.fileno() if sys.__stderr__ else 2)
        self._out.start()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def write(self, data: str) -> None:
        """Hands a text to the writer."""
        if self._out is not None:
            self._out.put(data)

    def close(self) -> None:
        """Ends the writer, after Textual's own that never got anything."""
        super().close()
        if self._out is not None:
            self._out.close()

    def _run_input_thread(self) -> None:
        """Reads keys; a terminal that is gone is no error of the program."""
        try:
            self.run_input_thread()
        except OSError:
            if self._out is not None:
                self._out.dead.set()


class ThinDriver(TerminalDriver):
    """One that sends only the cells that differ, for a line that is thin."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._differ = cells.Differ()
        self._is_moved = False

    def start_application_mode(self) -> None:
        """Takes the terminal, and hears when its size changes."""
        super().start_application_mode()
        taken = signal.getsignal(signal.SIGWINCH)

        def changed(number: int, frame: FrameType | None) -> None:
            self._is_moved = True
            if callable(taken):
                taken(number, frame)

        signal.signal(signal.SIGWINCH, changed)

    def process_message(self, message: textual_message.Message) -> None:
        """Hears of a new size from the terminal itself, too."""
        if isinstance(message, events.Resize):
            self._is_moved = True
        super().process_message(message)

    def write(self, data: str) -> None:
        """Hands on what the terminal does not show yet."""
        if self._is_moved:
            self._is_moved = False
            self._differ.forget()
        super().write(self._differ.shorten(data, self._app.size))
