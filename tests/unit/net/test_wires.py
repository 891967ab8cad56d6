"""One connection: how it is made, read, and how it ends."""

import asyncio

import pytest

from sting.model import errors
from sting.net import limits
from sting.net import wires
from tests.unit.net import streams
from tests.unit.net import worlds

pytestmark = pytest.mark.unit


async def test_what_a_service_says_at_the_end_is_told_without_the_key():
    async with worlds.before(streams.closes(1008, f'bad {worlds.KEY}')) as (
        world,
        _,
    ):
        await world.socket.open()
        with pytest.raises(
            errors.SourceUnavailableError, match=r'closed: 1008 bad \*\*\*'
        ):
            await world.socket.receive()
        assert world.monitor.reason.endswith('1008 bad ***')


@pytest.mark.parametrize('status', [429, 418, 503])
async def test_a_wait_that_is_asked_for_is_kept(status):
    process = streams.answers((status, 'slow', {'Retry-After': '77'}))
    async with worlds.before(streams.listens, process=process) as (world, _):
        began = world.clock.monotonic()
        await world.socket.open()
        assert world.clock.monotonic() - began == pytest.approx(77)


@pytest.mark.parametrize('status', [302, 400, 401, 403, 404, 451])
async def test_a_no_is_told_in_its_words_and_not_tried_again(status):
    headers = {'Location': 'ws://127.0.0.1:9/'} if status == 302 else {}
    process = streams.answers((status, f'no {worlds.KEY}', headers))
    async with worlds.before(streams.listens, process=process) as (
        world,
        service,
    ):
        with pytest.raises(
            errors.SourceRefusedError, match=rf'it: HTTP {status}: no \*\*\*'
        ):
            await world.socket.open()
        assert service.paths == []


async def test_what_is_no_websocket_is_tried_again():
    async def answer(reader, writer):
        writer.write(b'220 mail ready\r\n')
        writer.close()

    server = await asyncio.start_server(answer, '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]
    world = worlds.World(f'ws://127.0.0.1:{port}')
    task = asyncio.create_task(world.socket.open())
    await streams.until(lambda: world.socket.statistics()['failures'] > 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await world.socket.close()
    server.close()
    await server.wait_closed()
    assert 'it: ' in world.told[0].reason


async def test_a_connect_that_takes_too_long_is_told():
    async def says_nothing(reader, writer):
        # Also where the loop ends before the other side has hung up.
        try:
            await reader.read()
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(says_nothing, '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]
    world = worlds.World(f'ws://127.0.0.1:{port}', policy={'open_s': 0.05})
    task = asyncio.create_task(world.socket.open())
    await streams.until(lambda: world.told)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    server.close()
    await server.wait_closed()
    assert 'it: no answer within 0.05 s' in world.told[0].reason


async def test_what_is_no_address_is_a_fault_of_the_configuration():
    world = worlds.World('http://example.com')
    with pytest.raises(errors.ConfigError, match=r'http://example.com is no'):
        await world.socket.open()


async def test_silence_while_the_market_is_open_ends_the_connection():
    lives = streams.says('one'), streams.says('two')
    async with worlds.before(*lives, policy={'silence_s': 0.1}) as (world, _):
        await world.socket.open()
        await world.ends()
        assert world.monitor.state == 'silent'
        assert world.monitor.reason == 'it: nothing came for 0.1 s'
        await world.socket.open()
    assert world.states[:4] == [
        'connected',
        'silent',
        'reconnecting',
        'connected',
    ]


async def test_silence_while_the_market_is_closed_is_none():
    asked = []
    enough = asyncio.Event()

    def is_open():
        asked.append(None)
        if len(asked) > 6:
            enough.set()
        return False

    async def life(connection, service):
        await enough.wait()
        await connection.send('morning')
        await connection.wait_closed()

    async with worlds.before(
        life, is_open=is_open, policy={'silence_s': 0.02}
    ) as (
        world,
        _,
    ):
        await world.socket.open()
        assert await world.takes(1) == ['morning']
    assert world.states == ['connected', 'closed']


async def test_silence_counts_from_the_opening_of_the_market():
    opened = iter([False, True, True])

    async with worlds.before(
        streams.listens,
        is_open=lambda: next(opened),
        policy={'silence_s': 0.02},
    ) as (world, _):
        await world.socket.open()
        with pytest.raises(wires.SilentError):
            await world.socket.receive()
    # Closed at the beginning of the first stretch, open over the second.
    assert next(opened, None) is None


async def test_a_flood_leaves_others_their_turns():
    turns = []

    async def others():
        while True:
            turns.append(None)
            await asyncio.sleep(0)

    async with worlds.before(streams.says(*['x'] * 1000)) as (world, _):
        await world.socket.open()
        await streams.until(
            lambda: world.socket.statistics()['waiting'] == 1000
        )
        task = asyncio.create_task(others())
        await world.takes(1000)
        assert 10 <= len(turns) <= 100
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_message_that_is_too_large_ends_the_connection():
    async with worlds.before(
        streams.says('x' * 2000), policy={'largest': 1000}
    ) as (
        world,
        _,
    ):
        await world.socket.open()
        with pytest.raises(
            errors.SourceUnavailableError, match='closed from here: 1009'
        ):
            await world.socket.receive()


async def test_text_that_is_none_ends_the_connection():
    async def life(connection, service):
        await connection.send(b'\xff\xfe', text=True)
        await connection.wait_closed()

    async with worlds.before(life) as (world, _):
        await world.socket.open()
        with pytest.raises(errors.SourceUnavailableError, match='1007'):
            await world.socket.receive()


async def test_what_is_sent_keeps_to_the_limit():
    async def greet(wire):
        for nth in range(4):
            await wire.send(f'{nth}')

    async with worlds.before(
        streams.listens, greet=greet, limiter=limits.RateLimiter(20, 1)
    ) as (world, service):
        began = asyncio.get_running_loop().time()
        await world.socket.open()
        spent = asyncio.get_running_loop().time() - began
        await streams.until(lambda: len(service.received) == 4)
    assert spent >= 0.14


async def test_sending_on_a_broken_connection_is_told():
    async def greet(wire):
        while True:
            await wire.send('x')

    async def greet_once(wire):
        if not world.told:
            await greet(wire)

    async with worlds.before(streams.drops, greet=greet_once) as (world, _):
        await world.socket.open()
    assert world.states[0] == 'lost'
    assert 'closed' in world.told[0].reason


async def test_a_long_outage_is_no_flood_of_changes():
    process = streams.answers(*[(503, 'sorry', {})] * 20)
    async with worlds.before(streams.listens, process=process) as (world, _):
        await world.socket.open()
    assert world.states == ['lost', 'reconnecting', 'connected', 'closed']


async def test_headers_are_sent():
    async with worlds.before(streams.listens, headers={'X-It': 'yes'}) as (
        world,
        service,
    ):
        await world.socket.open()
        assert service.headers[0]['X-It'] == 'yes'


@pytest.mark.parametrize('name', ['open_s', 'wait_s', 'queue'])
@pytest.mark.parametrize('value', [0, -1, float('nan'), float('inf')])
def test_a_policy_that_makes_no_sense_is_refused(name, value):
    with pytest.raises(errors.ConfigError, match=f'{name} .* above 0'):
        wires.Policy(**{name: value})
