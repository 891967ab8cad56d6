"""The guardian's way to Alpaca, to a service on loopback."""

import asyncio

import pytest

from sting.broker.emergency import alpaca
from sting.model import errors
from sting.testing.brokers import desk as desks
from tests.brokers.alpaca import server as servers
from tests.brokers.alpaca import world as worlds

pytestmark = pytest.mark.unit

NOTHING = frozenset()


@pytest.fixture
async def world():
    made = worlds.AlpacaWorld()
    yield made
    await made.close()


@pytest.fixture
async def desk(world):
    made = desks.Desk(world)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def way(world):
    made = alpaca.make(way_options(world))
    yield made
    made.close()


def way_options(world, **changed):
    access = world.access()
    given = {
        'url': access.url,
        'key': access.key,
        'secret': access.secret,
        'timeout_s': 10.0,
    }
    return given | changed


async def test_what_the_broker_gives_makes_a_way_that_cancels_all(desk, world):
    await desk.place(type='limit', price=95.0)
    await desk.place(type='limit', price=95.0)
    given = desk.broker.emergency()
    assert given.reference == 'sting.broker.emergency.alpaca:make'
    assert servers.SECRET not in repr(given)
    way = alpaca.make(given.options)
    assert await asyncio.to_thread(way.working, NOTHING) == 2
    await asyncio.to_thread(way.cancel, NOTHING)
    assert await asyncio.to_thread(way.working, NOTHING) == 0
    way.close()


async def test_an_idle_connection_that_is_gone_is_made_again(world, way):
    await asyncio.to_thread(way.keep)
    await world.there(world.server.drop())
    world.server.down = False
    await asyncio.to_thread(way.cancel, NOTHING)
    assert world.server.asked[-1] == ('DELETE', '/v2/orders')


async def test_a_service_that_is_down_is_an_error_until_it_is_back(world, way):
    await asyncio.to_thread(way.keep)
    await world.there(world.server.drop())
    for _ in range(2):
        with pytest.raises(errors.BrokerUnknownError, match='DELETE'):
            await asyncio.to_thread(way.cancel, NOTHING)
    world.server.down = False
    await asyncio.to_thread(way.cancel, NOTHING)


async def test_a_refusal_is_an_error_without_the_key(world):
    way = alpaca.make(way_options(world, secret='another'))
    with pytest.raises(errors.BrokerUnknownError, match='HTTP 401') as caught:
        await asyncio.to_thread(way.cancel, NOTHING)
    assert 'another' not in str(caught.value)
    way.close()


@pytest.mark.parametrize('body', ['<html>', '{}'])
async def test_an_answer_that_is_no_list_of_orders_is_an_error(
    world, way, body
):
    world.server.faults.append(
        servers.Fault('GET', '/v2/orders', status=200, body=body)
    )
    with pytest.raises(errors.BrokerUnknownError, match=r'no list|not JSON'):
        await asyncio.to_thread(way.working, NOTHING)


async def test_no_answer_in_time_is_an_error(world):
    way = alpaca.make(way_options(world, timeout_s=0.05))
    world.server.faults.append(
        servers.Fault('GET', '/v2/clock', what='hang', body='0.5')
    )
    with pytest.raises(errors.BrokerUnknownError, match='timed out'):
        await asyncio.to_thread(way.keep)
    way.close()


def test_an_address_with_https_is_spoken_to_that_way():
    made = alpaca.make(
        {
            'url': 'https://api.invalid',
            'key': '',
            'secret': '',
            'timeout_s': 1.0,
        }
    )
    assert made._connection.default_port == 443


async def test_what_is_kept_works_on(desk, world, way):
    sent = await desk.place(type='limit', price=95.0)
    kept = await desk.place(type='limit', price=95.0)
    theirs = await desk.place(type='limit', price=95.0)
    uuid = desk.broker._book.current(theirs)
    keep = frozenset({kept, uuid})
    assert await asyncio.to_thread(way.working, keep) == 1
    await asyncio.to_thread(way.cancel, keep)
    assert await asyncio.to_thread(way.working, keep) == 0
    await desk.ended(sent, 'cancelled')
    assert {one.id for one in await desk.broker.get_orders()} == {kept, theirs}


def test_both_orders_of_a_pair_are_kept_by_one_name():
    row = {'id': 'u1', 'client_order_id': 'L-1-0-1+L-1-0-2~3'}
    assert alpaca._names(row) == {'u1', 'L-1-0-1', 'L-1-0-2'}


async def test_one_that_ended_meanwhile_keeps_no_other_from_its_cancel(
    desk, world, way
):
    kept = await desk.place(type='limit', price=95.0)
    for _ in range(2):
        await desk.place(type='limit', price=95.0)
    world.server.faults.append(
        servers.Fault('DELETE', '/v2/orders/', status=422, body='{}')
    )
    await asyncio.to_thread(way.cancel, frozenset({kept}))
    assert await asyncio.to_thread(way.working, frozenset({kept})) == 1
