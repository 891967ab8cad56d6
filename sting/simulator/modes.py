"""What a bar leaves open, and how the four modes of filling decide it.

Like `fills`, this is pure functions of scalars. `fills` has the rules of
`next_open`; here is what the other modes do otherwise. `pessimistic` is
`next_open` without fills on a touch, whatever was asked for.
"""

import math
from typing import Final

from sting.model import errors
from sting.simulator import fills

NEXT_OPEN: Final = 0
PESSIMISTIC: Final = 1
PATH: Final = 2
OPTIMISTIC: Final = 3

# By name, in the order in which they are told.
MODES: Final = {
    'next_open': NEXT_OPEN,
    'path': PATH,
    'optimistic': OPTIMISTIC,
    'pessimistic': PESSIMISTIC,
}
NAMES: Final = tuple(MODES)


def number(name: str) -> int:
    """Gives a mode's number.

    Args:
        name: One of `NAMES`.

    Raises:
        errors.ConfigError: It is none.
    """
    if name not in MODES:
        raise errors.ConfigError(
            f'fill {name!r} is not one of {", ".join(NAMES)}'
        )
    return MODES[name]


def fills_on_touch(mode: int, wanted: bool) -> bool:
    """Whether a limit that a bar only touches is filled.

    Args:
        mode: Of filling.
        wanted: It was asked for.
    """
    return mode == OPTIMISTIC or (wanted and mode != PESSIMISTIC)


def path(
    sign: int, open_price: float, high: float, low: float, close: float
) -> tuple[float, float, float, float]:
    """Gives the way of the price through a bar.

    From the open to the extreme that is nearer to it, to the other one and to
    the close. Where both are as near, the one against the order is first, so
    that its stops are met before its limits.

    Args:
        sign: BUY or SELL.
        open_price: The bar's first price.
        high: The bar's highest price.
        low: The bar's lowest price.
        close: The bar's last price.

    Returns:
        Its corners.
    """
    up, down = high - open_price, open_price - low
    if up < down or (up == down and sign > 0):
        return open_price, high, low, close
    return open_price, low, high, close


def along_path(
    kind: int,
    sign: int,
    limit: float,
    stop: float,
    triggered: bool,
    trails: bool,
    amount: float,
    fraction: float,
    touch: bool,
    open_price: float,
    high: float,
    low: float,
    close: float,
) -> tuple[int, float, bool, float]:
    """Holds an order against the way of the price through a bar.

    Args:
        kind: MARKET, LIMIT, STOP or STOP_LIMIT.
        sign: BUY or SELL.
        limit: The worst price that the order takes; any number without one.
        stop: The trigger; any number without one, 0 for a trailing stop whose
            trigger is nowhere yet.
        triggered: The stop was touched on a bar before this one.
        trails: It is a trailing stop.
        amount: The distance that it keeps, a unit.
        fraction: The same as a fraction of the price.
        touch: A limit that the path only touches is filled.
        open_price: The bar's first price.
        high: The bar's highest price.
        low: The bar's lowest price.
        close: The bar's last price.

    Returns:
        What came of it, the price before slippage (0 without a fill), whether
        the stop has been touched by now, and how far the price had gone along
        the path at the fill, in units of price (infinity without one).
    """
    if trails and stop == 0.0:
        stop = fills.trailed(sign, stop, open_price, amount, fraction)
    code, price, triggered = fills.fill_price(
        kind, sign, limit, stop, triggered, open_price, open_price, open_price
    )
    if code != fills.NONE:
        return code, price, triggered, 0.0
    if trails:
        stop = fills.trailed(sign, stop, open_price, amount, fraction)
    works = kind == fills.LIMIT or triggered
    gone, at = 0.0, open_price
    for corner in path(sign, open_price, high, low, close)[1:]:
        if works:
            if sign * corner < sign * limit or (touch and corner == limit):
                return fills.AT_LIMIT, limit, triggered, gone + abs(limit - at)
        elif sign * corner >= sign * stop:
            works = triggered = True
            if kind == fills.STOP or sign * stop <= sign * limit:
                return fills.AT_STOP, stop, triggered, gone + abs(stop - at)
        elif trails:
            stop = fills.trailed(sign, stop, corner, amount, fraction)
        gone += abs(corner - at)
        at = corner
    return fills.NONE, 0.0, triggered, math.inf


def at_best(
    kind: int,
    sign: int,
    limit: float,
    stop: float,
    triggered: bool,
    trails: bool,
    amount: float,
    fraction: float,
    open_price: float,
    high: float,
    low: float,
) -> tuple[int, float, bool]:
    """Holds an order against a bar that went as well for it as it could.

    Args:
        kind: As in `along_path`, and so are all others.
        sign: BUY or SELL.
        limit: The worst price that the order takes.
        stop: The trigger.
        triggered: The stop was touched on a bar before this one.
        trails: It is a trailing stop.
        amount: The distance that it keeps, a unit.
        fraction: The same as a fraction of the price.
        open_price: The bar's first price.
        high: The bar's highest price.
        low: The bar's lowest price.

    Returns:
        What came of it, the price before slippage (0 without a fill), and
        whether the stop has been touched by now.
    """
    if trails and not triggered:
        return _trailed_at_best(
            sign, stop, amount, fraction, open_price, high, low
        )
    code, price, touched = fills.fill_price(
        kind, sign, limit, stop, triggered, open_price, high, low
    )
    if code != fills.NONE or not (kind == fills.LIMIT or touched):
        return code, price, touched
    inside = not triggered and sign * open_price < sign * stop
    if kind == fills.STOP_LIMIT and inside and sign * stop <= sign * limit:
        return fills.AT_STOP, stop, True
    if sign * (low if sign > 0 else high) <= sign * limit:
        return fills.AT_LIMIT, limit, touched
    return fills.NONE, 0.0, touched


def _trailed_at_best(
    sign: int,
    stop: float,
    amount: float,
    fraction: float,
    open_price: float,
    high: float,
    low: float,
) -> tuple[int, float, bool]:
    """Has a trailing stop see the extreme first that brings it nearer."""
    if stop != 0.0 and sign * open_price >= sign * stop:
        return fills.AT_GAP, open_price, True
    best, worst = (low, high) if sign > 0 else (high, low)
    stop = fills.trailed(sign, stop, best, amount, fraction)
    if sign * worst >= sign * stop:
        return fills.AT_STOP, stop, True
    return fills.NONE, 0.0, False
