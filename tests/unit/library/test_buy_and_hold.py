import pytest

from sting.library import buy_and_hold
from sting.model import orders
from sting.model import portfolio
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


async def test_what_it_holds_already_is_not_bought_again():
    book = portfolio.Portfolio()
    book.apply(samples.fill(symbol='A'))
    strategy = buy_and_hold.BuyAndHold('hold', {})
    feeder = runner.StrategyRunner(strategy, number=1, log='t')
    feeder.adopt(book)
    await feeder.start(0)
    assert not await feeder.market_data(1, samples.bar(1.0, symbol='A'))
    assert await feeder.market_data(2, samples.bar(1.0, symbol='B'))


async def test_an_order_that_came_to_nothing_is_not_repeated():
    strategy = buy_and_hold.BuyAndHold('hold', {})
    feeder = runner.StrategyRunner(strategy, number=1, log='t')
    await feeder.start(0)
    (wanted,) = await feeder.market_data(1, samples.bar(1.0))
    denied = samples.order(wanted.order_id, status=orders.OrderStatus.DENIED)
    await feeder.order_update(2, denied)
    assert not await feeder.market_data(3, samples.bar(1.0))
