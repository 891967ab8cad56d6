"""Corporate actions: what they do to positions, prices and working orders."""

import math

import msgspec

from sting.model import orders
from sting.model import portfolio
from sting.model import records

_K = records.ActionKind


def is_sound(action: records.CorporateAction) -> bool:
    """Whether an action can be booked: its own figure makes sense."""
    if action.kind is _K.DELISTING:
        return 0 <= action.price < math.inf
    figure = action.ratio if action.kind is _K.SPLIT else action.amount
    return 0 < figure < math.inf


def book(
    holdings: portfolio.Portfolio,
    action: records.CorporateAction,
    timestamp: int,
) -> None:
    """Books a split or a delisting; a dividend comes as a cash flow.

    Units stay fractions where a split leaves some.

    Args:
        holdings: The account, or the book of a strategy.
        action: What became of the instrument.
        timestamp: When, nanoseconds since the epoch, UTC.
    """
    if action.kind is _K.SPLIT:
        holdings.split(action.symbol, action.ratio)
    elif action.kind is _K.DELISTING:
        holdings.pay_out(action.symbol, action.price, timestamp)


def price_after(price: float, action: records.CorporateAction) -> float:
    """Gives what a unit is worth after an action, by itself.

    A split divides the price, a dividend is taken from it, so that the value
    of a holding with what it brought stays what it was.

    Args:
        price: The last price before, in the account's currency.
        action: What became of the instrument.
    """
    if action.kind is _K.SPLIT:
        return price / action.ratio
    if action.kind is _K.DIVIDEND:
        return max(price - action.amount, 0.0)
    return action.price


def split_order(order: orders.Order, ratio: float) -> orders.Order:
    """Gives a working order after a split: the same value, in new units.

    Args:
        order: The order as it stands.
        ratio: New units for one old, above 0.
    """
    return msgspec.structs.replace(
        order,
        quantity=order.quantity * ratio,
        price=_over(order.price, ratio),
        stop_price=_over(order.stop_price, ratio),
        trail=split_trail(order.trail, ratio),
        take_profit=_over(order.take_profit, ratio),
        stop_loss=_over(order.stop_loss, ratio),
        filled=order.filled * ratio,
        average_price=order.average_price / ratio,
        changing=order.changing * ratio,
        changing_price=_over(order.changing_price, ratio),
        changing_stop=_over(order.changing_stop, ratio),
        held=order.held * ratio,
    )


def split_trail(trail: float | str | None, ratio: float) -> float | str | None:
    """Gives a trail after a split: an amount shrinks, a per cent stays."""
    return trail if isinstance(trail, str) else _over(trail, ratio)


def dividend(
    action: records.CorporateAction, held: float, shares: dict[str, float]
) -> records.CashFlow:
    """Gives the cash that a dividend brings; a short position pays it.

    Args:
        action: The dividend.
        held: Units that the account holds, negative when short.
        shares: Units that each strategy's own book holds.
    """
    return records.CashFlow(
        kind=records.FlowKind.DIVIDEND,
        amount=held * action.amount,
        symbol=action.symbol,
        quantity=held,
        detail=action.detail,
        shares={name: own * action.amount for name, own in shares.items()},
    )


def _over(value: float | None, ratio: float) -> float | None:
    return None if value is None else value / ratio
