"""WebSockets that come back, before services that end them."""

import asyncio

import pytest

from sting.engine import clock
from sting.model import errors
from tests.unit.net import streams
from tests.unit.net import worlds

pytestmark = pytest.mark.unit


async def test_messages_come_in_their_order():
    async with worlds.before(streams.says('one', b'two', 'three')) as (
        world,
        _,
    ):
        await world.socket.open()
        assert await world.takes(3) == ['one', b'two', 'three']
    assert world.states == ['connected', 'closed']


async def test_a_connection_that_breaks_is_told_and_made_again():
    lives = streams.says('one', stays=False), streams.says('two')
    async with worlds.before(*lives) as (world, _):
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


async def test_every_connection_is_greeted():
    async def greet(wire):
        await wire.send('subscribe')

    async def life(connection, service):
        service.received.append(await connection.recv())
        connection.transport.abort()

    async with worlds.before(life, greet=greet) as (world, service):
        for _ in range(4):
            await world.socket.open()
            await world.ends()
        assert service.received == ['subscribe'] * 4


async def test_it_is_connected_only_after_the_greeting():
    seen = []

    async def greet(wire):
        seen.append(world.monitor.state)
        assert await wire.receive() == 'hello'

    async with worlds.before(streams.says('hello'), greet=greet) as (world, _):
        await world.socket.open()
        assert seen == ['closed']
        assert world.monitor.state == 'connected'


async def test_a_greeting_that_fails_is_tried_again():
    async def greet(wire):
        assert await wire.receive() == 'hello'

    lives = streams.drops, streams.says('hello')
    async with worlds.before(*lives, greet=greet) as (world, _):
        await world.socket.open()
    assert world.states[:3] == ['lost', 'reconnecting', 'connected']


async def test_a_greeting_that_takes_too_long_is_tried_again():
    slow = []

    async def greet(wire):
        if not slow:
            slow.append(wire)
            await wire.receive()

    async with worlds.before(
        streams.listens, greet=greet, policy={'open_s': 0.2}
    ) as (
        world,
        _,
    ):
        await world.socket.open()
    said = [each.reason for each in world.told]
    assert 'it: no greeting within 0.2 s' in said


async def test_a_no_to_the_greeting_is_not_tried_again():
    async def greet(wire):
        raise errors.SourceRefusedError('it: the key is wrong')

    async with worlds.before(streams.listens, greet=greet) as (world, service):
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
    async with worlds.before(streams.says('up'), process=process) as (world, _):
        await world.socket.open()
        assert await world.takes(1) == ['up']
        assert world.socket.statistics()['failures'] == 5
    assert f'it: HTTP {status}: sorry' in world.told[0].reason


async def test_waits_between_tries_double_and_end_at_the_longest():
    process = streams.answers(*[(503, 'sorry', {})] * 12)
    async with worlds.before(
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
    async with worlds.before(streams.drops) as (world, service):
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
    async with worlds.before(streams.says('x', stays=False)) as (world, _):
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


async def test_where_nobody_answers_it_is_tried_again():
    async with streams.serving(streams.listens) as (url, _):
        pass
    world = worlds.World(url)
    task = asyncio.create_task(world.socket.open())
    await streams.until(lambda: world.socket.statistics()['failures'] > 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert 'lost' in world.states


async def test_what_waits_is_bounded_and_nothing_is_lost():
    sent = []

    async def life(connection, service):
        for nth in range(400):
            await connection.send(f'{nth:<65536}')
            sent.append(nth)
        await connection.wait_closed()

    async with worlds.before(life, policy={'queue': 4}) as (world, _):
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


async def test_a_connection_can_be_dropped_from_here():
    async with worlds.before(streams.listens) as (world, _):
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
    async with worlds.before(streams.listens) as (world, _):
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


async def test_closing_ends_a_wait_between_tries():
    process = streams.answers((503, 'sorry', {'Retry-After': '600'}))
    async with worlds.before(
        streams.listens, process=process, time_source=clock.LiveClock()
    ) as (world, service):
        task = asyncio.create_task(world.socket.open())
        await streams.until(lambda: 'reconnecting' in world.states)
        await world.socket.close()
        with pytest.raises(errors.SourceUnavailableError, match='not open'):
            await task
        assert service.paths == []


async def test_who_waits_between_tries_can_be_cancelled():
    process = streams.answers((503, 'sorry', {'Retry-After': '600'}))
    async with worlds.before(
        streams.listens, process=process, time_source=clock.LiveClock()
    ) as (world, _):
        task = asyncio.create_task(world.socket.open())
        await streams.until(lambda: 'reconnecting' in world.states)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_what_is_connected_after_closing_is_let_go():
    asked, gate = asyncio.Event(), asyncio.Event()
    ended = asyncio.Event()

    async def process(connection, request):
        asked.set()
        await gate.wait()

    async def life(connection, service):
        await connection.wait_closed()
        ended.set()

    async with worlds.before(life, process=process) as (world, _):
        task = asyncio.create_task(world.socket.open())
        await asked.wait()
        await world.socket.close()
        gate.set()
        with pytest.raises(errors.SourceUnavailableError, match='not open'):
            await task
        await asyncio.wait_for(ended.wait(), 30)
    assert 'connected' not in world.states
