"""Two lanes: orders one after the other, and cancels that overtake them."""

import pytest

from sting.broker import way
from sting.engine import step
from sting.model import errors
from sting.model import market
from sting.net import limits
from tests.unit.broker import stations

pytestmark = pytest.mark.unit

S = stations.S
Station = stations.Station
limit = stations.limit
order = stations.order


def test_orders_go_one_after_the_other():
    station = Station()
    station.broker.script.seconds['place'] = 1.0

    async def scene(desk):
        for number in range(3):
            desk.manager.send(step.Place(limit(f'o{number}')))
        await desk.passes(10.0)

    station.play(scene)
    first, second, third = station.broker.times('place')
    assert second - first >= 1.0
    assert third - second >= 1.0


def test_a_cancel_overtakes_orders_that_wait():
    station = Station()
    station.broker.script.seconds['place'] = 1.0

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(2.0)
        for number in range(2, 30):
            desk.manager.send(step.Place(limit(f'o{number}')))
        await desk.passes(0.5)
        desk.manager.send(step.Cancel(limit('o1')))
        await desk.passes(0.5)
        assert ('o1', S.CANCELLED) in desk.statuses()

    station.play(scene)


def test_one_cancel_does_not_wait_for_another():
    station = Station()

    async def scene(desk):
        for number in range(5):
            desk.manager.send(step.Place(limit(f'o{number}')))
        await desk.passes(1.0)
        desk.broker.script.seconds['cancel'] = 1.0
        for number in range(5):
            desk.manager.send(step.Cancel(limit(f'o{number}')))
        await desk.passes(1.5)
        assert desk.statuses().count(('o4', S.CANCELLED)) == 1

    station.play(scene)
    assert len(set(station.broker.times('cancel'))) == 1


def test_the_cancel_of_an_order_that_waits_takes_it_out():
    station = Station()
    station.broker.script.seconds['place'] = 1.0

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        desk.manager.send(step.Place(limit('o2')))
        desk.manager.send(step.Replace(limit('o2'), None, 91.0, None))
        await desk.passes(0.5)
        desk.manager.send(step.Cancel(limit('o2')))
        assert desk.statuses() == [('o2', S.CANCELLED)]
        assert desk.message() == 'never sent'
        await desk.passes(5.0)

    station.play(scene)
    assert station.broker.said('place') == [('o1',)]
    assert station.broker.said('cancel') == []


def test_the_cancel_of_an_order_under_way_waits_for_its_answer():
    station = Station()
    station.broker.script.seconds['place'] = 1.0

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(0.5)
        desk.manager.send(step.Cancel(limit('o1')))
        await desk.passes(5.0)

    station.play(scene)
    assert [verb for _, verb, *_ in station.broker.calls] == [
        'connect',
        'place',
        'cancel',
    ]
    assert station.statuses()[-1] == ('o1', S.CANCELLED)


def test_orders_wait_for_a_connection_that_is_soon_back():
    station = Station()

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.venue.drop()
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(1.0)
        desk.broker.venue.restore()
        await desk.passes(5.0)

    station.play(scene)
    assert station.statuses() == [('o1', S.ACCEPTED)]


def test_an_order_that_waits_too_long_is_rejected_and_never_sent():
    station = Station()

    async def scene(desk):
        await desk.passes(100.0)
        desk.broker.venue.drop()
        await desk.passes(30.0)
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(4.5)
        assert desk.statuses() == []
        await desk.passes(1.0)
        assert desk.statuses() == [('o1', S.REJECTED)]
        desk.broker.venue.restore()
        await desk.passes(120.0)

    station.play(scene)
    assert station.message().startswith(
        'broker main is not connected; nothing was sent: '
    )
    assert station.broker.said('place') == []


def test_an_order_may_wait_long_for_others():
    station = Station()
    station.broker.script.seconds['place'] = 4.0

    async def scene(desk):
        for number in range(10):
            desk.manager.send(step.Place(limit(f'o{number}')))
        await desk.passes(60.0)

    station.play(scene)
    assert [status for _, status in station.statuses()] == [S.ACCEPTED] * 10


