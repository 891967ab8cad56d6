"""What is said to a broker about orders, and asked until it is answered."""

import pytest

from sting.engine import step
from sting.model import errors
from sting.model import orders
from tests.unit.broker import stations

pytestmark = pytest.mark.unit

S = stations.S
Station = stations.Station
limit = stations.limit


# After a reconnect.


def test_what_happened_meanwhile_is_told_before_new_orders_go_out():
    station = Station()
    known_orders = []
    station.manager.know(lambda: known_orders, lambda fill: False)

    async def scene(desk):
        one = limit('o1')
        desk.manager.send(step.Place(one))
        await desk.passes(100.0)
        known_orders.append(limit('o1', status=S.ACCEPTED, broker_id='b1'))
        desk.broker.venue.drop()
        desk.broker.venue.cancel('o1')
        desk.broker.venue.restore()
        desk.manager.send(step.Place(limit('o2')))
        await desk.passes(30.0)

    station.play(scene)
    assert station.statuses()[-2:] == [('o1', S.CANCELLED), ('o2', S.ACCEPTED)]


def test_an_order_that_is_not_durable_yet_is_left_alone_after_a_reconnect():
    station = Station()
    known_orders = []
    station.manager.know(lambda: known_orders, lambda fill: False)

    async def scene(desk):
        await desk.passes(30.0)
        # The state is ahead of the log: its effect was not handed over.
        known_orders.append(limit('o1'))
        desk.broker.venue.drop()
        desk.broker.venue.restore()
        await desk.passes(30.0)

    station.play(scene)
    assert station.broker.said('place') == []
    assert station.broker.said('ask') == []
    assert station.statuses() == []


def test_fills_that_were_missed_are_told():
    station = Station()
    station.manager.know(list, lambda fill: False)
    fill = orders.Fill(
        order_id='o1',
        execution_id='e1',
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=1.0,
        price=100.0,
        timestamp=stations.DECIDED + 10**9,
    )

    async def scene(desk):
        await desk.passes(30.0)
        desk.broker.venue.drop()
        desk.broker.venue.fill_unasked(fill)
        await desk.passes(10.0)
        assert desk.reports == []
        desk.broker.venue.restore()
        await desk.passes(60.0)

    station.play(scene)
    assert fill in station.reports


def test_an_order_that_the_broker_took_and_denies_is_never_sent_again():
    station = Station()
    works = limit('o1')
    station.manager.know(lambda: [works], lambda fill: False)

    async def scene(desk):
        # Found at the start, and gone after a reconnect: no id of theirs is
        # known here, since its acceptance was never heard.
        await desk.passes(30.0)
        desk.broker.venue.orders.clear()
        desk.broker.venue.drop()
        desk.broker.venue.restore()
        await desk.passes(30.0)

    station.play(scene)
    assert station.broker.said('place') == [('o1',)]
    assert station.statuses()[-1] == ('o1', S.UNKNOWN)
    assert 'look there' in station.message()


def test_a_cancel_that_is_not_answered_stays_before_all_else():
    station = Station()
    lost = errors.BrokerUnknownError('no answer')
    station.broker.script.errors = {'place': lost, 'cancel': lost}
    station.broker.script.seconds['place'] = 1.0

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(0.5)
        desk.manager.send(step.Cancel(limit('o1', status=S.PENDING_CANCEL)))
        await desk.passes(2.0)
        desk.broker.script.errors.clear()
        await desk.passes(60.0)

    station.play(scene)
    assert station.broker.said('place') == [('o1',)]
    assert station.statuses() == [('o1', S.UNKNOWN), ('o1', S.CANCELLED)]


def test_the_cancel_of_an_order_that_was_kept_back_says_nothing_more():
    station = Station()
    station.halted = True

    async def scene(desk):
        desk.manager.send(step.Place(limit('o1')))
        await desk.passes(1.0)
        desk.manager.send(step.Cancel(limit('o1')))
        await desk.passes(1.0)

    station.play(scene)
    assert station.statuses() == [('o1', S.DENIED)]
    assert station.broker.said('cancel') == []
