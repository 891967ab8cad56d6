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


def price(text, side='buy', **given):
    book = {'bid': 99.5, 'ask': 100.5, 'last': 100.0} | given
    return typed.price(typed.place(text), orders.OrderSide(side), **book)


@pytest.mark.parametrize(
    ('text', 'buy', 'sell'),
    [
        ('bid', 99.5, 99.5),
        ('Ask', 100.5, 100.5),
        ('last', 100.0, 100.0),
        ('last+1%', 101.0, 101.0),
        ('bid - 0.05', 99.45, 99.45),
        ('near', 99.5, 100.5),
        ('far', 100.5, 99.5),
        # Less is better for who orders, on both sides.
        ('near-0.1', 99.4, 100.6),
        ('near+0.1', 99.6, 100.4),
        ('near-1%', 98.5, 101.5),
        ('far+.02', 100.52, 99.48),
    ],
)
def test_a_price_by_the_markets(text, buy, sell):
    # Halves of a cent are rounded as Python does.
    assert price(text) == pytest.approx(buy, abs=0.0051)
    assert price(text, 'sell') == pytest.approx(sell, abs=0.0051)


def test_without_quotes_near_and_far_are_the_last_price():
    assert price('near', bid=None, ask=None) == 100.0
    assert price('far-1%', 'sell', bid=None, ask=None) == 101.0
    with pytest.raises(errors.OrderError, match='there are no quotes'):
        price('bid', bid=None)
    with pytest.raises(errors.OrderError, match='no price yet'):
        price('near', bid=None, ask=None, last=None)


def test_a_place_is_rounded_as_its_price_is_written():
    assert price('last+0.333%') == 100.33
    assert price('last+0.333%', last=0.5) == 0.501665
    with pytest.raises(errors.OrderError, match='above 0'):
        price('last-100')


@pytest.mark.parametrize(
    'text',
    ['mid', 'bid0.05', 'bid--1', 'bid-', 'near-%', '99', '', 'last+100%'],
)
def test_what_is_no_place(text):
    with pytest.raises(errors.OrderError):
        typed.place(text)
