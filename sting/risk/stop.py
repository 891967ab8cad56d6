"""The emergency stop: a way in of its own, which nothing can delay.

The flag is one byte of a small preallocated file that is mapped into memory:
setting it needs neither the engine's loop nor free space on the disk, and it
survives the process. Brokers read it in the last step before each send.
"""

from collections.abc import Callable
from collections.abc import Sequence
import mmap
import os
import pathlib
import queue
import threading

import msgspec

from sting.engine import clock as clocks
from sting.model import errors
from sting.model import orders
from sting.model import stops
from sting.risk import insisting

_SIZE = 4096
_PULLS = slice(8, 16)
_TEXT = 16
_SET = 1

# In the folder of a profile's state.
LATCH = 'halt.latch'

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
    def pulls(self) -> int:
        """How often it was set; another process sees that it was again."""
        return int.from_bytes(self._map[_PULLS], 'little')

    @property
    def reason(self) -> tuple[str, str]:
        """Who set it and why."""
        raw = bytes(self._map[_TEXT:]).split(b'\0', 1)[0]
        who, _, reason = raw.decode(errors='replace').partition('\n')
        return who, reason

    def set(self, who: str, reason: str, *, counts: bool = True) -> None:
        """Sets the flag at once; the text comes after it.

        Args:
            who: operator, signal, a rule's name, ...
            reason: Why.
            counts: Whether it is a pull that has not been counted, and that
                nobody else will count.
        """
        self._map[0] = _SET
        raw = f'{who}\n{reason}'.encode(errors='replace')[: _SIZE - _TEXT - 1]
        self._map[_TEXT : _TEXT + len(raw) + 1] = raw + b'\0'
        if counts:
            self._map[_PULLS] = (self.pulls + 1).to_bytes(8, 'little')

    def clear(self) -> None:
        """Lifts the flag; `sync` makes that durable."""
        self._map[0] = 0

    def sync(self) -> None:
        """Writes the flag to the disk."""
        self._map.flush()

    def close(self) -> None:
        """Closes the file; the flag stays as it is."""
        self._map.close()


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """One time that the stop was pulled.

    Attributes:
        number: Which one it is since the engine started, from 1.
        who: Who pulled it.
        reason: Why.
        at: When, by the machine's clock, nanoseconds since the epoch, UTC.
        since: When, in seconds of the clock that measures.
    """

    number: int
    who: str
    reason: str
    at: int
    since: float


# Cancels everything; given when the stop was pulled, in seconds of the clock
# that measures.
Cancel = Callable[[float], Sequence[stops.BrokerStop]]
# The same once more, at one broker.
Again = Callable[[float, str], stops.BrokerStop]


