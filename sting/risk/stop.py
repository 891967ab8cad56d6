"""The emergency stop: a way in of its own, which nothing can delay.

The flag is one byte of a small preallocated file that is mapped into memory:
setting it needs neither the engine's loop nor free space on the disk, and it
survives the process. Brokers read it in the last step before each send.
"""

from collections.abc import Callable
import mmap
import os
import pathlib
import queue
import threading

from sting.model import errors
from sting.model import orders

_SIZE = 4096
_TEXT = 16
_SET = 1

CLOSE_S = 2.0


class Latch:
    """The flag, in memory and on disk at once."""

    def __init__(self, path: pathlib.Path) -> None:
        """Opens the latch; makes its file, for its owner only.

        Args:
            path: The file.

        Raises:
            errors.JournalWriteError: There is no room for it, or it may not
                be written.
        """
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if os.fstat(file).st_size < _SIZE:
                    os.posix_fallocate(file, 0, _SIZE)
                self._map = mmap.mmap(file, _SIZE)
            finally:
                os.close(file)
        except OSError as error:
            raise errors.JournalWriteError(
                f'{path} cannot be written: {error.strerror}; make room on '
                'the disk, or set STING_HOME to a folder that can be written'
            ) from None

    @property
    def is_set(self) -> bool:
        """Whether everything is to stand still."""
        return self._map[0] == _SET

    @property
    def reason(self) -> tuple[str, str]:
        """Who set it and why."""
        raw = bytes(self._map[_TEXT:]).split(b'\0', 1)[0]
        who, _, reason = raw.decode(errors='replace').partition('\n')
        return who, reason

    def set(self, who: str, reason: str) -> None:
        """Sets the flag at once; the text comes after it.

        Args:
            who: operator, signal, a rule's name, ...
            reason: Why.
        """
        self._map[0] = _SET
        raw = f'{who}\n{reason}'.encode(errors='replace')[: _SIZE - _TEXT - 1]
        self._map[_TEXT : _TEXT + len(raw) + 1] = raw + b'\0'

    def clear(self) -> None:
        """Lifts the flag; `sync` makes that durable."""
        self._map[0] = 0

    def sync(self) -> None:
        """Writes the flag to the disk."""
        self._map.flush()

    def close(self) -> None:
        """Closes the file; the flag stays as it is."""
        self._map.close()


class EmergencyStop:
    """Sets the latch from any thread, then cancels on a thread of its own.

    Setting the flag and waking the thread is all that `trigger` does, so it
    returns at once whatever the engine or a broker is doing.

    Attributes:
        count: How often it was pulled.
    """

    def __init__(
        self,
        latch: Latch,
        cancel: Callable[[], None],
        announce: Callable[[str, str], None],
    ) -> None:
        """Sets up the stop; its thread is started by `start`.

        Args:
            latch: The flag.
            cancel: Cancels everything at the brokers, on connections that do
                not need the engine's loop; called on the stop's thread.
            announce: Tells the engine who stopped it and why, without
                waiting; called from the thread that triggers.
        """
        self._latch = latch
        self._cancel = cancel
        self._announce = announce
        self._pending = 0
        self.count = 0
        self._up_to: int | None = None
        self._lock = threading.Lock()
        self._wake: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name='emergency stop', daemon=True
        )

    def start(self) -> None:
        """Starts the thread; a stop pulled before is carried out then.

        Not earlier than the signals are blocked that are the stop, or the
        thread would take them and end the process.
        """
        self._thread.start()

    @property
    def is_set(self) -> bool:
        """Whether everything is to stand still."""
        return self._latch.is_set

    @property
    def reason(self) -> tuple[str, str]:
        """Who stopped everything and why."""
        return self._latch.reason

    @property
    def pending(self) -> bool:
        """Whether a stop was pulled that is not yet an event."""
        return self._pending > 0

    def trigger(self, who: str, reason: str) -> None:
        """Stops everything. May be called from any thread, at any time.

        Args:
            who: operator, signal, a rule's name, ...
            reason: Why.
        """
        with self._lock:
            self._latch.set(who, reason)
            self._pending += 1
            self.count += 1
        self._wake.put(True)
        self._announce(who, reason)

    def logged(self) -> None:
        """Notes that the event of one trigger is durable."""
        with self._lock:
            self._pending = max(0, self._pending - 1)

    def withholds(self, order: orders.Order) -> bool:
        """Whether an order is kept from the broker.

        What risk admits once the halt is an event is the operator's typed
        flatten, and goes out; until then nothing does.

        Args:
            order: The order, about to be sent.
        """
        if not self._latch.is_set:
            return False
        up_to = self._up_to
        return self.pending or up_to is None or order.seq <= up_to

    def hold(self, who: str, reason: str, up_to: int | None = None) -> None:
        """Sets the flag for a halt that came as an event.

        Args:
            who: Who halted trading.
            reason: Why.
            up_to: Orders of events up to this number were decided before the
                halt and are kept back; None for all, later ones too.
        """
        with self._lock:
            if not self._latch.is_set:
                self._latch.set(who, reason)
            self._up_to = up_to

    def release(self) -> bool:
        """Lifts the flag after a resume, unless a newer stop was pulled.

        Returns:
            Whether it is lifted.
        """
        with self._lock:
            if self._pending:
                return False
            self._latch.clear()
            self._up_to = None
        # Not under the lock: the next stop does not wait for the disk.
        self._latch.sync()
        return True

    def close(self) -> None:
        """Ends the thread; the flag stays as it is.

        The latch stays open, so that a stop pulled this late, or one whose
        cancels hang, still holds at the next start.
        """
        if self._thread.is_alive():
            self._wake.put(False)
            self._thread.join(timeout=CLOSE_S)

    def _run(self) -> None:
        while self._wake.get():
            # The boundary of the stop's thread: whatever goes wrong at a
            # broker or the disk is told, and the next stop works as well.
            try:
                self._cancel()
                self._latch.sync()
            except Exception as error:  # noqa: BLE001
                with self._lock:
                    self._pending += 1
                self._announce(
                    'stop', f'the cancels failed, look at the broker: {error}'
                )
