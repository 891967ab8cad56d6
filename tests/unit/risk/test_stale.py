"""Against an old price nothing is opened."""

import pytest

from sting.engine import image
from sting.engine import state
from sting.model import market
from sting.model import orders
from sting.risk import manager
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL
WHY = 'no bar since 2026-01-05T14:31:00Z: one: timeout'
SINCE = 1_000


@pytest.fixture
def world():
    made = worlds.World(AAPL=100.0, IBM=100.0)
    made.hold('AAPL', 10.0)
    tell(made, 'stale')
    return made


def tell(made, issue, symbol='AAPL', timestamp=SINCE):
    told = market.DataIssue(symbol, timestamp, issue, WHY)
    made.take(worlds.T.DATA_ISSUE, told, symbol)


def verdict(made, side=BUY, quantity=1.0, symbol='AAPL'):
    one = worlds.order(side, quantity, symbol)
    return manager.RiskManager().evaluate_order(one, made.system)


def passes(made, *args):
    return verdict(made, *args).failed == ()


def test_what_adds_is_denied_and_told_why(world):
    assert verdict(world).message == f'the price of AAPL is stale: {WHY}'
    assert not passes(world, SELL, 11.0)


def test_what_shrinks_gets_out_and_other_symbols_are_free(world):
    assert passes(world, SELL, 10.0)
    assert passes(world, BUY, 1.0, 'IBM')


def test_a_change_of_an_order_that_opens_is_denied(world):
    status = orders.OrderStatus.ACCEPTED
    one = worlds.order(BUY, 2.0, 'AAPL', price=95.0, status=status)
    made = manager.RiskManager().evaluate_order(one, world.system)
    assert made.failed == (0,)


def test_news_that_they_come_again_end_it(world):
    tell(world, 'fresh', 'IBM')
    assert not passes(world)
    tell(world, 'fresh')
    assert passes(world)


@pytest.mark.parametrize(('when', 'free'), [(SINCE, False), (SINCE + 1, True)])
@pytest.mark.parametrize('kind', ['bar', 'trade'])
def test_a_newer_price_ends_it_and_an_older_one_does_not(
    world, kind, when, free
):
    if kind == 'bar':
        bar = market.MarketData('AAPL', when, 1.0, 1.0, 1.0, 1.0, 1.0)
        world.take(worlds.T.MARKET_DATA, bar, 'AAPL')
    else:
        trade = market.Trade('AAPL', when, 1.0, 1.0)
        world.take(worlds.T.TRADE, trade, 'AAPL')
    assert passes(world) is free


def test_a_quote_ends_it_where_it_is_the_price():
    world = worlds.World()
    quote = market.Quote('AAPL', 1, 99.0, 101.0, 1.0, 1.0)
    world.take(worlds.T.QUOTE, quote, 'AAPL')
    tell(world, 'stale')
    assert not passes(world)
    newer = market.Quote('AAPL', SINCE + 1, 99.0, 101.0, 1.0, 1.0)
    world.take(worlds.T.QUOTE, newer, 'AAPL')
    assert passes(world)


def test_it_holds_after_a_restart(world):
    again = state.SystemState()
    image.restore(again, image.encode(image.capture(world.system)))
    world.system = again
    assert not passes(world)
    assert passes(world, SELL, 10.0)


def test_a_feed_as_a_whole_makes_no_price_old():
    world = worlds.World(AAPL=100.0)
    tell(world, 'stale', '')
    assert passes(world)
