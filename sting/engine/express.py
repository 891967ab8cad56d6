"""The short way of an order to a market that is played in this process.

Nearly all orders of a backtest are plain: they go from the signal to the
market's answer, and are filled whole, without anything else to be done. Here
they do so in one go: the same events with the same figures as the long way of
`wishes`, `desk` and the market's reports has them, and the same state after
them. All else is left to the long way.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from sting.engine import desk
from sting.engine import doors
from sting.engine import exits
from sting.engine import step
from sting.engine import wishes
from sting.model import checks
from sting.model import events
from sting.model import orders
from sting.model import records

# Takes a plain order at a moment, and says that it has accepted it.
Taker = Callable[[orders.Order, int], orders.OrderUpdate]

_SIGNAL: Final = events.EventType.SIGNAL
_REQUEST: Final = events.EventType.ORDER_REQUEST
_VERDICT: Final = events.EventType.RISK_VERDICT
_UPDATE: Final = events.EventType.ORDER_UPDATE
_FILL: Final = events.EventType.FILL
_POSITION: Final = events.EventType.POSITION_UPDATE
_SUBMITTED: Final = orders.OrderStatus.SUBMITTED
_ACCEPTED: Final = orders.OrderStatus.ACCEPTED
_APPROVE: Final = records.Decision.APPROVE
_replace = msgspec.structs.replace


class Express:
    """Carries plain orders to the market."""

    def __init__(
        self,
        turn: step.Turn,
        order_desk: desk.OrderDesk,
        symbols: frozenset[str],
        taker: Taker,
        source: str,
    ) -> None:
        """Opens the way.

        Args:
            turn: Collects what comes of it.
            order_desk: Has the orders that risk denies.
            symbols: What may be traded.
            taker: The market.
            source: What its reports are said to come from.
        """
        self._turn = turn
        self._desk = order_desk
        self._symbols = symbols
        self._taker = taker
        self._source = source

    def carry(self, signal: orders.Signal, strategy: str, cause: int) -> bool:
        """Carries what a strategy wants to the market, if it is plain.

        Args:
            signal: What it wants.
            strategy: Its name.
            cause: Number of the event that it answers.

        Returns:
            Whether it was; if not, nothing has happened.
        """
        order = self._order(signal)
        if order is None:
            return False
        turn = self._turn
        system, symbol, now = turn.state, order.symbol, turn.now
        wanted = system.seq + 1
        system.take_signal(signal, wanted, now)
        turn.events.append(
            events.Event(wanted, now, _SIGNAL, strategy, signal, symbol, cause)
        )
        verdict = self._desk.gate.evaluate_order(order, system)
        if verdict.decision is not _APPROVE or verdict.message:
            self._desk.judged(order, verdict, strategy)
            return True
        judged = wanted + 2
        submitted = _replace(
            order,
            status=_SUBMITTED,
            resting=_SUBMITTED,
            quantity=verdict.quantity,
            message=verdict.message,
            judged=judged,
        )
        update = self._taker(submitted, now)
        accepted = _replace(
            submitted, status=_ACCEPTED, broker_id=update.broker_id
        )
        system.take_working(accepted, judged + 1)
        told = events.Event(
            judged + 1, now, _UPDATE, self._source, update, symbol, judged
        )
        turn.events += (
            events.Event(
                wanted + 1, now, _REQUEST, strategy, order, symbol, wanted
            ),
            events.Event(
                judged, now, _VERDICT, 'risk', verdict, symbol, wanted + 1
            ),
            told,
        )
        turn.effects.append(step.Notify(told, accepted))
        return True

    def book(self, report: step.Report, now: int) -> step.Step | None:
        """Books the fill that ends an order, if nothing else comes of it.

        Args:
            report: What the market has made of a bar.
            now: The bar's time, nanoseconds since the epoch, UTC.

        Returns:
            What came of it; None where it has to go the long way, and nothing
            has happened.
        """
        system = self._turn.state
        order = system.orders.get(report.order_id)
        if (
            type(report) is not orders.Fill
            or order is None
            or order.status is not _ACCEPTED
            or order.filled
            or order.oco
            or order.parent
            or order.take_profit
            or order.stop_loss
            or system.exits
            or system.closing
            or system.brackets
            or not checks.belongs(report, order)
            or not checks.is_sound(report)
            or abs(report.quantity - order.quantity) > orders.DUST
        ):
            return None
        seq, symbol = system.seq + 1, report.symbol
        system.time = now
        whole, done, own = system.book_whole(report, order)
        system.seq = seq + 1
        told = events.Event(
            seq, now, _FILL, self._source, report, symbol, order.judged
        )
        moved = events.Event(
            seq + 1, now, _POSITION, 'engine', whole, symbol, seq
        )
        return step.Step([told, moved], [step.Notify(told, done, own)])

    def _order(self, signal: orders.Signal) -> orders.Order | None:
        """Gives the order of a signal; None where it goes the long way."""
        system = self._turn.state
        symbol = signal.symbol
        if (
            system.exits
            or system.closing
            or system.brackets
            or symbol not in self._symbols
            or signal.oco
            or not doors.is_plain(signal)
            or signal.order_id in system.orders
        ):
            return None
        status = system.strategies.get(signal.strategy)
        if status is not None and status.status in wishes.OUT:
            return None
        side, quantity = signal.side, signal.quantity
        if side is None or quantity is None or quantity <= orders.DUST:
            return None
        seq, now = system.seq, self._turn.now
        order = orders.Order(
            id=signal.order_id,
            symbol=symbol,
            side=side,
            quantity=quantity,
            strategy=signal.strategy,
            reason=signal.reason,
            created=now,
            updated=now,
            cause=seq + 1,
            seq=seq + 2,
            code=signal.code,
        )
        # The operator may have closed by hand what this is to close.
        return order if exits.left(system, order) == quantity else None
