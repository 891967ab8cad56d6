"""Entries with their exits at Alpaca: order classes bracket and oto.

The exits are legs that Alpaca makes and names itself. They wait (`held`) until
the entry is filled wholly, have its quantity and time in force, and end with
it. Which leg is which exit follows from its kind, so nothing has to be kept.
Source: Alpaca's Trading API, Bracket Orders and OTO Orders.
"""

from collections.abc import Sequence
from typing import Any
from typing import Final

from sting.broker.alpaca import translate
from sting.model import errors
from sting.model import orders


def is_bracket(group: Sequence[orders.Order]) -> bool:
    """Whether orders are an entry and then its exits."""
    return all(order.parent == group[0].id for order in group[1:])


def body(group: Sequence[orders.Order]) -> dict[str, Any]:
    """Makes the body that places an entry with its exits.

    Args:
        group: The entry, and then one exit or two.

    Raises:
        errors.OrderError: Alpaca has no such order.
    """
    entry, *exits = group
    faults = [translate.refusal(order) for order in group]
    if any(faults):
        raise errors.OrderError(next(filter(None, faults)))
    legs: dict[str, Any] = {}
    for order in exits:
        if order.quantity != entry.quantity:
            raise errors.OrderError(
                'Alpaca takes exits with an entry of the same quantity'
            )
        if order.type is orders.OrderType.LIMIT:
            legs['take_profit'] = {'limit_price': order.price}
        else:
            legs['stop_loss'] = {'stop_price': order.stop_price}
    if len(legs) != len(exits):
        raise errors.OrderError(
            'Alpaca takes one limit and one stop order as exits of an entry'
        )
    return translate.request(entry, order_class=_CLASSES[len(legs)], **legs)


def entry_of(order_id: str) -> str:
    """Gives the id of the order that an exit has its name of; '' for none."""
    for ending in (orders.TAKE_PROFIT, orders.STOP_LOSS):
        if order_id.endswith(ending):
            return order_id.removesuffix(ending)
    return ''


_CLASSES: Final = {1: 'oto', 2: 'bracket'}
