"""An engine that is still being opened.

The first frame is painted before the engine's libraries are loaded, and the
emergency stop works from that frame on.
"""

from collections.abc import Callable
from concurrent import futures
import threading

import msgspec

from sting.model import commands
from sting.model import errors
from sting.model import market
from sting.model import views
from sting.model import workstation


def is_opening(snapshot: views.Snapshot) -> bool:
    """Whether a picture is from before the engine said anything."""
    return not snapshot.pid


class Opening:
    """Stands for a workstation until it is open, and hands on to it then.

    It is a `model.workstation.Workstation`.
    """

    def __init__(
        self,
        opener: Callable[
            [Callable[[workstation.Workstation], None]],
            workstation.Workstation,
        ],
        first: views.Snapshot,
    ) -> None:
        """Prepares to open.

        Args:
            opener: Opens the engine; raises a StingError when it cannot. It
                hands over what can be stopped before it starts it.
            first: What is shown until then.
        """
        self._opener = opener
        self._first = first
        self._real: workstation.Workstation | None = None
        self._made: workstation.Workstation | None = None
        self._lock = threading.Lock()
        self._stop: tuple[str, str, int] | None = None
        self._closed = False

    def open(self) -> None:
        """Opens the engine; takes as long as that takes.

        Raises:
            errors.StingError: It could not be opened; nothing of it runs.
        """
        real = self._opener(self._take)
        with self._lock:
            closed = self._closed
            if not closed:
                self._real = real
        if closed:
            real.close()

    def _take(self, made: workstation.Workstation) -> None:
        """Takes what can be stopped from now on, started or not."""
        with self._lock:
            self._made = made
            stop = self._stop
        if stop is not None:
            made.emergency_stop(*stop)

    @property
    def is_open(self) -> bool:
        """Whether there is an engine behind it."""
        return self._real is not None

    def snapshot(self) -> views.Snapshot:
        """Gives the newest picture; an empty one until it is open."""
        return self._first if self._real is None else self._real.snapshot()

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        """Gives the last closed bars of a symbol, oldest first."""
        return () if self._real is None else self._real.bars(symbol, limit)

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        """Gives the last fills of a symbol, oldest first."""
        return () if self._real is None else self._real.marks(symbol, limit)

    def lines(self, symbol: str, limit: int) -> tuple[views.Line, ...]:
        """Gives the indicators that strategies have of a symbol."""
        return () if self._real is None else self._real.lines(symbol, limit)

    def submit(
        self, command: commands.Command
    ) -> futures.Future[commands.CommandResult]:
        """Puts a command into the sequence.

        Args:
            command: What the operator wants.

        Returns:
            A future with the answer.

        Raises:
            errors.NotRunningError: The engine is still opening.
        """
        return self._opened().submit(command)

    def emergency_stop(self, who: str, reason: str, latched: int = 0) -> int:
        """Stops everything at once, before the engine starts too."""
        with self._lock:
            made = self._made
            if made is None:
                self._stop = who, reason, latched
            if self._real is None:
                self._first = msgspec.structs.replace(
                    self._first, halting=True, reason=f'{who}: {reason}'
                )
        # What is kept until the engine is made will be its first.
        return 1 if made is None else made.emergency_stop(who, reason, latched)

    def judge(
        self, command: commands.SubmitOrder | commands.ReplaceOrder
    ) -> futures.Future[views.Judgement]:
        """Asks what risk would say of an order or a change."""
        return self._opened().judge(command)

    def why(self, seq: int) -> futures.Future[tuple[views.Cause, ...]]:
        """Walks from an event back to what caused it."""
        return self._opened().why(seq)

    def output(
        self, strategy: str, limit: int
    ) -> futures.Future[tuple[str, ...]]:
        """Reads what a strategy wrote and printed last."""
        return self._opened().output(strategy, limit)

    def close(self) -> None:
        """Ends the engine in order; one that still opens is closed then."""
        with self._lock:
            self._closed = True
            real = self._real
        if real is not None:
            real.close()

    def _opened(self) -> workstation.Workstation:
        if self._real is None:
            raise errors.NotRunningError('the engine is still opening')
        return self._real
