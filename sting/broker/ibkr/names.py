"""Orders, found by any of their three names.

Our id is in `orderRef`, which others may use too, for more than one order:
whoever writes it decides. `permId` is the one name that is unique for ever, and
the number that an order has with its client is unique while that client keeps
counting. So a reference, and a number, name an order only where nothing else
that is known of it says that it is another one.
"""

from collections.abc import Iterable
from typing import Any
from typing import Final

from sting.broker.ibkr import codes
from sting.broker.ibkr import record as records
from sting.model import orders

Record = records.Record
# The id of orders that are not ours, or whose reference is another's.
FOREIGN: Final = 'ib-'
# Orders that have ended, of which everything is known; and those before them,
# as they stood in the end.
KEPT: Final = 1_000
PAST: Final = 20_000


class Names:
    """Every order that was heard of.

    What has ended, and was booked and told, is kept in short after a while,
    and forgotten in the end; a word on it brings it back.

    Attributes:
        records: The orders that work, and the last that ended, by our ids.
    """

    def __init__(self, client: int) -> None:
        """Knows none.

        Args:
            client: Whose orders are ours.
        """
        self.records: dict[str, Record] = {}
        self._client = client
        self._perms: dict[int, Record] = {}
        self._numbers: dict[tuple[int, int], Record] = {}
        self._past: dict[str, orders.Order] = {}
        self._past_perms: dict[int, str] = {}
        # What orders were called on an earlier connection, and by whom.
        self._were: dict[int, str] = {}
        self._taken: set[str] = set()
        self._next = KEPT

    def get(self, order_id: str) -> Record | None:
        """Gives an order by its id with us."""
        return self.records.get(order_id) or self._back(order_id)

    def add(self, record: Record) -> None:
        """Takes an order up, by all its names."""
        self.records[record.id] = record
        self.call(record, record.number, record.client, record.perm)

    def drop(self, record: Record) -> None:
        """Forgets an order that the broker never had."""
        self.records.pop(record.id, None)
        key = record.client, record.number
        if self._numbers.get(key) is record:
            del self._numbers[key]

    def call(self, record: Record, number: int, client: int, perm: int) -> None:
        """Gives an order those names that are told of it."""
        if number > 0:
            record.number, record.client = number, client
            self._numbers[client, number] = record
        if perm > 0:
            record.perm = perm
            self._perms[perm] = record
            if not record.order.broker_id:
                record.move(broker_id=str(perm))

    def numbered(
        self, client: int, number: int, perm: int = 0
    ) -> Record | None:
        """Finds an order by its numbers."""
        found = self._permanent(perm)
        if found is None and number > 0:
            found = self._numbers.get((client, number))
            if found is not None and other(found, client, number, perm):
                return None
        return found

    def named(self, told: Any) -> Record | None:
        """Finds an order by the names that an order or a trade tells."""
        client, number, perm = numbers(told)
        found = self.numbered(client, number, perm)
        if found is None:
            found = self.get(name(told))
            if found is not None and other(found, client, number, perm):
                return None
        return found

    def new_id(self, told: Any, *, learning: bool = False) -> str:
        """Gives the id of an order, or of a trade's, that is not known.

        Args:
            told: What names it.
            learning: Whether nothing was told of any order yet: a reference
                of ours is then taken from whoever else was heard of first.
        """
        client, number, perm = numbers(told)
        wanted = self._were.get(perm) or name(told)
        rival = self.get(wanted)
        if rival is None:
            others = wanted in self._taken and perm not in self._were
            return _foreign(client, number, perm) if others else wanted
        ours = number > 0 and client == self._client
        if not (learning and ours and rival.client != self._client):
            return _foreign(client, number, perm)
        del self.records[wanted]
        rival.move(id=_foreign(rival.client, rival.number, rival.perm))
        self.records[rival.id] = rival
        return wanted

    def inherit(self, old: 'Names') -> None:
        """Calls orders what they were called on an earlier connection."""
        self._were = dict(old._past_perms)
        self._were.update((perm, each.id) for perm, each in old._perms.items())
        self._taken = set(self._were.values())

    def keep(self, old: 'Names') -> None:
        """Takes over what is known on an earlier connection to have ended."""
        for order_id, order in old._past.items():
            if self.get(order_id) is None:
                self._put(order_id, order)
        for record in old.records.values():
            if record.ended and record.id not in self.records:
                if (record.client, record.number) in self._numbers:
                    # That client began to count anew.
                    record.number = 0
                self.add(record)

    def shorten(self) -> None:
        """Keeps in short what ended long ago, and forgets what is oldest."""
        if len(self.records) <= self._next:
            return
        settled = [each for each in self.records.values() if each.settled]
        for record in settled[: max(0, len(settled) - KEPT)]:
            self.drop(record)
            self._perms.pop(record.perm, None)
            self._put(record.id, record.order)
        while len(self._past) > PAST:
            order = self._past.pop(next(iter(self._past)))
            self._past_perms.pop(_perm(order), None)
        self._next = len(self.records) + KEPT

    def _put(self, order_id: str, order: orders.Order) -> None:
        self._past[order_id] = order
        if order.broker_id:
            self._past_perms[_perm(order)] = order_id

    def _permanent(self, perm: int) -> Record | None:
        found = self._perms.get(perm)
        if found is None and perm in self._past_perms:
            return self._back(self._past_perms[perm])
        return found

    def _back(self, order_id: str) -> Record | None:
        """Brings an order of the past back."""
        order = self._past.pop(order_id, None)
        if order is None:
            return None
        self._past_perms.pop(_perm(order), None)
        record = Record(order, None)
        record.perm, record.taken = _perm(order), True
        self.add(record)
        return record


def numbers(told: Any) -> tuple[int, int, int]:
    """Gives the numbers that an order or a trade tells.

    Returns:
        Of its client, with its client, and for ever; 0 where there is none.
    """
    return int(told.clientId), int(told.orderId), int(told.permId)


def name(told: Any) -> str:
    """Gives the id that an order of theirs has with us, where it is free.

    One that was just placed elsewhere has no `permId` yet, as many may.
    """
    return str(told.orderRef or '') or _foreign(*numbers(told))


def other(record: Record, client: int, number: int, perm: int) -> bool:
    """Says whether numbers are those of another order."""
    if record.perm > 0 and perm > 0:
        return record.perm != perm
    known = record.number > 0 and number > 0
    return known and (record.client, record.number) != (client, number)


def working(
    found: Iterable[tuple[Any, Any, Any]], known: Iterable[Record]
) -> set[str]:
    """Gives the ids of those that work, of orders as they are listed.

    Args:
        found: Contracts, orders and states; the last word on an order counts.
        known: Orders that have an id.
    """
    ids = {each.perm or (each.client, each.number): each.id for each in known}
    taken = set(ids.values())
    last: dict[int | tuple[int, int], tuple[Any, str]] = {}
    for _, order, state in found:
        client, number, perm = numbers(order)
        last[perm or (client, number)] = order, state.status
    result = set()
    for key, (order, word) in last.items():
        client, number, _ = numbers(order)
        wanted = name(order)
        if wanted in taken:
            wanted = _foreign(*numbers(order))
        order_id = ids.get(key) or ids.get((client, number)) or wanted
        if word not in codes.OVER:
            result.add(order_id)
    return result


def _foreign(client: int, number: int, perm: int) -> str:
    if perm > 0:
        return f'{FOREIGN}{perm}'
    return f'{FOREIGN}{client}-{number}'


def _perm(order: orders.Order) -> int:
    return int(order.broker_id or 0)
