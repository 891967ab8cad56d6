"""The report of an emergency stop: what the engine knows of it is added."""

from collections.abc import Callable

import msgspec

from sting.engine import bus
from sting.engine import step
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.model import stops

_T = events.EventType
_S = orders.OrderStatus
_HALTED = records.TradingState.HALTED
# Besides attached exits, what is there to limit a loss.
_PROTECTIVE = frozenset(
    {
        orders.OrderType.STOP,
        orders.OrderType.STOP_LIMIT,
        orders.OrderType.TRAILING_STOP,
    }
)


class Stops:
    """Follows the orders that a halt meets, until trading is resumed.

    Attributes:
        is_pulled: Whether the stop's flag is set, of which the event may still
            be on its way.
    """

    def __init__(self, turn: step.Turn) -> None:
        self.is_pulled: Callable[[], bool] = _never
        self._turn = turn
        self._met: dict[str, orders.Order] = {}
        self._withheld: dict[str, None] = {}

    def begin(self) -> None:
        """Notes what works when trading is halted, before the cancels."""
        self._met |= {one.id: one for one in self._turn.state.working()}

    def lose(self, order: orders.Order) -> None:
        """Notes an order that a broker is about to tell as cancelled.

        Another process may have cancelled it for the stop before the halt is
        an event.

        Args:
            order: The order as it worked.
        """
        if self._turn.state.trading is not _HALTED and self.is_pulled():
            self._met[order.id] = order

    def end(self) -> None:
        """Forgets the halt, which is lifted."""
        self._met.clear()
        self._withheld.clear()

    def withhold(self, order_id: str) -> None:
        """Notes an order that was let go and kept from the broker."""
        self._withheld[order_id] = None

    def is_settled(self, report: stops.StopReport) -> bool:
        """Whether all is told of what the halt met.

        Args:
            report: What the brokers told.
        """
        return not self._left(report)

    def take(self, incoming: bus.Incoming) -> None:
        """Makes an event and an alert of a report.

        Args:
            incoming: The report, as the brokers gave it.
        """
        report: stops.StopReport = incoming.data
        report = msgspec.structs.replace(
            report,
            bare=self._bare(),
            withheld=self._kept_back(report),
            left=self._left(report),
            also=self._also(report),
        )
        event = self._turn.emit(_T.STOP_REPORT, report, incoming.source)
        self._turn.alert(
            records.Severity.CRITICAL,
            stops.in_words(report),
            'stop',
            event.seq,
        )

    def _bare(self) -> tuple[stops.BarePosition, ...]:
        book = self._turn.state.portfolio
        found = [
            stops.BarePosition(
                symbol=symbol,
                quantity=book.quantity(symbol),
                exits=self._lost_exits(symbol, book.quantity(symbol)),
            )
            for symbol in book.held
        ]
        return tuple(sorted(found, key=lambda one: not one.exits))

    def _lost_exits(self, symbol: str, held: float) -> tuple[str, ...]:
        return tuple(
            one.id
            for one in self._met.values()
            if one.symbol == symbol
            and one.side.sign * held < 0
            and (one.parent or one.type in _PROTECTIVE)
            and self._now(one).status is not _S.FILLED
        )

    def _kept_back(self, report: stops.StopReport) -> tuple[str, ...]:
        named = {*report.cancelled, *report.unknown}
        never_sent = {
            one.id: None
            for one in self._met.values()
            if one.status is _S.SUBMITTED
            and one.id not in named
            and self._now(one).status is _S.CANCELLED
            and not self._now(one).broker_id
        }
        return tuple(self._withheld | never_sent)

    def _also(self, report: stops.StopReport) -> tuple[str, ...]:
        named = {*report.cancelled, *report.unknown}
        return tuple(
            one.id
            for one in self._met.values()
            if one.id not in named
            and self._now(one).status is _S.CANCELLED
            and (one.status is not _S.SUBMITTED or self._now(one).broker_id)
        )

    def _left(self, report: stops.StopReport) -> tuple[str, ...]:
        named = {*report.cancelled, *report.unknown}
        return tuple(
            one.id
            for one in self._met.values()
            if one.id not in named and self._now(one).is_working
        )

    def _now(self, order: orders.Order) -> orders.Order:
        """Gives an order as it is now; as it was where that is forgotten."""
        return self._turn.state.orders.get(order.id, order)


def _never() -> bool:
    return False
