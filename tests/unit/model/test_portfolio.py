"""Positions and portfolios, against sums worked out another way."""

import math

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.model import orders
from sting.model import portfolio

pytestmark = pytest.mark.unit

START = 10_000.0
BUY, SELL = orders.OrderSide.BUY, orders.OrderSide.SELL


def fill(side, quantity, price, fee=0.0, symbol='AAPL', timestamp=1):
    return orders.Fill(
        order_id='o',
        execution_id='x',
        symbol=symbol,
        side=side,
        quantity=quantity,
        price=price,
        fee=fee,
        timestamp=timestamp,
    )


def booked(*fills):
    book = portfolio.Portfolio(START)
    for one in fills:
        book.apply(one)
    return book


def close_to(expected, scale):
    return pytest.approx(expected, rel=1e-9, abs=1e-7 * max(1.0, scale))


fills = st.lists(
    st.builds(
        fill,
        st.sampled_from([BUY, SELL]),
        # Few round sizes, so that flat and flipped positions are common.
        st.sampled_from([0.1, 0.2, 0.3, 1.0, 2.5, 7.0])
        | st.floats(0.001, 1_000.0),
        st.floats(0.01, 5_000.0),
        st.floats(0.0, 10.0),
        st.sampled_from(['AAPL', 'IBM']),
    ),
    max_size=30,
)


@given(fills, st.floats(0.01, 5_000.0), st.floats(0.01, 5_000.0))
def test_value_is_start_and_profit_less_fees_at_any_price(done, aapl, ibm):
    prices = {'AAPL': aapl, 'IBM': ibm}
    book = booked(*done)
    unrealized = sum(
        position.unrealized(prices[symbol])
        for symbol, position in book.positions.items()
    )
    scale = sum(f.quantity * max(f.price, prices[f.symbol]) for f in done)
    assert book.value(prices) == close_to(
        START + book.realized() + unrealized - book.fees(), scale
    )


@given(fills)
def test_cash_and_units_are_the_sums_of_the_fills(done):
    book = booked(*done)
    flows = [-f.side.sign * f.quantity * f.price - f.fee for f in done]
    scale = sum(map(abs, flows))
    assert book.cash == close_to(START + math.fsum(flows), scale)
    assert book.fees() == pytest.approx(math.fsum(f.fee for f in done))
    for symbol in ('AAPL', 'IBM'):
        units = math.fsum(
            f.side.sign * f.quantity for f in done if f.symbol == symbol
        )
        assert book.quantity(symbol) == pytest.approx(units, abs=1e-7)


@given(fills)
def test_held_is_what_is_not_flat(done):
    book = booked(*done)
    assert set(book.held) == {
        symbol for symbol, p in book.positions.items() if p.quantity
    }
    for position in book.positions.values():
        assert (position.average_price > 0) == (position.quantity != 0)


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(1, 100)), min_size=1))
def test_what_is_bought_is_held_at_its_mean_price(parts):
    book = booked(*(fill(BUY, q, p) for q, p in parts))
    units = math.fsum(q for q, _ in parts)
    assert book.positions['AAPL'].average_price == pytest.approx(
        math.fsum(q * p for q, p in parts) / units
    )
    assert book.realized() == 0.0


def test_a_sale_realizes_the_difference_to_the_mean():
    book = booked(fill(BUY, 10, 100), fill(BUY, 10, 110), fill(SELL, 5, 120))
    position = book.positions['AAPL']
    assert (position.quantity, position.average_price) == (15.0, 105.0)
    assert position.realized == 75.0


def test_a_short_gains_when_the_price_falls():
    book = booked(fill(SELL, 10, 100), fill(BUY, 4, 90))
    position = book.positions['AAPL']
    assert (position.quantity, position.average_price) == (-6.0, 100.0)
    assert position.realized == 40.0
    assert position.unrealized(95.0) == 30.0


@pytest.mark.parametrize(('first', 'then'), [(BUY, SELL), (SELL, BUY)])
def test_a_flip_through_zero_opens_anew_at_the_fill(first, then):
    book = booked(
        fill(first, 10, 100, timestamp=1), fill(then, 15, 110, timestamp=2)
    )
    position = book.positions['AAPL']
    assert position.quantity == then.sign * 5.0
    assert position.average_price == 110.0
    assert position.realized == first.sign * 100.0
    assert (position.opened, position.updated) == (2, 2)


def test_what_is_closed_is_flat_and_keeps_its_profit():
    book = booked(
        fill(BUY, 0.1, 100), fill(BUY, 0.2, 100), fill(SELL, 0.3, 110)
    )
    position = book.positions['AAPL']
    assert (position.quantity, position.average_price) == (0.0, 0.0)
    assert position.realized == pytest.approx(3.0)
    assert not book.held


def test_an_addition_does_not_open_anew():
    book = booked(
        fill(BUY, 1, 100, timestamp=1),
        fill(BUY, 1, 100, timestamp=2),
        fill(SELL, 1, 100, timestamp=3),
    )
    position = book.positions['AAPL']
    assert (position.opened, position.updated) == (1, 3)


def test_what_is_opened_again_is_opened_then():
    book = booked(
        fill(BUY, 1, 100, timestamp=1),
        fill(SELL, 1, 100, timestamp=2),
        fill(SELL, 1, 100, timestamp=3),
    )
    assert book.positions['AAPL'].opened == 3


def test_a_fill_of_dust_leaves_a_flat_position_flat():
    book = booked(fill(BUY, 5e-10, 100.0))
    assert book.positions['AAPL'].quantity == 0.0
    assert book.positions['AAPL'].average_price == 0.0


def test_a_position_without_a_price_counts_at_its_cost():
    assert booked(fill(BUY, 10, 100, 1.0)).value({}) == START - 1.0


def test_a_symbol_never_traded_is_not_held():
    assert booked().quantity('AAPL') == 0.0


def test_dust_held_after_a_fill_is_flat():
    assert portfolio.held_after(5.0, -5.0 + 1e-10) == 0.0
    assert portfolio.held_after(5.0, -4.0) == 1.0


def test_cash_pays_the_fee_on_both_sides():
    assert portfolio.cash_after(100.0, 1, 2.0, 10.0, 1.0) == 79.0
    assert portfolio.cash_after(100.0, -1, 2.0, 10.0, 1.0) == 119.0


def test_a_copy_is_equal_and_changes_alone():
    book = booked(fill(BUY, 10, 100, 1.0))
    copy = book.copy()
    before = (book.cash, dict(book.positions), dict(book.held))
    assert (copy.cash, copy.positions, copy.held) == before
    copy.apply(fill(SELL, 10, 110, 1.0))
    assert (book.cash, book.positions, book.held) == before
    assert copy.quantity('AAPL') == 0.0


def test_a_portfolio_is_put_together_again():
    book = portfolio.Portfolio(5.0)
    for symbol, opened in (('B', 3), ('A', 2), ('C', 4)):
        fill = orders.Fill(
            order_id='o',
            execution_id='x',
            symbol=symbol,
            side=orders.OrderSide.BUY,
            quantity=1.0,
            price=2.0,
            timestamp=opened,
        )
        book.apply(fill)
    again = portfolio.Portfolio.of(book.cash, book.positions.values())
    assert again.positions == book.positions
    assert again.cash == book.cash
    assert list(again.held) == ['A', 'B', 'C']
