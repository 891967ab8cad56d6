"""WebSockets that come back, before services that end them."""

import asyncio
import contextlib

import pytest

from sting.engine import clock
from sting.model import errors
from sting.net import limits
from sting.net import monitor
from sting.net import sockets
from tests.unit.net import streams

pytestmark = pytest.mark.unit

KEY = 'K3Y'


class World:
    """A socket, its clock and what its monitor told."""

    def __init__(self, url, **options):
        self.told = []
        self.clock = clock.VirtualClock(10**18)
        self.monitor = monitor.ConnectionMonitor(
            'it', self.clock, self.told.append
        )
        policy = {'open_s': 20.0, 'silence_s': 100.0} | options.pop(
            'policy', {}
        )
        self.socket = sockets.Socket(
            'it',
            url,
            self.clock,
            self.monitor,
            policy=sockets.Policy(**policy),
            secrets=(KEY,),
            **options,
        )

    @property
    def states(self):
        return [str(each.state) for each in self.told]

    async def ends(self):
        """Reads until the connection is gone."""
        with contextlib.suppress(errors.SourceUnavailableError):
            while True:
                await self.socket.receive()

    async def takes(self, count):
        return [await self.socket.receive() for _ in range(count)]


@contextlib.asynccontextmanager
async def before(*lives, process=None, serving=None, **options):
    """A socket before a service; not open yet."""
    async with streams.serving(*lives, process=process, **(serving or {})) as (
        url,
        service,
    ):
        world = World(url, **options)
        try:
            yield world, service
        finally:
            await world.socket.close()


async def test_messages_come_in_their_order():
    async with before(streams.says('one', b'two', 'three')) as (world, _):
        await world.socket.open()
        assert await world.takes(3) == ['one', b'two', 'three']
    assert world.states == ['connected', 'closed']


async def test_a_connection_that_breaks_is_told_and_made_again():
    lives = streams.says('one', stays=False), streams.says('two')
    async with before(*lives) as (world, _):
        await world.socket.open()
        assert await world.takes(1) == ['one']
        with pytest.raises(
            errors.SourceUnavailableError, match=r'it: .*closed'
        ):
            await world.socket.receive()
        assert not world.socket.is_connected
        await world.socket.open()
        assert await world.takes(1) == ['two']
    assert world.states[:4] == [
        'connected',
        'lost',
        'reconnecting',
        'connected',
    ]


async def test_what_a_service_says_at_the_end_is_told_without_the_key():
    async with before(streams.closes(1008, f'bad {KEY}')) as (world, _):
        await world.socket.open()
        with pytest.raises(
            errors.SourceUnavailableError, match=r'closed: 1008 bad \*\*\*'
        ):
            await world.socket.receive()
        assert world.monitor.reason.endswith('1008 bad ***')


async def test_every_connection_is_greeted():
    async def greet(wire):
        await wire.send('subscribe')

    async def life(connection, service):
        service.received.append(await connection.recv())
        connection.transport.abort()

    async with before(life, greet=greet) as (world, service):
        for _ in range(4):
            await world.socket.open()
            await world.ends()
        assert service.received == ['subscribe'] * 4


async def test_it_is_connected_only_after_the_greeting():
    seen = []

    async def greet(wire):
        seen.append(world.monitor.state)
        assert await wire.receive() == 'hello'

    async with before(streams.says('hello'), greet=greet) as (world, _):
        await world.socket.open()
        assert seen == ['closed']
        assert world.monitor.state == 'connected'


async def test_a_greeting_that_fails_is_tried_again():
    async def greet(wire):
        assert await wire.receive() == 'hello'

    lives = streams.drops, streams.says('hello')
    async with before(*lives, greet=greet) as (world, _):
        await world.socket.open()
    assert world.states[:3] == ['lost', 'reconnecting', 'connected']


async def test_a_greeting_that_takes_too_long_is_tried_again():
    slow = []

    async def greet(wire):
        if not slow:
            slow.append(wire)
            await wire.receive()

    async with before(streams.listens, greet=greet, policy={'open_s': 0.2}) as (
        world,
        _,
    ):
        await world.socket.open()
    said = [each.reason for each in world.told]
    assert 'it: no greeting within 0.2 s' in said


