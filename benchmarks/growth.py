"""What a backtest costs as it grows: memory of bars and fills, time of orders.

Memory is the peak of whole processes, `sting backtest` on files of Parquet.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from benchmarks import backtests
from benchmarks import rows
from benchmarks import work
from sting.backtest import engine
from sting.risk import manager

BARS = 1_000_000
FURTHER = 2_000_000
FILLS = 300_000
FEW = 39_000
MANY = 400_000
_CROSSING = ('fast=10', 'slow=30', 'quantity=100')
# An order at every bar, in turn bought and sold.
FLIP = """from sting import strategy


class Flip(strategy.AbstractStrategy):
    held = False

    async def on_market_data(self, data):
        if self.held:
            self.sell(data.symbol, 1)
        else:
            self.buy(data.symbol, 1)
        self.held = not self.held
"""
# What a child does: what was given, then its peak. (What a parent took counts
# in `ru_maxrss` too.)
_CHILD = (
    'import sys; from sting.cli import main; from benchmarks.peers import '
    'contest; code = main.run(sys.argv[1:]); print(contest.peak_mb()); '
    'sys.exit(code)'
)


def run() -> list[rows.Row]:
    """Measures both."""
    held = memory()
    spent = orders()
    return [
        rows.Row(
            'backtest W1 from Parquet, whole process', held['memory_mb'], 'MB'
        ),
        rows.Row('the same, a further bar', held['bar_b'], 'B'),
        rows.Row('the same, a further fill', held['fill_b'], 'B'),
        rows.Row(
            f'an order and its fill, at {MANY:,} of them',
            spent['order_us'],
            'us of CPU',
            f'{spent["growth"]:.2f} of one at {FEW:,}; the last tenth '
            f'{spent["tenths"]:.2f} of the first',
        ),
    ]


def memory() -> dict[str, float]:
    """Gives the peak of W1 in MB, and what a bar and a fill add, in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        flip = home / 'flip.py'
        flip.write_text(FLIP)
        w1 = write(home / 'w1.parquet', work.w1())
        further = write(home / 'further.parquet', work.bars(1, FURTHER))
        short = write(home / 'short.parquet', work.bars(1, FILLS))
        cross = _peak(home, backtests.STRATEGY, w1, _CROSSING, work.W1.fills)
        hold = 'sting.library.buy_and_hold'
        quiet = {
            path: _peak(home, hold, path, ('quantity=1',), 1)
            for path in (w1, further, short)
        }
        busy = _peak(home, str(flip), short, (), FILLS - 1)
    return {
        'memory_mb': cross,
        'bar_b': 1e6 * (quiet[further] - quiet[w1]) / (FURTHER - BARS),
        'fill_b': 1e6 * (busy - quiet[short]) / FILLS,
    }


def write(path: pathlib.Path, columns: work.Columns) -> pathlib.Path:
    """Writes the bars of one symbol to a file of Parquet."""
    stamps = np.arange(len(columns['close']), dtype=np.int64)
    named = {
        'timestamp': work.OPENING_NS + work.MINUTE_NS * stamps,
        **columns,
    }
    parquet.write_table(pa.table(named), path)
    return path


def _peak(
    home: pathlib.Path,
    strategy: str,
    data: pathlib.Path,
    parameters: tuple[str, ...],
    fills: int,
) -> float:
    """Gives the most memory that a run took, in MB."""
    words = [
        'backtest', strategy, '--data', str(data), '--cash', '1e6',
        '--calendar', '24/7', '--commission-bps', '10', '--json',
    ]  # fmt: skip
    if parameters:
        words += ['--set', *parameters]
    done = subprocess.run(
        [sys.executable, '-c', _CHILD, *words],
        cwd=pathlib.Path(__file__).parents[1],
        env=os.environ | {'STING_HOME': str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    told, peak = done.stdout.splitlines()
    rows.check(json.loads(told)['fills'], fills, f'fills of {strategy}')
    return float(peak)


def orders() -> dict[str, float]:
    """Gives what an order costs among few and among many, and how it grows."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'flip.py'
        path.write_text(FLIP)
        few, _ = _orders(str(path), FEW)
        many, laps = _orders(str(path), MANY)
    tenth = max(len(laps) // 10, 1)
    return {
        'order_us': many * 1e6,
        'growth': many / few,
        'tenths': sum(laps[-tenth:]) / sum(laps[:tenth]),
    }


def _orders(strategy: str, count: int) -> tuple[float, list[float]]:
    """Gives the CPU time of an order, and that of each stretch of the run."""
    bars = backtests.table_of({'W': work.bars(1, count)})
    moments: list[float] = []
    before = time.process_time()
    done = engine.run(
        strategy,
        bars,
        manager.RiskManager(),
        progress=lambda *_: moments.append(time.process_time()),
    )
    spent = time.process_time() - before
    rows.check(len(done.fills), count - 1, 'fills')
    # The last is told after what follows the bars.
    laps = np.diff(moments[:-1]).tolist()
    return spent / count, laps
