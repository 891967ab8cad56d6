"""What a strategy's orders are sized by is in its signals."""

import pytest

from sting.model import orders
from sting.model import sizing
from sting.strategy import base
from sting.strategy import runner
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit


class Buyer(base.AbstractStrategy):
    """Buys with each bar."""

    async def on_market_data(self, data):
        self.buy(data.symbol)


class Maker(base.AbstractStrategy):
    """Makes its signals itself."""

    def generate_signals(self):
        return [orders.Signal(symbol='AAPL', side=orders.OrderSide.BUY)]


async def signals(kind, method, bars=5):
    feeder = runner.StrategyRunner(
        kind('s', {}), number=1, log='t', sizing=method
    )
    await feeder.start(0)
    found = []
    for seq in range(1, bars + 1):
        bar = worlds.bar(
            price=100.0 + seq, timestamp=worlds.NOON + seq * worlds.MINUTE
        )
        found += await feeder.market_data(seq, bar)
    return found


@pytest.mark.parametrize('kind', [Buyer, Maker])
async def test_the_figure_is_in_the_signal_once_there_are_bars(kind):
    found = await signals(kind, sizing.AverageRange(period=3))
    names = [list(each.indicators) for each in found[-5:]]
    assert names == [[], [], [], ['sizing ATR(3)'], ['sizing ATR(3)']]
    assert found[-1].indicators['sizing ATR(3)'] == 1.0


async def test_volatility_is_of_the_strategys_own_bars():
    method = sizing.VolatilityTarget(period=2, bars_per_year=4.0)
    *_, last = await signals(Buyer, method, 4)
    returns = [103 / 102 - 1, 104 / 103 - 1]
    spread = abs(returns[0] - returns[1]) / 2 * 2.0
    assert last.indicators['sizing volatility(2)'] == pytest.approx(spread)


@pytest.mark.parametrize('method', [None, sizing.Kelly()])
async def test_a_method_without_figures_adds_none(method):
    *_, last = await signals(Buyer, method)
    assert last.indicators == {}