async def test_a_no_to_the_greeting_is_not_tried_again():
    async def greet(wire):
        raise errors.SourceRefusedError('it: the key is wrong')

    async with before(streams.listens, greet=greet) as (world, service):
        with pytest.raises(errors.SourceRefusedError, match='key is wrong'):
            await world.socket.open()
        assert len(service.paths) == 1
    assert (world.states, world.monitor.reason) == (
        ['lost', 'closed'],
        'it: the key is wrong',
    )


@pytest.mark.parametrize('status', [500, 502, 503, 408])
async def test_a_service_that_is_down_is_tried_until_it_is_up(status):
    process = streams.answers(*[(status, 'sorry', {})] * 5)
    async with before(streams.says('up'), process=process) as (world, _):
        await world.socket.open()
        assert await world.takes(1) == ['up']
        assert world.socket.statistics()['failures'] == 5
    assert f'it: HTTP {status}: sorry' in world.told[0].reason


async def test_waits_between_tries_double_and_end_at_the_longest():
    process = streams.answers(*[(503, 'sorry', {})] * 12)
    async with before(
        streams.listens,
        process=process,
        policy={'wait_s': 1.0, 'most_wait_s': 16.0},
    ) as (world, _):
        began = world.clock.monotonic()
        await world.socket.open()
        waited = world.clock.monotonic() - began
    # 1, 2, 4, 8 and eight of 16 seconds, shortened by half at most.
    assert 143 / 2 <= waited <= 143


async def test_connections_that_do_not_hold_are_no_storm():
    async with before(streams.drops) as (world, service):
        began = world.clock.monotonic()
        for _ in range(10):
            await world.socket.open()
            with pytest.raises(errors.SourceUnavailableError):
                await world.socket.receive()
        waited = world.clock.monotonic() - began
        assert len(service.paths) == 10
    # 0.5, 1, 2, 4, 8, 16 and three of 30 seconds.
    assert waited >= 121.5 / 2


async def test_a_connection_that_held_is_made_again_at_once():
    async with before(streams.says('x', stays=False)) as (world, _):
        for _ in range(10):
            await world.socket.open()
            await world.takes(1)
            await world.clock.sleep(60)
            before_it = world.clock.monotonic()
            with pytest.raises(errors.SourceUnavailableError):
                await world.socket.receive()
            await world.socket.open()
            assert world.clock.monotonic() - before_it <= 0.5
            await world.ends()
            await world.clock.sleep(60)


@pytest.mark.parametrize('status', [429, 418, 503])
async def test_a_wait_that_is_asked_for_is_kept(status):
    process = streams.answers((status, 'slow', {'Retry-After': '77'}))
    async with before(streams.listens, process=process) as (world, _):
        began = world.clock.monotonic()
        await world.socket.open()
        assert world.clock.monotonic() - began == pytest.approx(77)


