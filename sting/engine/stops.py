"""What a stop leaves alone, and what the engine knows for the report of it."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator

import msgspec

from sting.engine import bus
from sting.engine import state
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


def protective(system: state.SystemState) -> tuple[orders.Order, ...]:
    """Gives the working orders that protect what is held.

    Those are attached exits, and stops that shrink a position: of these no
    more than it takes to close it, those that came first.

    Args:
        system: The state; it may be another thread's, and in use there.
    """
    # One call into C, which no other thread can come in between.
    working = list(system.working())
    found = [
        one
        for one in working
        # What waits for its entry goes with it, and protects nothing yet.
        if one.parent and one.free > orders.DUST and _shrinks(system, one)
    ]
    covered = _covered(found)
    for one in working:
        if one.parent or one.type not in _PROTECTIVE:
            continue
        place = one.broker, one.symbol
        more = covered.get(place, 0.0) + one.remaining
        held = abs(system.account_at(one.broker).quantity(one.symbol))
        if _shrinks(system, one) and more <= held + orders.DUST:
            covered[place] = more
            found.append(one)
    return tuple(found)


def _shrinks(system: state.SystemState, order: orders.Order) -> bool:
    held = system.account_at(order.broker).quantity(order.symbol)
    return order.side.sign * held < 0


def _covered(exits: Iterable[orders.Order]) -> dict[tuple[str, str], float]:
    """Gives the units that exits close, by broker and symbol.

    Of those of which one cancels the others only one is filled.
    """
    groups: dict[tuple[str, str, str], float] = {}
    for one in exits:
        group = one.broker, one.symbol, one.oco or one.id
        groups[group] = max(groups.get(group, 0.0), one.free)
    found: dict[tuple[str, str], float] = {}
    for (broker, symbol, _), units in groups.items():
        place = broker, symbol
        found[place] = found.get(place, 0.0) + units
    return found


class Stops:
    """Follows the orders that a halt meets, until trading is resumed.

    Attributes:
        is_pulled: Whether the stop's flag is set, of which the event may still
            be on its way.
        keeps: Whether a stop leaves protective orders at the broker.
    """

    def __init__(self, turn: step.Turn) -> None:
        self.is_pulled: Callable[[], bool] = _never
        self.keeps = False
        self._turn = turn
        self._kept: frozenset[str] = frozenset()
        self._met: dict[str, orders.Order] = {}
        self._withheld: dict[str, None] = {}

    def begin(self) -> None:
        """Notes what works when trading is halted, before the cancels."""
        self._met |= {one.id: one for one in self._turn.state.working()}
        self._kept = self.to_keep()

    def to_keep(self) -> frozenset[str]:
        """Gives the orders that a stop leaves at the broker; from any thread.

        Those that came after a halt are not among them: the next stop takes
        them out.
        """
        if not self.keeps:
            return frozenset()
        return frozenset(one.id for one in protective(self._turn.state))

    def after(self) -> frozenset[str]:
        """Gives what works and came after the halt; from any thread.

        That is the flatten, which a stop that is repeated leaves alone.
        """
        if self._turn.state.trading is not _HALTED:
            return frozenset()
        working = list(self._turn.state.working())
        return frozenset(one.id for one in working if one.id not in self._met)

    def protects(self, symbol: str) -> bool:
        """Whether something that the stop has left alone protects a symbol."""
        return any(
            one.symbol == symbol and self._is_kept(one)
            for one in self._met.values()
        )

    def to_cancel(self) -> Iterator[orders.Order]:
        """Gives the working orders that a halt takes out."""
        for one in self._turn.state.working():
            if one.id not in self._kept:
                yield one

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
        self._kept = frozenset()
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
            kept=self._still_kept(report),
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
                kept=tuple(
                    one.id
                    for one in self._met.values()
                    if one.symbol == symbol and self._is_kept(one)
                ),
            )
            for symbol in book.held
        ]
        return tuple(
            sorted(found, key=lambda one: (not one.exits, bool(one.kept)))
        )

    def _is_kept(self, order: orders.Order) -> bool:
        return order.id in self._kept and self._now(order).is_working

    def _still_kept(self, report: stops.StopReport) -> tuple[str, ...]:
        named = {*report.cancelled, *report.unknown}
        return tuple(
            one.id
            for one in self._met.values()
            if one.id not in named and self._is_kept(one)
        )

    def _lost_exits(self, symbol: str, held: float) -> tuple[str, ...]:
        return tuple(
            one.id
            for one in self._met.values()
            if one.symbol == symbol
            and one.side.sign * held < 0
            and (one.parent or one.type in _PROTECTIVE)
            and self._now(one).status is not _S.FILLED
            and not self._is_kept(one)
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
            if one.id not in named
            and one.id not in self._kept
            and self._now(one).is_working
        )

    def _now(self, order: orders.Order) -> orders.Order:
        """Gives an order as it is now; as it was where that is forgotten."""
        return self._turn.state.orders.get(order.id, order)


def _never() -> bool:
    return False
