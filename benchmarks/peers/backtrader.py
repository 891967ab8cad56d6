"""backtrader on W1 and W2."""

from collections.abc import Mapping
from typing import Any

import backtrader
import numpy as np

from benchmarks import work
from benchmarks.peers import contest

# Of 86,400 s, as backtrader counts days.
_DAY_NS = 86_400_000_000_000
_COLUMNS = ('open', 'high', 'low', 'close', 'volume')


class Crossing(backtrader.Strategy):
    """Averages of 10 and 30 closes, of each symbol."""

    def __init__(self) -> None:
        self.fills = 0
        self.x = [
            backtrader.indicators.SMA(data.close, period=work.FAST)
            - backtrader.indicators.SMA(data.close, period=work.SLOW)
            for data in self.datas
        ]

    def next(self) -> None:
        """Trades where they cross."""
        for data, x in zip(self.datas, self.x, strict=True):
            held = self.getposition(data).size
            if x[-1] <= 0 < x[0] and not held:
                self.buy(data, size=work.QUANTITY)
            elif x[-1] >= 0 > x[0] and held:
                self.sell(data, size=work.QUANTITY)

    def notify_order(self, order: Any) -> None:
        """Counts what was filled."""
        self.fills += order.status == order.Completed


class Columns(backtrader.feed.DataBase):
    """Bars out of columns."""

    params = (('columns', None),)

    def start(self) -> None:
        """Begins with the first bar."""
        super().start()
        columns = self.p.columns
        count = len(columns['close'])
        stamps = work.OPENING_NS + work.MINUTE_NS * np.arange(count)
        # Days since the year 1, backtrader's count.
        days = stamps / _DAY_NS + 719_163
        lists = [columns[name].tolist() for name in _COLUMNS]
        self.rows = zip(days.tolist(), *lists, strict=True)

    def _load(self) -> bool:
        row = next(self.rows, None)
        if row is None:
            return False
        lines = self.lines
        lines.datetime[0], lines.open[0], lines.high[0] = row[:3]
        lines.low[0], lines.close[0], lines.volume[0] = row[3:]
        lines.openinterest[0] = 0.0
        return True


def w1() -> dict[str, float]:
    """One symbol."""
    return _run({'W': work.w1()}, work.W1)


def w2() -> dict[str, float]:
    """Fifty symbols."""
    return _run(work.w2(), work.W2)


def _run(
    symbols: Mapping[str, work.Columns], expected: work.Outcome
) -> dict[str, float]:
    cerebro = backtrader.Cerebro(stdstats=False)
    for name, columns in symbols.items():
        cerebro.adddata(Columns(columns=columns), name=name)
    cerebro.addstrategy(Crossing)
    cerebro.broker.setcash(work.CASH)
    cerebro.broker.setcommission(commission=work.COMMISSION)
    done: list[Any] = []
    took = contest.timed(lambda: done.append(cerebro.run()[0]))
    contest.check(done[0].fills, expected.fills, 'fills')
    equity = round(cerebro.broker.getvalue(), 2)
    contest.check(equity, expected.equity, 'equity')
    return took


if __name__ == '__main__':
    contest.main({'W1': w1, 'W2': w2})