@pytest.mark.parametrize('status', [302, 400, 401, 403, 404, 451])
async def test_a_no_is_told_in_its_words_and_not_tried_again(status):
    headers = {'Location': 'ws://127.0.0.1:9/'} if status == 302 else {}
    process = streams.answers((status, f'no {KEY}', headers))
    async with before(streams.listens, process=process) as (world, service):
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
    world = World(f'ws://127.0.0.1:{port}')
    task = asyncio.create_task(world.socket.open())
    await streams.until(lambda: world.states.count('lost') > 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await world.socket.close()
    server.close()
    await server.wait_closed()
    assert 'it: ' in world.told[0].reason


async def test_where_nobody_answers_it_is_tried_again():
    async with streams.serving(streams.listens) as (url, _):
        pass
    world = World(url)
    task = asyncio.create_task(world.socket.open())
    await streams.until(lambda: world.socket.statistics()['failures'] > 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert 'lost' in world.states


async def test_a_connect_that_takes_too_long_is_told():
    async def says_nothing(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(says_nothing, '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]
    world = World(f'ws://127.0.0.1:{port}', policy={'open_s': 0.05})
    task = asyncio.create_task(world.socket.open())
    await streams.until(lambda: world.told)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    server.close()
    await server.wait_closed()
    assert 'it: no answer within 0.05 s' in world.told[0].reason


async def test_what_is_no_address_is_a_fault_of_the_configuration():
    world = World('http://example.com')
    with pytest.raises(errors.ConfigError, match=r'http://example.com is no'):
        await world.socket.open()


async def test_silence_while_the_market_is_open_ends_the_connection():
    lives = streams.says('one'), streams.says('two')
    async with before(*lives, policy={'silence_s': 0.1}) as (world, _):
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

    async with before(life, is_open=is_open, policy={'silence_s': 0.02}) as (
        world,
        _,
    ):
        await world.socket.open()
        assert await world.takes(1) == ['morning']
    assert world.states == ['connected', 'closed']


async def test_silence_counts_from_the_opening_of_the_market():
    opened = iter([False, True, True])

    async with before(
        streams.listens,
        is_open=lambda: next(opened),
        policy={'silence_s': 0.02},
    ) as (world, _):
        await world.socket.open()
        with pytest.raises(sockets.SilentError):
            await world.socket.receive()
    # Closed at the beginning of the first stretch, open over the second.
    assert next(opened, None) is None


async def test_what_waits_is_bounded_and_nothing_is_lost():
    sent = []

    async def life(connection, service):
        for nth in range(400):
            await connection.send(f'{nth:<65536}')
            sent.append(nth)
        await connection.wait_closed()

    async with before(life, policy={'queue': 4}) as (world, _):
        await world.socket.open()
        await streams.until(lambda: world.socket.statistics()['waiting'] > 4)
        # The other end waits: more than that is in nobody's memory.
        assert len(sent) < 400
        assert world.socket.statistics()['waiting'] <= 100
        found = [int(each) for each in await world.takes(400)]
        told = world.socket.statistics()
    assert found == list(range(400))
    assert told['received'] == 400
    assert told['limit'] == 4
    assert told['pauses'] >= 1


async def test_a_flood_leaves_others_their_turns():
    turns = []

    async def others():
        while True:
            turns.append(None)
            await asyncio.sleep(0)

    async with before(streams.says(*['x'] * 1000)) as (world, _):
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
    async with before(streams.says('x' * 2000), policy={'largest': 1000}) as (
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

    async with before(life) as (world, _):
        await world.socket.open()
        with pytest.raises(errors.SourceUnavailableError, match='1007'):
            await world.socket.receive()


async def test_what_is_sent_keeps_to_the_limit():
    async def greet(wire):
        for nth in range(4):
            await wire.send(f'{nth}')

    async with before(
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

    async with before(streams.drops, greet=greet_once) as (world, _):
        await world.socket.open()
    assert world.states[0] == 'lost'
    assert 'closed' in world.told[0].reason


async def test_a_connection_can_be_dropped_from_here():
    async with before(streams.listens) as (world, _):
        await world.socket.open()
        world.socket.drop('it: nonsense')
        world.socket.drop('it: again')
        assert world.monitor.reason == 'it: nonsense'
        with pytest.raises(errors.SourceUnavailableError, match='not open'):
            await world.socket.receive()
        await world.socket.open()
        assert world.monitor.state == 'connected'
        assert world.socket.statistics()['failures'] == 1


async def test_closing_ends_whoever_waits():
    async with before(streams.listens) as (world, _):
        await world.socket.open()
        task = asyncio.create_task(world.socket.receive())
        await asyncio.sleep(0)
        await world.socket.close()
        with pytest.raises(errors.SourceUnavailableError):
            await task
        with pytest.raises(errors.SourceUnavailableError, match='not open'):
            await world.socket.open()
        await world.socket.close()
    assert world.states == ['connected', 'closed']
    assert world.socket.statistics()['waiting'] == 0


async def test_headers_are_sent():
    async with before(streams.listens, headers={'X-It': 'yes'}) as (
        world,
        service,
    ):
        await world.socket.open()
        assert service.headers[0]['X-It'] == 'yes'


@pytest.mark.parametrize('name', ['open_s', 'wait_s', 'queue'])
@pytest.mark.parametrize('value', [0, -1, float('nan'), float('inf')])
def test_a_policy_that_makes_no_sense_is_refused(name, value):
    with pytest.raises(errors.ConfigError, match=f'{name} .* above 0'):
        sockets.Policy(**{name: value})
