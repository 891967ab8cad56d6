"""Times as gateways write them, in zones of all kinds."""

import pytest

from sting.broker.ibkr import moments
from sting.model import market
from sting.model import orders
from sting.net import monitor as monitors
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire
from tests.brokers.ibkr import world

pytestmark = pytest.mark.unit

BUY = orders.OrderSide.BUY
UTC = '20260105 15:00:00 UTC'


def made(greeting='20260105 09:30:00 UTC'):
    told = []
    times = moments.Moments(told.append)
    times.greet(wire.frame(176, greeting))
    return times, told


@pytest.mark.parametrize(
    ('said', 'utc'),
    [
        ('20260105 10:00:00 US/Eastern', UTC),
        ('20260105 10:00:00 America/New_York', UTC),
        ('20260705 10:00:00 America/New_York', '20260705 14:00:00 UTC'),
        ('20260105 10:00:00 EST', UTC),
        ('20260105 15:00:00 UTC', UTC),
        ('20260105-15:00:00', UTC),
        ('20260106 00:00:00 Asia/Tokyo', UTC),
        ('20260105', '20260105'),
        ('', ''),
        ('soon', 'soon'),
        ('20261305 10:00:00 UTC', '20261305 10:00:00 UTC'),
        ('00010101 00:00:00 Asia/Tokyo', '00010101 00:00:00 Asia/Tokyo'),
    ],
)
def test_a_moment_in_a_zone_that_is_known(said, utc):
    times, told = made()
    assert (times.utc(said), times.vague, told) == (utc, False, [])


@pytest.mark.parametrize(
    ('greeting', 'utc'),
    [
        ('20260105 09:30:00 America/New_York', '20260105 20:00:00 UTC'),
        ('20260105 09:30:00 EST', '20260105 20:00:00 UTC'),
        ('20260105 09:30:00 UTC', UTC),
    ],
)
def test_without_a_zone_it_is_the_gateways(greeting, utc):
    times, told = made(greeting)
    assert times.utc('20260105  15:00:00') == utc
    assert (times.vague, told) == (False, [])


@pytest.mark.parametrize(
    'zone', ['Eastern Standard Time', 'Nowhere/Land', '../UTC', 'US', '/etc']
)
def test_a_zone_that_is_not_known_is_the_gateways_and_told(zone):
    times, told = made('20260105 09:30:00 America/New_York')
    said = f'20260105 10:00:00 {zone}'
    assert [times.utc(said), times.utc(said)] == [UTC, UTC]
    assert times.vague
    (warning,) = told
    assert f'{zone}, are taken for America/New_York' in warning


@pytest.mark.parametrize('greeting', ['20260105 09:30:00 Ortszeit', 'hello'])
def test_where_no_zone_is_known_it_is_utc_and_told(greeting):
    times, told = made(greeting)
    assert times.utc('20260105 15:00:00') == UTC
    assert times.vague
    assert 'taken for UTC' in told[0]


def test_the_greeting_may_come_in_parts_and_is_the_first_message():
    times = moments.Moments(lambda said: None)
    data = wire.frame(176, '20260105 09:30:00 Asia/Tokyo')
    for each in data:
        times.greet(bytes([each]))
    times.greet(wire.frame(176, '20260105 09:30:00 Europe/London'))
    assert times.utc('20260106 00:00:00') == UTC


def retimed(frame, place, said):
    """A message with another time in it."""
    fields = frame[4:].decode().split('\0')[:-1]
    fields[place] = said
    return wire.frame(*fields)


@pytest.mark.parametrize(
    'said',
    [
        '20260105 10:00:00 US/Eastern',
        '20260105  15:00:00',
        '20260105-15:00:00',
        '20260105 15:00:00 Eastern Standard Time',
    ],
)
async def test_a_trade_is_booked_whatever_zone_its_time_is_in(said):
    async with world.at_desk() as desk:
        sent = await desk.place(type='limit', price=95.0)
        held = desk.world.gateway.held(sent)
        fill = orders.Fill(
            order_id=sent,
            execution_id='',
            symbol=desk.symbol,
            side=BUY,
            quantity=10.0,
            price=95.0,
            timestamp=desk.world.now(),
        )
        frame = wire.execution(fill, held, '0000e0d5.0000ffff.01.01')
        told = retimed(frame, 15, said)
        desk.world.call(lambda: desk.world.gateway.say_to(held, told))
        await desk.filled(sent)
        assert f'{market.to_datetime(desk.fills[0].timestamp)}'.startswith(
            '2026-01-05 15:00:00'
        )
        vague = 'Standard' in said
        state = desk.broker.monitor.state
        assert (state is monitors.Link.DEGRADED) is vague


async def test_a_trade_whose_time_is_in_doubt_is_listed_as_recent():
    async with world.at_desk() as desk:
        sent = await desk.place()
        await desk.world.trade(desk.symbol, 100.0)
        await desk.filled(sent)
        fill = desk.world.venue.fills[0]
        held = desk.world.gateway.held(sent)
        # Five hours west of here, in words that nobody knows.
        local = market.to_datetime(fill.timestamp - 5 * 3600 * 10**9)
        name = desk.world.gateway.execution_id(fill)

        def lists(client, fields):
            frame = wire.execution(fill, held, name, fields[2])
            said = f'{local:%Y%m%d %H:%M:%S} Ortszeit'
            client.send(
                retimed(frame, 15, said),
                wire.fee(0.0, name),
                wire.frame(55, 1, fields[2]),
            )

        desk.world.gateway.instead[gateways.EXECUTIONS].append(lists)
        (found,) = await desk.broker.get_fills(fill.timestamp)
        assert found.order_id == sent


async def test_the_end_of_an_order_is_read_in_its_zone():
    async with world.at_desk() as desk:
        order = orders.Order(
            id='x',
            symbol=desk.symbol,
            side=BUY,
            quantity=5.0,
            type=orders.OrderType.LIMIT,
            price=90.0,
            time_in_force=orders.TimeInForce.GTD,
            expires=0,
        )
        frame = wire.open_order(order, wire.Held('x', 9, 3, 5), 'Submitted')
        place = frame[4:].decode().split('\0').index(wire.written(0))
        told = retimed(frame, place, '20260105 10:00:00 US/Eastern')

        def lists(client, _fields):
            client.send(told, wire.frame(53, 1))

        desk.world.gateway.instead[gateways.ALL_OPEN].append(lists)
        (found,) = await desk.broker.get_orders()
        assert f'{market.to_datetime(found.expires):%Y%m%d %H:%M}' == (
            '20260105 15:00'
        )
