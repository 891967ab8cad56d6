"""What borrowed units and borrowed cash cost, and when they are called in.

Pure functions of scalars.
"""

import math
from typing import Final

from sting.model import orders

# Days of a year that loans of money and of shares are counted by: actual/360,
# the convention of the US money market.
YEAR_DAYS: Final = 360


def accrued(value: float, rate: float, days: int) -> float:
    """Gives what a loan costs over some calendar days.

    Args:
        value: What is borrowed, in the account's currency.
        rate: A year, as a fraction.
        days: How many.
    """
    return value * rate * days / YEAR_DAYS


def excess(gross: float, equity: float, maintenance: float) -> float:
    """Gives the value of positions that a margin call takes off.

    Selling at the last price changes no equity, so the rest has to be worth
    equity / maintenance.

    Args:
        gross: Value of all positions, long and short alike.
        equity: Of the account.
        maintenance: Share of the value that the equity may not fall below.

    Returns:
        In the account's currency; 0 where the equity is enough.
    """
    if equity >= maintenance * gross:
        return 0.0
    return gross - max(equity, 0.0) / maintenance


def units_off(held: float, price: float, value: float) -> float:
    """Gives the units of a position that are worth a value: just enough.

    Args:
        held: Units held, long or short.
        price: The last price.
        value: What has to go, in the account's currency.

    Returns:
        Units above 0, whole ones where the position is; at most all of it.
    """
    held = abs(held)
    units = value / price if price > 0.0 else held
    if held == int(held):
        # What rounding made a hair too many is no unit more.
        units = math.ceil(units - orders.DUST)
    return min(held, units)
