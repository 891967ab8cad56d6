"""The rule of a universe: nothing is opened outside of it."""

import pytest

from sting.model import orders
from sting.risk import universe
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL
NOW = worlds.NOON


def world(*spans):
    return worlds.World(universe.Membership({'AAPL': spans}))


@pytest.mark.parametrize(
    ('spans', 'passes'),
    [
        ([(0, 2 * NOW)], True),
        ([(NOW - 1, NOW)], True),
        ([(NOW, 2 * NOW)], False),
        ([(0, NOW - 1)], False),
        ([(0, 1), (NOW - 1, 2 * NOW)], True),
        ([], False),
    ],
)
def test_only_a_member_can_be_bought(spans, passes):
    made = world(*spans)
    made.bar('AAPL', 100.0, timestamp=NOW)
    order = made.state.orders[made.order()]
    assert (order.status is orders.OrderStatus.SUBMITTED) is passes


def test_a_refusal_says_who_and_when():
    made = world()
    made.bar('IBM', 100.0)
    order = made.state.orders[made.order(symbol='IBM')]
    assert order.status is orders.OrderStatus.DENIED
    assert 'universe: IBM is no member of the universe on 20' in order.message


def test_who_left_can_be_sold_and_not_added_to():
    made = world((0, NOW + worlds.MINUTE))
    made.held()
    made.bar('AAPL', 100.0, timestamp=NOW + 9 * worlds.MINUTE)
    added = made.order(BUY, 1.0)
    sold = made.order(SELL, 10.0)
    reversed_ = made.order(SELL, 11.0)
    assert made.status(added) is orders.OrderStatus.DENIED
    assert made.status(sold) is orders.OrderStatus.SUBMITTED
    assert made.status(reversed_) is orders.OrderStatus.DENIED


def test_what_is_delisted_is_traded_no_more():
    gone = NOW + 5 * worlds.MINUTE
    made = worlds.World(universe.Delisted({'AAPL': gone}))
    made.bar('AAPL', 100.0, timestamp=NOW)
    before, other = made.order(), made.order(symbol='IBM')
    made.bar('AAPL', 100.0, timestamp=gone)
    made.bar('IBM', 100.0)
    after = made.state.orders[made.order(SELL, 1.0)]
    assert made.status(before) is orders.OrderStatus.SUBMITTED
    assert made.status(other) is orders.OrderStatus.SUBMITTED
    assert after.status is orders.OrderStatus.DENIED
    assert 'delisted: AAPL is delisted since 20' in after.message
