"""What people type for an order."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import typed

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('text', 'moment'),
    [
        ('2026-12-01', '2026-12-01T23:59:59Z'),
        (' 2026-12-01T15:30 ', '2026-12-01T15:30:00Z'),
        ('2026-12-01T15:30-05:00', '2026-12-01T20:30:00Z'),
    ],
)
def test_a_moment(text, moment):
    assert market.to_iso(typed.moment(text)) == moment


@pytest.mark.parametrize('text', ['', 'soon', '2026-13-01', '1', '0001-01-01x'])
def test_what_is_no_moment(text):
    with pytest.raises(errors.OrderError, match='is no moment'):
        typed.moment(text)


@pytest.mark.parametrize(('text', 'wanted'), [('1.5', 1.5), ('2%', '2%')])
def test_a_trail(text, wanted):
    assert typed.trail(text) == wanted


@pytest.mark.parametrize('text', ['', 'two', '0', '-1', '0%', '100%', 'nan'])
def test_what_is_no_trail(text):
    with pytest.raises(errors.OrderError, match='trail'):
        typed.trail(text)


@pytest.mark.parametrize(
    ('text', 'amount'),
    [
        ('100', typed.Amount(100.0)),
        (' .5 ', typed.Amount(0.5)),
        ('5000$', typed.Amount(5000.0, '$')),
        ('10%', typed.Amount(10.0, '%')),
        ('1%r', typed.Amount(1.0, '%', risk=True)),
        ('200$r', typed.Amount(200.0, '$', risk=True)),
    ],
)
def test_an_amount(text, amount):
    assert typed.amount(text) == amount


@pytest.mark.parametrize('text', ['', '0', '1,000', '1r', '$5', '-1%', '1e9'])
def test_what_is_no_amount(text):
    with pytest.raises(errors.OrderError):
        typed.amount(text)


@given(
    st.floats(1.0, 1e7), st.floats(0.01, 1e5), st.sampled_from([0.0, 0.1, 10])
)
def test_units_never_cost_more_than_the_money(money, price, lot):
    wanted = typed.Amount(money, '$')
    try:
        units = typed.units(
            wanted,
            side=orders.OrderSide.BUY,
            price=price,
            stop=None,
            equity=0.0,
            lot=lot,
        )
    except errors.OrderError:
        assert money < price * (lot or 1.0) * (1 + 1e-6)
    else:
        assert units * price <= money * (1 + 1e-6)
        assert (units + (lot or 1.0)) * price > money * (1 - 1e-6)


def test_a_stop_on_the_wrong_side_risks_nothing():
    with pytest.raises(errors.OrderError, match='a stop that loses'):
        typed.units(
            typed.Amount(1.0, '%', risk=True),
            side=orders.OrderSide.SELL,
            price=100.0,
            stop=99.0,
            equity=1e5,
            lot=0.0,
        )
