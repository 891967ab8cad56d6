"""Exits that go to the broker with their entry."""

import math

import pytest

from sting.engine import exits
from sting.engine import image
from sting.engine import natives
from sting.engine import state
from sting.engine import step
from sting.engine import stops
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.risk import rules
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

S, BUY, SELL = worlds.S, worlds.BUY, worlds.SELL
K, TIF = orders.OrderType, orders.TimeInForce
BRACKET = {'take_profit': 110.0, 'stop_loss': 95.0}
IN, TP, SL = 'ab-1', 'ab-1-tp', 'ab-1-sl'
WHOLE = natives.Native(times=frozenset({TIF.GTC}), whole=True)
PARTS = natives.Native(times=frozenset({TIF.GTC}), whole=False)


def a_world(*given, native=WHOLE):
    made = worlds.World(*given, natives={'': native})
    made.bar('AAPL', 100.0)
    return made


@pytest.fixture
def world():
    return a_world()


def enter(world, **more):
    world.signal(IN, **({'side': BUY, 'quantity': 10.0} | BRACKET | more))
    return [order.id for order in world.placed()]


def accepted(world, **more):
    """An entry that works with its exits; gives the orders that it took."""
    sent = enter(world, **more)
    for name in sent:
        world.update(name, S.ACCEPTED, broker_id='b')
    return sent


def cancels(world):
    return [one.order.id for one in world.effects(step.Cancel)]


def changes(world):
    return [(one.order.id, one.quantity) for one in world.effects(step.Replace)]


def waiting(world):
    return {
        order.id: order.held for order in world.state.working() if order.parent
    }


def test_the_exits_leave_in_the_step_of_their_entry(world):
    assert enter(world) == [IN, TP, SL]
    kinds = [kind for kind in world.kinds() if kind is not worlds.T.SIGNAL]
    assert kinds == [worlds.T.ORDER_REQUEST, worlds.T.RISK_VERDICT] * 3
    for order in world.placed()[1:]:
        assert (order.parent, order.oco, order.held) == (IN, IN, 10.0)
        assert (order.quantity, order.side, order.strategy) == (
            10.0, SELL, 'sma',
        )  # fmt: skip
        assert order.time_in_force is TIF.GTC
        assert order.judged


def test_one_exit_goes_by_itself(world):
    assert enter(world, take_profit=None) == [IN, SL]


def test_an_operators_order_takes_its_exits_with_it(world):
    order_id = world.order(BUY, 10.0, **BRACKET)
    assert [order.id for order in world.placed()] == [
        order_id, f'{order_id}-tp', f'{order_id}-sl',
    ]  # fmt: skip


@pytest.mark.parametrize(
    'terms',
    [
        {'time_in_force': TIF.DAY},
        {'quantity': 1.5},
        {'type': K.STOP, 'stop_price': 101.0},
        {'extended_hours': True, 'type': K.LIMIT, 'price': 99.0},
        {'oco': 'g'},
    ],
    ids=lambda terms: next(iter(terms)),
)
def test_other_entries_go_alone(world, terms):
    assert enter(world, **terms) == [IN]


def test_an_entry_that_closes_something_goes_alone(world):
    world.held(5.0, side=SELL)
    order_id = world.order(BUY, 10.0, **BRACKET)
    assert [order.id for order in world.placed()] == [order_id]


def test_another_broker_gets_the_entry_alone():
    world = worlds.World(natives={'other': WHOLE})
    world.bar('AAPL', 100.0)
    assert enter(world) == [IN]


class NoWaiting(rules.AccountRule):
    """Denies what waits for an entry."""

    name = 'no_waiting'
    unit = 'orders'

    def figure(self, order, system):
        return math.inf if order.held else 0.0


def test_where_one_exit_is_denied_they_go_out_with_the_fill():
    world = a_world(NoWaiting(1.0))
    assert enter(world) == [IN]
    world.fill(IN, 10.0)
    assert [order.id for order in world.placed()] == [TP, SL]


def test_exits_are_as_large_as_risk_lets_the_entry_be():
    limit = rules.MaxPosition(4.0)
    limit.reduces = True
    world = a_world(limit)
    assert enter(world) == [IN, TP, SL]
    assert [order.quantity for order in world.placed()] == [4.0] * 3


def test_what_waits_opens_no_position_for_risk():
    world = a_world(rules.MaxPosition(10.0), rules.MaxOrderNotional(1_000.0))
    assert accepted(world) == [IN, TP, SL]
    # Only a sale of more than the limit is none.
    assert world.command(
        commands.SubmitOrder, symbol='AAPL', side=SELL, quantity=10.0
    ).ok


