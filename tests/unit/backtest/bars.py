"""Bars for the tests of runs."""

import numpy as np

from sting.backtest import assumptions
from sting.data import table
from sting.simulator import costs

MINUTE = 60_000_000_000
START = 1_577_836_800_000_000_000


def make(rows, symbols=('X',)):
    """Bars of (symbol, minute, open, high, low, close[, volume])."""
    rows = [row if len(row) == 7 else (*row, 1e6) for row in rows]
    rows.sort(key=lambda row: (row[1], row[0]))
    names = tuple(sorted(symbols))
    columns = np.array([row[2:] for row in rows], np.float64).reshape(-1, 5)
    return table.BarTable(
        names,
        np.array([names.index(row[0]) for row in rows], np.int32),
        np.array([START + row[1] * MINUTE for row in rows], np.int64),
        *columns.T.copy(),
        timeframe='1m',
    )


def flat(*prices, symbol='X'):
    """Bars that open, stand and close at one price each."""
    return make(
        [(symbol, at, *[price] * 4) for at, price in enumerate(prices, 1)],
        (symbol,),
    )


def walk(count, seed):
    """A random walk by the minute, as engines are compared on.

    Prices are rounded to six decimals, so that averages never tie.
    """
    random = np.random.default_rng(seed)
    close = np.round(
        100.0 * np.exp(np.cumsum(random.normal(0.0, 3e-4, count))), 6
    )
    before = np.concatenate(([100.0], close[:-1]))
    first = np.round(before * np.exp(random.normal(0.0, 6e-5, count)), 6)
    above = np.abs(random.normal(0.0, 1e-4, count))
    below = np.abs(random.normal(0.0, 1e-4, count))
    return table.BarTable(
        ('X',),
        np.zeros(count, np.int32),
        START + MINUTE * np.arange(1, count + 1, dtype=np.int64),
        open=first,
        high=np.round(np.maximum(first, close) * (1.0 + above), 6),
        low=np.round(np.minimum(first, close) * (1.0 - below), 6),
        close=close,
        volume=random.integers(10_000, 100_000, count).astype(np.float64),
        timeframe='1m',
    )


_COSTS = ('commission_bps', 'slippage_bps')


def assumed(options):
    """Puts what a run assumes together, of options of all kinds by name."""
    charged = {name: options[name] for name in _COSTS if name in options}
    named = set(assumptions.Assumptions.__struct_fields__)
    given = {name: options[name] for name in named & set(options)}
    if charged:
        given['costs'] = costs.CostModel(**charged)
    rest = {
        name: value
        for name, value in options.items()
        if name not in named and name not in _COSTS
    }
    return {**rest, 'assumed': assumptions.Assumptions(**given)}
