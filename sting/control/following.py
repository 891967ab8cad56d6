"""Follows the pictures of an engine in another process."""

from collections.abc import Callable
import contextlib
import pathlib
import socket
import threading

import msgspec

from sting import version
from sting.control import client
from sting.control import pictures
from sting.control import protocol
from sting.model import errors
from sting.model import views

# An engine is lost when nothing came for so long: it says something each
# second, unless a call into C holds its interpreter.
SILENT_S = 5.0
RETRY_S = 0.5
_CLOSE_S = 1.0


class Follower:
    """Reads frames on a thread of its own, and connects again when lost.

    Attributes:
        pid: The engine's process; 0 before the first connection.
    """

    def __init__(
        self,
        path: pathlib.Path,
        profile: str,
        frames_per_s: float,
        took: Callable[[views.Snapshot], None],
        lost: Callable[[str], None],
    ) -> None:
        """Makes one that is not connected yet.

        Args:
            path: The control socket.
            profile: The engine's profile, for messages.
            frames_per_s: How many pictures it wants a second, at most.
            took: Takes each picture.
            lost: Takes why there are no more, each time that it is tried.
        """
        self.pid = 0
        self._path = path
        self._profile = profile
        self._frames_per_s = frames_per_s
        self._took = took
        self._lost = lost
        self._closing = threading.Event()
        self._connection: socket.socket | None = None
        self._joiner = pictures.Joiner()
        self._thread = threading.Thread(
            target=self._run, name='sting-follow', daemon=True
        )

    def start(self) -> None:
        """Connects and takes the first picture; then the thread goes on.

        Raises:
            errors.NotRunningError: Nobody listens.
            errors.RefusedError: The engine is of another version.
            errors.StingError: It gave no picture.
        """
        try:
            self._connect()
            self._read()
        except BaseException:
            self._hang_up()
            raise
        self._thread.start()

    def close(self) -> None:
        """Hangs up."""
        self._closing.set()
        self._hang_up()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                if self._connection is None:
                    self._connect()
                self._read()
            except errors.StingError as error:
                self._hang_up()
                if not self._closing.is_set():
                    self._lost(str(error))
                    self._closing.wait(RETRY_S)

    def _connect(self) -> None:
        connection = client.connect(self._path, SILENT_S)
        if connection is None:
            raise client.not_running(self._profile)
        self._connection = connection
        self._joiner = pictures.Joiner()
        try:
            found = client.ask(connection, 'attach', read_only=True)
        except errors.InputError:
            raise _other('of another version') from None
        if found['version'] != version.__version__:
            raise _other(found['version'])
        self.pid = found['pid']
        watch = protocol.Watch(frames_per_s=self._frames_per_s)
        self._send(msgspec.json.encode(watch) + b'\n')

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _read(self) -> None:
        """Takes one frame."""
        length = int.from_bytes(self._receive(pictures.HEAD_BYTES), 'big')
        if length > pictures.FRAME_BYTES:
            raise errors.StingError(f'a picture of {length:,} bytes is none')
        try:
            picture = self._joiner.decode(self._receive(length))
        except (msgspec.MsgspecError, IndexError) as error:
            raise errors.StingError(
                f'what the engine sent is no picture: {error}'
            ) from None
        self._took(picture)

    def _send(self, line: bytes) -> None:
        try:
            if self._connection is not None:
                self._connection.sendall(line)
        except OSError as error:
            raise errors.StingError(
                f'the engine hung up: {error.strerror}'
            ) from None

    def _receive(self, length: int) -> bytearray:
        connection = self._connection
        found = bytearray()
        while connection is not None and len(found) < length:
            try:
                part = connection.recv(min(length - len(found), 1 << 20))
            except TimeoutError:
                raise errors.StingError(
                    f'the engine has said nothing for {SILENT_S:g} s'
                ) from None
            except OSError as error:
                raise errors.StingError(
                    f'the engine hung up: {error.strerror}'
                ) from None
            if not part:
                break
            found += part
        if len(found) < length:
            raise errors.StingError('the engine hung up')
        return found


def _other(theirs: str) -> errors.RefusedError:
    return errors.RefusedError(
        f'the engine runs sting {theirs}, this is {version.__version__}: end '
        'the engine and start it anew, or attach with its own version'
    )