def test_a_fill_wakes_them_and_makes_no_others(world):
    accepted(world)
    world.fill(IN, 10.0)
    assert waiting(world) == {TP: 0.0, SL: 0.0}
    assert not world.placed()
    assert not changes(world)
    assert not cancels(world)


def test_each_part_wakes_as_much(world):
    accepted(world)
    world.fill(IN, 4.0)
    assert waiting(world) == {TP: 6.0, SL: 6.0}
    assert world.state.orders[TP].free == 4.0
    assert not world.placed()
    assert not changes(world)


def test_a_part_without_its_exits_is_told_once(world):
    accepted(world)
    world.fill(IN, 4.0)
    told = [text for text in world.alerts() if 'wakes their exits' in text]
    assert len(told) == 1
    assert told[0].startswith('4 of 10 AAPL of ab-1 are filled')
    world.fill(IN, 2.0, execution_id='x2')
    assert not [text for text in world.alerts() if 'wakes' in text][1:]


def test_a_part_that_has_its_exits_is_not_told():
    world = a_world(native=PARTS)
    accepted(world)
    world.fill(IN, 4.0)
    assert not [text for text in world.alerts() if 'wakes' in text]


def test_one_exit_filled_has_the_other_cancelled(world):
    accepted(world)
    world.fill(IN, 10.0)
    world.fill(TP, 10.0, 110.0, side=SELL, execution_id='out')
    assert cancels(world) == [SL]
    world.update(SL, S.CANCELLED)
    assert world.state.brackets == {}
    assert world.state.working_count() == 0


def test_an_entry_that_ends_unfilled_ends_its_exits(world):
    accepted(world)
    world.update(IN, S.CANCELLED)
    assert cancels(world) == [TP, SL]
    for name in (TP, SL):
        world.update(name, S.CANCELLED)
    assert not world.placed()
    assert world.state.brackets == {}


def test_what_was_filled_of_a_cancelled_entry_gets_new_exits(world):
    accepted(world)
    world.fill(IN, 4.0)
    world.update(IN, S.CANCELLED)
    world.update(TP, S.CANCELLED)
    assert not world.placed()
    world.update(SL, S.CANCELLED)
    made = world.placed()
    assert [order.quantity for order in made] == [4.0, 4.0]
    assert [order.held for order in made] == [0.0, 0.0]
    assert not {order.id for order in made} & {TP, SL}


def test_exits_that_ended_before_their_entry_are_made_again(world):
    accepted(world)
    world.fill(IN, 4.0)
    for name in (TP, SL):
        world.update(name, S.CANCELLED)
        assert not world.placed()
    world.update(IN, S.CANCELLED)
    assert [order.quantity for order in world.placed()] == [4.0, 4.0]


def test_new_exits_that_are_cancelled_stay_so(world):
    test_what_was_filled_of_a_cancelled_entry_gets_new_exits(world)
    for order in world.placed():
        world.update(order.id, S.ACCEPTED, broker_id='b')
        world.command(commands.CancelOrder, order_id=order.id)
        world.update(order.id, S.CANCELLED)
        assert not world.placed()


def test_exits_that_outlive_a_cancelled_entry_are_made_smaller():
    world = a_world(native=PARTS)
    accepted(world)
    world.fill(IN, 4.0)
    world.update(IN, S.CANCELLED)
    assert changes(world) == [(TP, 4.0), (SL, 4.0)]
    for name in (TP, SL):
        world.update(name, S.ACCEPTED, quantity=4.0)
    for name in (TP, SL):
        world.update(name, S.CANCELLED)
        assert not world.placed()


def test_exits_that_are_gone_before_the_fill_are_made_of_it(world):
    accepted(world)
    for name in (TP, SL):
        world.command(commands.CancelOrder, order_id=name)
        world.update(name, S.CANCELLED)
    world.fill(IN, 10.0)
    made = world.placed()
    assert [order.quantity for order in made] == [10.0, 10.0]
    assert not {order.id for order in made} & {TP, SL}


def test_a_rejected_entry_is_told_and_its_exits_are_not(world):
    enter(world)
    told = []
    for name in (IN, TP, SL):
        world.update(name, S.REJECTED, message='no')
        told.append(len(world.alerts()))
    assert told == [1, 0, 0]
    assert world.state.working_count() == 0


def test_an_exit_that_is_rejected_by_itself_is_critical(world):
    accepted(world)
    world.update(SL, S.REJECTED, message='no')
    assert [
        text
        for text in world.alerts(records.Severity.CRITICAL)
        if 'leaves ab-1 without it' in text
    ]


