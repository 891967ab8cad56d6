"""Streams of the sources in use, read into one queue."""

import asyncio

import pytest

from sting.data import streams
from sting.data.sources import base
from sting.model import errors
from sting.model import market
from tests.unit.data import hands
from tests.unit.data.sources import scripted

pytestmark = pytest.mark.unit

TRADE = market.Trade('A', 1, 2.0, 3.0)


class World:
    """Streams of two sources, and what they said."""

    def __init__(self):
        self.clock = hands.Clock(0)
        self.sources = [
            scripted.Streaming(name, self.clock) for name in ('one', 'two')
        ]
        self.told = []
        self.changes = []
        self.streams = streams.Streams(
            self.sources,
            self.clock,
            lambda: base.Subscription(symbols=('A',), timeframe='1m'),
            lambda *told: self.told.append(told),
            lambda *change: self.changes.append(change),
        )


@pytest.fixture
async def world():
    made = World()
    yield made
    tasks = list(made.streams.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_only_the_sources_in_use_are_listened_to(world):
    world.streams.tend({1})
    await hands.settle()
    assert [len(source.wanted) for source in world.sources] == [0, 1]
    world.sources[1].push(TRADE)
    await hands.settle()
    found = [world.streams.queue.get_nowait() for _ in range(2)]
    # First it was connected.
    assert found == [None, (1, TRADE)]
    world.streams.tend({0})
    await hands.settle()
    assert world.sources[1].ended == 1
    assert world.streams.works(0)
    assert not world.streams.works(1)


async def test_a_stream_that_runs_is_not_opened_again(world):
    for _ in range(3):
        world.streams.tend({0})
        await hands.settle()
    assert len(world.sources[0].wanted) == 1


async def test_a_stream_waits_while_nobody_looks(world):
    world.streams.tend({0})
    await hands.settle()
    world.sources[0].push(*[TRADE] * (streams.QUEUE + 50))
    for _ in range(streams.QUEUE // 20):
        await hands.settle()
    assert world.streams.queue.full()
    # It is awake, so that this is not needed, and does no harm.
    world.streams.wake()
    count = 0
    while not world.streams.queue.empty():
        count += world.streams.queue.get_nowait() is not None
        await hands.settle()
    assert count == streams.QUEUE + 50


async def test_what_happens_to_a_connection_is_told_once(world):
    world.streams.tend({0})
    await hands.settle()
    monitor = world.sources[0].watch.monitor
    monitor.lost('one: gone')
    monitor.reconnecting()
    monitor.lost('one: nobody there')
    monitor.connected()
    said = [change for change in world.changes if change[1] is not None]
    assert said == [(0, 'one: gone'), (0, '')]
    assert world.streams.reason(0) == ''


async def test_one_that_is_refused_is_tried_again_after_a_while(world):
    world.sources[0].refusal = errors.SourceRefusedError('one: a bad key')
    for seconds, tries in ((0, 1), (streams.REFUSED_S - 1, 1), (1, 2)):
        world.clock.move(world.clock.now() + round(seconds * 10**9))
        for _ in range(2):
            world.streams.tend({0})
            await hands.settle()
        assert len(world.sources[0].wanted) == tries
    assert world.changes.count((0, 'one: a bad key')) == 1


async def test_one_that_ends_by_itself_is_told(world):
    world.streams.tend({0})
    await hands.settle()
    world.sources[0].push(None)
    await hands.settle()
    world.streams.tend({0})
    assert (0, 'one: its stream has ended') in world.changes


async def test_a_fault_of_ours_is_not_hidden(world):
    world.sources[0].refusal = ZeroDivisionError('ours')
    world.streams.tend({0})
    await hands.settle()
    with pytest.raises(ZeroDivisionError):
        world.streams.tend({0})
    assert not world.streams.tasks


async def test_clocks_that_differ_are_told_of_once_until_they_agree(world):
    world.streams.tend({0})
    await hands.settle()
    monitor = world.sources[0].watch.monitor
    for reason in ('3.0 s behind', '3.1 s behind'):
        monitor.complain('clock', reason)
    monitor.connected()
    monitor.complain('clock', '9.0 s behind')
    said = [(place, issue.issue, issue.detail) for place, issue in world.told]
    assert said == [
        (0, 'skew', 'one: 3.0 s behind'),
        (0, 'skew', 'one: 9.0 s behind'),
    ]
