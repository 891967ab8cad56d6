"""Several brokers: each has its own way, and an order names the one."""

import threading

import pytest

from sting.broker import interface
from sting.broker import manager
from sting.engine import clock as clocks
from sting.engine import step
from sting.model import errors
from tests.unit.broker import stations

pytestmark = pytest.mark.unit

S = stations.S
Station = stations.Station
limit = stations.limit
LOST = {'place': errors.BrokerUnknownError('no answer')}


def other(id='o2', **more):
    """An order that goes to the other broker."""
    return limit(id, symbol='IBM', broker='other', **more)


def placed(station):
    """Says which broker has which orders."""
    return {
        name: sorted(broker.venue.orders)
        for name, broker in station.brokers.items()
    }


def test_an_order_and_its_cancel_go_to_the_broker_that_it_names():
    station = Station('other')

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        desk.manager.send(step.Place(other()))
        await desk.passes(1.0)
        desk.manager.send(step.Cancel(other()))
        await desk.passes(1.0)

    station.play(scene)
    assert placed(station) == {'main': ['o1'], 'other': ['o2']}
    assert station.brokers['main'].said('cancel') == []
    assert station.statuses()[-1] == ('o2', S.CANCELLED)


def test_an_order_that_may_have_been_sent_is_asked_for_only_there():
    station = Station('other')
    station.brokers['other'].script.errors.update(LOST)

    async def scene(desk):
        desk.manager.send(step.Place(other()))
        await desk.passes(0.5)
        desk.brokers['other'].script.errors.clear()
        await desk.passes(30.0)

    station.play(scene)
    assert placed(station) == {'main': [], 'other': ['o2']}
    assert station.brokers['main'].said('ask') == []


def test_after_a_restart_an_order_is_asked_for_where_it_went():
    station = Station('other')
    works = [limit('o1'), other()]
    station.manager.know(lambda: works, lambda fill: False)

    async def scene(desk):
        await desk.passes(5.0)

    station.play(scene)
    assert placed(station) == {'main': ['o1'], 'other': ['o2']}
    assert station.brokers['main'].said('ask') == [('o1',)]
    assert station.brokers['other'].said('ask') == [('o2',)]


def test_an_order_for_a_broker_that_is_lost_is_not_sent_elsewhere():
    station = Station('other')
    station.brokers['other'].venue.connected = False

    async def scene(desk):
        desk.manager.send(step.Place(other()))
        await desk.passes(20.0)

    station.play(scene)
    assert placed(station) == {'main': [], 'other': []}
    assert station.statuses() == [('o2', S.REJECTED)]
    assert 'broker other is not connected' in station.message()


def test_one_broker_that_is_lost_does_not_keep_another_from_trading():
    station = Station('other')
    station.brokers['other'].venue.connected = False

    async def scene(desk):
        await desk.manager.reconcile()
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(1.0)
        assert desk.statuses() == [('o1', S.ACCEPTED)]
        states = [row.status for row in desk.manager.rows()]
        assert states == ['connected', 'reconnecting']

    station.play(scene)


def test_a_start_waits_for_the_first_of_several():
    station = Station('other')
    for broker in station.brokers.values():
        broker.venue.connected = False

    async def scene(desk):
        began = desk.loop.time()
        desk.loop.call_later(50.0, desk.brokers['other'].venue.restore)
        await desk.manager.reconcile()
        assert desk.loop.time() - began >= 50.0

    station.play(scene)


def test_a_broker_that_hangs_at_the_start_is_left_behind():
    station = Station('other')
    station.brokers['other'].script.seconds['connect'] = 15.0
    began = station.loop.time()

    async def scene(desk):
        await desk.manager.reconcile()
        assert desk.loop.time() - began < 2 * manager.FIRST_S
        await desk.passes(20.0)
        states = [row.status for row in desk.manager.rows()]
        assert states == ['connected', 'connected']

    station.play(scene)


