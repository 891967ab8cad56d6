"""What corporate actions do to positions, prices and orders."""

import math

import hypothesis
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import msgspec
import pytest

from sting.model import corporate
from sting.model import orders
from sting.model import portfolio
from sting.model import records

pytestmark = pytest.mark.unit

K = records.ActionKind


def action(kind, **figures):
    return records.CorporateAction(symbol='AAPL', kind=kind, **figures)


def holding(quantity=10.0, price=100.0):
    side = orders.OrderSide.BUY if quantity > 0 else orders.OrderSide.SELL
    book = portfolio.Portfolio(5_000.0)
    book.apply(
        orders.Fill(
            order_id='o',
            execution_id='x',
            symbol='AAPL',
            side=side,
            quantity=abs(quantity),
            price=price,
            fee=1.0,
            timestamp=7,
        )
    )
    return book


@pytest.mark.parametrize(
    ('given_one', 'sound'),
    [
        (action(K.SPLIT, ratio=4.0), True),
        (action(K.SPLIT, ratio=0.0), False),
        (action(K.SPLIT, ratio=-2.0), False),
        (action(K.SPLIT, ratio=math.nan), False),
        (action(K.SPLIT, ratio=math.inf), False),
        (action(K.DIVIDEND, amount=0.5), True),
        (action(K.DIVIDEND), False),
        (action(K.DELISTING), True),
        (action(K.DELISTING, price=3.0), True),
        (action(K.DELISTING, price=-1.0), False),
        (action(K.DELISTING, price=math.nan), False),
    ],
)
def test_only_figures_that_make_sense_are_sound(given_one, sound):
    assert corporate.is_sound(given_one) is sound


@pytest.mark.parametrize('quantity', [10.0, -10.0])
def test_a_split_keeps_what_a_position_cost(quantity):
    book = holding(quantity)
    cash = book.cash
    corporate.book(book, action(K.SPLIT, ratio=4.0), 9)
    held = book.positions['AAPL']
    assert (held.quantity, held.average_price) == (quantity * 4, 25.0)
    assert (held.realized, held.fees, held.opened) == (0.0, 1.0, 7)
    assert book.cash == cash
    assert list(book.held) == ['AAPL']


def test_a_reverse_split_leaves_fractions():
    book = holding(15.0, 2.0)
    corporate.book(book, action(K.SPLIT, ratio=0.1), 9)
    held = book.positions['AAPL']
    assert (held.quantity, held.average_price) == (1.5, 20.0)


@pytest.mark.parametrize(
    ('quantity', 'realized'), [(10.0, -700.0), (-10.0, 700.0)]
)
def test_a_delisting_pays_out_and_leaves_flat(quantity, realized):
    book = holding(quantity)
    cash = book.cash
    corporate.book(book, action(K.DELISTING, price=30.0), 9)
    held = book.positions['AAPL']
    assert (held.quantity, held.average_price) == (0.0, 0.0)
    assert (held.realized, held.updated) == (realized, 9)
    assert book.cash == cash + quantity * 30.0
    assert not book.held


@pytest.mark.parametrize('kind', [K.SPLIT, K.DELISTING])
def test_what_is_not_held_stays_as_it_is(kind):
    book = holding()
    book.pay_out('AAPL', 100.0, 8)
    before = dict(book.positions)
    corporate.book(book, action(kind, ratio=2.0), 9)
    corporate.book(portfolio.Portfolio(), action(kind, ratio=2.0), 9)
    assert book.positions == before


def test_a_dividend_changes_no_holding_by_itself():
    book = holding()
    before = book.copy()
    corporate.book(book, action(K.DIVIDEND, amount=1.0), 9)
    assert (book.positions, book.cash) == (before.positions, before.cash)


@pytest.mark.parametrize(
    ('given_one', 'price'),
    [
        (action(K.SPLIT, ratio=4.0), 25.0),
        (action(K.DIVIDEND, amount=1.5), 98.5),
        (action(K.DIVIDEND, amount=150.0), 0.0),
        (action(K.DELISTING, price=70.0), 70.0),
    ],
)
def test_the_price_after_an_action(given_one, price):
    assert corporate.price_after(100.0, given_one) == price


def test_a_dividend_is_paid_to_the_long_and_by_the_short():
    paid = corporate.dividend(
        action(K.DIVIDEND, amount=0.5), 6.0, {'sma': 10.0, 'mean': -4.0}
    )
    assert (paid.amount, paid.quantity) == (3.0, 6.0)
    assert paid.shares == {'sma': 5.0, 'mean': -2.0}


ORDER = orders.Order(
    id='o',
    symbol='AAPL',
    side=orders.OrderSide.BUY,
    quantity=10.0,
    price=100.0,
    stop_price=96.0,
    trail=2.0,
    take_profit=120.0,
    stop_loss=80.0,
    filled=4.0,
    average_price=99.0,
    changing=12.0,
    changing_price=104.0,
    changing_stop=92.0,
)


def test_an_order_has_the_same_value_after_a_split():
    after = corporate.split_order(ORDER, 4.0)
    assert (after.quantity, after.filled, after.changing) == (40.0, 16.0, 48.0)
    assert (after.price, after.stop_price, after.trail) == (25.0, 24.0, 0.5)
    assert (after.take_profit, after.stop_loss) == (30.0, 20.0)
    assert (after.average_price, after.changing_price) == (24.75, 26.0)
    assert (after.changing_stop, after.id) == (23.0, 'o')


def test_what_waits_for_an_entry_is_as_many_new_units_after_a_split():
    waits = msgspec.structs.replace(ORDER, held=6.0)
    assert corporate.split_order(waits, 4.0).held == 24.0


def test_what_an_order_does_not_have_a_split_does_not_give_it():
    plain = orders.Order(
        id='o', symbol='AAPL', side=orders.OrderSide.SELL, quantity=1.0
    )
    after = corporate.split_order(plain, 2.0)
    assert (after.price, after.stop_price, after.trail) == (None, None, None)


def test_a_trail_in_per_cent_stays():
    assert corporate.split_trail('2%', 4.0) == '2%'


@given(
    quantity=st.floats(0.01, 1e6),
    price=st.floats(0.01, 1e6),
    ratio=st.sampled_from([2.0, 3.0, 4.0, 1.5, 0.1, 20.0]),
    short=st.booleans(),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
def test_no_split_changes_a_portfolios_value(quantity, price, ratio, short):
    book = holding(-quantity if short else quantity, price)
    value = book.value({'AAPL': price})
    split = action(K.SPLIT, ratio=ratio)
    corporate.book(book, split, 9)
    after = book.value({'AAPL': corporate.price_after(price, split)})
    assert after == pytest.approx(value, rel=1e-9, abs=1e-3)
