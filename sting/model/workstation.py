"""The one face that an engine shows to a screen, a socket or a script."""

from concurrent import futures
from typing import Protocol

from sting.model import commands
from sting.model import market
from sting.model import views


class Workstation(Protocol):
    """An engine, in this process or behind the control socket.

    Every method may be called from any thread. None of them waits for the
    engine but through the future that it returns.
    """

    def snapshot(self) -> views.Snapshot:
        """Gives the newest picture of the engine."""
        ...

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        """Gives the last closed bars of a symbol, oldest first."""
        ...

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        """Gives the last fills of a symbol, oldest first."""
        ...

    def lines(self, symbol: str, limit: int) -> tuple[views.Line, ...]:
        """Gives the indicators that strategies have of a symbol.

        Args:
            symbol: The instrument.
            limit: For so many of its last bars, at most.
        """
        ...

    def submit(
        self, command: commands.Command
    ) -> futures.Future[commands.CommandResult]:
        """Puts a command into the sequence.

        Args:
            command: What the operator wants.

        Returns:
            A future with the answer, once the command's event is durable.
        """
        ...

    def emergency_stop(self, who: str, reason: str, latched: int = 0) -> int:
        """Stops everything at once, whatever the engine is doing.

        Args:
            who: operator, signal, a rule's name, ...
            reason: Why, for the log.
            latched: The latch's count of pulls, where who asks has set it
                before; 0 otherwise.

        Returns:
            Which pull it is since the engine started, from 1; the report of
            it has the same number.
        """
        ...

    def judge(
        self, command: commands.SubmitOrder | commands.ReplaceOrder
    ) -> futures.Future[views.Judgement]:
        """Asks what risk would say of an order or a change; sends nothing.

        Args:
            command: What would be asked for.

        Returns:
            A future with every rule's figure; `InputError` or `RefusedError`
            where it would not even be judged.
        """
        ...

    def why(self, seq: int) -> futures.Future[tuple[views.Cause, ...]]:
        """Walks from an event back to what caused it.

        Args:
            seq: The event's number.

        Returns:
            A future with the event first and its first cause last.
        """
        ...

    def output(
        self, strategy: str, limit: int
    ) -> futures.Future[tuple[str, ...]]:
        """Reads what a strategy wrote to its log and printed last.

        Args:
            strategy: The instance's name.
            limit: At most so many lines.

        Returns:
            A future with the lines, oldest first.
        """
        ...

    def close(self) -> None:
        """Ends the engine in order, and waits until its log is closed."""
        ...