def test_one_that_does_not_tell_what_happened_is_left_behind():
    station = Station('other')
    station.brokers['other'].script.seconds['ask'] = 500.0
    station.manager.know(list, lambda fill: False)

    async def scene(desk):
        began = desk.loop.time()
        await desk.manager.reconcile()
        assert desk.loop.time() - began < 2 * manager.SETTLED_S
        states = [row.status for row in desk.manager.rows()]
        assert states == ['connected', 'reconciling']

    station.play(scene)


def test_another_account_at_one_of_them_ends_the_start():
    station = Station('other')

    async def refuse(sink, halted):
        raise errors.AccountError('another account')

    station.brokers['other'].connect = refuse

    async def scene(desk):
        raise AssertionError('it has started')

    with pytest.raises(errors.AccountError):
        station.play(scene)
    station.loop.close()


# The emergency stop.


def test_the_stop_takes_orders_out_everywhere():
    station = Station('other')
    found = []

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        desk.manager.send(step.Place(other()))
        await desk.passes(1.0)
        found.append(desk.manager.emergency_cancel_all())

    station.play(scene)
    (told,) = found
    assert [(one.broker, one.cancelled) for one in told] == [
        ('main', ('o1',)),
        ('other', ('o2',)),
    ]


def test_a_broker_that_hangs_does_not_delay_the_stop_of_another(monkeypatch):
    monkeypatch.setattr(manager, 'STOP_S', 2.0)
    station = Station('other', 'third')
    hangs = threading.Event()

    def hang():
        hangs.wait(30.0)
        return interface.EmergencyReport()

    def fail():
        raise errors.BrokerUnknownError('no way there')

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(1.0)
        desk.brokers['other'].emergency_cancel_all = hang
        desk.brokers['third'].emergency_cancel_all = fail
        told = desk.manager.emergency_cancel_all()
        assert [(one.cancelled, one.error) for one in told] == [
            (('o1',), ''),
            ((), 'no answer in 2 s'),
            ((), 'no way there'),
        ]
        assert not desk.broker.venue.working()

    try:
        station.play(scene)
    finally:
        hangs.set()


def test_a_stop_is_repeated_at_one_broker_unless_it_still_hangs(monkeypatch):
    monkeypatch.setattr(manager, 'STOP_S', 0.2)
    station = Station('other')
    hangs = threading.Event()

    def hang():
        hangs.wait(30.0)
        return interface.EmergencyReport(cancelled=('o9',))

    async def scene(desk):
        cancel = desk.manager.emergency_cancel_all
        desk.brokers['other'].emergency_cancel_all = hang
        cancel()
        assert [one.error for one in cancel(only='other')] == ['it still hangs']
        (mine,) = cancel(only=desk.broker.name)
        assert (mine.broker, mine.error) == (desk.broker.name, '')
        hangs.set()
        desk.manager._stopping['other'].join(30.0)
        (told,) = cancel(only='other')
        assert told.cancelled == ('o9',)

    try:
        station.play(scene)
    finally:
        hangs.set()


def test_brokers_that_hang_are_waited_for_together(monkeypatch):
    monkeypatch.setattr(manager, 'STOP_S', 0.5)
    names = [f'slow{number}' for number in range(9)]
    station = Station(*names)
    hangs = threading.Event()

    def hang():
        hangs.wait(30.0)
        return interface.EmergencyReport()

    async def scene(desk):
        for name in names:
            desk.brokers[name].emergency_cancel_all = hang
        clock = clocks.LiveClock()
        began = clock.monotonic()
        told = desk.manager.emergency_cancel_all()
        assert [one.broker for one in told if one.error] == names
        # One after the other they would take 4.5 s.
        assert clock.monotonic() - began < 4.0

    try:
        station.play(scene)
    finally:
        hangs.set()


def test_old_orders_are_forgotten(monkeypatch):
    monkeypatch.setattr('sting.broker.errands._REMEMBERED', 20)
    station = Station()
    station.manager.know(list, lambda fill: False)

    async def scene(desk):
        for number in range(100):
            desk.manager.send(step.Place(limit(f'o{number}')))
        await desk.passes(60.0)

    station.play(scene)
    assert len(station.manager._ways[0]._errands._sent) < 30
