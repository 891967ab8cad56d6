"""What trading costs: commission and slippage, in basis points."""

import math
from typing import Final

import msgspec

from sting.model import errors

BASIS_POINTS: Final = 10_000.0


def commission(quantity: float, price: float, bps: float) -> float:
    """Gives the commission on a fill.

    Args:
        quantity: Units traded, above 0.
        price: Price a unit.
        bps: Basis points of the notional.

    Returns:
        The fee in the account's currency.
    """
    return quantity * price * bps / BASIS_POINTS


def slipped(price: float, sign: int, bps: float) -> float:
    """Gives a price made worse by slippage.

    Args:
        price: Price a unit, by the fill rule.
        sign: 1 for a buy, -1 for a sell.
        bps: Basis points of the price.

    Returns:
        Price a unit: higher for a buy, lower for a sell.
    """
    return price * (1.0 + sign * bps / BASIS_POINTS)


class CostModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a simulated market charges.

    Attributes:
        commission_bps: Commission on every fill, basis points of its notional.
        slippage_bps: How much worse market and stop orders fill, basis points
            of the price. Limits never slip: their price is a promise.
    """

    commission_bps: float = 0.0
    slippage_bps: float = 0.0

    def __post_init__(self) -> None:
        """Refuses figures that make no sense.

        Raises:
            errors.ConfigError: Naming the figure.
        """
        for name in ('commission_bps', 'slippage_bps'):
            value = getattr(self, name)
            if not math.isfinite(value) or not 0 <= value < BASIS_POINTS:
                raise errors.ConfigError(
                    f'{name} {value:g} must be at least 0 and below 10000'
                )
