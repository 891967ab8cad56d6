"""Groups of orders, and exits that only reduce, on bars written by hand."""

import pytest

from sting.model import orders
from sting.simulator import market as simulated
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

bar = worlds.bar
order = worlds.order
MINUTE = worlds.MINUTE
DECIDED = worlds.DECIDED


@pytest.fixture
def sim():
    return simulated.MarketSimulator()


def group(sim, quantity=10.0):
    """Two exits of a long position: at 110, and below 95."""
    more = {'side': 'sell', 'quantity': quantity, 'parent': 'o', 'oco': 'o'}
    sim.submit(order('tp', type='limit', price=110.0, **more), DECIDED)
    sim.submit(order('sl', type='stop', stop_price=95.0, **more), DECIDED)


def told(reports):
    """Who, and the units filled, the quantity left, or the status."""
    return [
        (
            one.order_id,
            one.quantity
            if isinstance(one, orders.Fill)
            else one.quantity or str(one.status),
        )
        for one in reports
        # Not that a stop was touched.
        if not getattr(one, 'triggered', False)
    ]


def test_a_fill_of_one_of_a_group_cancels_the_other(sim):
    group(sim)
    reports = sim.on_bar(bar(1, 100, 111, 99))
    assert told(reports) == [('sl', 'cancelled'), ('tp', 10.0)][::-1]
    assert reports[1].message == 'tp was filled'
    assert sim.working() == []


def test_a_part_of_one_of_a_group_is_taken_from_the_other(sim):
    group(sim)
    reports = sim.on_bar(bar(1, 112, 112, 90, volume=16.0))
    assert told(reports) == [('tp', 4.0), ('sl', 6.0)]
    reports = sim.on_bar(bar(2, 100, 100, 90, volume=16.0))
    assert told(reports)[-2:] == [('sl', 4.0), ('tp', 6.0)]
    (tp, sl) = sim.working()
    assert (tp.remaining, sl.remaining) == (2.0, 2.0)


def test_an_order_of_a_group_that_is_cancelled_leaves_the_others(sim):
    group(sim)
    sim.cancel('tp', DECIDED)
    assert told(sim.on_bar(bar(1, 90, 90, 90))) == [('sl', 10.0)]


def test_an_order_of_a_group_that_expires_ends_the_others(sim):
    more = {'side': 'sell', 'oco': 'o', 'type': 'limit', 'price': 110.0}
    expires = DECIDED + MINUTE
    sim.submit(order('a', tif='gtd', expires=expires, **more), DECIDED)
    sim.submit(order('b', **more), DECIDED)
    reports = sim.on_bar(bar(2, 100, 100, 100))
    assert told(reports) == [('a', 'expired'), ('b', 'cancelled')]
    assert reports[1].message == 'a was expired'


def test_an_exit_never_takes_more_than_its_owner_holds(sim):
    sim.know(lambda strategy, symbol: (7.0, 0.0))
    group(sim)
    assert told(sim.on_bar(bar(1, 90, 90, 90)))[-2:] == [
        ('sl', 7.0),
        ('tp', 3.0),
    ]


def test_an_exit_counts_what_was_traded_on_the_same_bar(sim):
    held = {'mine': (10.0, 0.0), '': (10.0, 0.0)}
    sim.know(lambda strategy, symbol: held[strategy])
    group(sim)
    sim.submit(order('out', side='sell', quantity=6.0), DECIDED)
    reports = sim.on_bar(bar(1, 90, 90, 90))
    assert told(reports)[:2] == [('out', 6.0), ('sl', 4.0)]


def test_an_exit_of_a_strategy_counts_what_the_operator_trades(sim):
    sim.know(lambda strategy, symbol: (10.0, 0.0))
    more = {'side': 'sell', 'parent': 'o', 'oco': 'o', 'strategy': 'mine'}
    sim.submit(order('sl', type='stop', stop_price=95.0, **more), DECIDED)
    sim.submit(order('hand', side='sell', quantity=6.0), DECIDED)
    sim.submit(
        order('out', side='sell', quantity=1.0, strategy='mine'), DECIDED
    )
    reports = sim.on_bar(bar(1, 90, 90, 90))
    assert told(reports)[:3] == [('hand', 6.0), ('out', 1.0), ('sl', 3.0)]


def test_a_lenders_order_takes_no_more_than_is_held_and_then_ends(sim):
    sim.know(lambda strategy, symbol: (6.0, 0.0), {'cut'})
    sim.submit(order('own', side='sell', quantity=4.0), DECIDED)
    sim.submit(order('cut', side='sell', quantity=5.0), DECIDED)
    reports = sim.on_bar(bar(1, 100, 101, 99))
    assert told(reports) == [('own', 4.0), ('cut', 2.0), ('cut', 'cancelled')]
    assert reports[-1].message == 'nothing is left for it to reduce'
    assert sim.working() == []


def test_a_group_is_one_again_after_a_restart(sim):
    group(sim)
    again = simulated.MarketSimulator()
    again.restore(sim.working())
    reports = again.on_bar(bar(1, 100, 111, 99))
    assert told(reports) == [('tp', 10.0), ('sl', 'cancelled')]


# Both are reached; the path goes to the nearer extreme first.
MODES = [
    ('next_open', (100, 112, 94), 'sl'),
    ('pessimistic', (100, 112, 94), 'sl'),
    ('optimistic', (100, 112, 94), 'tp'),
    ('path', (104, 112, 94), 'tp'),
    ('path', (102, 112, 94), 'sl'),
]


@pytest.mark.parametrize(('mode', 'shape', 'who'), MODES)
def test_the_mode_of_filling_decides_which_of_a_group_counts(mode, shape, who):
    sim = simulated.MarketSimulator(fill=mode)
    group(sim)
    assert told(sim.on_bar(bar(1, *shape)))[0] == (who, 10.0)


@pytest.mark.parametrize('mode', ['next_open', 'path', 'optimistic'])
def test_at_the_open_exits_come_behind_other_orders(mode):
    sim = simulated.MarketSimulator(fill=mode)
    sim.know(lambda strategy, symbol: (10.0, 0.0))
    group(sim)
    sim.submit(order('out', side='sell'), DECIDED)
    assert told(sim.on_bar(bar(1, 120, 120, 90)))[0] == ('out', 10.0)
    assert all(o.filled == 0 for o in sim.working())


@pytest.mark.parametrize(
    ('mode', 'first'), [('next_open', 'sl'), ('optimistic', 'own')]
)
def test_an_order_of_ones_own_and_an_exit_are_reached_by_one_bar(mode, first):
    sim = simulated.MarketSimulator(fill=mode)
    group(sim)
    sim.submit(order('own', 'sell', type='limit', price=105.0), DECIDED)
    assert told(sim.on_bar(bar(1, 100, 106, 94)))[0] == (first, 10.0)


def test_what_was_traded_on_one_part_of_a_bar_counts_on_the_next(sim):
    sim.know(lambda strategy, symbol: (10.0, 0.0))
    group(sim)
    sim.submit(order('out', side='sell'), DECIDED)
    parts = [bar(1, 100, 100, 100), bar(2, 90, 90, 90)]
    reports = sim.on_parts(parts)
    assert [
        one.order_id for one in reports if isinstance(one, orders.Fill)
    ] == ['out']
