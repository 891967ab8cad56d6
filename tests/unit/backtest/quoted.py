"""Quotes for the tests of runs, and a strategy that trades on both kinds."""

import numpy as np

from sting import strategy
from sting.data import table
from tests.unit.backtest import bars as worlds


def make(rows, symbols=('X',)):
    """Quotes of (symbol, minute, bid, ask[, bid size, ask size])."""
    rows = [row if len(row) == 6 else (*row, 1e6, 1e6) for row in rows]
    rows.sort(key=lambda row: (row[1], row[0]))
    names = tuple(sorted(symbols))
    columns = np.array([row[2:] for row in rows], np.float64).reshape(-1, 4)
    return table.QuoteTable(
        names,
        np.array([names.index(row[0]) for row in rows], np.int32),
        np.array(
            [worlds.START + row[1] * worlds.MINUTE for row in rows], np.int64
        ),
        *columns.T.copy(),
    )


def spread(*prices, half=0.5):
    """A quote a minute, as far below and above each price."""
    return make(
        [
            ('X', at, price - half, price + half)
            for at, price in enumerate(prices, 1)
        ]
    )


def walk(count, seed, half=0.0, symbols=('X',), size=1e6):
    """Quotes that walk at random in steps of a quarter."""
    random = np.random.default_rng(seed)
    rows = []
    for symbol in symbols:
        steps = random.integers(-2, 3, count) * 0.25
        prices = np.maximum(100.0 + np.cumsum(steps), 10.0)
        rows += [
            (symbol, at, price - half, price + half, size, size)
            for at, price in enumerate(prices.tolist(), 1)
        ]
    return make(rows, symbols)


class Both(strategy.AbstractStrategy):
    """Trades in all ways, on quotes as on bars."""

    async def on_start(self):
        self.count = 0

    async def on_market_data(self, data):
        self.act(data.symbol, data.close)

    async def on_quote(self, quote):
        self.act(quote.symbol, quote.middle)

    def act(self, symbol, price):
        self.count += 1
        kind = strategy.OrderType
        turn = self.count % 24
        if turn == 1:
            self.buy(symbol, 30, take_profit=price + 1, stop_loss=price - 1)
        elif turn == 5:
            self.sell(symbol, 20, kind.LIMIT, price=price + 0.5)
        elif turn == 9:
            self.buy(symbol, 10, kind.STOP, stop_price=price + 0.5)
        elif turn == 13:
            self.sell(symbol, 15, kind.TRAILING_STOP, trail=0.75)
        elif turn == 17:
            self.buy(
                symbol, 5, kind.STOP_LIMIT, stop_price=price + 0.25, price=price
            )
        elif turn == 21:
            self.target(symbol, -5)
