"""Holds an order at rest against a bar, in a mode of filling."""

from collections.abc import Sequence
import math

from sting.model import market
from sting.model import orders
from sting.simulator import fills
from sting.simulator import modes
from sting.simulator import resting

_ON_CLOSE = orders.ON_CLOSE


def held(
    entry: resting.Resting, bar: market.MarketData, mode: int, touch: bool
) -> tuple[int, float, bool]:
    """Says what a bar makes of an order.

    Args:
        entry: The order.
        bar: A closed bar of its symbol.
        mode: Of filling; see `modes`.
        touch: A limit that a bar only touches is filled.

    Returns:
        What came of it, the price before slippage (0 without a fill), and
        whether the stop has been touched by now.
    """
    if entry.due:
        return *_at_auction(entry, bar), False
    if mode == modes.PATH:
        return _on_path(entry, bar, touch)[:3]
    if mode == modes.OPTIMISTIC:
        return modes.at_best(
            entry.kind,
            entry.sign,
            entry.price,
            entry.stop_price,
            entry.triggered,
            entry.trails,
            entry.amount,
            entry.fraction,
            bar.open,
            bar.high,
            bar.low,
        )
    code, price, touched = fills.fill_price(
        entry.kind,
        entry.sign,
        entry.price,
        entry.stop_price,
        entry.triggered,
        bar.open,
        bar.high,
        bar.low,
    )
    # What works at once and did not fill is a limit.
    if (
        touch
        and code == fills.NONE
        and entry.is_live
        and fills.touches(entry.sign, entry.price, bar.high, bar.low)
    ):
        return fills.AT_LIMIT, entry.price, touched
    return code, price, touched


def rank(
    entry: resting.Resting, bar: market.MarketData, mode: int, touch: bool
) -> float:
    """Says when a bar reaches an order, for those of which only one can fill.

    What the open fills is first. Of the others `path` takes the one that the
    price meets first, `optimistic` the one with the better price, and
    `next_open` and `pessimistic` the one with the worse.

    Args:
        entry: The order; those that are compared are of one side.
        bar: As in `held`, and so are the others.
        mode: Of filling.
        touch: A limit that a bar only touches is filled.

    Returns:
        The lower, the sooner; infinity without a fill.
    """
    if mode == modes.PATH:
        return met(entry, bar, touch)
    code, price, _ = held(entry, bar, mode, touch)
    if code == fills.NONE:
        return math.inf
    if code in (fills.AT_OPEN, fills.AT_GAP):
        return -math.inf
    return entry.sign * (price if mode == modes.OPTIMISTIC else -price)


def is_unsure(line: Sequence[resting.Resting], bar: market.MarketData) -> bool:
    """Whether a bar leaves open what becomes of orders.

    Args:
        line: Orders that it may fill.
        bar: A closed bar of their symbol.

    Returns:
        Whether the best and the worst that it allows differ, or it reaches
        several of a group that the open does not decide.
    """
    reached: set[str] = set()
    for entry in line:
        if entry.trails and not entry.stop_price:
            return True
        worst = held(entry, bar, modes.PESSIMISTIC, touch=False)
        if worst[:2] != held(entry, bar, modes.OPTIMISTIC, touch=True)[:2]:
            return True
        group = entry.order.oco
        if group and worst[0] in (fills.AT_LIMIT, fills.AT_STOP):
            if group in reached:
                return True
            reached.add(group)
    return False


def met(entry: resting.Resting, bar: market.MarketData, touch: bool) -> float:
    """Says how far along its path a bar fills an order.

    Args:
        entry: The order.
        bar: A closed bar of its symbol.
        touch: A limit that the path only touches is filled.

    Returns:
        In units of price; infinity at the close, and without a fill.
    """
    if entry.due:
        return math.inf if entry.order.type in _ON_CLOSE else 0.0
    return _on_path(entry, bar, touch)[3]


def _at_auction(
    entry: resting.Resting, bar: market.MarketData
) -> tuple[int, float]:
    """Gives what the auction of a bar makes of an order for it.

    That is the bar's open or its close: what trades between them is nothing
    to such an order, so that its limit never fills at a touch.
    """
    code, price = fills.AT_OPEN, bar.open
    if entry.order.type in _ON_CLOSE:
        code, price = fills.AT_CLOSE, bar.close
    if entry.kind == fills.LIMIT and entry.sign * (price - entry.price) > 0.0:
        return fills.NONE, 0.0
    return code, price


def _on_path(
    entry: resting.Resting, bar: market.MarketData, touch: bool
) -> tuple[int, float, bool, float]:
    """Holds an order against the path of the price through a bar."""
    return modes.along_path(
        entry.kind,
        entry.sign,
        entry.price,
        entry.stop_price,
        entry.triggered,
        entry.trails,
        entry.amount,
        entry.fraction,
        touch,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
    )
