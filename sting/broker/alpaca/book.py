"""What was told of each order, so that each thing is told once, in order.

Answers come in one way and the stream in another, either first. What a report
says follows from what was reported before, not from which came first.
"""

import collections
from collections.abc import Iterable
import threading
from typing import Any
from typing import Final

from sting.broker import interface
from sting.broker.alpaca import translate
from sting.model import orders

_S = orders.OrderStatus
# Ended orders that are remembered.
REMEMBERED: Final = 4096
# Alpaca's words for the ends of an order.
_ENDS: Final = {
    'canceled': _S.CANCELLED,
    'expired': _S.EXPIRED,
    'rejected': _S.REJECTED,
}
_FILLS: Final = frozenset({'fill', 'partial_fill'})
_REFUSALS: Final = {
    'order_replace_rejected': 'the change was rejected',
    'order_cancel_rejected': 'the cancel was rejected',
}

Terms = tuple[float, float | None, float | None]


class Entry:
    """An order, as far as it was told.

    Attributes:
        id: Ours.
        terms: Quantity, limit and trigger that were told last.
        uuids: Alpaca's own ids, of each order that took its place.
        alone: It was sent from here, under its own name and in no group.
        accepted: Whether it was told that it works.
        ended: How it ended; None while it works.
        executions: Of the fills that were told.
        filled: Units of these.
    """

    def __init__(self, order: orders.Order) -> None:
        """Takes an order of which nothing was told."""
        self.id = order.id
        self.symbol = order.symbol
        self.trails = order.type is orders.OrderType.TRAILING_STOP
        self.terms: Terms = order.quantity, order.price, order.stop_price
        self.uuids: list[str] = []
        # The terms before each replacement.
        self.before: list[Terms] = []
        self.renewed = False
        self.alone = False
        self.accepted = False
        self.ended: orders.OrderStatus | None = None
        self.executions: set[str] = set()
        self.filled = 0.0

    @property
    def current(self) -> str:
        """Alpaca's own id of the order that stands there now."""
        return self.uuids[-1] if self.uuids else ''

    def seen_as(self, terms: Terms) -> Terms:
        """Gives terms without what the market does to them."""
        if self.trails:
            # Its trigger follows the market; that is no new term.
            return terms[0], terms[1], self.terms[2]
        return terms

    @property
    def working(self) -> orders.OrderStatus:
        """The status of one that works."""
        return _S.PARTIALLY_FILLED if self.filled > 0 else _S.ACCEPTED


