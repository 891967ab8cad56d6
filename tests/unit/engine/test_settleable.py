"""What can be done about a difference, and at what price."""

import pytest

from sting.engine import settleable
from sting.model import records
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

K = records.DifferenceKind


def position(**more):
    return records.Difference(
        id='position-AAPL', kind=K.POSITION, symbol='AAPL', **more
    )


def test_the_price_is_what_was_paid_there_else_the_last_else_ours():
    world = worlds.World()
    assert settleable.price(position(), world.state) == 0.0
    world.held(10.0)
    assert settleable.price(position(price=90.0), world.state) == 90.0
    assert settleable.price(position(), world.state) == 100.0
    world.state.prices.clear()
    paid = world.state.portfolio.positions['AAPL'].average_price
    assert settleable.price(position(), world.state) == paid


@pytest.mark.parametrize('kind', list(K))
def test_an_order_that_is_not_told_cannot_be_settled(kind):
    found = records.Difference(id='x', kind=kind)
    assert settleable.is_empty(found) is (kind in (K.ORDER, K.MISSING))
