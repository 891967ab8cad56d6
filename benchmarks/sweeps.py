"""W3: a compiled decision with a grid of parameters, and `sting sweep`.

Beside a bare numba loop on the same grid, which keeps the final equity alone.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

import numpy as np
import numpy.typing as npt

from benchmarks import backtests
from benchmarks import bare
from benchmarks import compiled
from benchmarks import growth
from benchmarks import rows
from benchmarks import startup
from benchmarks import work
from sting.backtest.figures import summaries
from sting.backtest.sweeping import spaces
from sting.backtest.sweeping import sweeps
from sting.risk import manager

# Of the runs with compiled code the best counts.
WARM = 3
GRID = work.W3_LARGE_FAST, work.W3_LARGE_SLOW


def run() -> list[rows.Row]:
    """Measures one core, two, and the first result of whole processes."""
    count = len(GRID[0]) * len(GRID[1])
    made = []
    for workers, cores in ((1, 'one core'), (2, 'two cores')):
        spent, limit = large(workers)
        made.append(
            rows.Row(
                f'sweep W3, {count:,} runs, {cores}',
                count / spent.wall,
                'runs/s',
                f'{limit.cpu / spent.cpu:.2f} of a bare numba loop that keeps '
                'final equities alone',
            )
        )
    cold, warm = first()
    name = 'sting sweep on W3, whole process'
    return [
        *made,
        rows.Row(f'{name}, empty home', cold.wall, 's', _cpu(cold)),
        rows.Row(f'{name}, compiled before', warm.wall, 's', _cpu(warm)),
    ]


def _cpu(took: rows.Took) -> str:
    return f'{took.cpu:.2f} s of CPU'


def large(workers: int) -> tuple[rows.Took, rows.Took]:
    """Times a grid of 10,000, and a bare numba loop on one core.

    Args:
        workers: How many threads.

    Raises:
        rows.WrongError: The grid of W3 or this one gives other equities.
    """
    finals = _finals(work.W3_FAST, work.W3_SLOW, workers)
    fast, slow = divmod(int(finals.argmax()), len(work.W3_SLOW))
    found = (
        work.W3_FAST[fast],
        work.W3_SLOW[slow],
        round(float(finals.max()), 2),
    )
    rows.check(found, work.W3_BEST, 'the best')
    rows.check(round(float(finals.sum()), 2), work.W3_SUM, 'the sum')
    columns = work.w3()
    expected = bare.sweep(columns, *GRID)
    limit = rows.best(lambda: rows.took(lambda: bare.sweep(columns, *GRID)))
    made = []

    def ours() -> None:
        made.append(_finals(*GRID, workers))

    spent = rows.best(lambda: rows.took(ours))
    rows.check(np.array_equal(made[-1], expected), True, 'the large grid')
    return spent, limit


def first() -> tuple[rows.Took, rows.Took]:
    """Times `sting sweep` on W3: in an empty home, and once more.

    From bytecode, as in `benchmarks.startup`. The CPU time is the process's.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = growth.write(pathlib.Path(folder) / 'w3.parquet', work.w3())
        environ = startup.environment(f'{folder}/bytecode')
        _command(path, {**environ, 'STING_HOME': f'{folder}/before'})
        home = {**environ, 'STING_HOME': f'{folder}/home'}
        cold, *warm = (
            _process(lambda: _command(path, home)) for _ in range(1 + WARM)
        )
    return cold, min(warm)


def _process(call: Callable[[], object]) -> rows.Took:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = rows.took(call)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took._replace(cpu=sum(after[:2]) - sum(before[:2]))


def _finals(
    fast: Sequence[int], slow: Sequence[int], workers: int
) -> npt.NDArray[np.float64]:
    grid = {'fast': fast, 'slow': slow}
    swept = sweeps.Sweep(
        compiled.STRATEGY,
        backtests.w3(),
        manager.RiskManager(),
        lambda kind: spaces.space(grid, kind.parameters),
        assumed=compiled.ASSUMED,
    )
    rows.check(swept.note, '', 'what falls back to events')
    at = summaries.FIGURES.index('final_equity')
    with swept.pool(workers) as pool:
        parts = [block.figures[:, at] for block in swept.blocks(pool)]
    return np.concatenate(parts)


def _command(path: pathlib.Path, environ: Mapping[str, str]) -> None:
    done = subprocess.run(
        [
            sys.executable, '-m', 'sting.cli.main', 'sweep', compiled.STRATEGY,
            '--data', str(path), '--cash', '1e6', '--commission-bps', '10',
            '--calendar', '24/7', '--json', '--metric', 'final_equity',
            '--grid', 'fast=5:24:1', 'slow=30:79:1',
        ],
        env=environ,
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
    rows.check(found, work.W3_BEST, 'the best')
