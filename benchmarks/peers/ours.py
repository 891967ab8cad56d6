"""sting on W1 to W4, by what a user calls, each beside its limit.

`limit` is a loop without any framework on the same work, timed beside
sting in the same process.
"""

from collections.abc import Callable
from collections.abc import Mapping
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from benchmarks import backtests
from benchmarks import bare
from benchmarks import compiled
from benchmarks import work
from benchmarks.peers import contest
from sting.backtest import assumptions
from sting.backtest import engine
from sting.backtest import spaces
from sting.backtest import summaries
from sting.backtest import sweeps
from sting.risk import manager
from sting.simulator import costs

_Took = dict[str, float]


def w1() -> _Took:
    """One symbol, event by event."""
    return _crossing({'W': work.w1()}, work.W1)


def w2() -> _Took:
    """Fifty symbols, event by event, cash shared."""
    return _crossing(work.w2(), work.W2)


def _crossing(
    symbols: Mapping[str, work.Columns], expected: work.Outcome
) -> _Took:
    bars = backtests.table_of(symbols)
    lists = list(symbols.values())
    done = []
    assumed = assumptions.Assumptions(
        cash=work.CASH,
        costs=costs.CostModel(commission_bps=work.COMMISSION * 1e4),
    )

    def run() -> None:
        done.append(
            engine.run(
                backtests.STRATEGY,
                bars,
                manager.RiskManager(),
                parameters={
                    'fast': work.FAST,
                    'slow': work.SLOW,
                    'quantity': work.QUANTITY,
                },
                assumed=assumed,
            )
        )

    contest.check(bare.crossing(lists), expected, 'the bare loop')
    limit = contest.timed(lambda: bare.crossing(lists))
    took = contest.timed(run)
    (came,) = done
    equity = round(float(came.curve.equity[-1]), 2)
    found = work.Outcome(len(came.fills), len(came.trades), equity)
    contest.check(found, expected, 'sting')
    count = len(bars) / len(bars.symbols)
    simulated = count * work.MINUTE_NS / 1e9
    return {
        **took,
        **_named('limit', limit),
        'simulated': simulated / took['seconds'],
    }


def w1_compiled() -> _Took:
    """One symbol, over columns: fills, equity and what a report needs."""
    took, limit = compiled.w1_beside_limit()
    return {
        'seconds': took.wall,
        'cpu': took.cpu,
        'limit_seconds': limit.wall,
        'limit_cpu': limit.cpu,
    }


def w3_one() -> _Took:
    """The grid of 10,000 on one core."""
    return _sweep(1)


def w3_two() -> _Took:
    """The grid of 10,000 on two cores."""
    return _sweep(2)


def w3_first() -> _Took:
    """`sting sweep` on W3 as a whole process, in an empty home and again."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'w3.parquet'
        _write(path, work.w3())
        cold, warm = (
            _process(lambda: _command(path, folder)) for _ in range(2)
        )
    return {**_named('cold', cold), **_named('warm', warm)}


def _process(work: Callable[[], object]) -> _Took:
    """Times another process; `cpu` is what it computed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = contest.timed(work)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(after[:2]) - sum(before[:2])
    return {**took, 'cpu': cpu}


def _write(path: pathlib.Path, columns: work.Columns) -> None:
    stamps = np.arange(len(columns['close']), dtype=np.int64)
    named = {
        'timestamp': work.OPENING_NS + work.MINUTE_NS * stamps,
        **columns,
    }
    parquet.write_table(pa.table(named), path)


def _sweep(workers: int) -> _Took:
    finals = _finals(work.W3_FAST, work.W3_SLOW, workers)
    best = int(finals.argmax())
    fast, slow = divmod(best, len(work.W3_SLOW))
    found = (
        work.W3_FAST[fast],
        work.W3_SLOW[slow],
        round(float(finals[best]), 2),
    )
    contest.check(found, work.W3_BEST, 'the best')
    contest.check(round(float(finals.sum()), 2), work.W3_SUM, 'the sum')
    grid = work.W3_LARGE_FAST, work.W3_LARGE_SLOW
    columns = work.w3()
    expected = bare.sweep(columns, *grid)
    limit = contest.timed(lambda: bare.sweep(columns, *grid))
    made = []
    took = contest.timed(lambda: made.append(_finals(*grid, workers)))
    contest.check(np.array_equal(made[0], expected), True, 'the large grid')
    return {**took, **_named('limit', limit), 'runs': len(expected)}


def _finals(fast: range, slow: range, workers: int) -> np.ndarray:
    grid = {'fast': fast, 'slow': slow}
    swept = sweeps.Sweep(
        compiled.STRATEGY,
        backtests.w3(),
        manager.RiskManager(),
        lambda kind: spaces.space(grid, kind.parameters),
        assumed=compiled.ASSUMED,
    )
    contest.check(swept.note, '', 'what falls back to events')
    at = summaries.FIGURES.index('final_equity')
    with swept.pool(workers) as pool:
        parts = [block.figures[:, at] for block in swept.blocks(pool)]
    return np.concatenate(parts)


def _command(path: pathlib.Path, home: str) -> None:
    done = subprocess.run(
        [
            sys.executable, '-m', 'sting.cli.main', 'sweep', compiled.STRATEGY,
            '--data', str(path), '--cash', '1e6', '--commission-bps', '10',
            '--calendar', '24/7', '--json', '--metric', 'final_equity',
            '--grid', 'fast=5:24:1', 'slow=30:79:1',
        ],
        env=os.environ | {'STING_HOME': home},
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    best = json.loads(done.stdout)['best']
    found = (
        best['parameters']['fast'],
        best['parameters']['slow'],
        round(best['final_equity'], 2),
    )
    contest.check(found, work.W3_BEST, 'the best')


def _named(name: str, took: _Took) -> _Took:
    return {f'{name}_{key}': value for key, value in took.items()}


if __name__ == '__main__':
    contest.main(
        {
            'W1': w1,
            'W2': w2,
            'W1 compiled': w1_compiled,
            'W3 one core': w3_one,
            'W3 two cores': w3_two,
            'W3 first': w3_first,
        }
    )
