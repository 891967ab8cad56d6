"""Prices in ticks and quantities in lots, as brokers take them."""

import decimal
from typing import Final

import msgspec

from sting.model import market
from sting.model import orders

# Doubles have at most 17 digits, and a price at most 15 before the point.
_CONTEXT: Final = decimal.Context(prec=40)


class Terms(msgspec.Struct, frozen=True):
    """What an order is sent with.

    Attributes:
        quantity: Units; None where none were given.
        price: The limit.
        stop_price: The trigger.
    """

    quantity: float | None
    price: float | None
    stop_price: float | None


def to_terms(
    order: orders.Order, terms: Terms, instrument: market.Instrument
) -> Terms:
    """Rounds the terms of an order, or of a change of one.

    A quantity goes down to the lot. A limit never gets worse for its author:
    a buy goes down to the tick, a sell up. A trigger goes to the nearest tick.

    Args:
        order: The order, for its side.
        terms: What is wanted.
        instrument: What the broker takes; a tick or a lot of 0 rounds nothing.

    Returns:
        What can be sent; nothing is left where the quantity is 0, or a price.
    """
    lot, tick = instrument.lot, instrument.tick
    limit = decimal.ROUND_FLOOR
    if order.side is orders.OrderSide.SELL:
        limit = decimal.ROUND_CEILING
    return Terms(
        _to(terms.quantity, lot, decimal.ROUND_FLOOR),
        _to(terms.price, tick, limit),
        _to(terms.stop_price, tick, decimal.ROUND_HALF_EVEN),
    )


def to_step(value: float, size: float, mode: str) -> float:
    """Rounds a figure to a whole number of steps.

    What is written decides, not the double beneath: 0.3 is three steps of
    0.1, though it is less than three times the double 0.1.

    Args:
        value: The figure.
        size: The step; 0 for none.
        mode: One of decimal's modes.

    Returns:
        The double next to so many steps.
    """
    if not size:
        return value
    unit = decimal.Decimal(repr(size))
    steps = _CONTEXT.divide(decimal.Decimal(repr(value)), unit)
    whole = steps.to_integral_value(mode, _CONTEXT)
    return float(_CONTEXT.multiply(whole, unit))


def _to(value: float | None, size: float, mode: str) -> float | None:
    return None if value is None else to_step(value, size, mode)


def fault(wanted: Terms, terms: Terms, instrument: market.Instrument) -> str:
    """Says why nothing can be sent.

    Args:
        wanted: What was wanted.
        terms: What is left of it.
        instrument: What the broker takes.

    Returns:
        One sentence; empty where it can.
    """
    if wanted.quantity and not terms.quantity:
        return (
            f'{wanted.quantity:g} {instrument.symbol} is less than a lot of '
            f'{instrument.lot:g}'
        )
    for price, rounded in (
        (wanted.price, terms.price),
        (wanted.stop_price, terms.stop_price),
    ):
        if price and not rounded:
            return (
                f'a price of {price:g} is less than a tick of '
                f'{instrument.tick:g} of {instrument.symbol}'
            )
    return ''
