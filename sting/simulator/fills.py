"""At what price an order fills on a bar: one pure function a rule.

Only scalars go in and out, so that the same source can be compiled. An order
that was decided on a bar is first held against the next one. Where a bar does
not say what came first, the rule takes what is worse for the order.
"""

from typing import Final

from sting.model import orders

# How the order gets its price.
MARKET: Final = 0
LIMIT: Final = 1
STOP: Final = 2
STOP_LIMIT: Final = 3

# What came of it.
NONE: Final = 0
AT_OPEN: Final = 1
AT_LIMIT: Final = 2
AT_STOP: Final = 3
AT_GAP: Final = 4
AT_CLOSE: Final = 5

# What a fill is called, by what came of it.
TAGS: Final = ('', 'open', 'limit', 'stop', 'gap', 'close')

BUY: Final = 1
SELL: Final = -1


def limit_fill(
    sign: int, limit: float, open_price: float, high: float, low: float
) -> tuple[int, float]:
    """Fills at the limit or better.

    At the open if that is at the limit or better; else at the limit, if the
    bar trades through it. A mere touch does not fill: others may have been
    first at that price.

    Args:
        sign: BUY or SELL.
        limit: The worst price that the order takes.
        open_price: The bar's first price.
        high: The bar's highest price.
        low: The bar's lowest price.

    Returns:
        AT_OPEN, AT_LIMIT or NONE, and the price; 0 without a fill.
    """
    if sign * open_price <= sign * limit:
        return AT_OPEN, open_price
    best = low if sign > 0 else high
    if sign * best < sign * limit:
        return AT_LIMIT, limit
    return NONE, 0.0


def touches(sign: int, limit: float, high: float, low: float) -> bool:
    """Whether a bar goes as far as a limit, and no further.

    Args:
        sign: BUY or SELL.
        limit: The worst price that the order takes.
        high: The bar's highest price.
        low: The bar's lowest price.
    """
    return (low if sign > 0 else high) == limit


def stop_fill(
    sign: int, stop: float, open_price: float, high: float, low: float
) -> tuple[int, float]:
    """Fills once the price has moved against the order as far as the stop.

    At the open if that gapped through the stop; else at the stop, if the bar
    touches it.

    Args:
        sign: BUY or SELL.
        stop: The trigger.
        open_price: The bar's first price.
        high: The bar's highest price.
        low: The bar's lowest price.

    Returns:
        AT_GAP, AT_STOP or NONE, and the price; 0 without a fill.
    """
    if sign * open_price >= sign * stop:
        return AT_GAP, open_price
    worst = high if sign > 0 else low
    if sign * worst >= sign * stop:
        return AT_STOP, stop
    return NONE, 0.0


def fill_price(
    kind: int,
    sign: int,
    limit: float,
    stop: float,
    triggered: bool,
    open_price: float,
    high: float,
    low: float,
) -> tuple[int, float, bool]:
    """Holds an order against a bar.

    A stop that was triggered before and is not filled yet is a market order;
    a stop-limit that was triggered before is a limit order. On the bar that
    triggers it a stop-limit fills only if the open gapped through the stop and
    stands within the limit, since the bar does not say what came after the
    trigger.

    Args:
        kind: MARKET, LIMIT, STOP or STOP_LIMIT.
        sign: BUY or SELL.
        limit: The worst price that the order takes; any number without one.
        stop: The trigger; any number without one.
        triggered: The stop was touched on a bar before this one.
        open_price: The bar's first price.
        high: The bar's highest price.
        low: The bar's lowest price.

    Returns:
        What came of it, the price before slippage (0 without a fill), and
        whether the stop has been touched by now.
    """
    if kind == MARKET or (kind == STOP and triggered):
        return AT_OPEN, open_price, triggered
    if kind == LIMIT or (kind == STOP_LIMIT and triggered):
        code, price = limit_fill(sign, limit, open_price, high, low)
        return code, price, triggered
    code, price = stop_fill(sign, stop, open_price, high, low)
    touched = code != NONE
    if kind == STOP_LIMIT and not (
        code == AT_GAP and sign * open_price <= sign * limit
    ):
        return NONE, 0.0, touched
    return code, price, touched


def trailed(
    sign: int, stop: float, price: float, amount: float, fraction: float
) -> float:
    """Has the trigger of a trailing stop follow a price.

    Args:
        sign: BUY or SELL.
        stop: Where the trigger is; 0 where it is nowhere yet.
        price: What it follows.
        amount: The distance that it keeps, a unit.
        fraction: The same as a fraction of the price.

    Returns:
        The trigger, which never moves away from the price.
    """
    followed = price * (1.0 + sign * fraction) + sign * amount
    if stop == 0.0 or sign * followed < sign * stop:
        return followed
    return stop


def slips(kind: int) -> bool:
    """Whether slippage makes a price worse: not where a limit holds.

    Args:
        kind: MARKET, LIMIT, STOP or STOP_LIMIT.
    """
    return kind in (MARKET, STOP)


def share(wanted: float, left: float) -> float:
    """Gives the units that an order gets of what a bar has left.

    Args:
        wanted: Units still to be filled.
        left: Units that the bar can still give.

    Returns:
        Units; 0 where only dust would be had.
    """
    taken = min(wanted, left)
    return taken if taken > orders.DUST else 0.0


def is_filled(quantity: float, filled: float) -> bool:
    """Whether nothing is left to fill; as `lifecycle.apply_fill` has it.

    Args:
        quantity: Units wanted in all.
        filled: Units filled so far.
    """
    return filled >= quantity - orders.DUST
