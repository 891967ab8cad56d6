"""What the stream leaves out is found."""

import pytest

from sting.broker.alpaca import comparing
from sting.net import monitor as monitors

pytestmark = pytest.mark.unit


def resting(desk):
    return desk.place(type='limit', price=95.0)


async def test_a_silent_stream_is_found_by_comparing(desk, world, monkeypatch):
    monkeypatch.setattr(comparing, 'BEHIND_S', 0.05)
    desk.broker._comparison.every_s = 0.0
    sent = await resting(desk)
    await desk.broker.get_time()
    assert desk.broker.monitor.works
    world.server.mute = True
    await world.trade(desk.symbol, 94.0)
    await desk.broker.get_time()
    assert desk.broker.monitor.state in {
        monitors.Link.SILENT,
        monitors.Link.LOST,
    }
    assert desk.order(sent).filled == 0.0
    world.server.mute = False
    await desk.open()
    (found,) = await desk.broker.get_fills()
    assert found.order_id == sent


async def test_terms_changed_elsewhere_are_missed_too(desk, world, monkeypatch):
    monkeypatch.setattr(comparing, 'BEHIND_S', 0.05)
    desk.broker._comparison.every_s = 0.0
    sent = await resting(desk)
    exchange = world.server.exchange
    record = exchange.find(sent)

    async def change():
        exchange.replace(record, {'limit_price': '94'})

    world.server.mute = True
    await world.there(change())
    await desk.broker.get_time()
    assert not desk.broker.monitor.works
    world.server.mute = False
    await desk.open()
    desk.broker._comparison.every_s = 0.0
    # The session asks for it now; it is not missed on and on.
    await desk.broker.get_time()
    assert desk.broker.monitor.works


async def test_one_message_lost_among_others_is_missed(
    desk, world, monkeypatch
):
    monkeypatch.setattr(comparing, 'BEHIND_S', 0.05)
    sent = await resting(desk)
    world.server.mute = True
    await world.there(world._call(world.venue.cancel, sent))
    broker = desk.broker
    broker._comparison._heard = broker._clock.monotonic() + 1e6
    await broker.get_time()
    assert broker.monitor.works
    broker._comparison._looked -= 61.0
    await broker.get_time()
    assert not broker.monitor.works
    world.server.mute = False
    await desk.open()


async def test_a_stream_with_nothing_to_tell_is_not_silent(desk):
    desk.broker._comparison.every_s = 0.0
    await resting(desk)
    for _ in range(3):
        await desk.broker.get_time()
    assert desk.broker.monitor.works


async def test_where_nothing_works_nothing_is_asked(desk, world):
    desk.broker._comparison.every_s = 0.0
    world.server.asked.clear()
    await desk.broker.get_time()
    assert world.server.asked == [('GET', '/v2/clock')]


async def test_a_connection_that_is_lost_meanwhile_is_not_looked_at(
    desk, world, monkeypatch
):
    await resting(desk)
    world.server.mute = True
    await world.trade(desk.symbol, 94.0)
    broker = desk.broker

    async def lose(seconds):
        broker.monitor.lost('meanwhile')

    monkeypatch.setattr(broker._clock, 'sleep', lose)
    working = broker._ask().working
    assert await broker._comparison.look(working) == []
