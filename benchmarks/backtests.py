"""The event-driven backtest on generated work that other engines ran too.

W1 is one symbol with a million bars, W2 fifty symbols with twenty thousand
each, both with a crossing of the averages of 10 and 30 closes. Several other
engines and an independent loop agree on the expected figures.
"""

import asyncio
from collections.abc import Sequence

import numpy as np

from benchmarks import rows
from sting.backtest import assumptions
from sting.backtest import engine
from sting.backtest import result
from sting.data import table
from sting.model import market
from sting.risk import manager
from sting.simulator import costs

W1_BARS = 1_000_000
W2_SYMBOLS = 50
W2_BARS = 20_000
OPENING = 1_577_836_800 * market.NANOSECONDS
MINUTE = 60 * market.NANOSECONDS
STRATEGY = 'sting.library.sma_cross'


def run() -> list[rows.Row]:
    """Measures both, each beside a loop without any framework."""
    made = []
    for name, bars, expected in (
        ('W1', w1(), (38_752, 19_376, 688_473.93)),
        ('W2', w2(), (38_815, 19_395, 612_757.09)),
    ):
        found: list[result.BacktestResult] = []
        spent = rows.best(lambda: _timed(bars, found), runs=2)  # noqa: B023
        last = found[-1]
        figures = len(last.fills), len(last.trades), _final(last)
        rows.check(figures, expected, name)
        rows.check(len({each.log_hash for each in found}), 1, 'its log hashes')
        loop = rows.best(lambda: _coroutines(bars), runs=2)  # noqa: B023
        made.append(
            rows.rate(
                f'backtest {name}, {len(bars.symbols)} symbols',
                len(bars),
                spent,
                'bars',
                f'{loop.wall / spent.wall:.2f} of one object and one awaited '
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
                manager.RiskManager(),
                parameters={'fast': 10, 'slow': 30, 'quantity': 100.0},
                assumed=assumptions.Assumptions(
                    cash=1e6, costs=costs.CostModel(commission_bps=10.0)
                ),
            )
        )
    )


def _final(done: result.BacktestResult) -> float:
    return round(float(done.curve.equity[-1]), 2)


def _coroutines(bars: table.BarTable) -> rows.Took:
    async def take(bar: market.MarketData) -> float:
        return bar.close

    async def loop() -> None:
        for bar in bars.rows():
            await take(bar)

    return rows.took(lambda: asyncio.run(loop()))


def w1() -> table.BarTable:
    """Makes one symbol with a million bars."""
    return _table(('W',), [columns(1, W1_BARS)])


def w2() -> table.BarTable:
    """Makes fifty symbols with twenty thousand bars each."""
    symbols = tuple(f'S{n:02}' for n in range(W2_SYMBOLS))
    return _table(symbols, [columns(1000 + n, W2_BARS) for n in range(50)])


def columns(seed: int, count: int) -> dict[str, np.ndarray]:
    """Generates the prices of one symbol."""
    draw = np.random.default_rng(seed)
    steps = draw.normal(0, 3e-4, count)
    close = np.round(100 * np.exp(np.cumsum(steps)), 6)
    before = np.concatenate(([100.0], close[:-1]))
    opening = np.round(before * np.exp(draw.normal(0, 6e-5, count)), 6)
    upper = np.maximum(opening, close)
    lower = np.minimum(opening, close)
    high = np.round(upper * (1 + np.abs(draw.normal(0, 1e-4, count))), 6)
    low = np.round(lower * (1 - np.abs(draw.normal(0, 1e-4, count))), 6)
    volume = draw.integers(10_000, 100_000, count).astype(np.float64)
    return {
        'open': opening,
        'high': high,
        'low': low,
        'close': close,
        'volume': volume,
    }


def _table(
    symbols: Sequence[str], parts: Sequence[dict[str, np.ndarray]]
) -> table.BarTable:
    """Puts symbols together, minute by minute."""
    count = len(parts[0]['close'])
    stamps = OPENING + MINUTE * np.arange(1, count + 1, dtype=np.int64)
    merged = {
        name: np.stack([part[name] for part in parts], axis=1).ravel()
        for name in parts[0]
    }
    return table.BarTable(
        tuple(symbols),
        np.tile(np.arange(len(symbols), dtype=np.int32), count),
        np.repeat(stamps, len(symbols)),
        **merged,
        timeframe='1m',
        generated=True,
    )
