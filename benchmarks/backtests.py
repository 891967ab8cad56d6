"""The event-driven backtest on generated work that other engines ran too.

W1 is one symbol with a million bars, W2 fifty symbols with twenty thousand
each: `benchmarks.work`.
"""

from collections.abc import Mapping

import numpy as np

from benchmarks import bare
from benchmarks import rows
from benchmarks import work
from sting.backtest import assumptions
from sting.backtest import engine
from sting.backtest import result
from sting.data import table
from sting.risk import manager
from sting.risk import rules
from sting.simulator import costs

STRATEGY = 'sting.library.sma_cross'


def run() -> list[rows.Row]:
    """Measures both, each beside a loop without any framework."""
    made = []
    for name, symbols, expected in (
        ('W1', {'W': work.w1()}, work.W1),
        ('W2', work.w2(), work.W2),
    ):
        bars = table_of(symbols)
        found: list[result.BacktestResult] = []
        spent = rows.best(lambda: _timed(bars, found), runs=2)  # noqa: B023
        last = found[-1]
        figures = work.Outcome(len(last.fills), len(last.trades), _final(last))
        rows.check(figures, expected, name)
        rows.check(len({each.log_hash for each in found}), 1, 'its log hashes')
        lists = list(symbols.values())
        rows.check(bare.crossing(lists), expected, 'the bare loop')
        loop = rows.best(
            lambda: rows.took(lambda: bare.crossing(lists)),  # noqa: B023
            runs=2,
        )
        made.append(
            rows.rate(
                f'backtest {name}, {len(bars.symbols)} symbols',
                len(bars),
                spent,
                'bars',
                f'{loop.cpu / spent.cpu:.2f} of one object and one awaited '
                'coroutine a bar',
            )
        )
    return made


def _timed(
    bars: table.BarTable, found: list[result.BacktestResult]
) -> rows.Took:
    return rows.took(
        lambda: found.append(
            engine.run(
                STRATEGY,
                bars,
                gate(),
                parameters={'fast': 10, 'slow': 30, 'quantity': 100.0},
                assumed=assumptions.Assumptions(
                    cash=1e6, costs=costs.CostModel(commission_bps=10.0)
                ),
            )
        )
    )


def _final(done: result.BacktestResult) -> float:
    return round(float(done.curve.equity[-1]), 2)


def gate() -> manager.RiskManager:
    """Gives the gate that `sting backtest` has with the shipped risk.yaml."""
    return manager.RiskManager([rules.BuyingPower(1.0)])


def w1() -> table.BarTable:
    """Makes one symbol with a million bars."""
    return table_of({'W': work.w1()})


def w3() -> table.BarTable:
    """Makes one symbol with ten thousand bars."""
    return table_of({'W': work.w3()})


def table_of(symbols: Mapping[str, work.Columns]) -> table.BarTable:
    """Puts symbols together, minute by minute."""
    parts = list(symbols.values())
    count = len(parts[0]['close'])
    # sting stamps a bar with the moment at which it closes.
    closes = np.arange(1, count + 1, dtype=np.int64)
    stamps = work.OPENING_NS + work.MINUTE_NS * closes
    merged = {
        name: np.stack([part[name] for part in parts], axis=1).ravel()
        for name in parts[0]
    }
    return table.BarTable(
        tuple(symbols),
        np.tile(np.arange(len(parts), dtype=np.int32), count),
        np.repeat(stamps, len(parts)),
        **merged,
        timeframe='1m',
        generated=True,
    )
