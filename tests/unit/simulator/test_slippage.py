"""How much worse than the rule's a price is."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.model import costs
from sting.simulator import slippage

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('bps', 'amount', 'lost'),
    [
        (4.0, 0.0, 0.04),  # 200 x 0.0004 = 0.08 wide
        (0.0, 0.05, 0.025),
        (4.0, 0.05, 0.065),
    ],
)
def test_half_a_spread_is_paid(bps, amount, lost):
    assert slippage.half_spread(200.0, bps, amount) == pytest.approx(lost)


def test_a_share_of_the_mean_range():
    assert slippage.volatility_share(1.5, 0.1) == pytest.approx(0.15)


@pytest.mark.parametrize(
    ('quantity', 'exponent', 'lost'),
    [
        # As zipline's: 0.1 x (25 / 1000)^2 x 200
        (25.0, 2.0, 0.0125),
        (25.0, 1.0, 0.5),  # 0.1 x 0.025 x 200
        (1000.0, 2.0, 20.0),
    ],
)
def test_a_share_of_the_bars_volume(quantity, exponent, lost):
    found = slippage.volume_share(200.0, quantity, 1000.0, 0.1, exponent)
    assert found == pytest.approx(lost)


def test_a_bar_without_volume_has_no_share():
    assert slippage.volume_share(200.0, 1.0, 0.0, 0.1, 2.0) == 0.0


def test_the_square_root_law():
    # 100 x 1 x 0.02 x sqrt(10,000 / 1,000,000) = 100 x 0.02 x 0.1
    found = slippage.square_root(100.0, 1.0, 0.02, 1e4, 1e6)
    assert found == pytest.approx(0.2)


def test_without_a_daily_volume_no_impact_is_known():
    assert slippage.square_root(100.0, 1.0, 0.02, 1e4, 0.0) == 0.0


def test_a_buy_pays_more_and_a_sale_brings_less():
    assert slippage.worse(100.0, 1, 0.5) == 100.5
    assert slippage.worse(100.0, -1, 0.5) == 99.5


@given(st.floats(min_value=0.01, max_value=1e6), st.sampled_from([1, -1]))
def test_no_slippage_leaves_the_price_untouched(price, sign):
    assert slippage.paid(price, sign, slippage.NONE) == price


def test_no_sale_brings_less_than_nothing():
    assert slippage.worse(100.0, -1, 500.0) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ('model', 'price'),
    [
        (costs.CostModel(slippage_bps=10.0), 200.2),
        (costs.CostModel(slippage=costs.Spread(bps=10.0)), 200.1),
        (costs.CostModel(slippage=costs.Spread(amount=0.5)), 200.25),
        (costs.CostModel(), 200.0),
    ],
)
def test_what_a_model_makes_of_a_price(model, price):
    slip = slippage.slip_of_model(model)
    assert slippage.paid(200.0, 1, slip) == pytest.approx(price)


@given(
    st.floats(0.01, 1e5),
    st.sampled_from([1, -1]),
    st.floats(0, 1e6),
)
def test_twice_the_loss_never_helps(price, sign, lost):
    once = slippage.worse(price, sign, lost)
    twice = slippage.worse(price, sign, 2 * lost)
    assert sign * twice >= sign * once
    assert twice > 0
