"""How much worse than the fill rule's an order's price is.

Pure functions of scalars: each gives what a unit loses, in units of the price.
"""

import math
from typing import Final

from sting.model import costs

# Basis points of the price; or a spread in basis points, and in its units.
Slip = tuple[float, float, float]
NONE: Slip = (0.0, 0.0, 0.0)

# No sale brings less than this share of the price, however wide the model.
LEAST: Final = 1e-4


def half_spread(price: float, bps: float, amount: float) -> float:
    """Gives half of a spread, the way from its middle to its far side.

    Args:
        price: Price a unit, by the fill rule.
        bps: The whole spread, in basis points of the price.
        amount: The same in units of the price; both add.
    """
    return 0.5 * (price * bps / costs.BASIS_POINTS + amount)


def volatility_share(mean_range: float, share: float) -> float:
    """Gives a share of the bars' mean true range.

    Args:
        mean_range: Mean true range of past bars, in units of the price.
        share: Of it.
    """
    return share * mean_range


def volume_share(
    price: float,
    quantity: float,
    volume: float,
    coefficient: float,
    exponent: float,
) -> float:
    """Gives what a fill loses by its share of its bar's volume.

    With exponent 2 it is zipline's `VolumeShareSlippage`: the share squared
    times the coefficient (there `price_impact`, 0.1) times the price.

    Args:
        price: Price a unit, by the fill rule.
        quantity: Units of the fill.
        volume: Units that the bar traded.
        coefficient: What the whole volume would lose, a fraction of the price.
        exponent: 1 for linear, 2 for quadratic.
    """
    if volume <= 0.0:
        return 0.0
    return float(price * coefficient * (quantity / volume) ** exponent)


def square_root(
    price: float,
    coefficient: float,
    deviation: float,
    size: float,
    daily_volume: float,
) -> float:
    """Gives how far an order itself moves the price: the square-root law.

    coefficient * deviation * sqrt(size / daily volume), after Grinold and
    Kahn, Active Portfolio Management (1999); Almgren, Thum, Hauptmann and Li,
    Direct Estimation of Equity Market Impact (2005), find the exponent 0.6.

    Args:
        price: Price a unit, by the fill rule.
        coefficient: Near 1 in most markets.
        deviation: Standard deviation of the daily returns.
        size: Units of the whole order.
        daily_volume: Mean units traded a day.
    """
    if daily_volume <= 0.0:
        return 0.0
    return price * coefficient * deviation * math.sqrt(size / daily_volume)


def worse(price: float, sign: int, lost: float) -> float:
    """Gives a price made worse.

    Args:
        price: Price a unit, by the fill rule.
        sign: 1 for a buy, -1 for a sell.
        lost: What a unit loses, in units of the price, not below 0.

    Returns:
        Price a unit; a sale keeps at least `LEAST` of it.
    """
    return max(price + sign * lost, price * LEAST)


def slip_of_model(model: costs.CostModel) -> Slip:
    """Gives the slippage of a model by which all fills slip alike.

    Args:
        model: One whose slippage is no more than that.
    """
    spread = model.slippage
    if isinstance(spread, costs.Spread):
        return 0.0, float(spread.bps), float(spread.amount)
    return float(model.slippage_bps), 0.0, 0.0


def paid(price: float, sign: int, slip: Slip) -> float:
    """Gives a price after basis points or half a spread.

    Args:
        price: Price a unit, by the fill rule.
        sign: 1 for a buy, -1 for a sell.
        slip: What it loses.
    """
    points, bps, amount = slip
    if bps > 0.0 or amount > 0.0:
        return worse(price, sign, half_spread(price, bps, amount))
    # One rounding less than by way of `worse`.
    return price * (1.0 + sign * points / costs.BASIS_POINTS)
