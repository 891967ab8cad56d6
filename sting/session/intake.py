"""How what happens around the engine becomes events in its lanes."""

from collections.abc import Callable
from collections.abc import Sequence
import functools
import threading

from sting.broker import interface
from sting.engine import bus
from sting.engine import state
from sting.model import commands
from sting.model import events
from sting.model import orders
from sting.model import payload
from sting.model import records
from sting.model import stops
from sting.net import monitor

Refuse = Callable[[orders.Fill, str], str]

_T = events.EventType


class Intake:
    """Puts what the engine's own parts tell into the lanes.

    Made and called in the engine's thread; `report` in any.
    """

    def __init__(self, event_bus: bus.EventBus, refuse: Refuse) -> None:
        """Sets up the ways in.

        Args:
            event_bus: Takes what is told.
            refuse: Says why a fill is not to be booked now.
        """
        self._refuse = refuse
        self._bus = event_bus
        self._thread = threading.get_ident()

    def command(
        self,
        lane: bus.Lane,
        command: commands.Command,
        source: str,
        reply: bus.Reply | None = None,
    ) -> None:
        """Tells what a part of the engine asks for.

        Args:
            lane: The lane.
            command: What is asked for.
            source: Which part asks.
            reply: Called with the answer, once that is durable.
        """
        given = events.CommandGiven(command=command)
        self._bus.put(
            lane, bus.Incoming(_T.COMMAND, given, source, reply=reply)
        )

    def report(self, broker: str, report: interface.Told) -> None:
        """Tells what a broker reports."""
        source = f'broker:{broker}'
        kind = _T.ORDER_UPDATE
        refusal = None
        if isinstance(report, orders.Fill):
            kind = _T.FILL
            refusal = functools.partial(self._refuse, report, source)
        symbol = ''
        if isinstance(report, records.CashFlow):
            kind, symbol = _T.CASH_FLOW, report.symbol
        incoming = bus.Incoming(
            kind, report, source, symbol=symbol, refusal=refusal
        )
        if threading.get_ident() == self._thread:
            # At once: a bar taken in between could fill the order before its
            # acceptance is an event.
            self._bus.put(bus.Lane.REPORTS, incoming)
        else:
            self._bus.post(bus.Lane.REPORTS, incoming)

    def signals(
        self, name: str, cause: int, wanted: Sequence[orders.Signal]
    ) -> None:
        """Tells what a strategy wants.

        Args:
            name: The strategy.
            cause: Number of the event that it answered.
            wanted: What it wants.
        """
        for signal in wanted:
            self._put(_T.SIGNAL, signal, name, signal.symbol, cause)

    def stale(
        self, name: str, cause: int, wanted: Sequence[orders.Signal]
    ) -> None:
        """Tells what a strategy wants too late; as `signals`."""
        why = f'event {cause} was before {name} was started again'
        self._refuse_stale(name, cause, wanted, why)

    def late(
        self, name: str, cause: int, wanted: Sequence[orders.Signal]
    ) -> None:
        """Tells what came so late from another node; as `signals`."""
        why = f'it came too late after event {cause}; see late_s'
        self._refuse_stale(name, cause, wanted, why)

    def _refuse_stale(
        self, name: str, cause: int, wanted: Sequence[orders.Signal], why: str
    ) -> None:
        for signal in wanted:
            refusal = records.Refusal(
                order_id=signal.order_id,
                strategy=name,
                gate=records.Gate.STALE,
                reason=why,
                signal=signal,
            )
            self._put(_T.SIGNAL_REFUSED, refusal, name, signal.symbol, cause)

    def status(self, status: records.StrategyStatus, cause: int = 0) -> None:
        """Tells that a strategy changed its state; see `host.Status`."""
        self._put(_T.STRATEGY_STATUS, status, status.strategy, cause=cause)

    def saved(self, saved: records.StrategyState) -> None:
        """Tells what a strategy wants to know again after a restart."""
        self._put(_T.STRATEGY_STATE, saved, saved.strategy)

    def alert(
        self,
        message: str,
        source: str,
        severity: records.Severity = records.Severity.WARNING,
    ) -> None:
        """Tells something that a person should know."""
        alert = records.Alert(severity=severity, message=message, source=source)
        self._put(_T.RISK_ALERT, alert, 'engine', lane=bus.Lane.REPORTS)

    def system(
        self, status: str, detail: str, component: str = state.ENGINE
    ) -> None:
        """Tells that the engine, or a part of it, changed its state."""
        told = records.SystemStatus(
            component=component, status=status, detail=detail
        )
        self._put(_T.SYSTEM_STATUS, told, 'engine', lane=bus.Lane.REPORTS)

    def reconciliation(
        self, broker: str, found: records.Reconciliation
    ) -> None:
        """Tells in what a broker's book and ours differ."""
        self._put(
            _T.RECONCILIATION,
            found,
            f'broker:{broker}',
            lane=bus.Lane.REPORTS,
        )

    def stopped(self, report: stops.StopReport) -> None:
        """Tells what came of an emergency stop."""
        self._put(_T.STOP_REPORT, report, 'stop', lane=bus.Lane.REPORTS)

    def link(self, change: monitor.Change) -> None:
        """Tells that the connection to a broker changed."""
        told = records.SystemStatus(
            component=f'broker:{change.name}',
            status=change.state.value,
            detail=change.reason,
        )
        self._put(_T.SYSTEM_STATUS, told, 'engine', lane=bus.Lane.REPORTS)

    def _put(
        self,
        kind: events.EventType,
        data: payload.Payload,
        source: str,
        symbol: str = '',
        cause: int = 0,
        *,
        lane: bus.Lane = bus.Lane.ORDERS,
    ) -> None:
        self._bus.put(
            lane, bus.Incoming(kind, data, source, symbol=symbol, cause=cause)
        )