def test_a_change_that_waits_too_long_leaves_the_order_as_it_was():
    station = Station()

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(100.0)
        desk.broker.venue.drop()
        changed = step.Replace(
            limit('o1', status=S.PENDING_REPLACE), None, 91.0, None
        )
        desk.manager.send(changed)
        await desk.passes(10.0)

    station.play(scene)
    assert station.statuses()[-1] == ('o1', S.ACCEPTED)
    assert 'nothing was sent' in station.message()


def test_a_cancel_waits_for_the_connection_however_long():
    station = Station()

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(100.0)
        desk.broker.venue.drop()
        desk.manager.send(step.Cancel(limit('o1')))
        await desk.passes(3600.0)
        desk.broker.venue.restore()
        await desk.passes(120.0)

    station.play(scene)
    assert station.statuses()[-1] == ('o1', S.CANCELLED)


def test_an_end_does_not_wait_for_ever():
    station = Station()
    station.broker.script.seconds['place'] = 50.0

    async def scene(desk):
        for number in range(5):
            desk.manager.send(step.Place(limit(f'o{number}')))

    station.play(scene)
    assert station.loop.time() < 15.0


def lose_an_order(desk):
    """Has an order never arrive, and the connection lost before it is asked."""
    script = desk.broker.script
    script.errors['place'] = errors.BrokerUnknownError('no answer')

    async def scene(desk):
        await desk.passes(30.0)
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(0.5)
        script.errors.clear()
        desk.broker.venue.drop()
        await desk.passes(60.0)
        desk.broker.venue.restore()
        await desk.passes(60.0)

    desk.play(scene)


def test_a_question_that_comes_while_it_is_lost_is_asked_later():
    station = Station(policy={'resend_s': 600.0})
    lose_an_order(station)
    assert station.statuses() == [('o1', S.UNKNOWN), ('o1', S.ACCEPTED)]
    assert station.broker.said('place') == [('o1',), ('o1',)]


def test_an_order_that_never_arrived_is_not_sent_when_it_is_old():
    station = Station()
    lose_an_order(station)
    assert station.statuses() == [('o1', S.UNKNOWN), ('o1', S.CANCELLED)]
    assert 'too old to be sent now' in station.message()
    assert station.broker.said('place') == [('o1',)]


# Groups, ticks and lots.


def test_a_group_goes_out_together():
    station = Station(groups=True)

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1', oco='g')))
        desk.manager.send(step.Place(limit('o2', oco='g')))
        desk.manager.send(step.Place(limit('o3', oco='h')))
        desk.manager.send(step.Place(limit('o4')))
        desk.manager.send(step.Place(limit('o5')))
        await desk.passes(5.0)

    station.play(scene)
    assert station.broker.together == [['o1', 'o2']]
    assert [status for _, status in station.statuses()] == [S.ACCEPTED] * 5


def test_where_the_broker_has_no_groups_each_goes_alone():
    station = Station()

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1', oco='g')))
        desk.manager.send(step.Place(limit('o2', oco='g')))
        await desk.passes(5.0)

    station.play(scene)
    assert station.broker.together == []
    assert len(station.broker.said('place')) == 2


@pytest.mark.parametrize(
    ('error', 'status'),
    [
        (errors.BrokerWithheldError('stop'), S.DENIED),
        (errors.BrokerRejectedError('not connected'), S.REJECTED),
        (errors.BrokerUnknownError('no answer'), S.UNKNOWN),
    ],
)
def test_what_goes_wrong_with_a_group_goes_wrong_with_each(error, status):
    station = Station(groups=True)
    station.broker.script.errors['place'] = error

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1', oco='g')))
        desk.manager.send(step.Place(limit('o2', oco='g')))
        await desk.passes(0.5)

    station.play(scene)
    assert station.statuses()[:2] == [('o1', status), ('o2', status)]


INSTRUMENTS = {'AAPL': market.Instrument('AAPL', tick=0.05, lot=10.0)}


def test_an_order_is_sent_in_ticks_and_lots_and_the_change_reported():
    station = Station(instruments=INSTRUMENTS)

    async def scene(desk):
        desk.manager.send(
            step.Place(order(type='limit', quantity=27.0, price=90.03))
        )
        await desk.passes(1.0)
        (sent,) = await desk.broker.get_orders()
        assert (sent.quantity, sent.price) == (20.0, 90.0)

    station.play(scene)
    told = station.reports[0]
    assert (told.status, told.quantity, told.price) == (S.SUBMITTED, 20.0, 90.0)


