"""What a compiled decision may answer: kinds of orders, and what is wrong.

Only scalars go in and out, so that the same source can be compiled.
"""

from typing import Final

from sting.model import orders

# How the order gets its price; as the simulated market counts them.
MARKET: Final = 0
LIMIT: Final = 1
STOP: Final = 2
# No order; the one that works is taken out.
CANCEL: Final = -1

TYPES: Final = {
    MARKET: orders.OrderType.MARKET,
    LIMIT: orders.OrderType.LIMIT,
    STOP: orders.OrderType.STOP,
}

# What can be wrong with an answer.
SOUND: Final = 0
BAD_QUANTITY: Final = 1
BAD_KIND: Final = 2
BAD_PRICE: Final = 3


def is_nothing(quantity: float) -> bool:
    """Whether a quantity asks for nothing: 0, or dust."""
    return abs(quantity) <= orders.DUST


def fault(quantity: float, kind: int, price: float) -> int:
    """Finds what is wrong with an answer that asks for an order.

    Args:
        quantity: Units, negative to sell.
        kind: MARKET, LIMIT or STOP.
        price: The limit or the trigger.

    Returns:
        SOUND, BAD_QUANTITY, BAD_KIND or BAD_PRICE.
    """
    # Written so that nan fails too.
    if not abs(quantity) <= orders.LARGEST:
        return BAD_QUANTITY
    if kind not in (MARKET, LIMIT, STOP):
        return BAD_KIND
    if kind != MARKET and not 0.0 < price <= orders.LARGEST:
        return BAD_PRICE
    return SOUND


def sentence(code: int, quantity: float, kind: int, price: float) -> str:
    """Says for a person what is wrong with an answer.

    Args:
        code: What `fault` gave.
        quantity: As answered.
        kind: As answered.
        price: As answered.

    Returns:
        One sentence.
    """
    if code == BAD_QUANTITY:
        return f'decide gave the quantity {quantity:g}; it must be finite'
    if code == BAD_KIND:
        return (
            f'decide gave the kind {kind}; it must be one of '
            'kinds.MARKET, LIMIT, STOP and CANCEL'
        )
    return (
        f'decide gave the price {price:g}; a {TYPES[kind]} order needs one '
        'above 0'
    )
