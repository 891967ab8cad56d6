"""vectorbt on W3: a thousand runs in one call."""

from typing import Any

import numpy as np
import vectorbt

from benchmarks import work
from benchmarks.peers import contest


def w3() -> dict[str, float]:
    """The grid, in a call that compiles and in one that has compiled."""
    columns = work.w3()
    done: list[Any] = []
    first = contest.timed(lambda: done.append(_grid(columns)))
    took = contest.timed(lambda: done.append(_grid(columns)))
    pairs = [(fast, slow) for fast in work.W3_FAST for slow in work.W3_SLOW]
    for finals in done:
        best = int(finals.argmax())
        found = (*pairs[best], round(float(finals[best]), 2))
        contest.check(found, work.W3_BEST, 'the best')
        contest.check(round(float(finals.sum()), 2), work.W3_SUM, 'the sum')
    runs = len(pairs)
    return {**took, 'runs': runs, 'first': first['seconds']}


def _grid(columns: work.Columns) -> Any:
    """Runs all pairs; their final equities."""
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
    portfolio = vectorbt.Portfolio.from_signals(
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
    return portfolio.final_value().to_numpy()


if __name__ == '__main__':
    contest.main({'W3': w3})
