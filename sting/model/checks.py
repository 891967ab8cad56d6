"""What makes an order, or a fill, senseless by itself."""

import functools
import math

from sting.model import errors
from sting.model import orders

_INFINITE = math.inf


def is_sound(fill: orders.Fill) -> bool:
    """Whether a fill can be booked: finite figures, and units above 0."""
    return (
        0.0 < fill.quantity < _INFINITE
        and -_INFINITE < fill.price < _INFINITE
        and -_INFINITE < fill.fee < _INFINITE
    )


def belongs(fill: orders.Fill, order: orders.Order) -> bool:
    """Whether a fill is of the symbol and side of the order that it names."""
    return fill.side is order.side and fill.symbol == order.symbol


def parse_trail(trail: float | str | None) -> tuple[float, float]:
    """Reads the distance that a trailing stop keeps.

    Args:
        trail: An amount, or a per cent as '2%'.

    Returns:
        The amount a unit, and the fraction of the price; one of them is 0.

    Raises:
        errors.OrderError: It is missing, or no distance.
    """
    if trail is None:
        raise errors.OrderError('a trailing_stop order needs a trail')
    if not isinstance(trail, str):
        if not 0 < trail <= orders.LARGEST:
            raise errors.OrderError(f'trail {trail:g} must be above 0')
        return trail, 0.0
    try:
        percent = float(trail.removesuffix('%')) if '%' in trail else math.nan
    except ValueError:
        percent = math.nan
    if not 0 < percent < 100:
        raise errors.OrderError(
            f"trail {trail!r} must be an amount, or a per cent as '2%'"
        )
    return 0.0, percent / 100


_BUY, _SELL = orders.OrderSide.BUY, orders.OrderSide.SELL
_MARKET = orders.OrderType.MARKET
_GTC = orders.TimeInForce.GTC


# An order asks for it a few times, of the same few symbols.
@functools.lru_cache(maxsize=4096)
def is_symbol(text: str) -> bool:
    """Whether a text can be an instrument's name."""
    return bool(text) and text.isprintable() and ' ' not in text


def is_plain(wanted: orders.Order | orders.Signal) -> bool:
    """Whether an order, wanted or made, is at the market and no more.

    One of a symbol, so many units and nothing else: no other check of this
    module could refuse it. Most orders are, and every door asks.

    Args:
        wanted: The order, or the signal that wants it.
    """
    quantity = wanted.quantity
    return (
        wanted.type is _MARKET
        and type(quantity) is float
        and 0.0 < quantity <= orders.LARGEST
        and (wanted.side is _BUY or wanted.side is _SELL)
        and wanted.price is None
        and wanted.stop_price is None
        and wanted.trail is None
        and wanted.take_profit is None
        and wanted.stop_loss is None
        and wanted.time_in_force is _GTC
        and wanted.expires is None
        and wanted.extended_hours is False
        and type(wanted.symbol) is str
        and is_symbol(wanted.symbol)
    )


def check_order(
    *,
    symbol: str,
    quantity: float,
    type: orders.OrderType,
    price: float | None,
    stop_price: float | None,
) -> None:
    """Refuses an order that makes no sense by itself.

    Args:
        symbol: The instrument.
        quantity: Units wanted.
        type: How the order gets its price.
        price: The limit.
        stop_price: The trigger.

    Raises:
        errors.OrderError: Naming what to change.
    """
    if not is_symbol(symbol):
        raise errors.OrderError(f'{symbol!r} is not a symbol')
    # Written so that nan fails too.
    sound = 0 < quantity <= orders.LARGEST
    if sound and type is _MARKET and price is None is stop_price:
        return
    if not sound:
        raise errors.OrderError(
            f'quantity {quantity:g} must be above 0'
            + (
                f' and at most {orders.LARGEST:g}'
                if quantity > orders.LARGEST
                else ''
            )
        )
    for name, value, needed in (
        ('price', price, type in orders.WITH_PRICE),
        ('stop price', stop_price, type in orders.WITH_STOP),
    ):
        if needed and value is None:
            raise errors.OrderError(f'a {type} order needs a {name}')
        if not needed and value is not None:
            raise errors.OrderError(f'a {type} order takes no {name}')
        if value is not None and not 0 < value <= orders.LARGEST:
            raise errors.OrderError(
                f'{name} {value:g} must be above 0'
                + (
                    f' and at most {orders.LARGEST:g}'
                    if value > orders.LARGEST
                    else ''
                )
            )


def check_trail(type: orders.OrderType, trail: float | str | None) -> None:
    """Refuses a trailing stop without its distance, and one of any other.

    Args:
        type: How an order gets its price.
        trail: An amount, or a per cent as '2%'.

    Raises:
        errors.OrderError: Naming what to change.
    """
    if type is orders.OrderType.TRAILING_STOP:
        parse_trail(trail)
    elif trail is not None:
        raise errors.OrderError(f'a {type} order takes no trail')


def check_time(time_in_force: orders.TimeInForce, expires: int | None) -> None:
    """Refuses a GTD order without its moment, and a moment of any other.

    Args:
        time_in_force: How long an order works.
        expires: When it ends, nanoseconds since the epoch, UTC.

    Raises:
        errors.OrderError: Naming what to change.
    """
    if time_in_force is orders.TimeInForce.GTD and expires is None:
        raise errors.OrderError(
            'a gtd order needs the moment at which it expires: expires='
        )
    if time_in_force is not orders.TimeInForce.GTD and expires is not None:
        raise errors.OrderError(
            f'a {time_in_force} order takes no expires; gtd does'
        )


def check_exits(
    *,
    side: orders.OrderSide | None,
    price: float | None,
    stop_price: float | None,
    take_profit: float | None,
    stop_loss: float | None,
) -> None:
    """Refuses attached exits that could not be what they are called.

    Held against the order's own prices, where it has any: a market order's
    price is not known yet.

    Args:
        side: Of the order that they are attached to.
        price: Its limit.
        stop_price: Its trigger.
        take_profit: Price of the exit with a gain.
        stop_loss: Trigger of the exit with a loss.

    Raises:
        errors.OrderError: Naming what to change.
    """
    if take_profit is None and stop_loss is None:
        return
    exits = (('take profit', take_profit, 1), ('stop loss', stop_loss, -1))
    for name, value, _ in exits:
        # Written so that nan fails too.
        if value is not None and not 0 < value <= orders.LARGEST:
            raise errors.OrderError(f'{name} {value:g} must be above 0')
    if side is None:
        raise errors.OrderError(
            'take profit and stop loss belong to a buy or a sell, not to a '
            'target'
        )
    known = (('stop loss', stop_loss), ('price', price), ('stop', stop_price))
    for name, value, gains in exits:
        way = gains * side.sign
        for other, bound in known:
            if value is None or bound is None or other == name:
                continue
            if not way * value > way * bound:
                raise errors.OrderError(
                    f'the {name} {value:g} of a {side} must be '
                    f'{"above" if way > 0 else "below"} its {other} {bound:g}'
                )
