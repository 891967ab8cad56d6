"""A portfolio that is valued again and again."""

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.model import orders
from sting.model import portfolio
from sting.model import valuation

pytestmark = pytest.mark.unit

_SYMBOLS = st.sampled_from(('A', 'B', 'C', 'D'))
_PRICES = st.floats(0.01, 1e4)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(('price', 'same', 'fill', 'close', 'split', 'pay')),
        _SYMBOLS,
        st.sampled_from((-3.0, -0.5, 0.5, 2.0)),
        _PRICES,
    ),
    max_size=30,
)


def _fill(symbol, units, price):
    return orders.Fill(
        order_id='o',
        execution_id='e',
        symbol=symbol,
        side=orders.OrderSide.BUY if units > 0 else orders.OrderSide.SELL,
        quantity=abs(units),
        price=price,
    )


def _step(book, prices, what, symbol, units, price):
    held = book.quantity(symbol)
    if what == 'price':
        prices[symbol] = price
    elif what == 'same' and symbol in prices:
        prices[symbol] = float(repr(prices[symbol]))
    elif what == 'fill':
        book.apply(_fill(symbol, units, price))
    elif what == 'close' and held:
        book.apply(_fill(symbol, -held, price))
    elif what == 'split':
        book.split(symbol, 2.0)
    elif what == 'pay':
        book.pay_out(symbol, price, 1)


@hypothesis.given(
    _STEPS,
    st.lists(
        st.sampled_from(('no', 'look', 'take', 'other')),
        min_size=30,
        max_size=30,
    ),
)
def test_each_look_finds_what_is_held_now_to_the_last_bit(steps, looks):
    book, seen = portfolio.Portfolio(), valuation.Valuation()
    prices = {'A': 10.0}
    kept, takes = {}, 0
    for step, look in zip(steps, looks, strict=False):
        _step(book, prices, *step)
        assert {s: book.positions[s].quantity for s in book.held} == book.held
        if look == 'no':
            continue
        worth = book.worth(prices)
        assert list(seen.look(book, prices)) == worth
        assert seen.symbols == list(book.held)
        assert seen.priced == (book.held.keys() <= prices.keys())
        if look == 'look':
            continue
        if look == 'other':
            seen.take(0)
        moved = seen.take(takes)
        takes = seen.takes
        if moved is None:
            kept = dict(zip(book.held, worth, strict=True))
        for place in moved or ():
            kept[seen.symbols[place]] = worth[place]
        assert kept == dict(zip(book.held, worth, strict=True))


def test_only_what_is_worth_something_else_is_told_of():
    book, seen = portfolio.Portfolio(), valuation.Valuation()
    prices = dict.fromkeys(('A', 'B', 'C'), 10.0)
    for symbol in prices:
        book.apply(_fill(symbol, 1.0, 10.0))
    seen.look(book, prices)
    assert seen.take(seen.takes) is None
    prices['B'] = 11.0
    assert list(seen.look(book, prices)) == [10.0, 11.0, 10.0]
    book.apply(_fill('C', 1.0, 10.0))
    assert list(seen.look(book, prices)) == [10.0, 11.0, 20.0]
    assert seen.take(seen.takes) == {1, 2}
    seen.look(book, prices)
    assert seen.take(seen.takes) == set()


def test_who_was_not_the_last_to_ask_is_not_told_of_changes():
    book, seen = portfolio.Portfolio(), valuation.Valuation()
    book.apply(_fill('A', 1.0, 10.0))
    seen.look(book, {'A': 10.0})
    seen.take(0)
    mine = seen.takes
    seen.look(book, {'A': 11.0})
    assert seen.take(mine) == {0}
    seen.look(book, {'A': 12.0})
    assert seen.take(mine) is None


def test_what_was_paid_counts_where_there_is_no_price():
    book, seen = portfolio.Portfolio(), valuation.Valuation()
    book.apply(_fill('A', 1.0, 10.0))
    assert list(seen.look(book, {})) == [10.0]
    # Out and in again: as many units, and another price paid.
    book.apply(_fill('A', -1.0, 11.0))
    book.apply(_fill('A', 1.0, 12.0))
    assert list(seen.look(book, {})) == [12.0]
    assert not seen.priced
