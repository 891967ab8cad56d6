"""What an order and a bar cost does not grow with what was before them."""

import asyncio
import gc
import statistics
import sys
import time

import pytest

from sting import strategy
from sting.backtest import assumptions
from sting.backtest import engine
from sting.risk import manager
from sting.strategy import runner
from tests.unit.backtest import bars as worlds

pytestmark = pytest.mark.unit


class InTurn(strategy.AbstractStrategy):
    """Buys and sells in turn, an order a bar, and notes the work at each."""

    async def on_start(self):
        self.count = lambda: 0
        self.work = []

    async def on_market_data(self, data):
        self.work.append(self.count())
        if self.portfolio.quantity(data.symbol):
            self.sell(data.symbol, 1.0)
        else:
            self.buy(data.symbol, 1.0)


def play(bars, count):
    """Gives the work from each order to the next."""
    made = InTurn('s', {})
    feeder = runner.StrategyRunner(made, number=1, log=engine.LOG)
    played = engine.BacktestEngine(
        feeder,
        worlds.walk(bars, 1),
        manager.RiskManager(),
        assumptions.Assumptions(cash=1e9),
    )

    async def run():
        # After `on_start`, which the first await of a run has done.
        asyncio.get_running_loop().call_soon(setattr, made, 'count', count)
        await played.run()

    asyncio.run(run())
    assert played.record.orders == bars
    return [
        after - before
        for before, after in zip(made.work, made.work[1:], strict=False)
    ]


def test_an_order_makes_as_many_calls_late_in_a_run_as_at_first():
    # More orders than are remembered, so that forgetting is counted too.
    total, some = 5_000, 150
    bars = calls = 0

    def see(frame, event, arg):
        nonlocal calls
        calls += event in ('call', 'c_call')

    def count():
        nonlocal bars
        bars += 1
        looks = 10 < bars <= 10 + some or total - some < bars < total
        sys.setprofile(see if looks else None)
        return calls

    before = sys.getprofile()
    try:
        work = play(total, count)
    finally:
        sys.setprofile(before)
    first = statistics.median(work[11 : 9 + some])
    last = statistics.median(work[1 - some :])
    assert 100 < first < 500
    assert last <= first * 1.15


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_an_order_takes_as_long_after_400_000_as_after_39_000():
    gc.collect()
    work = play(400_000, time.process_time)
    tenth = len(work) // 10
    first = statistics.median(work[:tenth])
    last = statistics.median(work[-tenth:])
    assert last <= first * 1.15
