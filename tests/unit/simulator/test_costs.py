"""Commission and slippage."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.model import errors
from sting.simulator import costs

pytestmark = pytest.mark.unit


def test_commission_is_a_share_of_the_notional():
    assert costs.commission(10, 200.0, 5.0) == pytest.approx(1.0)


def test_slippage_makes_a_buy_dearer():
    assert costs.slipped(200.0, 1, 10.0) == pytest.approx(200.2)


def test_slippage_makes_a_sell_cheaper():
    assert costs.slipped(200.0, -1, 10.0) == pytest.approx(199.8)


@given(st.floats(min_value=0.01, max_value=1e6), st.sampled_from([1, -1]))
def test_no_slippage_leaves_the_price_untouched(price, sign):
    assert costs.slipped(price, sign, 0.0) == price


@pytest.mark.parametrize('value', [-1.0, 10_000.0, float('nan'), float('inf')])
@pytest.mark.parametrize('name', ['commission_bps', 'slippage_bps'])
def test_a_figure_that_makes_no_sense_is_refused(name, value):
    with pytest.raises(errors.ConfigError, match=name):
        costs.CostModel(**{name: value})


def test_nothing_is_charged_unless_told():
    assert costs.CostModel() == costs.CostModel(
        commission_bps=0.0, slippage_bps=0.0
    )
