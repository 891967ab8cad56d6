"""A feed of sources: what was before, what was missed, what comes."""

import asyncio
import contextlib

import pytest

from sting.data import cache
from sting.data import manager
from sting.data import market_feed
from sting.data import store
from sting.data.sources import base
from sting.model import errors
from sting.model import market
from tests.unit.data import hands
from tests.unit.data.sources import scripted

pytestmark = pytest.mark.unit

MINUTE = 60 * 10**9
NOW = 1_362_753_000 * 10**9
DOWN = errors.SourceUnavailableError('one: HTTP 500')


class World:
    """A feed over one source."""

    def __init__(self, folder, symbols=('B', 'A'), **options):
        self.folder = folder
        self.clock = hands.Clock(NOW)
        self.source = scripted.Source('one', self.clock)
        self.again(symbols, **options)

    def again(self, symbols=('A',), **options):
        """Makes the feed anew, as after a restart."""
        self.feed = market_feed.MarketFeed(
            manager.DataManager(
                [self.source],
                cache.DataCache(
                    store.BarStore(self.folder), self.clock, calendar='24/7'
                ),
                self.clock,
                calendar='24/7',
            ),
            symbols,
            '1m',
            self.clock,
            **options,
        )

    async def take(self, after, count):
        """Gives the next items of the stream."""
        found = []
        async with contextlib.aclosing(self.feed.stream(after)) as items:
            async with asyncio.timeout(20):
                async for item in items:
                    found.append(item)
                    if len(found) == count:
                        return found
        return found


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def minutes(bars, symbol='A'):
    return [
        (bar.timestamp - NOW) // MINUTE
        for bar in bars
        if isinstance(bar, market.MarketData) and bar.symbol == symbol
    ]


async def test_at_first_all_that_closed_is_history(world):
    assert world.feed.symbols == ('A', 'B')
    history = await world.feed.history(('A', 'B'), 5, {})
    assert minutes(history) == minutes(history, 'B') == [-4, -3, -2, -1, 0]
    assert world.feed.status().status == 'connecting'
    task = asyncio.create_task(world.take({}, 2))
    await hands.settle()
    assert world.feed.status().status == 'connected'
    world.clock.move(NOW + MINUTE + 3 * 10**9)
    assert minutes(await task) == [1]


async def test_what_closed_since_the_last_start_comes_first(world):
    after = {'A': NOW - 3 * MINUTE, 'B': NOW - MINUTE}
    history = await world.feed.history(('A', 'B'), 6, after)
    assert minutes(history) == [-5, -4, -3]
    assert minutes(history, 'B') == [-5, -4, -3, -2, -1]
    missed = await world.take(after, 4)
    assert [
        (bar.symbol, (bar.timestamp - NOW) // MINUTE) for bar in missed
    ] == [
        ('A', -2),
        ('A', -1),
        ('A', 0),
        ('B', 0),
    ]


async def test_what_was_missed_for_too_long_is_told(world):
    after = {'A': NOW - 60 * MINUTE, 'B': NOW}
    history = await world.feed.history(('A', 'B'), 6, after)
    assert minutes(history) == []
    (issue, *bars) = await world.take(after, 7)
    assert (issue.symbol, issue.issue) == ('A', 'gap')
    assert minutes(bars) == [-5, -4, -3, -2, -1, 0]


async def test_a_source_that_fails_at_the_start_is_told_in_the_stream(world):
    await world.feed.history(('A',), 5, {})
    world.source.error = DOWN
    world.clock.move(NOW + 40 * 10**9)
    world.again()
    history = await world.feed.history(('A',), 10, {})
    # What was kept has to do.
    assert minutes(history) == [-4, -3, -2, -1]
    task = asyncio.create_task(world.take({}, 3))
    await hands.settle()
    state = world.feed.status()
    assert (state.status, state.detail) == ('stale', f'A: {DOWN}')
    world.source.error = None
    world.clock.move(NOW + MINUTE + 3 * 10**9)
    await hands.settle()
    assert world.feed.status().status == 'connected'
    stale, fresh, bar = await task
    assert (stale.symbol, stale.issue, fresh.issue) == ('A', 'stale', 'fresh')
    assert minutes([bar]) == [0]


async def test_sources_that_do_not_answer_do_not_hold_the_start_up(world):
    await world.feed.history(('A',), 5, {})
    world.source.gate = asyncio.Event()
    world.again(history_s=0.1)
    history = await world.feed.history(('A',), 10, {})
    assert minutes(history) == [-4, -3, -2, -1]
    (issue,) = await world.take({}, 1)
    assert 'one did not answer in time' in issue.detail


async def test_it_goes_on_without_any_history(world):
    async with contextlib.aclosing(world.feed.stream({})) as items:
        task = asyncio.create_task(anext(items))
        await hands.settle()
        world.clock.move(NOW + MINUTE + 3 * 10**9)
        assert minutes([await task]) == [1]


async def test_sources_that_only_stream_have_no_history(world):
    world.source.capabilities = base.Capabilities(
        streams=frozenset(base.Stream)
    )
    assert await world.feed.history(('A',), 5, {}) == []


async def test_closing_ends_the_sources(world):
    await world.feed.close()
    assert world.source.closed


async def test_quotes_and_trades_come_where_they_are_wanted(tmp_path):
    world = World(tmp_path)
    source = world.source = scripted.Streaming('one', world.clock)
    world.again(('A',), ticks=[base.Stream.QUOTES, base.Stream.TRADES])
    quote = market.Quote('A', NOW, 99.0, 101.0, 5.0, 5.0)
    trade = market.Trade('A', NOW, 100.0, 1.0)
    source.push(quote)
    source.push(trade)
    assert await world.take({'A': NOW}, 2) == [quote, trade]
    assert source.wanted[0].kinds == frozenset(base.Stream)


async def test_bars_alone_are_subscribed_to_where_no_more_is_wanted(tmp_path):
    world = World(tmp_path)
    source = world.source = scripted.Streaming('one', world.clock)
    world.again(('A',))
    source.push(market.Quote('A', NOW, 99.0, 101.0, 5.0, 5.0))
    await world.take({'A': NOW}, 1)
    assert source.wanted[0].kinds == {base.Stream.BARS}


async def test_what_a_source_lacks_is_not_asked_of_it(tmp_path):
    world = World(tmp_path)
    source = world.source = scripted.Streaming('one', world.clock)
    source.capabilities = base.Capabilities(
        timeframes=None, streams=frozenset({base.Stream.BARS})
    )
    world.again(('A',), ticks=[base.Stream.QUOTES])
    source.push(market.Quote('A', NOW, 99.0, 101.0, 5.0, 5.0))
    await world.take({'A': NOW}, 1)
    assert source.wanted[0].kinds == {base.Stream.BARS}
