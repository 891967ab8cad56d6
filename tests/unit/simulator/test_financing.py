"""What borrowing costs, and what a margin call takes."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.simulator import financing

pytestmark = pytest.mark.unit


def test_a_loan_costs_by_calendar_days_of_a_year_of_360():
    # 10,000 x 0.06 x 3 / 360, over a weekend
    assert financing.accrued(10_000.0, 0.06, 3) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ('gross', 'equity', 'off'),
    [
        (100_000.0, 25_000.0, 0.0),  # 25 % is what has to be
        (100_000.0, 20_000.0, 20_000.0),  # 20,000 carry 80,000
        (100_000.0, -5.0, 100_000.0),  # nothing carries nothing
        (0.0, 0.0, 0.0),
    ],
)
def test_what_a_call_takes_off(gross, equity, off):
    assert financing.excess(gross, equity, 0.25) == pytest.approx(off)


@pytest.mark.parametrize(
    ('held', 'price', 'value', 'units'),
    [
        (100.0, 50.0, 1010.0, 21.0),  # 20.2, rounded up
        (-100.0, 50.0, 1000.0, 20.0),
        (100.0, 50.0, 9e9, 100.0),
        (0.5, 50_000.0, 10_000.0, 0.2),  # parts of a unit can be traded
        (10.0, 0.0, 5.0, 10.0),
    ],
)
def test_just_enough_units_go(held, price, value, units):
    assert financing.units_off(held, price, value) == pytest.approx(units)


@given(
    st.floats(1.0, 1e7),
    st.floats(-1e6, 1e6),
    st.sampled_from([0.1, 0.25, 0.3, 1.0]),
)
def test_after_a_call_the_equity_is_enough(gross, equity, maintenance):
    off = financing.excess(gross, equity, maintenance)
    assert 0 <= off <= gross
    left = max(equity, 0.0)
    assert left >= maintenance * (gross - off) - 1e-9 * gross
