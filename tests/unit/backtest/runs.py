"""Fills and results for the tests of backtests."""

import numpy as np

from sting.backtest import result as results
from sting.backtest import trades
from sting.backtest import verdicts
from sting.backtest.figures import analyzer
from sting.model import orders

DAY = 86_400_000_000_000
NOON = DAY // 2
BUY, SELL = orders.OrderSide.BUY, orders.OrderSide.SELL


def fills(*rows, symbol='X'):
    """A table of (side, quantity, price[, fee]), one a second."""
    table = trades.FillTable()
    for at, (side, quantity, price, *fee) in enumerate(rows, start=1):
        table.append(
            orders.Fill(
                order_id=f'o{at}',
                execution_id=f'e{at}',
                symbol=symbol,
                side=side,
                quantity=quantity,
                price=price,
                fee=fee[0] if fee else 0.0,
                timestamp=at * 1_000_000_000,
                tag='open',
            )
        )
    return table


def curve(*equity, start=100.0, exposed=None, step=DAY):
    stamps = NOON + step * np.arange(len(equity), dtype=np.int64)
    held = [False] * len(equity) if exposed is None else exposed
    return analyzer.EquityCurve(
        start=start,
        timestamp=stamps,
        equity=np.array(equity, dtype=np.float64),
        cash=np.array(equity, dtype=np.float64),
        exposed=np.array(held, dtype=np.bool_),
    )


def result(**fields):
    table = fills((BUY, 1.0, 100.0, 1.0), (SELL, 1.0, 110.0, 1.0))
    trips = trades.round_trips(table)
    line = curve(100.0, 98.0, 108.0, exposed=[False, True, False])
    values = {
        'strategy': 'sting.library.sma_cross',
        'parameters': {'fast': 10},
        'symbols': ('X',),
        'start': NOON,
        'end': NOON + 2 * DAY,
        'bars': 3,
        'orders': 2,
        'verdicts': verdicts.Verdicts(('halted',)),
        'fills': table,
        'trades': trips,
        'curve': line,
        'metrics': analyzer.PerformanceAnalyzer().analyze(line, table, trips),
        'log_hash': 'abc',
        'elapsed_s': 0.5,
        'assumptions': {'commission_bps': 10},
        'warnings': ('mind this',),
    }
    return results.BacktestResult(**(values | fields))
