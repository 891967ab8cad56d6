"""What the rules of one order share is what each would find alone."""

import hypothesis
from hypothesis import strategies as st
import msgspec
import pytest

from sting.model import orders
from sting.risk import catalog
from sting.risk import manager
from sting.risk import scopes
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

_SYMBOLS = ('A', 'B', 'C', 'D')
_SCOPES = (
    scopes.Scope(),
    scopes.Scope('s'),
    scopes.Scope('', frozenset({'A', 'C'})),
)


def _rules():
    for name, kind in (catalog.OF_ACCOUNT | catalog.OF_SCOPE).items():
        for nth, scope in enumerate(_SCOPES):
            if name in catalog.OF_ACCOUNT or not kind.check(scope):
                yield scopes.Scoped(f'{name}{nth}', kind(2.0), scope)


_PRICES = st.floats(1.0, 1e4)
_SIGNED = st.floats(-50.0, 50.0).filter(lambda units: abs(units) > 0.1)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(('price', 'hold', 'pend', 'judge', 'change')),
        st.sampled_from(_SYMBOLS),
        _SIGNED,
        _PRICES,
        st.sampled_from(('', 's')),
        st.booleans(),
    ),
    max_size=25,
)


def _order(nth, symbol, units, price, strategy, limited):
    return worlds.order(
        worlds.BUY if units > 0 else worlds.SELL,
        abs(units),
        symbol,
        f'o{nth}',
        strategy=strategy,
        price=price if limited else None,
        oco='g' if nth % 3 == 0 else '',
    )


def _alone(rule, order, system):
    """The rule's figure where nothing was worked out before."""
    # What is kept from one order to the next stays as it is for the next.
    kept, system.kept = system.kept, None
    figure = rule.figure(order, system)
    system.kept = kept
    return None if figure == float('inf') else figure


@hypothesis.given(_STEPS)
@hypothesis.settings(max_examples=60, deadline=None)
def test_a_shared_figure_is_that_of_the_rule_alone_to_the_last_bit(steps):
    world = worlds.World(A=100.0, B=50.0, C=10.0)
    gate = manager.RiskManager(list(_rules()))
    works = 'none'
    for nth, (what, symbol, units, price, strategy, limited) in enumerate(
        steps
    ):
        order = _order(nth, symbol, units, price, strategy, limited)
        if what == 'price':
            world.price(symbol, price)
        elif what == 'hold':
            world.hold(symbol, units, price)
        elif what == 'pend':
            works = world.pend(order).id
        # A change is of an order that works.
        name = works if what == 'change' else 'new'
        asked = msgspec.structs.replace(order, id=name)
        verdict = gate.evaluate_order(asked, world.system)
        again = msgspec.structs.replace(order, id=name)
        assert list(verdict.figures[1:]) == [
            _alone(rule, again, world.system) for rule in gate.rules
        ]


def test_nothing_is_shared_between_two_orders():
    world = worlds.World(A=100.0)
    world.hold('A', 10.0)
    gate = manager.RiskManager(list(_rules()))
    gate.evaluate_order(worlds.order(symbol='A'), world.system)
    world.price('A', 50.0)
    assert world.system.equity() == worlds.CASH - 10.0 * 50.0


def test_a_rule_that_raises_leaves_nothing_shared_behind():
    class Broken(catalog.OF_ACCOUNT['max_position']):
        def figure(self, order, system):
            system.equity()
            raise ZeroDivisionError

    world = worlds.World(A=100.0)
    gate = manager.RiskManager([Broken(1.0), Broken(1.0)])
    verdict = gate.evaluate_order(worlds.order(symbol='A'), world.system)
    assert verdict.failed == (1, 2)
    assert world.system.shared is None


def test_a_changed_working_order_is_counted_as_it_is_now():
    world = worlds.World(A=100.0, B=100.0)
    gate = manager.RiskManager(
        [catalog.OF_ACCOUNT['gross_exposure'](9.0) for _ in range(2)]
    )
    working = world.pend(worlds.order(symbol='A', id='w'))
    asked = worlds.order(symbol='B')
    before = gate.evaluate_order(asked, world.system).figures[1]
    world.take(
        worlds.T.ORDER_UPDATE,
        orders.OrderUpdate(
            order_id=working.id, status=orders.OrderStatus.CANCELLED
        ),
        'A',
    )
    after = gate.evaluate_order(asked, world.system).figures[1]
    assert (before, after) == (2000.0 / worlds.CASH, 1000.0 / worlds.CASH)
