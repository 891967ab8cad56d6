"""One turn of the engine: what it emits, and what it wants done outside."""

from collections.abc import Mapping
from typing import Any

import msgspec

from sting.engine import state
from sting.model import commands
from sting.model import events
from sting.model import orders
from sting.model import portfolio
from sting.model import records


class Place(msgspec.Struct, frozen=True, gc=False):
    """Send this order to the broker."""

    order: orders.Order


class Cancel(msgspec.Struct, frozen=True, gc=False):
    """Ask the broker to cancel this order."""

    order: orders.Order


class Replace(msgspec.Struct, frozen=True, gc=False):
    """Ask the broker to change this order."""

    order: orders.Order
    quantity: float | None
    price: float | None
    stop_price: float | None


class Start(msgspec.Struct, frozen=True, gc=False):
    """Start this strategy, in answer to the event of this number."""

    strategy: str
    seq: int


class Stop(msgspec.Struct, frozen=True, gc=False):
    """Stop this strategy, in answer to the event of this number."""

    strategy: str
    seq: int


class Reload(msgspec.Struct, frozen=True, gc=False):
    """Have this strategy go on with another version of its code.

    Attributes:
        strategy: Its name.
        seq: Number of the event that this answers.
        back: The version before the one that runs; else the files as they
            are now.
        given: All that is set by hand from now on, for the version that runs;
            None where no parameters are asked for.
    """

    strategy: str
    seq: int
    back: bool
    given: Mapping[str, Any] | None = None


class Follow(msgspec.Struct, frozen=True, gc=False):
    """Have the feed give the symbols that are followed now."""


class Hold(msgspec.Struct, frozen=True, gc=False):
    """Set the latch of the emergency stop, if it is not set.

    Attributes:
        who: Who halted trading.
        reason: Why.
        seq: Number of the halt's event: what was decided before is kept back.
    """

    who: str
    reason: str
    seq: int


class Release(msgspec.Struct, frozen=True, gc=False):
    """Lift the latch of the emergency stop."""


class Notify(msgspec.Struct, frozen=True, gc=False):
    """Show this event to the strategies that it concerns.

    Attributes:
        event: The event.
        order: The order after it, where it is about one.
        position: The position after it in the strategy's book, for a fill.
    """

    event: events.Event
    order: orders.Order | None = None
    position: portfolio.Position | None = None


Effect = (
    Place
    | Cancel
    | Replace
    | Start
    | Stop
    | Reload
    | Follow
    | Hold
    | Release
    | Notify
)
Report = orders.Fill | orders.OrderUpdate


class Step(msgspec.Struct, gc=False):
    """What came of one event.

    Attributes:
        events: It and what followed from it, numbered.
        effects: What to do once they are durable.
        result: The answer to a command.
    """

    events: list[events.Event]
    effects: list[Effect]
    result: commands.CommandResult | None = None


class Turn:
    """Collects what comes of one event.

    Attributes:
        state: The engine's state; `emit` applies to it.
        now: The time of the turn, nanoseconds since the epoch, UTC.
        events: What was emitted so far.
        effects: What is to be done once that is durable.
        result: The answer to a command.
        guarded: Whether any position was protected when it began.
    """

    def __init__(self) -> None:
        self.state = state.SystemState()
        self.now = 0
        self.events: list[events.Event] = []
        self.effects: list[Effect] = []
        self.result: commands.CommandResult | None = None
        self.guarded = False
        self._exits: dict[str, tuple[int, orders.Signal]] = {}

    def begin(self, now: int) -> None:
        """Begins a turn.

        Args:
            now: Its time, nanoseconds since the epoch, UTC.
        """
        self.now = now
        self.events = []
        self.effects = []
        self.result = None
        self.guarded = bool(self.state.guards)
        # Few or none wait, and bars come all the time.
        exits = self.state.exits
        if exits or self._exits:
            self._exits = dict(exits)

    def end(self) -> Step:
        """Gives what came of the turn."""
        if self._exits:
            self._tell_lost_exits()
        return Step(self.events, self.effects, self.result)

    def emit(
        self,
        kind: events.EventType,
        data: Any,
        source: str,
        symbol: str = '',
        cause: int = 0,
    ) -> events.Event:
        """Numbers an event and applies it.

        Args:
            kind: What happened.
            data: The payload.
            source: Who says so.
            symbol: The instrument; empty where none is meant.
            cause: Number of the event that led to it; 0 for none.

        Returns:
            The event.
        """
        now, system = self.now, self.state
        seq = system.seq = system.seq + 1
        system.time = now
        applier = system.appliers.get(kind)
        if applier is not None:
            applier(seq, data)
        event = events.Event(seq, now, kind, source, data, symbol, cause)
        self.events.append(event)
        return event

    def alert(
        self, severity: records.Severity, message: str, source: str, cause: int
    ) -> None:
        """Emits an alert.

        Args:
            severity: How much it matters.
            message: One sentence.
            source: The rule or part that raised it.
            cause: Number of the event that led to it.
        """
        self.emit(
            events.EventType.RISK_ALERT,
            records.Alert(severity=severity, message=message, source=source),
            'engine',
            cause=cause,
        )

    def refuse(
        self,
        signal: orders.Signal,
        gate: records.Gate,
        reason: str,
        cause: int,
    ) -> None:
        """Emits that a signal of the log becomes no order.

        Args:
            signal: What a strategy wants.
            gate: What stops it.
            reason: Why, for a person.
            cause: Number of the signal's event.
        """
        self.emit(
            events.EventType.SIGNAL_REFUSED,
            records.Refusal(
                order_id=signal.order_id,
                strategy=signal.strategy,
                gate=gate,
                reason=reason,
            ),
            'engine',
            signal.symbol,
            cause,
        )

    def _tell_lost_exits(self) -> None:
        """Tells of ways out that waited and will not be sent any more."""
        for order_id, (seq, signal) in self._exits.items():
            if order_id in self.state.exits or order_id in self.state.orders:
                continue
            gate, reason = records.Gate.EXIT, 'nothing was left to close'
            if self.state.trading is not records.TradingState.TRADING:
                gate = records.Gate.HALTED
                reason = f'{self.state.trading} by {self.state.halted_by}'
            elif signal.symbol in self.state.closing:
                reason = 'the operator flattens it'
            self.refuse(signal, gate, reason, seq)
