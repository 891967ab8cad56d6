"""The guardian's way to Interactive Brokers, to a gateway on loopback."""

import asyncio
import contextlib
import socket
import threading

import pytest

from sting.broker.emergency import ibkr
from sting.model import errors
from tests.brokers.ibkr import world as worlds

pytestmark = pytest.mark.unit

NOTHING = frozenset()


@pytest.fixture
async def desk():
    async with worlds.at_desk() as made:
        yield made


@pytest.fixture
def way(desk):
    made = ibkr.make(desk.broker.emergency().options)
    yield made
    made.close()


async def test_the_global_cancel_takes_out_all_that_works(desk, way):
    await desk.place(type='limit', price=95.0)
    await desk.place(type='limit', price=95.0)
    assert await asyncio.to_thread(way.working, NOTHING) == 2
    await asyncio.to_thread(way.cancel, NOTHING)
    assert await asyncio.to_thread(way.working, NOTHING) == 0


async def test_a_connection_that_is_gone_is_made_again(desk, way):
    await asyncio.to_thread(way.keep)
    way._socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(errors.BrokerUnknownError):
        await asyncio.to_thread(way.keep)
    await asyncio.to_thread(way.keep)


async def test_a_number_that_another_has_is_named(desk, way):
    other = ibkr.make(desk.broker.emergency().options)
    await asyncio.to_thread(way.keep)
    with pytest.raises(errors.BrokerUnknownError, match='client id 74'):
        await asyncio.to_thread(other.keep)


def test_where_nothing_listens_it_says_so():
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
    way = ibkr.Way('127.0.0.1', port, 74, 1.0)
    with pytest.raises(errors.BrokerUnknownError, match='refused'):
        way.cancel(NOTHING)


def test_what_is_no_gateway_is_left_alone():
    with socket.create_server(('127.0.0.1', 0)) as server:

        def answer():
            with contextlib.suppress(OSError):
                other, _ = server.accept()
                other.sendall(b'HTTP/1.1 400 Bad Request\r\n')
                other.close()

        thread = threading.Thread(target=answer)
        thread.start()
        way = ibkr.Way('127.0.0.1', server.getsockname()[1], 74, 10.0)
        with pytest.raises(errors.BrokerUnknownError, match='no gateway'):
            way.keep()
        thread.join()


def test_what_is_not_connected_says_so():
    with pytest.raises(errors.BrokerUnknownError, match='not connected'):
        ibkr.Way('127.0.0.1', 1, 74, 1.0)._send('58', '1')


async def test_where_an_order_is_kept_nothing_is_cancelled_globally(desk, way):
    kept = await desk.place(type='limit', price=95.0)
    with pytest.raises(errors.BrokerUnknownError, match='engine alone'):
        await asyncio.to_thread(way.cancel, frozenset({kept}))
    assert await asyncio.to_thread(way.working, frozenset({kept})) == 1
