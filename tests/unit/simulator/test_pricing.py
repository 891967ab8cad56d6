"""What a fill is priced at, and what it is charged."""

import pytest

from sting.model import costs
from sting.simulator import fills
from sting.simulator import pricing
from sting.simulator import resting
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

BAR = worlds.bar(1, 100, 110, 90)


def paid(model, **given):
    entry = resting.Resting.of(worlds.order(**given), after=0, expires=None)
    return pricing.Pricing(model).paid(entry, BAR, 10.0, 100.0, fills.AT_LIMIT)


def test_a_market_order_slips_and_pays_its_commission():
    model = costs.CostModel(commission_bps=10, slippage_bps=100)
    price, fee = paid(model)
    assert (price, fee) == (pytest.approx(101.0), pytest.approx(1.01))


@pytest.mark.parametrize('maker', [None, -10.0])
def test_a_limit_keeps_its_price_and_may_be_paid_as_a_maker(maker):
    model = costs.CostModel(
        commission=costs.Commission(bps=10, maker_bps=maker),
        slippage=costs.Spread(bps=100),
    )
    assert (pricing.Pricing(model).charges is None) == (maker is None)
    price, fee = paid(model, type='limit', price=100.0)
    assert (price, fee) == (100.0, pytest.approx(-1.0 if maker else 1.0))