def test_exits_at_the_broker_are_sent(world):
    accepted(world)
    assert exits.unsent(world.state) == []
    world.signal('ab-9', side=BUY, quantity=1.5, **BRACKET)
    assert [order.id for order in exits.unsent(world.state)] == ['ab-9']


def test_what_waits_protects_nothing_yet(world):
    world.held(5.0)
    accepted(world)
    assert stops.protective(world.state) == ()
    world.fill(IN, 10.0, execution_id='in')
    assert [one.id for one in stops.protective(world.state)] == [TP, SL]


def test_the_quantity_of_an_entry_stays_that_of_its_exits(world):
    accepted(world, type=K.LIMIT, price=99.0)
    with pytest.raises(errors.RefusedError, match='at the broker for 10'):
        world.command(commands.ReplaceOrder, order_id=IN, quantity=5.0)
    assert world.command(commands.ReplaceOrder, order_id=IN, price=98.0).ok


def test_a_smaller_position_has_smaller_exits(world):
    accepted(world)
    world.fill(IN, 10.0)
    world.command(commands.SubmitOrder, symbol='AAPL', side=SELL, quantity=3.0)
    sold = world.placed()[0].id
    world.fill(sold, 3.0, side=SELL, execution_id='by hand')
    assert changes(world) == [(TP, 7.0), (SL, 7.0)]


def test_the_log_and_a_checkpoint_give_the_same_state(world):
    accepted(world)
    world.fill(IN, 4.0)
    again = state.SystemState()
    for event in world.events:
        again.apply(event)
    restored = state.SystemState()
    image.restore(restored, image.encode(image.capture(world.state)))
    for one in (again, restored):
        assert one.orders == world.state.orders
        assert one.brackets == world.state.brackets


def test_an_entry_made_smaller_elsewhere_leaves_no_larger_exits():
    world = a_world(native=PARTS)
    accepted(world, type=K.LIMIT, price=99.0)
    world.update(IN, S.ACCEPTED, quantity=5.0)
    world.fill(IN, 5.0)
    assert waiting(world) == {TP: 0.0, SL: 0.0}
    assert changes(world) == [(TP, 5.0), (SL, 5.0)]


def test_exits_rounded_with_their_entry_are_not_made_larger_again():
    world = a_world(native=PARTS)
    enter(world)
    for name in (IN, TP, SL):
        world.update(name, S.SUBMITTED, quantity=8.0)
    for name in (IN, TP, SL):
        world.update(name, S.ACCEPTED, broker_id='b')
    world.fill(IN, 4.0)
    assert waiting(world) == {TP: 4.0, SL: 4.0}
    world.fill(IN, 4.0, execution_id='x2')
    assert waiting(world) == {TP: 0.0, SL: 0.0}
    assert not changes(world)


def criticals(world, words):
    told = world.alerts(records.Severity.CRITICAL)
    return [text for text in told if words in text]


@pytest.mark.parametrize('status', [S.SUBMITTED, S.UNKNOWN])
def test_an_exit_that_never_arrived_is_told(world, status):
    enter(world)
    for name in (IN, TP):
        world.update(name, S.ACCEPTED, broker_id='b')
    if status is S.UNKNOWN:
        world.update(SL, S.UNKNOWN)
    world.update(SL, S.CANCELLED, message='it never reached the broker')
    (told,) = criticals(world, 'leaves ab-1 without it')
    assert told.endswith('it never reached the broker')


def test_exits_that_never_arrived_with_their_entry_are_not_told(world):
    enter(world)
    for name in (IN, TP, SL):
        world.update(name, S.CANCELLED, message='never sent')
    assert not criticals(world, '')


def test_both_exits_filled_are_told(world):
    accepted(world)
    world.fill(IN, 10.0)
    world.fill(TP, 10.0, 110.0, side=SELL, execution_id='out')
    assert not criticals(world, 'more than')
    world.fill(SL, 4.0, 95.0, side=SELL, execution_id='out too')
    assert criticals(world, 'exits of ab-1 closed 4 AAPL more than it opened')


def test_an_exit_filled_behind_the_end_of_all_is_told(world):
    accepted(world)
    world.fill(IN, 10.0)
    world.fill(TP, 10.0, 110.0, side=SELL, execution_id='out')
    world.update(SL, S.CANCELLED)
    world.fill(SL, 10.0, 95.0, side=SELL, execution_id='out too')
    assert criticals(world, 'exits of ab-1 closed 10 AAPL more than it opened')
