"""sting on W1 to W4, by what a user calls, each beside its limit.

`limit` is a loop without any framework on the same work, timed beside
sting in the same process.
"""

from collections.abc import Mapping

from benchmarks import backtests
from benchmarks import bare
from benchmarks import compiled
from benchmarks import growth
from benchmarks import quotes
from benchmarks import rows
from benchmarks import sweeps
from benchmarks import work
from benchmarks.peers import contest
from sting.backtest import assumptions
from sting.backtest import engine
from sting.data import table
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

    def run(bars: table.BarTable) -> None:
        done.append(
            engine.run(
                backtests.STRATEGY,
                bars,
                backtests.gate(),
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
    # Libraries load when they are used: others have theirs from their import.
    run(bars.take(slice(0, 1000)))
    took = contest.timed(lambda: run(bars))
    came = done[-1]
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
    return _both(*compiled.w1_beside_limit())


def w3_one() -> _Took:
    """The grid of 10,000 on one core."""
    return _sweep(1)


def w3_two() -> _Took:
    """The grid of 10,000 on two cores."""
    return _sweep(2)


def _sweep(workers: int) -> _Took:
    runs = len(sweeps.GRID[0]) * len(sweeps.GRID[1])
    return {**_both(*sweeps.large(workers)), 'runs': runs}


def w3_first() -> _Took:
    """`sting sweep` on W3 as a whole process, in an empty home and again."""
    cold, warm = sweeps.first()
    return {
        'cold_seconds': cold.wall,
        'cold_cpu': cold.cpu,
        'warm_seconds': warm.wall,
        'warm_cpu': warm.cpu,
    }


def w4() -> _Took:
    """A million quotes."""
    return _both(*quotes.w4())


def _both(took: rows.Took, limit: rows.Took) -> _Took:
    return {
        'seconds': took.wall,
        'cpu': took.cpu,
        'limit_seconds': limit.wall,
        'limit_cpu': limit.cpu,
    }


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
            'W4': w4,
            'W1 memory': growth.memory,
            'W1 orders': growth.orders,
        }
    )
