"""What many connections leave behind: nothing."""

import asyncio
import gc
import pathlib
import threading

import pytest

from sting.model import errors
from tests.brokers.alpaca import server as servers

pytestmark = pytest.mark.unit
# Seconds until what has been closed is gone.
_DEADLINE_S = 60.0


def held():
    """The threads of brokers, and the open sockets of this process."""
    threads = sum(
        each.name.startswith('alpaca') for each in threading.enumerate()
    )
    sockets = 0
    for each in pathlib.Path('/proc/self/fd').iterdir():
        try:
            sockets += str(each.readlink()).startswith('socket:')
        except OSError:
            continue
    return threads, sockets


async def is_down_to(before):
    """Waits until no more is held than before; says whether it came to it."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _DEADLINE_S
    while loop.time() < end:
        gc.collect()
        if all(now <= then for now, then in zip(held(), before, strict=True)):
            return True
        await asyncio.sleep(0.05)
    return False


async def connect_often(desk, world, times):
    """Connects, asks, and ends it in all the ways that there are."""
    broker = desk.broker
    for count in range(times):
        way = count % 4
        if way == 1:
            # It fails half way.
            world.server.faults.append(
                servers.Fault('GET', '/v2/orders', 503, servers.HTML)
            )
        try:
            await desk.open()
            await asyncio.gather(*(broker.get_positions() for _ in range(4)))
        except errors.BrokerError:
            assert way == 1
        if way == 2:
            await world.drop()
            await world.restore()
        if way != 3:
            # Else the next one begins on top of this one.
            await broker.disconnect()
    await broker.disconnect()


async def test_twenty_connections_leave_no_thread_and_no_socket(desk, world):
    await desk.broker.disconnect()
    assert await is_down_to((0, 10**6))
    before = held()
    await connect_often(desk, world, 20)
    assert await is_down_to(before), (held(), before)


@pytest.mark.slow
async def test_two_hundred_connections_leave_none_either(desk, world):
    await desk.broker.disconnect()
    assert await is_down_to((0, 10**6))
    before = held()
    await connect_often(desk, world, 200)
    assert await is_down_to(before), (held(), before)
