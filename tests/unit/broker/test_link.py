"""A connection that is watched, lost, and made again."""

import itertools

import pytest

from sting.broker import link as links
from sting.engine import step
from sting.model import errors
from sting.net import monitor
from tests.unit.broker import stations

pytestmark = pytest.mark.unit

S = stations.S
Station = stations.Station


def test_it_is_reconciled_before_it_is_connected():
    station = Station()

    async def scene(desk):
        await desk.manager.reconcile()

    station.play(scene)
    assert station.states() == ['reconciling', 'connected', 'closed']
    assert {change.name for change in station.changes} == {'main'}


def test_a_loss_is_told_and_made_good():
    station = Station()

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.venue.drop()
        await desk.passes(20.0)
        desk.broker.venue.restore()
        await desk.passes(60.0)

    station.play(scene)
    kinds = [kind for kind, _ in itertools.groupby(station.states())]
    assert kinds == [
        'reconciling',
        'connected',
        'lost',
        'reconnecting',
        'reconciling',
        'connected',
        'closed',
    ]


def test_the_longer_it_is_lost_the_less_often_it_is_tried():
    station = Station(policy={'threshold': 1000})

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.venue.drop()
        await desk.passes(400.0)

    station.play(scene)
    tries = station.broker.times('connect')[1:]
    waits = [after - before for before, after in itertools.pairwise(tries)]
    assert 0.4 <= tries[0] - 100.0 <= 1.1
    assert max(waits) <= 31.0
    assert waits[0] < 3.0 < 14.0 < min(waits[6:])
    # By chance, so that not all come back together.
    assert len(set(waits[6:])) > 1


def test_a_broker_that_fails_again_and_again_is_left_alone():
    station = Station(policy={'threshold': 3, 'rest_s': 300.0})

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.venue.drop()
        await desk.passes(1000.0)
        assert 'left alone for 300 s after' in desk.manager.rows()[0].detail
        assert desk.manager.rows()[0].detail.count('left alone') == 1

    station.play(scene)
    assert len(station.broker.times('connect')) <= 8


def test_a_connection_that_breaks_at_once_is_no_fresh_start():
    station = Station()

    async def scene(desk):
        for _ in range(60):
            await desk.passes(5.0)
            desk.broker.venue.drop()
            desk.broker.venue.restore()

    station.play(scene)
    # One every few seconds would be 60.
    assert len(station.broker.times('connect')) < 25


def test_a_loss_that_nobody_tells_of_is_noticed_by_the_heartbeat():
    station = Station(policy={'heartbeat_s': 10.0, 'misses': 2})

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.venue.drop(noticed=False)
        await desk.passes(12.0)
        assert 'silent' in desk.states()
        desk.broker.venue.restore()
        await desk.passes(60.0)
        assert desk.manager.rows()[0].status == 'connected'

    station.play(scene)
    assert 'closed' not in station.states()[:-1]


def test_a_broker_that_never_answers_is_silent():
    station = Station(policy={'answer_s': 5.0})

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.script.seconds['ask'] = 1e6
        await desk.passes(30.0)
        assert 'silent' in desk.states()
        silent = desk.changes[desk.states().index('silent')]
        assert silent.reason == (
            '2 heartbeats unanswered: no answer within 5 s'
        )

    station.play(scene)


def test_one_heartbeat_that_is_lost_is_a_complaint():
    station = Station()

    async def scene(desk):
        await desk.passes(95.0)
        desk.broker.script.errors['ask'] = errors.BrokerUnknownError('lost')
        while desk.manager.rows()[0].status == 'connected':
            await desk.passes(0.1)
        desk.broker.script.errors.clear()
        assert desk.manager.rows()[0].detail == 'the heartbeat: lost'
        await desk.passes(200.0)
        assert desk.manager.rows()[0].status == 'connected'

    station.play(scene)
    assert 'silent' not in station.states()


