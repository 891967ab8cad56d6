"""vectorbt on W3: a thousand runs in one call."""

from typing import Any

import numpy as np
import vectorbt

from benchmarks import work
from benchmarks.peers import contest


def w3() -> dict[str, float]:
    """The grid: a call that compiles, then what a compiled one takes.

    `seconds` are with the figures that sting's sweep gives of each run,
    `lean` with the final equity alone.
    """
    columns = work.w3()
    first = contest.timed(lambda: _figures(columns))
    lean = contest.timed(lambda: _grid(columns).final_value())
    done: list[Any] = []
    took = contest.timed(lambda: done.append(_figures(columns)))
    finals, *_ = done[0]
    pairs = [(fast, slow) for fast in work.W3_FAST for slow in work.W3_SLOW]
    best = int(finals.argmax())
    found = (*pairs[best], round(float(finals[best]), 2))
    contest.check(found, work.W3_BEST, 'the best')
    contest.check(round(float(finals.sum()), 2), work.W3_SUM, 'the sum')
    return {
        **took,
        'runs': len(pairs),
        'first': first['seconds'],
        'lean': lean['seconds'],
        'lean_cpu': lean['cpu'],
    }


def _figures(columns: work.Columns) -> list[Any]:
    runs = _grid(columns)
    figures = (
        runs.final_value(),
        runs.total_return(),
        runs.sharpe_ratio(),
        runs.max_drawdown(),
        runs.trades.count(),
        runs.trades.win_rate(),
        runs.orders.fees.sum(),
    )
    return [each.to_numpy() for each in figures]


def _grid(columns: work.Columns) -> Any:
    """Runs all pairs."""
    close = columns['close']
    count = len(close)
    averages = {
        period: work.average(close, period)
        for period in (*work.W3_FAST, *work.W3_SLOW)
    }
    x = np.column_stack(
        [
            averages[fast] - averages[slow]
            for fast in work.W3_FAST
            for slow in work.W3_SLOW
        ]
    )
    # Decided at a close, filled at the open after it.
    entries = np.zeros((count, x.shape[1]), np.bool_)
    exits = np.zeros((count, x.shape[1]), np.bool_)
    # Averages of different lengths begin at different bars; nan compares
    # false, and the first signal needs both ends.
    entries[2:] = (x[:-2] <= 0) & (x[1:-1] > 0)
    exits[2:] = (x[:-2] >= 0) & (x[1:-1] < 0)
    return vectorbt.Portfolio.from_signals(
        close[:, None],
        entries,
        exits,
        price=columns['open'][:, None],
        size=work.QUANTITY,
        fees=work.COMMISSION,
        init_cash=work.CASH,
        accumulate=False,
        freq='1min',
    )


if __name__ == '__main__':
    contest.main({'W3': w3})
