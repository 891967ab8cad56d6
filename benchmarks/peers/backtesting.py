"""backtesting.py on W1 and, symbol by symbol, on W2."""

from collections.abc import Iterable
from typing import Any

import backtesting
import numpy as np
import pandas as pd

from benchmarks import work
from benchmarks.peers import contest


class Crossing(backtesting.Strategy):
    """Averages of 10 and 30 closes."""

    def init(self) -> None:
        """Works the averages out by column."""
        closes = self.data.Close
        self.fast = self.I(work.average, closes, work.FAST)
        self.slow = self.I(work.average, closes, work.SLOW)

    def next(self) -> None:
        """Trades where they cross."""
        before = self.fast[-2] - self.slow[-2]
        now = self.fast[-1] - self.slow[-1]
        if before <= 0 < now and not self.position:
            self.buy(size=int(work.QUANTITY))
        elif before >= 0 > now and self.position:
            self.sell(size=int(work.QUANTITY))


def w1() -> dict[str, float]:
    """One symbol."""
    return _run([work.w1()], work.W1)


def w2() -> dict[str, float]:
    """A run for each symbol: it cannot share cash."""
    return _run(work.w2().values(), work.W2)


def _run(
    symbols: Iterable[work.Columns], expected: work.Outcome
) -> dict[str, float]:
    frames = [_frame(columns) for columns in symbols]
    done: list[Any] = []

    def all_of_them() -> None:
        for frame in frames:
            test = backtesting.Backtest(
                frame,
                Crossing,
                cash=work.CASH,
                commission=work.COMMISSION,
                finalize_trades=False,
            )
            done.append(test.run())

    took = contest.timed(all_of_them)
    trips = sum(len(each._trades) for each in done)
    held = sum(len(each._strategy.trades) for each in done)
    gained = sum(each['Equity Final [$]'] - work.CASH for each in done)
    contest.check(2 * trips + held, expected.fills, 'fills')
    contest.check(trips, expected.trips, 'round trips')
    contest.check(round(work.CASH + gained, 2), expected.equity, 'equity')
    return took


def _frame(columns: work.Columns) -> pd.DataFrame:
    count = len(columns['close'])
    stamps = work.OPENING_NS + work.MINUTE_NS * np.arange(count)
    return pd.DataFrame(
        {name.capitalize(): values for name, values in columns.items()},
        index=pd.to_datetime(stamps),
    )


if __name__ == '__main__':
    contest.main({'W1': w1, 'W2': w2})
