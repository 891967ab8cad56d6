"""Several brokers: who gets an order, and who has it."""

import threading

import msgspec
import pytest

from sting.broker import interface
from sting.broker import manager
from sting.engine import step
from sting.model import errors
from tests.unit.broker import stations

pytestmark = pytest.mark.unit

S = stations.S
Station = stations.Station
limit = stations.limit


def placed(station):
    """Says which broker has which orders."""
    return {
        name: sorted(broker.venue.orders)
        for name, broker in station.brokers.items()
    }


def test_a_symbol_goes_where_it_is_routed():
    station = Station('other', routes={'IBM': 'other'})

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        desk.manager.send(step.Place(limit('o2', symbol='IBM')))
        await desk.passes(1.0)
        desk.manager.send(step.Cancel(limit('o2', symbol='IBM')))
        await desk.passes(1.0)

    station.play(scene)
    assert placed(station) == {'main': ['o1'], 'other': ['o2']}
    assert station.brokers['main'].said('cancel') == []
    assert station.statuses()[-1] == ('o2', S.CANCELLED)


def test_the_backup_takes_new_orders_while_the_first_is_lost():
    station = Station('spare', backup='spare')

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.venue.drop()
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(4.0)
        assert desk.statuses() == []
        await desk.passes(20.0)
        desk.manager.send(step.Place(limit('o2')))
        await desk.passes(0.5)
        assert desk.statuses() == [('o1', S.ACCEPTED), ('o2', S.ACCEPTED)]
        desk.manager.send(step.Cancel(limit('o1')))
        await desk.passes(1.0)
        desk.broker.venue.restore()
        await desk.passes(60.0)
        desk.manager.send(step.Place(limit('o3')))
        await desk.passes(1.0)

    station.play(scene)
    assert placed(station) == {'main': ['o3'], 'spare': ['o1', 'o2']}
    assert ('o1', S.CANCELLED) in station.statuses()


def test_an_order_that_may_have_been_sent_stays_where_it_was():
    station = Station('spare', backup='spare')
    error = errors.BrokerUnknownError('no answer')

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.script.errors['place'] = error
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(0.1)
        desk.broker.venue.drop()
        await desk.passes(100.0)

    station.play(scene)
    assert placed(station) == {'main': [], 'spare': []}
    assert station.statuses() == [('o1', S.UNKNOWN)]


@pytest.mark.parametrize(
    ('terms', 'reduces'), [({'parent': 'o0'}, False), ({}, True)]
)
def test_what_makes_a_position_smaller_does_not_go_to_the_backup(
    terms, reduces
):
    station = Station('spare', backup='spare', reduces=lambda order: reduces)

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.venue.drop()
        desk.manager.send(step.Place(limit('o1', **terms)))
        await desk.passes(20.0)

    station.play(scene)
    assert station.statuses() == [('o1', S.REJECTED)]
    assert placed(station)['spare'] == []


def test_a_backup_that_is_lost_too_takes_nothing():
    station = Station('spare', backup='spare')

    async def scene(desk):
        await desk.passes(100.0)
        for broker in desk.brokers.values():
            broker.venue.drop()
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(20.0)

    station.play(scene)
    assert station.statuses() == [('o1', S.REJECTED)]


def known(station, *working):
    """Has the log say that orders work."""
    station.manager.know(lambda: working, lambda fill: False)


def test_after_a_restart_an_order_is_found_at_whichever_broker_has_it():
    station = Station('other')
    one = limit('o1')
    station.brokers['other'].venue.place(one)
    known(station, one)

    async def scene(desk):
        await desk.passes(10.0)
        assert desk.statuses() == [('o1', S.ACCEPTED)]
        desk.manager.send(step.Cancel(one))
        await desk.passes(1.0)

    station.play(scene)
    assert placed(station) == {'main': [], 'other': ['o1']}
    assert station.statuses()[-1] == ('o1', S.CANCELLED)


def test_after_a_restart_an_order_that_no_broker_has_is_sent_once():
    station = Station('other', routes={'AAPL': 'other'})
    known(station, limit('o1'))

    async def scene(desk):
        await desk.passes(30.0)

    station.play(scene)
    assert placed(station) == {'main': [], 'other': ['o1']}
    assert station.statuses() == [('o1', S.ACCEPTED)]


def test_an_order_is_not_sent_while_one_broker_has_not_said_no():
    station = Station('other', policy={'resend_s': 600.0})
    known(station, limit('o1'))
    station.brokers['other'].venue.connected = False

    async def scene(desk):
        await desk.passes(100.0)
        assert placed(desk) == {'main': [], 'other': []}
        assert desk.statuses() == []
        desk.brokers['other'].venue.restore()
        await desk.passes(100.0)

    station.play(scene)
    assert placed(station) == {'main': ['o1'], 'other': []}
    assert station.statuses() == [('o1', S.ACCEPTED)]


def test_a_cancel_does_not_take_one_brokers_no_for_all():
    station = Station('other')
    one = limit('o1')
    other = station.brokers['other']
    other.venue.place(one)
    other.venue.connected = False
    known(station, one)

    async def scene(desk):
        await desk.passes(5.0)
        desk.manager.send(
            step.Cancel(msgspec.structs.replace(one, status=S.PENDING_CANCEL))
        )
        await desk.passes(60.0)
        assert desk.statuses() == []
        other.venue.restore()
        await desk.passes(100.0)

    station.play(scene)
    assert station.statuses() == [('o1', S.CANCELLED)]
    assert not other.venue.working()


def test_one_broker_that_is_lost_does_not_keep_another_from_trading():
    station = Station('other', routes={'IBM': 'other'})
    station.brokers['other'].venue.connected = False

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(1.0)
        assert desk.statuses() == [('o1', S.ACCEPTED)]
        states = [row.status for row in desk.manager.rows()]
        assert states == ['connected', 'reconnecting']

    station.play(scene)


# The emergency stop.


def test_the_stop_takes_orders_out_everywhere():
    station = Station('other', routes={'IBM': 'other'})
    found = []

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        desk.manager.send(step.Place(limit('o2', symbol='IBM')))
        await desk.passes(1.0)
        found.append(desk.manager.emergency_cancel_all())

    station.play(scene)
    assert found == [interface.EmergencyReport(cancelled=('o1', 'o2'))]


def test_a_broker_that_hangs_does_not_delay_the_stop_of_another(monkeypatch):
    monkeypatch.setattr(manager, 'STOP_S', 2.0)
    station = Station('other', 'third')
    hangs = threading.Event()

    def fail():
        raise errors.BrokerUnknownError('no way there')

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(1.0)
        desk.brokers['other'].emergency_cancel_all = hangs.wait
        desk.brokers['third'].emergency_cancel_all = fail
        with pytest.raises(errors.BrokerUnknownError) as caught:
            desk.manager.emergency_cancel_all()
        assert str(caught.value) == (
            'third: no way there; other: no answer in 2 s'
        )
        assert not desk.broker.venue.working()

    try:
        station.play(scene)
    finally:
        hangs.set()


def test_old_orders_are_forgotten(monkeypatch):
    monkeypatch.setattr('sting.broker.errands._REMEMBERED', 20)
    monkeypatch.setattr('sting.broker.routing._REMEMBERED', 20)
    station = Station('other')
    station.manager.know(list, lambda fill: False)

    async def scene(desk):
        for number in range(100):
            desk.manager.send(step.Place(limit(f'o{number}')))
        await desk.passes(60.0)

    station.play(scene)
    assert len(station.manager._router._homes) < 30
    assert len(station.manager._ways[0]._errands._sent) < 30
