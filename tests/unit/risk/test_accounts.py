"""What of an account is at one broker."""

import pytest

from sting.engine import routes
from sting.model import orders
from sting.model import records
from sting.risk import accounts
from sting.risk import scopes
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL


@pytest.fixture
def system():
    """10 AAPL held at one; an order of it works there, one of IBM at two."""
    made = worlds.World(
        routes=routes.Routes(main='one', by_symbol={'IBM': 'two'}),
        created=records.LogCreated(
            log='ab',
            profile='test',
            mode=records.Mode.PAPER,
            cash=3_000.0,
            venues=(
                records.Venue(broker='one', cash=2_000.0),
                records.Venue(broker='two', cash=1_000.0),
            ),
        ),
    )
    for symbol in worlds.SYMBOLS:
        made.bar(symbol, 100.0)
    made.fill('b-7', 10.0, broker='one')
    made.order(SELL, 5.0)
    made.order(BUY, 1.0, 'IBM')
    return made.state


def order(broker, symbol='AAPL'):
    return orders.Order(
        id='x', symbol=symbol, side=BUY, quantity=1.0, broker=broker
    )


def test_what_is_behind_an_order_of_one_broker_is_the_account(system):
    assert accounts.behind(order(''), system) is system


def test_each_broker_has_its_own_equity_and_positions(system):
    one = accounts.behind(order('one'), system)
    two = accounts.behind(order('two'), system)
    assert (one.equity(), two.equity()) == (2_000.0, 1_000.0)
    assert one.portfolio.quantity('AAPL') == 10.0
    assert list(two.portfolio.held) == []
    assert (one.portfolio.cash, two.portfolio.cash) == (1_000.0, 1_000.0)
    assert (one.quantity('AAPL'), two.quantity('AAPL')) == (10.0, 0.0)
    assert one.quantity('IBM') == 0.0
    assert one.prices is system.prices


def test_what_rules_share_of_one_broker_is_not_that_of_another(system):
    system.shared = {}
    found = [
        accounts.behind(order(broker), system).once('worth', work)
        for broker, work in [
            ('one', lambda: 1),
            ('two', lambda: 2),
            ('one', lambda: 3),
        ]
    ]
    assert found == [1, 2, 1]


def test_a_part_says_what_it_is_cut_down_to(system):
    symbols = frozenset(['IBM'])
    assert scopes.View(scopes.Scope(symbols=symbols), system).cut == symbols
    own = scopes.Scope('sma', symbols)
    assert scopes.View(own, system).cut is None


def test_only_orders_that_work_there_are_counted(system):
    one = accounts.behind(order('one'), system)
    two = accounts.behind(order('two'), system)
    assert [each.symbol for each in one.working()] == ['AAPL']
    assert [each.symbol for each in two.working()] == ['IBM']
    assert not any(one.working('IBM'))


def test_a_scope_is_cut_down_to_the_broker(system):
    view = scopes.View(scopes.Scope(symbols=frozenset(['IBM'])), system)
    one = accounts.behind(order('one', 'IBM'), view)
    assert list(one.portfolio.held) == []
    assert one.equity() == 2_000.0