def test_a_heartbeat_that_is_answered_with_no_is_a_complaint():
    station = Station()

    async def scene(desk):
        await desk.passes(95.0)
        desk.broker.script.errors['ask'] = errors.BrokerError('429')
        await desk.passes(100.0)
        assert desk.manager.rows()[0].status == 'degraded'
        assert desk.manager.rows()[0].detail == '429'
        desk.broker.script.errors.clear()
        await desk.passes(120.0)
        assert desk.manager.rows()[0].status == 'connected'

    station.play(scene)
    assert 'silent' not in station.states()


def test_clocks_that_differ_are_complained_of():
    station = Station()
    station.clock.error = 30 * 10**9
    station.broker.venue._now = station.clock.true

    async def scene(desk):
        await desk.passes(200.0)
        row = desk.manager.rows()[0]
        assert row.status == 'degraded'
        assert 'clock' in row.detail

    station.play(scene)


def test_no_answer_to_an_order_has_the_heartbeat_asked_at_once():
    station = Station(policy={'heartbeat_s': 1000.0, 'answer_s': 2.0})

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.script.errors['place'] = errors.BrokerUnknownError('?')
        desk.broker.script.seconds['ask'] = 1e6
        desk.manager.send(step.Place(stations.limit()))
        await desk.passes(10.0)
        assert 'silent' in desk.states()

    station.play(scene)


def test_a_request_without_an_end_is_given_up():
    station = Station(policy={'request_s': 20.0, 'heartbeat_s': 1000.0})
    station.broker.script.seconds['place'] = 1e6

    async def scene(desk):
        desk.manager.send(step.Place(stations.limit()))
        await desk.passes(21.0)
        assert desk.statuses() == [('o1', S.UNKNOWN)]
        assert desk.message() == 'no answer within 20 s'

    station.play(scene)


def test_a_connection_that_is_never_made_is_given_up_and_tried_again():
    station = Station()
    station.broker.script.seconds['connect'] = 1e6

    async def scene(desk):
        assert desk.loop.time() < links.OPEN_S + 1.0
        assert desk.manager.rows()[0].status == 'lost'
        await desk.passes(200.0)

    station.play(scene)
    assert len(station.broker.times('connect')) > 2


def test_what_follows_a_connection_is_done_again_until_it_works():
    tried = []

    async def reconciled():
        tried.append(None)
        if len(tried) < 3:
            raise errors.BrokerUnknownError('not yet')

    station = Station(reconciled=reconciled)

    async def scene(desk):
        desk.manager.send(step.Place(stations.limit()))
        await desk.passes(0.1)
        assert desk.manager.rows()[0].status == 'reconciling'
        assert desk.manager.rows()[0].detail == 'not yet'
        assert desk.statuses() == []
        await desk.passes(15.0)
        assert desk.statuses() == [('o1', S.ACCEPTED)]

    station.play(scene)
    assert len(tried) == 3


def test_a_loss_ends_what_follows_a_connection():
    asked = []

    async def reconciled():
        asked.append(None)
        raise errors.BrokerUnknownError('not yet')

    station = Station(reconciled=reconciled)

    async def scene(desk):
        await desk.passes(20.0)
        desk.broker.venue.drop()
        await desk.passes(10.0)
        before = len(asked)
        await desk.passes(100.0)
        assert len(asked) == before
        assert desk.manager.rows()[0].status == 'reconnecting'

    station.play(scene)


def test_what_a_connection_raises_that_is_no_brokers_fault_ends_the_task():
    station = Station()

    class OtherAccountError(errors.StingError):
        pass

    async def connect(sink, halted):
        raise OtherAccountError('another account')

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.connect = connect
        desk.broker.venue.drop()
        await desk.passes(10.0)
        with pytest.raises(OtherAccountError):
            desk.manager.task.result()

    station.play(scene)


def test_reports_come_again_once_it_is_connected_again():
    station = Station()

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.venue.drop()
        await desk.passes(1.0)
        desk.broker.venue.restore()
        await desk.passes(30.0)
        desk.manager.send(step.Place(stations.limit()))
        await desk.passes(1.0)

    station.play(scene)
    assert station.statuses() == [('o1', S.ACCEPTED)]


async def test_within_gives_what_was_asked_for():
    async def answer():
        return 7

    assert await links.within(5.0, answer()) == 7


def test_all_states_have_a_name():
    assert monitor.Link.RECONCILING == 'reconciling'
