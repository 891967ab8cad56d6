"""The book, taken out of the state."""

import pytest

from sting.engine import state
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.risk import metrics

pytestmark = pytest.mark.unit


def filled(cash, symbol, side, quantity):
    made = portfolio.Portfolio(cash)
    made.apply(
        orders.Fill(
            order_id='1', execution_id='x', symbol=symbol, side=side,
            quantity=quantity, price=10.0, timestamp=1,
        )
    )  # fmt: skip
    return made


@pytest.fixture
def system():
    made = state.SystemState()
    made.portfolio = filled(1000.0, 'A', orders.OrderSide.BUY, 5.0)
    made.books = {'s': filled(0.0, 'B', orders.OrderSide.SELL, 2.0)}
    made.day_equity = 1100.0
    return made


def test_prices_are_the_last_and_before_the_first_what_was_paid(system):
    system.prices = {'A': 20.0}
    book = metrics.capture(system)
    assert (book.prices, book.quantities) == ({'A': 20.0, 'B': 10.0}, {'A': 5})
    assert book.values() == {'A': 100.0}
    assert book.parts == (('s', 'B', -2.0),)
    assert book.limits == ()


def test_the_peak_is_the_highest_that_was_seen(system):
    assert metrics.capture(system).peak == 1100.0
    assert metrics.capture(system, 5000.0).peak == 5000.0
    system.portfolio.cash, system.day_equity = -49.5, 0.25
    assert metrics.capture(system).peak == 0.5


def test_it_says_of_which_moment_it_is(system):
    system.time, system.seq = 7, 3
    book = metrics.capture(system)
    assert (book.time, book.seq) == (7, 3)


def test_the_rules_in_force_come_along(system):
    rules = records.RuleSet(names=('a',), limits=(3.0,), units=('units',))
    system.rules = (1, rules)
    (limit,) = metrics.capture(system).limits
    assert (limit.rule, limit.limit, limit.unit) == ('a', 3.0, 'units')
