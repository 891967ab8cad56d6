"""Attached exits: take profit and stop loss of an order.

The exits of an order P are orders of their own, `P-tp` and `P-sl`. Brokers that
take them with P have them from the start (`engine.natives`); at all others,
and where those are gone, they are made of P's fills. How much they are to cover
follows from the state: what P's fills brought, less what its exits took
(`SystemState.brackets`), and never more than their owner holds; and what waits
for fills of P besides. After every step in which that changed they are held
against it, so it makes no difference whether the broker knows groups, or what
it missed meanwhile.
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
                    self._fit(order, plan.part + order.held, cause)
                if plan.working:
                    self._tell_bare(plan, cause)
                else:
                    self._make(plan, cause)

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
                if order is None or protection.guards(order):
                    continue
                if order.parent or (order.attaches and not order.is_working):
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

    def _bared(self, symbol: str) -> Iterator[str]:
        """Gives the entries that lost their exits at the broker this turn.

        Some brokers end the exits with an entry that is not filled wholly, and
        what was filled of it is bare. Exits that were fitted to that, or that
        came after it, ended for another reason, and are not made again.
        """
        system = self._turn.state
        entries = system.brackets[symbol]
        ended = [
            system.orders.get(event.data.order_id)
            for event in self._turn.events
            if event.type is _T.ORDER_UPDATE
        ]
        named = dict.fromkeys(
            order.parent or order.id
            for order in ended
            if order is not None and not order.is_working
        )
        for entry in filter(entries.__contains__, named):
            order = system.orders.get(entry)
            sent = [
                system.orders[each]
                for each in _first_names(entry)
                if each in system.orders
            ]
            if (
                order is not None
                and not order.is_working
                and sent
                and all(each.quantity > order.filled for each in sent)
                and any(each in ended for each in (order, *sent))
                and not any(
                    each.parent == entry for each in system.working(symbol)
                )
            ):
                yield entry

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
        for entry in (*self._filled(symbol), *self._bared(symbol)):
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

    def _tell_bare(self, plan: _Plan, cause: events.Event) -> None:
        """Tells once that the exits of a part wait for the rest."""
        entry = self._turn.state.orders.get(plan.entry)
        if entry is None or not entry.is_working:
            return
        native = self._desk.natives.get(entry.broker)
        fills = self._filled(entry.symbol).get(entry.id)
        if (
            native is not None
            and native.whole
            and fills
            and _is_first(entry, fills)
            and any(order.held for order in plan.working)
        ):
            self._turn.alert(
                records.Severity.WARNING,
                f'{entry.filled:g} of {entry.quantity:g} {entry.symbol} of '
                f'{entry.id} are filled; the broker wakes their exits when '
                'the rest is, or sting sends others when it is cancelled',
                'orders',
                cause.seq,
            )

    def _make(self, plan: _Plan, cause: events.Event) -> None:
        """Sends the exits of what an order was filled for."""
        system = self._turn.state
        entry = system.orders[plan.entry]
        symbol = entry.symbol
        closing = symbol in system.closing or system.exit_of(
            entry.strategy, symbol
        )
        if plan.part <= orders.DUST or closing:
            return
        fills = self._filled(symbol).get(entry.id, [])
        cause = fills[-1] if fills else cause
        # The names of exits that are done are not used again.
        is_first = _is_first(entry, fills) and not any(
            each in system.orders for each in _first_names(entry.id)
        )
        ending = '' if is_first else f'-{cause.seq}'
        for order in exits.attached(entry, plan.part, ending=ending):
            self._desk.request(order, cause, source='engine')


def _first_names(entry: str) -> tuple[str, str]:
    """Gives the ids of the first exits of an order."""
    return f'{entry}{orders.TAKE_PROFIT}', f'{entry}{orders.STOP_LOSS}'


def _is_first(entry: orders.Order, fills: list[events.Event]) -> bool:
    """Whether an order was filled by nothing but these."""
    now: float = sum(each.data.quantity for each in fills)
    return entry.filled <= now + orders.DUST
