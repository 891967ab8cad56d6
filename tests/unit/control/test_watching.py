"""What the engine sends to a screen in another process."""

import asyncio
import socket

import pytest

from sting.control import pictures
from sting.control import watching
from tests.unit.control import stations
from tests.unit.tui import stations as plain

pytestmark = pytest.mark.unit


async def pair():
    """Gives the engine's writer and the reader's bare socket."""
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=ours)
    theirs.setblocking(False)
    return writer, theirs


async def receive(theirs, joiner):
    """Gives the next picture that comes."""
    loop = asyncio.get_running_loop()

    async def exactly(count):
        found = b''
        while len(found) < count:
            found += await loop.sock_recv(theirs, count - len(found))
        return found

    async with asyncio.timeout(stations.PATIENCE_S):
        head = await exactly(pictures.HEAD_BYTES)
        return joiner.decode(await exactly(int.from_bytes(head, 'big')))


async def test_a_reader_who_slept_gets_the_newest_picture_and_no_queue():
    station = plain.Station()
    writer, theirs = await pair()
    joiner = pictures.Joiner()
    task = asyncio.create_task(watching.show(writer, station, 1e6))
    try:
        assert (await receive(theirs, joiner)).seq == 1234
        for number in range(2000, 2400):
            # In all far more than the system keeps for a reader.
            rows = tuple(plain.order(number * 100 + n) for n in range(100))
            station.now = plain.snapshot(seq=number, orders=rows)
            await asyncio.sleep(0.001)
        assert writer.transport.get_write_buffer_size() < 1 << 20
        seen = [await receive(theirs, joiner)]
        while seen[-1].seq != 2399:
            seen.append(await receive(theirs, joiner))
        assert seen[-1] == station.now
        assert len(seen) < 200
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        writer.close()
        theirs.close()


async def test_who_takes_nothing_for_long_is_hung_up_on(monkeypatch):
    monkeypatch.setattr(watching, 'STALLED_S', 0.05)
    station = plain.Station()
    writer, theirs = await pair()

    async def grow():
        number = 0
        while True:
            number += 1
            rows = tuple(plain.order(number * 1000 + n) for n in range(1000))
            station.now = plain.snapshot(seq=number, orders=rows)
            await asyncio.sleep(0.01)

    growing = asyncio.create_task(grow())
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(stations.PATIENCE_S) as limit:
                await watching.show(writer, station, 20.0)
        assert not limit.expired()
    finally:
        growing.cancel()
        writer.transport.abort()
        theirs.close()


async def test_it_ends_when_the_reader_goes(monkeypatch):
    monkeypatch.setattr(watching, 'QUIET_S', 0.01)
    writer, theirs = await pair()
    theirs.close()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        async with asyncio.timeout(stations.PATIENCE_S):
            await watching.show(writer, plain.Station(), 20.0)
    writer.transport.abort()
