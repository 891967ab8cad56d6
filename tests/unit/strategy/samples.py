"""Bars, orders and fills for the tests of strategies."""

import math
import pathlib
import textwrap

from sting.model import market
from sting.model import orders


def bar(close, *, symbol='X', timestamp=1, **fields):
    prices = {'open': close, 'high': close, 'low': close, 'volume': 1.0}
    return market.MarketData(
        symbol=symbol, timestamp=timestamp, close=close, **(prices | fields)
    )


def order(order_id='t-1-1-1', *, symbol='X', strategy='s', **fields):
    values = {
        'side': orders.OrderSide.BUY,
        'quantity': 10.0,
        'status': orders.OrderStatus.FILLED,
        'updated': 5,
    }
    return orders.Order(
        id=order_id, symbol=symbol, strategy=strategy, **(values | fields)
    )


def fill(order_id='t-1-1-1', *, symbol='X', **fields):
    values = {
        'execution_id': 'e1',
        'side': orders.OrderSide.BUY,
        'quantity': 10.0,
        'price': 100.0,
        'timestamp': 5,
    }
    return orders.Fill(order_id=order_id, symbol=symbol, **(values | fields))


def write(folder: pathlib.Path, name: str, text: str) -> pathlib.Path:
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return path


def same(one, other):
    """Whether two floats are equal bit for bit; one nan is as any other."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one.hex() == other.hex()