class Book:
    """The orders that were seen, and the way of reports to the sink.

    Reports leave under its lock, so that they keep their order whatever thread
    they come from.
    """

    def __init__(self) -> None:
        """Begins without orders and without a sink."""
        self.sink: interface.Sink | None = None
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._names: dict[str, str] = {}
        self._done: collections.deque[str] = collections.deque()
        # Orders of groups whose ids there are not known yet, and of what; and
        # what was told meanwhile of such a symbol under names of theirs.
        self._nameless: dict[str, str] = {}
        self._held: list[Any] = []

    def expect(self, order: orders.Order, *, alone: bool = True) -> None:
        """Takes an order that is about to be sent.

        Args:
            order: The order.
            alone: It is sent in no group.
        """
        with self._lock:
            entry = self._entries.setdefault(order.id, Entry(order))
            entry.alone = alone
            if not alone and not entry.uuids:
                self._nameless[order.id] = order.symbol

    def alone(self, order_id: str) -> bool:
        """Says whether an order is known to be in no group."""
        with self._lock:
            entry = self._entries.get(order_id)
            return entry is not None and entry.alone

    def name(self, uuid: object) -> str:
        """Gives our id of an order of theirs; empty where it is not known."""
        with self._lock:
            return self._names.get(str(uuid), '')

    def current(self, order_id: str) -> str:
        """Gives Alpaca's id of an order; empty where it is not known."""
        with self._lock:
            entry = self._entries.get(order_id)
            return entry.current if entry else ''

    def working(self, *, there: bool = False) -> list[str]:
        """Gives the ids of the orders that may work, as far as was told.

        Args:
            there: Without those of which Alpaca never said that it has them.
        """
        with self._lock:
            return [
                entry.id
                for entry in self._entries.values()
                if entry.ended is None and (entry.uuids or not there)
            ]

    def is_told(self, found: Any, order_id: str) -> bool:
        """Says whether all that a list says of a working order was told.

        Args:
            found: The SDK's model.
            order_id: Ours.
        """
        with self._lock:
            entry = self._entries.get(order_id)
            if entry is None:
                return False
            known = translate.order(found, order_id)
            terms = known.quantity, known.price, known.stop_price
            return (
                str(found.id) == entry.current
                and not entry.renewed
                and known.filled <= entry.filled + orders.DUST
                and entry.seen_as(terms) == entry.terms
            )

    def forget(self, order_id: str) -> None:
        """Drops an order of which it is certain that it was not taken."""
        with self._lock:
            entry = self._entries.get(order_id)
            if entry is not None and not entry.uuids:
                del self._entries[order_id]
                self._name(order_id)

    def learn(self, found: Any, order_id: str, *, ends: bool = False) -> None:
        """Takes an order that was listed; nothing is told of it.

        Args:
            found: The SDK's model.
            order_id: Ours.
            ends: Nobody listens yet, so that neither an end of it nor new
                terms are told later.
        """
        with self._lock:
            known = translate.order(found, order_id)
            entry = self._entries.get(order_id)
            if entry is None:
                entry = self._entries[order_id] = Entry(known)
                entry.accepted = ends = True
            uuid = str(found.id)
            was = self._names.get(uuid, order_id)
            if was != order_id:
                # A leg that was told without its entry had a name of theirs.
                self._entries.pop(was, None)
            self._names[uuid] = order_id
            terms = known.quantity, known.price, known.stop_price
            if uuid not in entry.uuids:
                if entry.uuids:
                    entry.before.append(entry.terms)
                    # The stream has still to tell of the new terms.
                    entry.renewed = True
                else:
                    entry.terms = terms
                entry.uuids.append(uuid)
            if ends:
                if uuid == entry.current:
                    entry.terms, entry.renewed = terms, False
                entry.filled = max(entry.filled, known.filled)
                replaced = found.status.value == 'replaced'
                stands = uuid == entry.current and not replaced
                if stands and not known.is_working:
                    self._end(entry, known.status)
            self._name(order_id)

    def answered(self, found: Any, order_id: str) -> None:
        """Takes an order out of the answer to one that was sent, or changed.

        Args:
            found: The SDK's model.
            order_id: Ours.
        """
        with self._lock:
            self._adopt(self._entry(found, order_id), found)
            self._name(order_id)

    def rejected(self, order_id: str, said: str) -> None:
        """Tells that an order was not taken."""
        with self._lock:
            entry = self._entries.get(order_id)
            if entry is not None and entry.ended is None:
                self._end(entry, _S.REJECTED)
                self._tell_update(order_id, _S.REJECTED, message=said)
            self._name(order_id)

    def heard(self, update: Any) -> None:
        """Takes what the stream says.

        Args:
            update: The SDK's model of it.

        Raises:
            errors.BrokerUnknownError: It makes no sense.
        """
        with self._lock:
            found, event = update.order, _event(update)
            if not found.symbol and found.legs:
                # What its legs hold is told by the positions.
                return
            order_id = self._named(found)
            if not order_id:
                if found.symbol in self._nameless.values():
                    self._held.append(update)
                    return
                order_id = _first(found)
            entry = self._entry(found, order_id)
            if event in _FILLS:
                self._fill(entry, update)
            elif event in _ENDS:
                self._finish(entry, found, _ENDS[event])
            elif event in _REFUSALS:
                self._restore(entry, found, _REFUSALS[event])
            elif event == 'replaced':
                self._replaced(entry, found)
            else:
                self._adopt(entry, found)

    def _name(self, order_id: str) -> None:
        """Takes it that an order's id there is known, or that it has none."""
        if self._nameless.pop(order_id, None) is not None:
            held, self._held = self._held, []
            for update in held:
                self.heard(update)

    def _named(self, found: Any) -> str:
        """Gives our id of an order, by its own id or by what it replaces."""
        for uuid in (found.id, found.replaces):
            if uuid is not None and str(uuid) in self._names:
                return self._names[str(uuid)]
        first = _first(found)
        return first if first in self._entries else ''

    def _entry(self, found: Any, order_id: str) -> Entry:
        entry = self._entries.get(order_id)
        if entry is None:
            entry = Entry(translate.order(found, order_id))
            self._entries[order_id] = entry
        self._names[str(found.id)] = order_id
        return entry

    def _adopt(self, entry: Entry, found: Any) -> None:
        """Takes an order as it stands there now, and tells what is new."""
        known = translate.order(found, entry.id)
        uuid = str(found.id)
        if uuid not in entry.uuids:
            if entry.uuids and str(found.replaces) != entry.current:
                # Of a chain whose last one is known already.
                return
            if entry.uuids:
                entry.before.append(entry.terms)
                entry.renewed = True
            entry.uuids.append(uuid)
        if uuid != entry.current or entry.ended is not None:
            return
        said = found.status.value
        if said in {'replaced', 'pending_replace'}:
            return
        terms = known.quantity, known.price, known.stop_price
        terms = entry.seen_as(terms)
        changed = terms != entry.terms or entry.renewed
        if entry.accepted and not changed:
            return
        entry.accepted, entry.renewed, entry.terms = True, False, terms
        self._tell_update(
            entry.id,
            entry.working,
            broker_id=uuid,
            terms=terms if changed else None,
        )

    def _replaced(self, entry: Entry, found: Any) -> None:
        """Follows an order to the one that took its place."""
        uuid = str(found.replaced_by) if found.replaced_by else ''
        if uuid and str(found.id) == entry.current:
            self._names[uuid] = entry.id
            entry.before.append(entry.terms)
            entry.uuids.append(uuid)
            # Its terms come with what is told of it next.
            entry.renewed = True

    def _restore(self, entry: Entry, found: Any, why: str) -> None:
        """Tells that what was asked for was refused."""
        if entry.ended is not None:
            return
        uuid = str(found.id)
        if len(entry.uuids) > 1 and uuid != entry.current:
            self._back(entry)
        self._tell_update(
            entry.id,
            entry.working,
            broker_id=entry.current,
            terms=entry.terms,
            message=why,
        )

    def _back(self, entry: Entry) -> None:
        """Takes a replacement back that was not."""
        entry.uuids.pop()
        entry.terms = entry.before.pop()
        entry.renewed = False

    def _finish(
        self, entry: Entry, found: Any, status: orders.OrderStatus
    ) -> None:
        uuid = str(found.id)
        if entry.ended is not None:
            return
        if uuid not in entry.uuids:
            if status is _S.REJECTED and str(found.replaces) in entry.uuids:
                # A replacement that was never adopted.
                self._restore(entry, found, 'the change was rejected')
                return
            entry.uuids.append(uuid)
        if uuid != entry.current:
            return
        if status is _S.REJECTED and entry.before and found.replaces:
            self._back(entry)
            self._restore(entry, found, 'the change was rejected')
            return
        self._end(entry, status)
        message = 'rejected by Alpaca' if status is _S.REJECTED else ''
        self._tell_update(entry.id, status, broker_id=uuid, message=message)

    def _fill(self, entry: Entry, update: Any) -> None:
        found = update.order
        known = translate.order(found, entry.id)
        total = translate.number(found.filled_qty, 'a filled quantity')
        fill = orders.Fill(
            order_id=entry.id,
            execution_id=translate.execution(found.id, total),
            symbol=known.symbol,
            side=known.side,
            quantity=translate.positive(update.qty, 'a quantity'),
            price=translate.positive(update.price, 'a price'),
            timestamp=translate.moment(update.timestamp),
        )
        if entry.ended is None:
            if str(found.id) not in entry.uuids:
                self._adopt(entry, found)
            if not entry.accepted:
                entry.accepted = True
                self._tell_update(
                    entry.id, entry.working, broker_id=str(found.id)
                )
        if fill.execution_id not in entry.executions:
            entry.executions.add(fill.execution_id)
            entry.filled = max(entry.filled, total)
        self._tell(fill)
        if _event(update) == 'fill':
            self._end(entry, _S.FILLED)

    def _end(self, entry: Entry, status: orders.OrderStatus) -> None:
        if entry.ended is None:
            entry.ended = status
            self._done.append(entry.id)
        while len(self._done) > REMEMBERED:
            gone = self._entries.pop(self._done.popleft(), None)
            for uuid in gone.uuids if gone else ():
                self._names.pop(uuid, None)

    def _tell_update(
        self,
        order_id: str,
        status: orders.OrderStatus,
        *,
        broker_id: str = '',
        message: str = '',
        terms: Terms | None = None,
    ) -> None:
        quantity, price, stop_price = terms or (None, None, None)
        self._tell(
            orders.OrderUpdate(
                order_id=order_id,
                status=status,
                broker_id=broker_id,
                message=message,
                quantity=quantity,
                price=price,
                stop_price=stop_price,
            )
        )

    def _tell(self, report: interface.Report) -> None:
        if self.sink is not None:
            self.sink(report)


def _first(found: Any) -> str:
    """Gives the id of ours in a client order id; of a group its first."""
    own = translate.our_id(found.client_order_id)
    return own.partition(translate.PAIRED)[0]


def _event(update: Any) -> str:
    """Gives the word for what happened; some are not among the SDK's."""
    return str(getattr(update.event, 'value', update.event))


def unfinished(found: Iterable[Any]) -> list[tuple[Any, str]]:
    """Gives listed orders and their legs that work, each once, with our ids.

    Args:
        found: The SDK's models.
    """
    seen: dict[str, tuple[Any, str]] = {}
    for each in found:
        for leaf, order_id in translate.leaves(each):
            if leaf.status.value not in translate.ENDED:
                seen.setdefault(str(leaf.id), (leaf, order_id))
    return list(seen.values())