def test_less_than_a_lot_is_rejected_and_never_sent():
    station = Station(instruments=INSTRUMENTS)

    async def scene(desk):
        desk.manager.send(step.Place(order(quantity=7.0)))
        await desk.passes(1.0)

    station.play(scene)
    assert station.statuses() == [('o1', S.REJECTED)]
    assert station.message() == '7 AAPL is less than a lot of 10'
    assert station.broker.said('place') == []


def test_a_change_is_sent_in_ticks_and_lots():
    station = Station(instruments=INSTRUMENTS)

    async def scene(desk):
        desk.manager.send(step.Place(limit(quantity=20.0)))
        await desk.passes(1.0)
        one = limit(quantity=20.0, status=S.PENDING_REPLACE)
        desk.manager.send(step.Replace(one, 39.0, 91.02, None))
        await desk.passes(1.0)
        desk.manager.send(step.Replace(one, 3.0, None, None))
        await desk.passes(1.0)
        (sent,) = await desk.broker.get_orders()
        assert (sent.quantity, sent.price) == (30.0, 91.0)

    station.play(scene)
    assert station.message() == '3 AAPL is less than a lot of 10'
    assert station.statuses()[-1] == ('o1', S.ACCEPTED)


# The rate.


class Limited(stations.Broker):
    """A broker that counts what comes in a minute, behind a limiter."""

    limiter = limits.RateLimiter(190 / 60, 10, reserve=4)
    most = 200

    async def place_order(self, order):
        await self.limiter.acquire()
        return await super().place_order(order)

    async def cancel_order(self, order_id):
        await self.limiter.acquire(urgent=True)
        return await super().cancel_order(order_id)

    def busiest(self):
        """Counts the most requests in a minute."""
        when = sorted(self.times('place') + self.times('cancel'))
        return max(
            sum(begin <= each < begin + 60.0 for each in when) for begin in when
        )


def test_a_thousand_orders_meet_the_limit_and_cancels_overtake_them(
    monkeypatch,
):
    monkeypatch.setattr(stations, 'Broker', Limited)
    station = Station()
    late = []

    async def scene(desk):
        for number in range(1000):
            desk.manager.send(step.Place(limit(f'o{number}')))
        for number in range(20):
            await desk.passes(10.0)
            asked = desk.loop.time()
            desk.manager.send(step.Cancel(limit(f'o{number}')))
            while (f'o{number}', S.CANCELLED) not in desk.statuses():
                await desk.passes(0.05)
            late.append(desk.loop.time() - asked)
        while len(desk.broker.said('place')) < 1000:
            await desk.passes(5.0)

    station.play(scene)
    assert station.broker.busiest() <= Limited.most
    assert max(late) < 1.0
    accepted = [s for _, s in station.statuses() if s is S.ACCEPTED]
    assert len(accepted) == 1000


def test_a_change_that_waits_behind_a_cancel_is_not_sent():
    station = Station()

    async def scene(desk):
        script = desk.broker.script
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(1.0)
        script.seconds['place'] = 1.0
        desk.manager.send(step.Place(limit('o2')))
        desk.manager.send(step.Replace(limit('o1'), 20.0, None, None))
        script.errors['cancel'] = errors.BrokerUnknownError('no answer')
        desk.manager.send(step.Cancel(limit('o1')))
        await desk.passes(2.0)
        assert desk.broker.venue.orders['o1'].quantity == limit().quantity
        script.errors.clear()
        await desk.passes(60.0)

    station.play(scene)
    assert station.broker.venue.orders['o1'].status is S.CANCELLED
    assert station.statuses()[-1] == ('o1', S.CANCELLED)


def test_a_question_is_asked_for_days():
    station = Station(policy={'heartbeat_s': 36_000.0})

    async def scene(desk):
        script = desk.broker.script
        script.errors['place'] = errors.BrokerUnknownError('no answer')
        script.errors['ask'] = errors.BrokerRejectedError('not now')
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(1_100 * way.MOST_S)
        script.errors.clear()
        await desk.passes(2 * way.MOST_S)
        assert not desk.manager.task.done()

    station.play(scene)
    assert len(station.broker.said('ask')) > 1_024
