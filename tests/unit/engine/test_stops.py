"""What the engine adds to the report of a stop."""

import pytest

from sting.model import commands
from sting.model import orders
from sting.model import records
from sting.model import stops
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
SELL = worlds.SELL


@pytest.fixture
def world():
    made = worlds.World()
    made.bar('AAPL', 100.0)
    return made


def halt(world):
    world.command(commands.Halt, who='operator', reason='enough')


def report(world, *cancelled, unknown=(), **fields):
    broker = stops.BrokerStop(
        broker='test', cancelled=cancelled, unknown=unknown, **fields
    )
    told = stops.StopReport(who='operator', reason='enough', brokers=(broker,))
    world.tell(T.STOP_REPORT, told, 'stop')
    event = world.last.events[0]
    assert event.type is T.STOP_REPORT
    return event.data


def cancelled(world, order_id):
    world.update(order_id, S.CANCELLED)


def test_a_report_is_an_event_and_a_critical_alert_that_names_it(world):
    halt(world)
    told = report(world)
    event, alert = world.last.events
    assert told.reason == 'enough'
    assert alert.data.severity is records.Severity.CRITICAL
    assert alert.data.source == 'stop'
    assert alert.data.message == 'no positions; 0 cancelled'
    assert alert.cause == event.seq


def test_positions_that_lost_their_exits_come_first(world):
    world.held(5.0, 'IBM')
    world.held(10.0, 'AAPL')
    stop = world.accepted(
        SELL, 10.0, type=orders.OrderType.STOP, stop_price=90.0
    )
    halt(world)
    cancelled(world, stop)
    assert report(world, stop).bare == (
        stops.BarePosition(symbol='AAPL', quantity=10.0, exits=(stop,)),
        stops.BarePosition(symbol='IBM', quantity=5.0),
    )


def test_an_order_that_adds_is_no_lost_exit(world):
    world.held(10.0)
    more = world.accepted(
        worlds.BUY, 10.0, type=orders.OrderType.STOP, stop_price=110.0
    )
    halt(world)
    assert report(world, more).bare[0].exits == ()


def test_an_exit_that_was_filled_is_not_lost(world):
    world.held(10.0)
    stop = world.accepted(
        SELL, 10.0, type=orders.OrderType.STOP, stop_price=90.0
    )
    halt(world)
    world.fill(stop, 10.0, side=SELL, execution_id='x2')
    assert report(world).bare == ()


def test_an_order_that_never_left_is_withheld(world):
    order_id = world.order()
    halt(world)
    world.update(order_id, S.CANCELLED, message='never sent')
    assert report(world).withheld == (order_id,)


def test_an_order_that_the_flag_kept_back_is_withheld(world):
    order_id = world.order()
    world.update(order_id, S.DENIED, message='withheld by the emergency stop')
    halt(world)
    assert report(world).withheld == (order_id,)


def test_an_order_that_the_broker_cancelled_is_not_withheld(world):
    order_id = world.order()
    halt(world)
    cancelled(world, order_id)
    assert report(world, order_id).withheld == ()


def test_what_the_engine_cancelled_first_counts_as_cancelled(world):
    order_id = world.accepted()
    halt(world)
    cancelled(world, order_id)
    told = report(world)
    assert told.also == (order_id,)
    assert told.cancelled == (order_id,)
    assert told.withheld == ()


def test_what_was_cancelled_after_the_flag_but_before_the_halt_counts(world):
    world.held(10.0)
    stop = world.accepted(
        SELL, 10.0, type=orders.OrderType.STOP, stop_price=90.0
    )
    world.engine.stops.is_pulled = lambda: True
    cancelled(world, stop)
    halt(world)
    told = report(world)
    assert told.also == (stop,)
    assert told.bare[0].exits == (stop,)
    assert told.withheld == ()


def test_what_was_cancelled_before_the_flag_is_not_of_the_stop(world):
    world.held(10.0)
    stop = world.accepted(
        SELL, 10.0, type=orders.OrderType.STOP, stop_price=90.0
    )
    cancelled(world, stop)
    world.engine.stops.is_pulled = lambda: True
    halt(world)
    told = report(world)
    assert told.also == ()
    assert told.bare[0].exits == ()


def test_an_order_that_nobody_names_is_left(world):
    order_id = world.accepted()
    halt(world)
    told = report(world, error='no answer')
    assert told.left == (order_id,)
    assert told.withheld == ()
    assert told.unknown == (order_id,)


def test_it_is_settled_once_nothing_is_left(world):
    order_id = world.accepted()
    halt(world)
    told = stops.StopReport(who='operator')
    assert not world.engine.stops.is_settled(told)
    cancelled(world, order_id)
    assert world.engine.stops.is_settled(told)


