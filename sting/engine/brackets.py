"""Attached exits: take profit and stop loss, made of an order's fills.

The exits of an order P are orders of their own, `P-tp` and `P-sl`. How much
they are to cover follows from the state: what P's fills brought, less what
its exits took (`SystemState.brackets`), and never more than their owner holds.
After every step in which that changed they are held against it, so it makes no
difference whether the broker knows groups, or what it missed meanwhile.
"""

from collections.abc import Iterator

import msgspec

from sting.engine import desk
from sting.engine import exits
from sting.engine import step
from sting.model import events
from sting.model import orders
from sting.model import protection
from sting.model import records

_T = events.EventType
_S = orders.OrderStatus
_CHANGEABLE = frozenset({_S.ACCEPTED, _S.PARTIALLY_FILLED})
# Sums of fills may differ by this share of an order's quantity.
_ROUNDING = 1e-9


class _Plan(msgspec.Struct):
    """What exits of one order are to cover.

    Attributes:
        entry: The order that they exit.
        part: Units.
        working: Those that work.
    """

    entry: str
    part: float
    working: list[orders.Order]


class Brackets:
    """Keeps attached exits as large as what they are there to close."""

    def __init__(self, turn: step.Turn, order_desk: desk.OrderDesk) -> None:
        self._turn = turn
        self._desk = order_desk

    def tend(self) -> None:
        """Holds the exits that this turn may concern against the state."""
        for symbol, cause in self._touched().items():
            for plan in self._plans(symbol):
                for order in plan.working:
                    self._fit(order, plan.part, cause)
                if not plan.working:
                    self._make(plan)

    def _touched(self) -> dict[str, events.Event]:
        """Gives the symbols that were traded, or whose exits were told of."""
        system = self._turn.state
        found = {}
        for event in self._turn.events:
            if event.symbol not in system.brackets:
                continue
            if event.type is _T.FILL:
                found[event.symbol] = event
            elif event.type is _T.ORDER_UPDATE:
                order = system.orders.get(event.data.order_id)
                if (
                    order is not None
                    and order.parent
                    and not protection.guards(order)
                ):
                    found[event.symbol] = event
        return found

    def _filled(self, symbol: str) -> dict[str, list[events.Event]]:
        """Gives the fills of this turn that make exits, by order."""
        entries = self._turn.state.brackets[symbol]
        found: dict[str, list[events.Event]] = {}
        for event in self._turn.events:
            if event.type is _T.FILL and event.data.order_id in entries:
                found.setdefault(event.data.order_id, []).append(event)
        return found

    def _plans(self, symbol: str) -> Iterator[_Plan]:
        """Gives what the exits of each order are to cover, the oldest first.

        Where their owner holds less, the oldest give way.
        """
        system = self._turn.state
        groups: dict[str, list[orders.Order]] = {}
        for order in system.working(symbol):
            if (
                order.parent
                and order.status is not _S.PENDING_CANCEL
                and not protection.guards(order)
            ):
                groups.setdefault(order.parent, []).append(order)
        for entry in self._filled(symbol):
            groups.setdefault(entry, [])
        rooms: dict[tuple[str, orders.OrderSide], float] = {}
        plans = []
        for entry, working in reversed(groups.items()):
            if working:
                owner = working[0].strategy, working[0].side
            else:
                order = system.orders[entry]
                owner = order.strategy, order.side.opposite
            if owner not in rooms:
                standing = exits.standing(system, owner[0], symbol)
                rooms[owner] = exits.room(owner[1], *standing)
            part = min(system.brackets[symbol].get(entry, 0.0), rooms[owner])
            rooms[owner] -= part
            plans.append(_Plan(entry, part, working))
        return reversed(plans)

    def _fit(
        self, order: orders.Order, part: float, cause: events.Event
    ) -> None:
        """Has an exit changed that covers more or less than it is to."""
        slack = max(orders.DUST, order.quantity * _ROUNDING)
        if part <= slack:
            self._desk.cancel(
                order, 'nothing is left for it to close', cause.seq
            )
        elif (
            abs(order.remaining - part) > slack and order.status in _CHANGEABLE
        ):
            wanted = order.filled + part
            refused = self._refused(order) or self._change(order, wanted, cause)
            if not refused:
                return
            told = f'covers {order.remaining:g} {order.symbol} instead of'
            if order.remaining > part:
                told = f'is cancelled, as it {told}'
                self._desk.cancel(
                    order, f'it could not be made smaller: {refused}', cause.seq
                )
            self._turn.alert(
                records.Severity.CRITICAL,
                f'{order.id} {told} {part:g}: {refused}',
                'orders',
                cause.seq,
            )

    def _change(
        self, order: orders.Order, quantity: float, cause: events.Event
    ) -> str:
        """Asks for another quantity, and says why it may not be."""
        verdict = self._desk.replace(order, cause.seq, quantity=quantity)
        if verdict.decision is records.Decision.APPROVE:
            return ''
        return verdict.message

    def _refused(self, order: orders.Order) -> str:
        """Says why the broker has just refused to change an exit.

        It is not asked again before something else happens.
        """
        for event in self._turn.events:
            if event.type is _T.ORDER_UPDATE and event.source != 'engine':
                told: orders.OrderUpdate = event.data
                if told.order_id == order.id and told.message:
                    return told.message
        return ''

    def _make(self, plan: _Plan) -> None:
        """Sends the exits of what an order has just been filled for."""
        system = self._turn.state
        entry = system.orders[plan.entry]
        symbol = entry.symbol
        closing = symbol in system.closing or system.exit_of(
            entry.strategy, symbol
        )
        if plan.part <= orders.DUST or closing:
            return
        fills = self._filled(symbol)[entry.id]
        fill = fills[-1]
        # The names of exits that are done are not used again.
        now = sum(each.data.quantity for each in fills)
        first = entry.filled <= now + orders.DUST
        ending = '' if first else f'-{fill.seq}'
        kinds = (
            ('tp', orders.OrderType.LIMIT, 'take profit', entry.take_profit),
            ('sl', orders.OrderType.STOP, 'stop loss', entry.stop_loss),
        )
        for name, kind, words, level in kinds:
            if level is None:
                continue
            is_limit = kind is orders.OrderType.LIMIT
            order = orders.Order(
                id=f'{entry.id}-{name}{ending}',
                symbol=symbol,
                side=entry.side.opposite,
                quantity=plan.part,
                type=kind,
                price=level if is_limit else None,
                stop_price=None if is_limit else level,
                strategy=entry.strategy,
                reason=f'{words} of {entry.id}',
                code=entry.code,
                parent=entry.id,
                oco=entry.id,
            )
            self._desk.request(order, fill, source='engine')
