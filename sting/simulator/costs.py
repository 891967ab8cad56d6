"""Commission and slippage in basis points: what most runs charge.

What costs more than that is in `charges`.
"""

from sting.model import costs

BASIS_POINTS = costs.BASIS_POINTS
# What a market is given: it is configured, so its parts are of the model.
CostModel = costs.CostModel


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
