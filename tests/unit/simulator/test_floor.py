"""The orders at rest, and what a bar makes of them."""

import pytest

from sting.model import costs
from sting.model import errors
from sting.model import orders
from sting.simulator import floor
from sting.simulator import latency
from sting.simulator import modes
from sting.simulator import pricing
from sting.simulator import resting
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit


@pytest.fixture
def known():
    return floor.Floor(
        pricing.Pricing(costs.CostModel()),
        latency.Latency(0.0, None),
        participation=0.25,
        mode=modes.NEXT_OPEN,
        touch_fills=False,
    )


def at_rest(id, **given):
    one = worlds.order(id, **given)
    return resting.Resting.of(one, after=worlds.DECIDED, expires=None)


def test_orders_share_a_bars_volume_in_the_order_of_their_arrival(known):
    line = [at_rest(name, quantity=8.0) for name in ('a', 'b')]
    for entry in line:
        known.add(entry)
    reports = []
    known.hold(worlds.bar(1, 100, 101, 99, volume=40.0), line, reports)
    assert [
        (one.order_id, one.quantity)
        for one in reports
        if isinstance(one, orders.Fill)
    ] == [('a', 8.0), ('b', 2.0)]
    # What is done is forgotten.
    assert list(known.by_id) == ['b']


def test_a_symbol_without_orders_is_forgotten(known):
    entry = at_rest('a')
    known.add(entry)
    assert list(known.by_symbol) == ['AAPL']
    assert known.find('a') is entry
    known.drop(entry)
    assert known.by_symbol == {}
    with pytest.raises(errors.BrokerRejectedError, match='a is not working'):
        known.find('a')
