"""The guardian's way to Alpaca, to a service on loopback."""

import asyncio

import pytest

from sting.broker.emergency import alpaca
from sting.model import errors
from sting.testing.brokers import desk as desks
from tests.brokers.alpaca import server as servers
from tests.brokers.alpaca import world as worlds

pytestmark = pytest.mark.unit


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
    assert await asyncio.to_thread(way.working) == 2
    await asyncio.to_thread(way.cancel)
    assert await asyncio.to_thread(way.working) == 0
    way.close()


async def test_an_idle_connection_that_is_gone_is_made_again(world, way):
    await asyncio.to_thread(way.keep)
    await world.there(world.server.drop())
    world.server.down = False
    await asyncio.to_thread(way.cancel)
    assert world.server.asked[-1] == ('DELETE', '/v2/orders')


async def test_a_service_that_is_down_is_an_error_until_it_is_back(world, way):
    await asyncio.to_thread(way.keep)
    await world.there(world.server.drop())
    for _ in range(2):
        with pytest.raises(errors.BrokerUnknownError, match='DELETE'):
            await asyncio.to_thread(way.cancel)
    world.server.down = False
    await asyncio.to_thread(way.cancel)


async def test_a_refusal_is_an_error_without_the_key(world):
    way = alpaca.make(way_options(world, secret='another'))
    with pytest.raises(errors.BrokerUnknownError, match='HTTP 401') as caught:
        await asyncio.to_thread(way.cancel)
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
        await asyncio.to_thread(way.working)


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
