"""A compiled decision over columns, beside a bare numba loop.

The work is W1 of `benchmarks.backtests`, with the fills and the equity that
several other engines and an independent loop agree on.
"""

import asyncio
import statistics
from typing import Any

from benchmarks import backtests
from benchmarks import bare
from benchmarks import rows
from benchmarks import work
from sting.backtest import assumptions
from sting.backtest import compiled
from sting.data import table
from sting.risk import manager
from sting.simulator import costs
from sting.strategy import indicators
from sting.strategy import kinds
from sting.strategy import loader
from sting.strategy import runner

STRATEGY = 'sting.library.sma_cross_compiled'
ASSUMED = assumptions.Assumptions(
    cash=work.CASH, costs=costs.CostModel(commission_bps=10.0)
)
REPEATS = 15
CALLS = 100_000


def run() -> list[rows.Row]:
    """Measures the loop, the whole run, and one call from Python."""
    bars = backtests.w1()
    program = _program(bars)
    spent, limit = beside_limit(program, bars)
    whole = [rows.took(lambda: _whole(bars)) for _ in range(3)]
    return [
        rows.rate(
            'compiled W1, fills and equity in columns',
            len(bars),
            spent,
            'bars',
            f'{limit.cpu / spent.cpu:.2f} of a bare numba loop that keeps '
            'neither',
        ),
        rows.rate(
            'compiled W1 with indicators, round trips and all figures',
            len(bars),
            _middle(whole),
            'bars',
            'fills as on disk',
        ),
        _call(program),
    ]


def w1_beside_limit() -> tuple[rows.Took, rows.Took]:
    """Gives what W1 over columns takes, and what a bare numba loop does."""
    bars = backtests.w1()
    return beside_limit(_program(bars), bars)


def beside_limit(
    program: compiled.Program, bars: table.BarTable
) -> tuple[rows.Took, rows.Took]:
    """Times a program of W1 and a bare numba loop in turn.

    Args:
        program: The compiled decision.
        bars: Those of W1.

    Returns:
        The medians of both.

    Raises:
        rows.WrongError: One of them trades otherwise.
    """
    averages = program.indicators()
    fast, slow = (
        indicators.SMA(period).over(bars.close)
        for period in (work.FAST, work.SLOW)
    )

    def ours() -> None:
        came = program.run(ASSUMED, compiled.NO_LIMITS, averages)
        found = len(came.row), round(float(came.equity[-1]), 2)
        rows.check(found, (work.W1.fills, work.W1.equity), 'compiled W1')

    def limit() -> None:
        count, equity = bare.compiled(
            bars.open, bars.close, fast, slow, work.SLOW
        )
        found = count, round(equity, 2)
        rows.check(found, (work.W1.fills, work.W1.equity), 'the bare loop')

    ours()
    limit()
    taken, least = [], []
    for _ in range(REPEATS):
        taken.append(rows.took(ours))
        least.append(rows.took(limit))
    return _middle(taken), _middle(least)


def _program(bars: table.BarTable) -> compiled.Program:
    made: Any = loader.create(STRATEGY, 'w1', {})
    feeder = runner.StrategyRunner(made, number=1, log='w1')
    asyncio.run(_start(feeder))
    return compiled.Program(made, bars)


async def _start(feeder: runner.StrategyRunner) -> None:
    await feeder.start(0)


def _middle(measured: list[rows.Took]) -> rows.Took:
    return rows.Took(
        statistics.median(each.wall for each in measured),
        statistics.median(each.cpu for each in measured),
    )


def _whole(bars: table.BarTable) -> None:
    done = compiled.run(
        STRATEGY,
        bars,
        manager.RiskManager(),
        assumed=ASSUMED,
    )
    rows.check(len(done.fills), work.W1.fills, 'fills')


def _call(program: compiled.Program) -> rows.Row:
    """Measures one call of the compiled decision from Python."""
    answer = program.strategy._answer
    given = ((1.0, 1.0), (0.5,), (10, 30, 100.0))

    def call() -> None:
        for _ in range(CALLS):
            answer(1.0, 1.0, 1.0, 1.0, 1.0, 0.0, *given)

    rows.check(
        answer(1.0, 1.0, 1.0, 1.0, 1.0, 0.0, *given)[1], kinds.MARKET, ''
    )
    spent = rows.best(lambda: rows.took(call))
    return rows.Row(
        'one compiled decision called from Python',
        spent.wall / CALLS * 1e6,
        'us',
        'event by event, a bar',
    )
