"""What the rules measure: one pure function a figure.

Only scalars go in and out, so that the same source can be compiled. A price
that an order does not have is 0.
"""

import math

from sting.model import orders

# What divides and multiplies back, as a target weight of 1 does, may come out
# this share above the limit that it meets.
ROUNDING = 1e-9


def passes(figure: float, limit: float) -> bool:
    """Whether a figure is within a limit.

    Args:
        figure: What a rule measured.
        limit: The highest figure that passes.
    """
    return figure <= limit * (1.0 + ROUNDING)


def shrinks(sign: int, held: float, after: float) -> bool:
    """Whether an order can only take from the position it meets.

    Args:
        sign: 1 for a buy, -1 for a sell.
        held: Units held, negative when short.
        after: Units held if it and all of its side fill.
    """
    if held == 0.0 or (held > 0) == (sign > 0):
        return False
    return abs(after) <= abs(held) + orders.DUST and (
        after * held >= 0 or abs(after) <= orders.DUST
    )


def worst_price(sign: int, last: float, price: float, stop: float) -> float:
    """Gives the price that an order is counted at.

    Args:
        sign: 1 for a buy, -1 for a sell.
        last: The last price.
        price: The limit, 0 without one.
        stop: The trigger, 0 without one.

    Returns:
        The worse of the last price and the order's own.
    """
    if sign > 0 and price > 0:
        # A buy limit never pays more than its limit.
        return price
    return max(last, price, stop)


def notional(quantity: float, price: float) -> float:
    """Gives the value of so many units, long or short alike."""
    return abs(quantity) * price


def worth(
    held: float, after: float, last: float, price: float, coming: float
) -> float:
    """Gives the value of a position if an order fills.

    What is held stays worth the last price where the order is to be had for
    less; only what is bought by limits counts at those.

    Args:
        held: Units held, negative when short.
        after: Units held if the order and all of its side fill.
        last: The last price.
        price: What the order is counted at.
        coming: Value of the order and of all of its side, each at its own.
    """
    if price >= last:
        return abs(after) * price
    if held > 0.0:
        return held * last + coming
    return max(abs(after) * price, coming + held * last)


def collar(
    sign: int, last: float, price: float, stop: float, triggered: bool
) -> float:
    """Gives how far a price lies on the side of the last that costs money.

    Args:
        sign: 1 for a buy, -1 for a sell.
        last: The last price.
        price: The limit, 0 without one.
        stop: The trigger, 0 without one.
        triggered: The stop was touched before.

    Returns:
        The distance as a fraction of the last price; infinity without one.
    """
    if last == 0:
        return math.inf
    beyond = 0.0
    if price > 0:
        beyond = sign * (price / last - 1.0)
    if stop > 0 and not triggered:
        beyond = max(beyond, sign * (1.0 - stop / last))
    return max(0.0, beyond)


def leverage(total: float, equity: float) -> float:
    """Gives how many times the equity a value is; infinity without equity."""
    return total / equity if equity > 0 else math.inf
