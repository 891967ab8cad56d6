"""Exits that go to the broker together with their entry, and wait there."""

from collections.abc import Mapping

import msgspec

from sting.engine import exits
from sting.engine import state
from sting.model import orders


class Native(msgspec.Struct, frozen=True, kw_only=True):
    """What a broker makes of an entry with its exits.

    Attributes:
        times: The times in force of entries that it takes with exits that work
            until they are cancelled.
        whole: Its exits wake when the entry is filled wholly; else each part
            has them as it is filled.
    """

    times: frozenset[orders.TimeInForce]
    whole: bool


# By the broker's name in orders; those that take no exits are not there.
Natives = Mapping[str, Native]

_TYPES = frozenset({orders.OrderType.MARKET, orders.OrderType.LIMIT})


def fits(
    entry: orders.Order, system: state.SystemState, natives: Natives
) -> bool:
    """Whether the exits of an order can go to its broker with it.

    Where not, they go out with its fills. They can where both are as large as
    the order whatever is filled of it: it has whole units and is in no group,
    and closes nothing, so that all of it is there to be closed.

    Args:
        entry: The order, which asks for exits.
        system: The state, with the order in it.
        natives: What the brokers take.
    """
    native = natives.get(entry.broker)
    if (
        native is None
        or entry.time_in_force not in native.times
        or entry.type not in _TYPES
        or entry.quantity % 1
        or entry.extended_hours
        or entry.oco
    ):
        return False
    own, by_hand = exits.standing(system, entry.strategy, entry.symbol)
    coming = own + entry.side.sign * entry.quantity
    room = exits.room(entry.side.opposite, coming, by_hand)
    return room >= entry.quantity - orders.DUST
