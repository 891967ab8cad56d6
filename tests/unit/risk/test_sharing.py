"""What the rules of one order share is what each would find alone."""

import hypothesis
from hypothesis import strategies as st
import msgspec
import pytest

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


_WHATS = (
    'price',
    'hold',
    'close',
    'pend',
    'fill',
    'cancel',
    'judge',
    'change',
    'fault',
)
_PRICES = st.floats(1.0, 1e4)
_SIGNED = st.floats(-50.0, 50.0).filter(lambda units: abs(units) > 0.1)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(_WHATS),
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


class Frail(catalog.OF_ACCOUNT['max_position']):
    """A rule with a fault that shows now and then."""

    name = 'frail'
    fails = False

    def figure(self, order, system):
        if self.fails:
            raise ZeroDivisionError
        return None


def _step(world, what, order, price):
    symbol = order.symbol
    held = world.system.quantity(symbol)
    works = [*world.system.working(symbol)]
    if what == 'price':
        world.price(symbol, price)
    elif what == 'hold':
        world.hold(symbol, order.side.sign * order.quantity, price)
    elif what == 'close' and held:
        world.hold(symbol, -held, price)
    elif what == 'pend':
        world.pend(order)
    elif what == 'fill' and works:
        world.fill(works[0], min(works[0].remaining, order.quantity), price)
    elif what == 'cancel' and works:
        world.cancel(works[-1])


@hypothesis.given(_STEPS)
@hypothesis.settings(max_examples=60, deadline=None)
def test_a_shared_figure_is_that_of_the_rule_alone_to_the_last_bit(steps):
    world = worlds.World(A=100.0, B=50.0, C=10.0)
    frail = Frail(1.0)
    gate = manager.RiskManager([frail, *_rules()])
    for nth, (what, symbol, units, price, strategy, limited) in enumerate(
        steps
    ):
        order = _order(nth, symbol, units, price, strategy, limited)
        _step(world, what, order, price)
        # A change is of an order that works.
        works = [each.id for each in world.system.working(symbol)]
        name = works[-1] if what == 'change' and works else 'new'
        asked = msgspec.structs.replace(order, id=name)
        frail.fails = what == 'fault'
        verdict = gate.evaluate_order(asked, world.system)
        again = msgspec.structs.replace(order, id=name)
        assert list(verdict.figures[2:]) == [
            _alone(rule, again, world.system) for rule in gate.rules[1:]
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


def test_what_a_fault_left_behind_is_in_no_later_figure():
    world = worlds.World(A=100.0, B=100.0)
    pair = scopes.Scope('', frozenset({'A', 'B'}))
    frail, gross = Frail(1.0), catalog.OF_ACCOUNT['gross_exposure'](9.0)
    gate = manager.RiskManager([frail, scopes.Scoped('pair', gross, pair)])
    asked = worlds.order(symbol='A')
    found = []
    for units, fails in ((10.0, False), (-10.0, True), (10.0, False)):
        world.hold('B', units)
        frail.fails = fails
        found.append(gate.evaluate_order(asked, world.system).figures[2])
    assert found == [0.02, 0.01, 0.02]


def test_a_changed_working_order_is_counted_as_it_is_now():
    world = worlds.World(A=100.0, B=100.0)
    gate = manager.RiskManager(
        [catalog.OF_ACCOUNT['gross_exposure'](9.0) for _ in range(2)]
    )
    working = world.pend(worlds.order(symbol='A', id='w'))
    asked = worlds.order(symbol='B')
    before = gate.evaluate_order(asked, world.system).figures[1]
    world.cancel(working)
    after = gate.evaluate_order(asked, world.system).figures[1]
    assert (before, after) == (2000.0 / worlds.CASH, 1000.0 / worlds.CASH)
