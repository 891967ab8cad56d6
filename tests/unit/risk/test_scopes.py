"""What a rule looks at."""

import pytest

from sting.model import orders
from sting.risk import catalog
from sting.risk import rules
from sting.risk import scopes
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL
order = worlds.order
X = frozenset('X')


def scoped(kind, scope, limit=1.0):
    return scopes.Scoped('mine', kind(limit), scope)


def world():
    """X and Y are held; a's part of each is two units."""
    made = worlds.World(X=100.0, Y=100.0)
    made.hold('X', 10.0)
    made.hold('Y', 20.0)
    for symbol in ('X', 'Y'):
        one = made.pend(order(BUY, 2.0, symbol, id=f'a-{symbol}', strategy='a'))
        made.take(
            worlds.T.FILL,
            orders.Fill(
                order_id=one.id,
                execution_id='e',
                symbol=symbol,
                side=BUY,
                quantity=2.0,
                price=100.0,
            ),
            symbol,
        )
    return made


def test_a_rule_says_its_own_name():
    one = scoped(rules.MaxPosition, scopes.Scope())
    assert one.name == 'max_position(mine)'
    assert one.sentence(2.0).startswith('max_position(mine): 2 units')


def test_orders_outside_of_the_scope_have_no_figure():
    for_a = scoped(rules.MaxPosition, scopes.Scope('a'))
    for_x = scoped(rules.MaxPosition, scopes.Scope(symbols=X))
    system = world().system
    assert for_a.figure(order(BUY), system) is None
    assert for_a.figure(order(BUY, strategy='b'), system) is None
    assert for_x.figure(order(BUY, symbol='Y'), system) is None


@pytest.mark.parametrize(
    ('scope', 'expected'),
    [
        (scopes.Scope(), 3.5),
        (scopes.Scope('a'), 0.5),
        (scopes.Scope(symbols=X), 1.3),
        (scopes.Scope('a', X), 0.3),
    ],
)
@pytest.mark.parametrize('kind', ['gross_exposure', 'net_exposure'])
def test_exposure_is_that_of_the_scope(kind, scope, expected):
    made = world()
    one = order(BUY, 1.0, strategy='a')
    kinds = {**catalog.OF_ACCOUNT, **catalog.OF_SCOPE}
    figure = scoped(kinds[kind], scope).figure(one, made.system)
    # In per cent of the equity, a unit is a tenth of one.
    assert figure == pytest.approx(expected / 100)


@pytest.mark.parametrize(
    ('scope', 'expected'),
    [
        (scopes.Scope(), 4.0),
        (scopes.Scope('a'), 3.0),
        (scopes.Scope(symbols=X), 3.0),
        (scopes.Scope('a', X), 2.0),
    ],
)
@pytest.mark.parametrize('kind', ['max_open_orders', 'order_rate'])
def test_orders_are_those_of_the_scope(kind, scope, expected):
    made = worlds.World(X=100.0, Y=100.0)
    made.pend(order(BUY, id='1', strategy='a', created=10))
    made.pend(order(BUY, id='2', strategy='b', created=10))
    made.pend(order(BUY, id='3', strategy='a', symbol='Y', created=10))
    one = order(BUY, strategy='a', created=11)
    rule = scoped(catalog.OF_SCOPE[kind], scope)
    assert rule.figure(one, made.system) == expected
