"""W4: a backtest over a million quotes, with its figures, from the table."""

import numpy as np

from benchmarks import bare
from benchmarks import rows
from benchmarks import work
from sting import strategy as strategies
from sting.backtest import quotes as backtest
from sting.backtest import result
from sting.data import table
from sting.model import market
from sting.risk import manager

STRATEGY = 'benchmarks.quotes:Averaging'
SYMBOL = 'W'
SIZE = 100.0


class Averaging(strategies.AbstractStrategy):
    """Counts quotes and averages their middle price."""

    async def on_start(self) -> None:
        """Begins with none."""
        self.count = 0
        self.average = 0.0

    async def on_quote(self, quote: market.Quote) -> None:
        """Takes one."""
        middle = (quote.bid + quote.ask) / 2
        if self.count:
            self.average += work.W4_DECAY * (middle - self.average)
        else:
            self.average = middle
        self.count += 1

    async def on_stop(self) -> None:
        """Tells both."""
        self.log.info(f'{self.count} {self.average:.6f}')


def run() -> list[rows.Row]:
    """Measures W4 beside a loop without any framework."""
    spent, limit = w4()
    return [
        rows.rate(
            'W4: backtest over quotes',
            work.W4_QUOTES,
            spent,
            'quotes',
            f'{limit.cpu / spent.cpu:.2f} of one object and one awaited '
            'coroutine a quote',
        )
    ]


def w4() -> tuple[rows.Took, rows.Took]:
    """Times sting on W4, and a loop without any framework.

    Raises:
        rows.WrongError: One of them counts or averages otherwise.
    """
    columns = work.w4()
    quotes = _table(columns)
    done: list[result.BacktestResult] = []
    spent = rows.took(
        lambda: done.append(
            backtest.run(STRATEGY, quotes, manager.RiskManager())
        )
    )
    (line,) = done[0].log
    expected = f'{work.W4_QUOTES} {work.W4_AVERAGE:.6f}'
    rows.check(line.text, expected, 'W4')
    limit = rows.took(lambda: bare.averaging(columns))
    return spent, limit


def _table(columns: work.Columns) -> table.QuoteTable:
    count = len(columns['bid'])
    size = np.full(count, SIZE)
    stamps = work.OPENING_NS + work.W4_STEP_NS * np.arange(
        count, dtype=np.int64
    )
    return table.QuoteTable(
        (SYMBOL,),
        np.zeros(count, np.int32),
        stamps,
        bid=columns['bid'],
        ask=columns['ask'],
        bid_size=size,
        ask_size=size,
    )
