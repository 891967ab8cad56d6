import pytest

from sting.library import buy_and_hold
from sting.strategy import runner
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit


async def test_each_symbol_is_bought_once():
    strategy = buy_and_hold.BuyAndHold('hold', {'quantity': 7})
    feeder = runner.StrategyRunner(strategy, number=1, log='t')
    await feeder.start(0)
    bought = []
    for seq, symbol in enumerate('ABAB'):
        wanted = await feeder.market_data(seq, samples.bar(1.0, symbol=symbol))
        bought += [(each.symbol, each.quantity) for each in wanted]
    assert bought == [('A', 7.0), ('B', 7.0)]
