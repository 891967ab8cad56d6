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


def _moved(kept, moves, now):
    """Changes what was kept by what has moved, and by nothing else."""
    for symbol in moves.places:
        kept.pop(symbol, None)
    came = [symbol for symbol in now if symbol in moves.places]
    kept.update(dict.fromkeys(came))
    for symbol in moves.values:
        if symbol in now:
            kept[symbol] = now[symbol]
    return kept


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
        moves = seen.take(takes)
        takes = seen.takes
        now = dict(zip(book.held, worth, strict=True))
        kept = now if moves is None else _moved(kept, moves, now)
        assert list(kept.items()) == list(now.items())


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
    assert seen.take(seen.takes) == ({'B', 'C'}, set())
    seen.look(book, prices)
    assert seen.take(seen.takes) == (set(), set())


def test_a_price_is_told_of_wherever_its_symbol_stands():
    book, seen = portfolio.Portfolio(), valuation.Valuation()
    prices = {f'S{nth}': 10.0 for nth in range(100)}
    for symbol in prices:
        book.apply(_fill(symbol, 1.0, 10.0))
    seen.look(book, prices)
    seen.take(0)
    for nth, symbol in enumerate(prices):
        prices[symbol] = 11.0
        worth = seen.look(book, prices)
        assert list(worth) == [11.0] * (nth + 1) + [10.0] * (99 - nth)
        assert seen.take(seen.takes) == ({symbol}, set())


def test_what_comes_and_goes_is_told_of_by_name():
    book, seen = portfolio.Portfolio(), valuation.Valuation()
    prices = dict.fromkeys(('A', 'B', 'C', 'D'), 10.0)
    for symbol in 'ABC':
        book.apply(_fill(symbol, 1.0, 10.0))
    seen.look(book, prices)
    seen.take(0)
    book.apply(_fill('A', -1.0, 10.0))
    seen.look(book, prices)
    book.apply(_fill('D', 2.0, 10.0))
    assert list(seen.look(book, prices)) == [10.0, 10.0, 20.0]
    assert seen.take(seen.takes) == ({'D'}, {'A', 'D'})


def test_where_much_went_all_is_valued():
    book, seen = portfolio.Portfolio(), valuation.Valuation()
    prices = {f'S{nth}': 10.0 for nth in range(20)}
    for symbol in prices:
        book.apply(_fill(symbol, 1.0, 10.0))
    seen.look(book, prices)
    seen.take(0)
    for symbol in list(prices)[:15]:
        book.apply(_fill(symbol, -1.0, 10.0))
    assert list(seen.look(book, prices)) == [10.0] * 5
    assert seen.take(seen.takes) is None


def test_who_was_not_the_last_to_ask_is_not_told_of_changes():
    book, seen = portfolio.Portfolio(), valuation.Valuation()
    book.apply(_fill('A', 1.0, 10.0))
    seen.look(book, {'A': 10.0})
    seen.take(0)
    mine = seen.takes
    seen.look(book, {'A': 11.0})
    assert seen.take(mine) == ({'A'}, set())
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
