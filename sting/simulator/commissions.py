"""What a broker and others charge on a fill: pure functions of scalars."""

from collections.abc import Sequence
import itertools
import math

from sting.model import costs

# Figures of `costs.Commission` that a fill is charged by: basis points, per
# unit, per order, minimum, maximum (infinity for none).
Rates = tuple[float, float, float, float, float]
FREE: Rates = (0.0, 0.0, 0.0, 0.0, math.inf)


def due(filled: float, value: float, rates: Rates) -> float:
    """Gives what an order owes for all its fills so far.

    As Interactive Brokers has it: the minimum counts an order, and the
    maximum, a share of the value traded, goes before the minimum.

    Args:
        filled: Units filled.
        value: What was traded, in the account's currency.
        rates: What is charged.

    Returns:
        In the account's currency; 0 before the first fill.
    """
    if filled <= 0.0:
        return 0.0
    bps, per_unit, per_order, minimum, maximum = rates
    owed = per_order + per_unit * filled + value * bps / costs.BASIS_POINTS
    if minimum > 0.0:
        owed = max(owed, minimum)
    return min(owed, maximum * value)


def step(
    quantity: float, price: float, filled: float, average: float, rates: Rates
) -> float:
    """Gives the commission on a fill: what it adds to what the order owes.

    It follows from what is filled of the order, so a minimum is paid once
    however many fills there are, also after a restart.

    Args:
        quantity: Units traded, above 0.
        price: Price a unit.
        filled: Units of the order filled before.
        average: Their mean price.
        rates: What is charged.

    Returns:
        In the account's currency; below 0 only for a rebate.
    """
    bps, per_unit, per_order, minimum, maximum = rates
    if minimum == 0.0 and maximum == math.inf:
        # Not the difference of two sums, which would lose digits.
        owed = quantity * price * bps / costs.BASIS_POINTS
        owed += quantity * per_unit
        return owed if filled > 0.0 else owed + per_order
    before = filled * average
    after = before + quantity * price
    return due(filled + quantity, after, rates) - due(filled, before, rates)


def rates_of_model(model: costs.CostModel) -> Rates:
    """Gives the rates of a model in which all fills have the same.

    Args:
        model: One that is scalar; see `costs.CostModel.is_scalar`.
    """
    given = model.commission or costs.Commission(bps=model.commission_bps)
    bps, per_unit, per_order, minimum, maximum = rates_of(given, False, 0, 1)
    # Whole numbers of a file too: a compiled loop knows one type.
    return (
        float(bps),
        float(per_unit),
        float(per_order),
        float(minimum),
        float(maximum),
    )


def rates_of(
    given: costs.Commission, maker: bool, traded: float, quantity: float
) -> Rates:
    """Gives the rates of a fill.

    Tiers are marginal: each unit pays the rate of the tier that it is in.

    Args:
        given: The commission.
        maker: The order rested in the book.
        traded: Units traded in the month before the fill.
        quantity: Units of the fill.
    """
    bps, per_unit = _tier(given, maker, given.tiers, 0)
    if given.tiers:
        bps, per_unit = _blended(given, maker, traded, quantity)
    return (
        bps,
        per_unit,
        given.per_order,
        given.minimum,
        math.inf if given.maximum is None else given.maximum,
    )


def _blended(
    given: costs.Commission, maker: bool, traded: float, quantity: float
) -> tuple[float, float]:
    """Gives the mean rates over the tiers that a fill's units are in."""
    edges = [0.0, *(tier.above for tier in given.tiers), math.inf]
    bps = per_unit = 0.0
    for number, (low, high) in enumerate(itertools.pairwise(edges)):
        part = min(traded + quantity, high) - max(traded, low)
        if part > 0.0:
            of_value, of_units = _tier(given, maker, given.tiers, number)
            bps += of_value * part / quantity
            per_unit += of_units * part / quantity
    return bps, per_unit


def _tier(
    given: costs.Commission,
    maker: bool,
    tiers: Sequence[costs.Tier],
    number: int,
) -> tuple[float, float]:
    """Gives basis points and the rate a unit of a tier; 0 is below all."""
    bps, maker_bps, per_unit = given.bps, given.maker_bps, given.per_unit
    for tier in tiers[:number]:
        bps = bps if tier.bps is None else tier.bps
        maker_bps = maker_bps if tier.maker_bps is None else tier.maker_bps
        per_unit = per_unit if tier.per_unit is None else tier.per_unit
    return (maker_bps if maker and maker_bps is not None else bps), per_unit


def levies(
    given: Sequence[costs.Levy],
    sign: int,
    maker: bool,
    quantity: float,
    price: float,
) -> float:
    """Gives what others than the broker charge on a fill.

    Args:
        given: The fees.
        sign: 1 for a buy, -1 for a sell.
        maker: The order rested in the book.
        quantity: Units traded, above 0.
        price: Price a unit.

    Returns:
        In the account's currency.
    """
    side = 'buy' if sign > 0 else 'sell'
    liquidity = 'maker' if maker else 'taker'
    total = 0.0
    for levy in given:
        if levy.side in (side, 'both') and levy.liquidity in (
            liquidity,
            'both',
        ):
            one = quantity * price * levy.bps / costs.BASIS_POINTS
            one += quantity * levy.per_unit
            total += one if levy.cap is None else min(one, levy.cap)
    return total
