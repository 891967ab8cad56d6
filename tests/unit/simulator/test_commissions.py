"""Commissions, against worked examples of public price lists."""

import math

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.model import costs
from sting.simulator import commissions

pytestmark = pytest.mark.unit

FIXED = costs.Commission(per_unit=0.005, minimum=1.0, maximum=0.01)
TIERED = costs.Commission(
    per_unit=0.0035,
    minimum=0.35,
    maximum=0.01,
    tiers=(
        costs.Tier(above=300_000.0, per_unit=0.002),
        costs.Tier(above=3_000_000.0, per_unit=0.0015),
        costs.Tier(above=20_000_000.0, per_unit=0.001),
        costs.Tier(above=100_000_000.0, per_unit=0.0005),
    ),
)


def fee(given, quantity, price, maker=False, traded=0.0):
    """What one order pays that is filled at once."""
    rates = commissions.rates_of(given, maker, traded, quantity)
    return commissions.step(quantity, price, 0.0, 0.0, rates)


@pytest.mark.parametrize(
    ('quantity', 'price', 'owed', 'why'),
    [
        (100, 25.0, 1.00, '100 x 0.005 = 0.50, below the minimum'),
        (1000, 25.0, 5.00, '1000 x 0.005'),
        (1000, 0.25, 2.50, '1000 x 0.005 = 5.00, above 1 % of 250'),
        (10, 5.0, 0.50, 'the maximum, 1 % of 50, goes before the minimum'),
    ],
)
def test_interactive_brokers_fixed(quantity, price, owed, why):
    assert fee(FIXED, quantity, price) == pytest.approx(owed), why


@pytest.mark.parametrize(
    ('quantity', 'traded', 'owed', 'why'),
    [
        (50, 0.0, 0.35, 'the minimum'),
        (200_000, 0.0, 700.0, '200,000 x 0.0035'),
        (
            30_000_000,
            0.0,
            41_950.0,
            '300,000 x 0.0035 + 2,700,000 x 0.002 + 17,000,000 x 0.0015 '
            '+ 10,000,000 x 0.001 = 1,050 + 5,400 + 25,500 + 10,000',
        ),
        (1000, 299_500.0, 2.75, '500 x 0.0035 + 500 x 0.002'),
        (1000, 2e8, 0.50, '1000 x 0.0005: the last tier has no end'),
    ],
)
def test_interactive_brokers_tiered(quantity, traded, owed, why):
    assert fee(TIERED, quantity, 5.0, traded=traded) == pytest.approx(owed), why


@pytest.mark.parametrize(
    ('maker', 'owed'), [(False, 10.0), (True, -2.0)]
)  # 10,000 at 10 basis points, and a rebate of 2
def test_maker_and_taker(maker, owed):
    given = costs.Commission(bps=10.0, maker_bps=-2.0)
    assert fee(given, 100, 100.0, maker) == pytest.approx(owed)


def test_without_a_makers_rate_all_pay_the_same():
    given = costs.Commission(bps=10.0)
    assert fee(given, 1, 100.0, True) == fee(given, 1, 100.0, False)


def test_a_tier_may_change_basis_points_for_both():
    given = costs.Commission(
        bps=10.0,
        maker_bps=10.0,
        tiers=(costs.Tier(above=100.0, bps=8.0, maker_bps=6.0),),
    )
    # Half of the units at 10, half at 8 and at 6.
    assert fee(given, 200, 50.0, False) == pytest.approx(10_000 * 9e-4)
    assert fee(given, 200, 50.0, True) == pytest.approx(10_000 * 8e-4)


def test_what_an_order_pays_once_its_first_fill_pays():
    rates = (0.0, 0.0, 2.0, 0.0, math.inf)
    assert commissions.step(5, 10.0, 0.0, 0.0, rates) == 2.0
    assert commissions.step(5, 10.0, 5.0, 10.0, rates) == 0.0


def test_partial_fills_pay_the_minimum_once():
    # 60 x 0.005 = 0.30 pays 1.00; 150 more make 1.05, which leaves 0.05.
    rates = commissions.rates_of(FIXED, False, 0.0, 60)
    assert commissions.step(60, 20.0, 0.0, 0.0, rates) == 1.0
    second = commissions.step(150, 20.0, 60.0, 20.0, rates)
    assert second == pytest.approx(0.05)


def test_nothing_is_due_before_the_first_fill():
    assert commissions.due(0.0, 0.0, (1.0, 1.0, 1.0, 1.0, 1.0)) == 0.0


sizes = st.lists(
    st.tuples(
        st.floats(min_value=0.5, max_value=1e5),
        st.floats(min_value=0.01, max_value=1e4),
    ),
    min_size=1,
    max_size=6,
)
all_rates = st.tuples(
    st.floats(0, 100),
    st.floats(0, 1),
    st.floats(0, 10),
    st.floats(0, 10),
    st.sampled_from([0.005, 0.01, math.inf]),
)


def charged(parts, rates):
    """All that an order pays, filled in these parts."""
    filled = value = total = 0.0
    for quantity, price in parts:
        average = value / filled if filled else 0.0
        step = commissions.step(quantity, price, filled, average, rates)
        assert step >= -1e-6
        total += step
        filled += quantity
        value += quantity * price
    return total, filled, value


@given(sizes, all_rates)
def test_the_parts_of_an_order_pay_what_the_whole_owes(parts, rates):
    total, filled, value = charged(parts, rates)
    owed = commissions.due(filled, value, rates)
    assert total == pytest.approx(owed, rel=1e-9, abs=1e-6)


@given(sizes, all_rates)
def test_twice_the_rates_never_cost_less(parts, rates):
    bps, per_unit, per_order, minimum, maximum = rates
    twice = (2 * bps, 2 * per_unit, 2 * per_order, 2 * minimum, 2 * maximum)
    assert charged(parts, twice)[0] >= charged(parts, rates)[0] - 1e-6


LEVIES = (
    costs.Levy(name='SEC', bps=0.278),
    costs.Levy(name='TAF', per_unit=0.000166, cap=8.30),
    costs.Levy(name='CAT', side='both', per_unit=0.0000265),
    costs.Levy(name='exchange', side='both', liquidity='taker', per_unit=0.003),
)


@pytest.mark.parametrize(
    ('sign', 'maker', 'quantity', 'owed', 'why'),
    [
        (
            -1,
            True,
            1000,
            # 100,000 x 0.0000278 + 1000 x 0.000166 + 1000 x 0.0000265
            2.78 + 0.166 + 0.0265,
            'a sale pays the SEC, FINRA and CAT',
        ),
        (1, True, 1000, 0.0265, 'a purchase pays CAT alone'),
        (1, False, 1000, 0.0265 + 3.0, 'and the exchange for liquidity'),
        (
            -1,
            True,
            100_000,
            # 100,000 x 0.000166 = 16.60, capped
            278.0 + 8.30 + 2.65,
            'the activity fee has a cap',
        ),
    ],
)
def test_levies(sign, maker, quantity, owed, why):
    found = commissions.levies(LEVIES, sign, maker, quantity, 100.0)
    assert found == pytest.approx(owed), why


def test_whole_numbers_of_a_file_become_floats():
    model = costs.CostModel(commission=costs.Commission(bps=1, per_order=2))
    rates = commissions.rates_of_model(model)
    assert rates == (1.0, 0.0, 2.0, 0.0, math.inf)
    assert {type(each) for each in rates} == {float}