def _untold(report: stops.StopReport) -> None:
    """Tells nobody what came of a stop."""
    del report


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
        cancel: Cancel,
        announce: Callable[[str, str], None],
        report: Callable[[stops.StopReport], None] = _untold,
        time_source: clocks.Clock | None = None,
        again: Again | None = None,
    ) -> None:
        """Sets up the stop; its thread is started by `start`.

        Args:
            latch: The flag.
            cancel: Cancels everything at the brokers, on connections that do
                not need the engine's loop; called on the stop's thread.
            announce: Tells the engine who stopped it and why, without
                waiting; called from the thread that triggers.
            report: Takes what came of a stop, without waiting; called from
                the stop's thread.
            time_source: What measures; None for the machine's clock.
            again: Cancels once more at one broker, where the pull left a
                doubt, until there is none; None does not repeat.
        """
        self._again = again
        self._insisting: insisting.Insisting | None = None
        self._closed = False
        self._latch = latch
        self._cancel = cancel
        self._announce = announce
        self._report = report
        self._clock = time_source or clocks.LiveClock()
        self._pending = 0
        self.count = 0
        self._up_to: int | None = None
        # The latch's count of pulls up to which they are carried out.
        self._heeded = latch.pulls
        self._lock = threading.Lock()
        self._wake: queue.SimpleQueue[Pull | None] = queue.SimpleQueue()
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

    def trigger(self, who: str, reason: str, latched: int = 0) -> int:
        """Stops everything. May be called from any thread, at any time.

        Args:
            who: operator, signal, a rule's name, ...
            reason: Why.
            latched: Where the one who asks has set the latch before: its
                `pulls` then. It is the same pull, and no second one where
                it was heeded already. 0 otherwise.

        Returns:
            Which pull it is since the engine started, from 1.
        """
        with self._lock:
            if not (latched and self._latch.is_set):
                self._latch.set(who, reason)
            elif latched <= self._heeded:
                return self.count
            pull = self._pending_pull(who, reason)
        self._hand_over(pull)
        self._announce(who, reason)
        return pull.number

    def heed(self) -> None:
        """Pulls the stop where another process has set the latch."""
        with self._lock:
            if self._latch.pulls == self._heeded:
                return
            # A resume that did not see it may have lifted the flag.
            who, reason = self._latch.reason
            self._latch.set(who, reason, counts=False)
            pull = self._pending_pull(who, reason)
        self._hand_over(pull)
        self._announce(who, reason)

    def _pending_pull(self, who: str, reason: str) -> Pull:
        """Counts a pull that becomes an event; under the lock."""
        self._pending += 1
        return self._pulled(who, reason)

    def _pulled(self, who: str, reason: str) -> Pull:
        """Counts a pull of which the latch is set; under the lock."""
        self._heeded = self._latch.pulls
        self._insist_no_more()
        self.count += 1
        return Pull(
            number=self.count,
            who=who,
            reason=reason,
            at=self._clock.now(),
            since=self._clock.monotonic(),
        )

    def _hand_over(self, pull: Pull) -> None:
        """Leaves the cancels to the stop's thread."""
        self._wake.put(pull)

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
        """Sets the flag for a halt that was there before.

        Args:
            who: Who halted trading.
            reason: Why.
            up_to: Orders of events up to this number were decided before the
                halt and are kept back; None for all, later ones too.
        """
        self._hold(who, reason, up_to)

    def halt(self, who: str, reason: str, up_to: int) -> None:
        """Carries out a halt that the engine has decided, as a rule's.

        Where the stop was not pulled before, that is done now: the cancels
        go out on the stop's thread, and a report comes.

        Args:
            who: Who halted trading.
            reason: Why.
            up_to: As for `hold`.
        """
        pull = self._hold(who, reason, up_to)
        if pull is not None:
            self._hand_over(pull)

    def _hold(self, who: str, reason: str, up_to: int | None) -> Pull | None:
        """Sets the flag; gives the pull where it was not set before."""
        with self._lock:
            self._up_to = up_to
            if not self._latch.is_set:
                self._latch.set(who, reason)
            if self._latch.pulls == self._heeded:
                return None
            return self._pulled(who, reason)

    def release(self) -> bool:
        """Lifts the flag after a resume, unless a newer stop was pulled.

        Returns:
            Whether it is lifted.
        """
        with self._lock:
            if self._pending or self._latch.pulls != self._heeded:
                return False
            self._latch.clear()
            self._up_to = None
            self._insist_no_more()
        # Not under the lock: the next stop does not wait for the disk.
        self._latch.sync()
        return True

    def close(self) -> None:
        """Ends the thread; the flag stays as it is.

        The latch stays open, so that a stop pulled this late, or one whose
        cancels hang, still holds at the next start.
        """
        with self._lock:
            self._closed = True
            left = self._insist_no_more()
        if self._thread.is_alive():
            self._wake.put(None)
            self._thread.join(timeout=CLOSE_S)
        if left is not None:
            left.join(CLOSE_S)

    def _run(self) -> None:
        under_way: list[threading.Thread] = []
        while (pull := self._wake.get()) is not None:
            # One for each: a broker that hangs holds no later pull up.
            thread = threading.Thread(
                target=self._carry_out,
                args=(pull,),
                name=f'emergency stop {pull.number}',
                daemon=True,
            )
            thread.start()
            under_way = [each for each in under_way if each.is_alive()]
            under_way.append(thread)
        for each in under_way:
            each.join()

    def _carry_out(self, pull: Pull) -> None:
        """Cancels everything and tells what came of it."""
        # The boundary of the stop's thread: whatever goes wrong at a broker or
        # the disk is told, and the next stop works as well.
        try:
            report = self._reported(pull, self._cancel(pull.since))
            self._report(report)
            self._insist(pull, report)
            self._latch.sync()
        except Exception as error:  # noqa: BLE001
            with self._lock:
                self._pending += 1
            self._announce(
                'stop', f'the cancels failed, look at the broker: {error}'
            )

    def _insist(self, pull: Pull, report: stops.StopReport) -> None:
        """Has a pull that left a doubt repeated, unless there is a newer."""
        again = self._again
        if again is None:
            return
        with self._lock:
            if self._closed or pull.number != self.count or not self.is_set:
                return
            self._insisting = insisting.Insisting(
                report,
                lambda broker: again(pull.since, broker),
                self._report,
                lambda: self.is_set and self.count == pull.number,
                self._clock,
            )
            self._insisting.start()

    def _insist_no_more(self) -> insisting.Insisting | None:
        """Repeats no cancels from here on; gives what was at it."""
        last, self._insisting = self._insisting, None
        if last is not None:
            last.end()
        return last

    def _reported(
        self, pull: Pull, brokers: Sequence[stops.BrokerStop]
    ) -> stops.StopReport:
        return stops.StopReport(
            who=pull.who,
            reason=pull.reason,
            pull=pull.number,
            pulled=pull.at,
            took_ms=(self._clock.monotonic() - pull.since) * 1000.0,
            brokers=tuple(brokers),
        )
