"""Tells systemd, or whatever else started sting, how it is.

The protocol is that of sd_notify(3): lines of text to a datagram socket that
the environment names. Where none is named nothing is told.
"""

from collections.abc import MutableMapping
import contextlib
import os
import socket
from typing import Final
from typing import Self

from sting.engine import clock

_SOCKET: Final = 'NOTIFY_SOCKET'
_USEC: Final = 'WATCHDOG_USEC'
_PID: Final = 'WATCHDOG_PID'
# So often within the time after which a watchdog bites it is fed.
_SHARE: Final = 4


class Notifier:
    """The line to the supervisor.

    Attributes:
        watchdog_s: Seconds without a sign after which this process is killed;
            0 for never.
    """

    def __init__(
        self, address: str, watchdog_s: float, time_source: clock.Clock
    ) -> None:
        """Sets up a line.

        Args:
            address: The socket; @ begins one without a file; empty for none.
            watchdog_s: Seconds after which the watchdog bites; 0 for never.
            time_source: Measures them.
        """
        self.watchdog_s = watchdog_s
        self._address = (
            f'\0{address[1:]}' if address.startswith('@') else address
        )
        self._clock = time_source
        self._fed = -watchdog_s
        self._beats = -1
        self._said = ''

    @classmethod
    def find(
        cls, environ: MutableMapping[str, str], time_source: clock.Clock
    ) -> Self:
        """Makes the line that the environment names.

        Its variables are taken out, so that no process started here speaks for
        this one.

        Args:
            environ: The environment.
            time_source: Measures the watchdog's time.
        """
        address = environ.pop(_SOCKET, '')
        usec, pid = environ.pop(_USEC, ''), environ.pop(_PID, '')
        meant = not pid or pid == str(os.getpid())
        watchdog_s = int(usec) / 1e6 if usec.isdecimal() and meant else 0.0
        return cls(address, watchdog_s if address else 0.0, time_source)

    def ready(self, words: str) -> None:
        """Says that the engine works.

        Args:
            words: How it is, in one line.
        """
        self._said = words
        self._send('READY=1', f'STATUS={words}')

    def say(self, words: str) -> None:
        """Says how the engine is, where that has changed.

        Args:
            words: One line.
        """
        if words != self._said:
            self._said = words
            self._send(f'STATUS={words}')

    def beat(self, beats: int) -> None:
        """Feeds the watchdog, if the engine has turned since it was fed.

        Args:
            beats: How often the engine's loop has turned.
        """
        now = self._clock.monotonic()
        due = now - self._fed >= self.watchdog_s / _SHARE
        if self.watchdog_s and due and beats != self._beats:
            self._fed, self._beats = now, beats
            self._send('WATCHDOG=1')

    def stopping(self) -> None:
        """Says that the engine ends in order."""
        self._send('STOPPING=1', 'STATUS=ends in order')

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        # A supervisor that does not listen is not worth ending for, nor one
        # that is so busy that it would have to be waited for.
        with (
            contextlib.suppress(OSError),
            socket.socket(
                socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
            ) as line,
        ):
            line.sendto('\n'.join(lines).encode(), self._address)