def test_a_second_report_still_tells_what_the_halt_took_away(world):
    world.held(10.0)
    stop = world.accepted(
        SELL, 10.0, type=orders.OrderType.STOP, stop_price=90.0
    )
    halt(world)
    cancelled(world, stop)
    report(world, stop)
    halt(world)
    assert report(world).bare[0].exits == (stop,)


def test_a_resume_forgets_what_the_halt_met(world):
    world.held(10.0)
    world.accepted(SELL, 10.0, type=orders.OrderType.STOP, stop_price=90.0)
    kept = world.order()
    world.update(kept, S.DENIED, message='withheld by the emergency stop')
    halt(world)
    world.command(commands.Resume, confirm='RESUME')
    told = report(world)
    assert told.withheld == ()
    assert told.left == ()
    assert told.bare[0].exits == ()


def exit_stop(world, quantity=10.0, side=SELL, price=90.0, **more):
    return world.accepted(
        side, quantity, type=orders.OrderType.STOP, stop_price=price, **more
    )


def keeping(world):
    world.engine.stops.keeps = True
    return world.engine.stops


def kept(world):
    return set(keeping(world).to_keep())


def test_nothing_is_kept_unless_that_is_wanted(world):
    world.held(10.0)
    exit_stop(world)
    assert world.engine.stops.to_keep() == frozenset()


def test_a_stop_that_shrinks_a_position_is_kept_and_entries_are_not(world):
    world.held(10.0)
    stop = exit_stop(world)
    world.accepted(worlds.BUY, 10.0, type=orders.OrderType.LIMIT, price=95.0)
    world.accepted(SELL, 10.0, type=orders.OrderType.LIMIT, price=105.0)
    exit_stop(world, side=worlds.BUY, price=110.0)
    assert kept(world) == {stop}


def test_without_a_position_no_stop_is_kept(world):
    exit_stop(world)
    assert kept(world) == set()


def test_no_more_is_kept_than_closes_the_position(world):
    world.held(10.0)
    first = exit_stop(world, 6.0)
    exit_stop(world, 6.0, price=89.0)
    third = exit_stop(world, 4.0, price=88.0)
    assert kept(world) == {first, third}


def test_both_attached_exits_are_kept_and_count_once(world):
    parent = world.accepted(
        worlds.BUY,
        10.0,
        type=orders.OrderType.LIMIT,
        price=100.0,
        take_profit=120.0,
        stop_loss=90.0,
    )
    world.fill(parent, 6.0)
    exits = {one.id for one in world.state.working() if one.parent}
    assert len(exits) == 2
    stop = exit_stop(world, 1.0)
    # The parent works on, and is no exit.
    assert kept(world) == exits
    world.fill(parent, 4.0, execution_id='x2')
    world.held(1.0)
    exits = {one.id for one in world.state.working() if one.parent}
    assert kept(world) == exits | {stop}


def test_a_halt_cancels_all_but_what_is_kept_and_says_so(world):
    keeping(world)
    world.held(10.0)
    stop = exit_stop(world)
    entry = world.accepted(
        worlds.BUY, 10.0, type=orders.OrderType.LIMIT, price=95.0
    )
    halt(world)
    alerts = [
        one.data.message
        for one in world.last.events
        if one.type is T.RISK_ALERT
    ]
    assert alerts == ['no positions left bare; HALTED by operator: enough']
    assert world.state.orders[stop].status is S.ACCEPTED
    assert world.state.orders[entry].status is S.PENDING_CANCEL
    cancelled(world, entry)
    told = report(world, entry)
    assert (told.kept, told.left, told.also) == ((stop,), (), ())
    assert told.is_certain
    assert told.bare == (
        stops.BarePosition(symbol='AAPL', quantity=10.0, kept=(stop,)),
    )


def test_what_was_to_be_kept_and_is_gone_leaves_the_position_bare(world):
    keeping(world)
    world.held(10.0)
    stop = exit_stop(world)
    halt(world)
    cancelled(world, stop)
    told = report(world)
    assert told.kept == ()
    assert told.bare[0].exits == (stop,)


def test_the_flatten_after_a_halt_is_known_from_what_the_halt_met(world):
    world.held(10.0)
    stop = exit_stop(world)
    assert world.engine.stops.after() == frozenset()
    halt(world)
    assert world.engine.stops.after() == frozenset()
    cancelled(world, stop)
    world.command(commands.Flatten, confirm='FLATTEN')
    (flatten,) = world.engine.stops.after()
    assert world.state.orders[flatten].reason == 'flatten'
    # A second stop takes it out.
    halt(world)
    assert world.engine.stops.after() == frozenset()
