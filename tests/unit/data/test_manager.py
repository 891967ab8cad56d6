"""Bars of several sources: the first one that has them."""

import asyncio

import msgspec
import numpy as np
import pytest

from sting.data import cache
from sting.data import manager
from sting.data import store
from sting.data.sources import renamed
from sting.engine import clock
from sting.model import errors
from tests.unit.data.sources import scripted

pytestmark = pytest.mark.unit

MINUTE = 60 * 10**9
# 2013-03-08T14:30:00Z.
NOW = 1_362_753_000 * 10**9
DOWN = errors.SourceUnavailableError('one: HTTP 500')
NO = errors.SourceRefusedError('one: HTTP 404: no such symbol')


class World:
    """A manager over two scripted sources, and the time."""

    def __init__(self, folder, *, count=2, rules=None, parallel=4, **options):
        self.clock = clock.VirtualClock(NOW)
        names = ('one', 'two', 'three')[:count]
        self.sources = [
            scripted.Source(name, self.clock, price=100.0 + place, **options)
            for place, name in enumerate(names)
        ]
        self.manager = manager.DataManager(
            self.sources,
            cache.DataCache(
                store.BarStore(folder), self.clock, calendar='24/7'
            ),
            self.clock,
            calendar='24/7',
            rules=rules,
            parallel=parallel,
        )

    @property
    def asked(self):
        """How often each source was asked."""
        return [len(source.requests) for source in self.sources]

    async def get(self, *symbols, first=10, last=0):
        return await self.manager.get_historical_data(
            symbols or ('A',), '1m', NOW - first * MINUTE, NOW - last * MINUTE
        )


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def told(history):
    return [(issue.symbol, issue.issue) for issue in history.issues]


def prices(history, symbol='A'):
    return set(history.bars.of(symbol).close.tolist())


async def test_the_first_source_is_asked_and_no_other(world):
    found = await world.get('A', 'B')
    assert found.sources == {'A': 'one', 'B': 'one'}
    assert len(found.bars.of('A')) == len(found.bars.of('B')) == 11
    assert world.asked == [2, 0]
    assert told(found) == []
    assert not found.stale


@pytest.mark.parametrize(
    'error',
    [
        DOWN,
        NO,
        errors.SourceLimitedError('one: HTTP 429', 5.0),
        errors.SourceBodyError('one: the answer is not JSON'),
    ],
)
async def test_where_it_fails_the_next_one_gives_them(world, error):
    world.sources[0].error = error
    found = await world.get()
    assert found.sources == {'A': 'two'}
    assert prices(found) == {101.0}
    assert told(found) == [('A', 'switched')]
    assert found.issues[0].timestamp == NOW
    assert found.issues[0].detail == f'two gives its bars now: {error}'


async def test_a_symbol_that_fails_leaves_the_others_where_they_are(world):
    world.sources[0].error = {'B': NO}
    found = await world.get('A', 'B', 'C')
    assert found.sources == {'A': 'one', 'B': 'two', 'C': 'one'}
    assert told(found) == [('B', 'switched')]


async def test_one_that_failed_is_left_alone_and_then_used_again(world):
    world.sources[0].error = DOWN
    await world.get()
    world.sources[0].error = None
    assert (await world.get(first=20)).sources == {'A': 'two'}
    assert world.asked == [1, 2]
    await world.clock.sleep(31)
    found = await world.get(first=30)
    assert found.sources == {'A': 'one'}
    assert told(found) == [('A', 'restored')]
    assert told(await world.get(first=31)) == []


async def test_one_that_asks_for_a_pause_gets_it(world):
    world.sources[0].error = errors.SourceLimitedError('one: HTTP 418', 600.0)
    await world.get()
    world.sources[0].error = None
    await world.clock.sleep(599)
    assert (await world.get(first=20)).sources == {'A': 'two'}
    await world.clock.sleep(1)
    assert (await world.get(first=30)).sources == {'A': 'one'}


def spoiled(stamps, columns):
    columns['low'][2] = np.nan
    return stamps, columns


async def test_bars_that_are_rejected_are_asked_of_the_next_one(world):
    world.sources[0].spoil = spoiled
    found = await world.get()
    assert found.sources == {'A': 'two'}
    assert prices(found) == {101.0}
    (issue,) = found.issues
    assert issue.issue == 'switched'
    assert 'one: A: the bar of 2013-03-08T14:22:00Z: a value is' in issue.detail


async def test_where_all_reject_the_rest_of_the_first_is_given_and_told(world):
    for source in world.sources:
        source.spoil = spoiled
    found = await world.get()
    assert found.sources == {'A': 'one'}
    assert len(found.bars) == 10
    assert told(found) == [('A', 'rejected')]
    assert [each.rule for each in found.findings] == ['missing', 'gap']


async def test_the_rules_are_those_that_are_configured(tmp_path):
    world = World(tmp_path, rules={'missing': 'repair'})
    world.sources[0].spoil = spoiled
    found = await world.get()
    assert found.sources == {'A': 'one'}
    assert told(found) == []
    assert len(found.bars) == 10


async def test_where_all_fail_what_was_kept_is_given_as_stale(world):
    await world.get(first=20, last=10)
    for source in world.sources:
        source.error = DOWN
    found = await world.get(first=20)
    assert len(found.bars) == 11
    assert found.stale == {'A'}
    assert found.sources == {'A': 'one'}
    assert told(found) == [('A', 'stale')]
    assert 'one: HTTP 500; ' in found.issues[0].detail


async def test_without_anything_kept_there_is_nothing_and_a_reason(world):
    for source in world.sources:
        source.error = NO
    found = await world.get('A', 'B')
    assert len(found.bars) == 0
    assert found.sources == {'A': '', 'B': ''}
    assert told(found) == [('A', 'stale'), ('B', 'stale')]
    assert 'no such symbol' in found.issues[0].detail


async def test_when_all_rest_one_is_asked_all_the_same(world):
    for source in world.sources:
        source.error = DOWN
    await world.get()
    await world.get()
    assert sum(world.asked) == 3


async def test_symbols_are_asked_for_together(tmp_path):
    world = World(tmp_path, batch=3)
    await world.get('A', 'B', 'C', 'D', 'E')
    asked = {each.symbols for each in world.sources[0].requests}
    assert asked == {('A', 'B', 'C'), ('D', 'E')}
    assert world.asked == [2, 0]


async def test_of_a_refused_batch_each_symbol_is_asked_for(tmp_path):
    world = World(tmp_path, batch=4)
    world.sources[0].error = {'C': NO}
    found = await world.get('A', 'B', 'C', 'D')
    assert found.sources == {'A': 'one', 'B': 'one', 'C': 'two', 'D': 'one'}


async def test_a_batch_that_is_not_answered_goes_on_whole(tmp_path):
    world = World(tmp_path, batch=4)
    world.sources[0].error = {'C': DOWN}
    found = await world.get('A', 'B', 'C', 'D')
    assert set(found.sources.values()) == {'two'}
    assert world.asked == [1, 1]


async def test_requests_are_made_at_once_within_bounds(tmp_path):
    world = World(tmp_path, parallel=3)
    source = world.sources[0]
    source.gate = asyncio.Event()
    source.crowd = 3
    names = [f'S{n}' for n in range(9)]
    work = asyncio.create_task(world.get(*names))
    async with asyncio.timeout(20):
        await source.crowded.wait()
    source.gate.set()
    found = await work
    assert source.most == 3
    assert set(found.sources) == set(names)


async def test_bars_that_come_twice_are_a_failure_of_the_source(tmp_path):
    world = World(tmp_path, batch=2)

    def twice(stamps, columns):
        stamps[1] = stamps[0]
        return stamps, columns

    world.sources[0].spoil = twice
    found = await world.get('A', 'B')
    assert set(found.sources.values()) == {'two'}
    assert prices(found) == {101.0}


async def test_the_newest_bars_are_those_that_closed_last(world):
    await world.clock.sleep(30)
    found = await world.manager.get_market_data(('A', 'B'), '1m')
    assert {name: bar.timestamp for name, bar in found.items()} == {
        'A': NOW,
        'B': NOW,
    }


async def test_a_source_that_lags_is_left_for_one_that_does_not(world):
    world.sources[0].upto = NOW - 5 * MINUTE
    found = await world.manager.get_market_data(('A',), '1m')
    assert (found['A'].timestamp, found['A'].close) == (NOW, 101.0)


async def test_where_all_lag_the_first_has_the_say(world):
    world.sources[0].upto = world.sources[1].upto = NOW - 5 * MINUTE
    found = await world.manager.get_market_data(('A',), '1m')
    assert found['A'].timestamp == NOW - 5 * MINUTE
    assert found['A'].close == 100.0
    # Perhaps nothing was traded: it stays in use.
    assert (await world.get()).sources == {'A': 'one'}


async def test_a_symbol_without_a_bar_is_left_out(world):
    for source in world.sources:
        source.error = {'B': NO}
    found = await world.manager.get_market_data(('A', 'B'), '1m')
    assert set(found) == {'A'}


async def test_sources_without_such_bars_are_passed_over(tmp_path):
    world = World(tmp_path, frames=frozenset({'1h'}))
    world.sources[1].capabilities = type(world.sources[1].capabilities)(
        timeframes=None
    )
    found = await world.get()
    assert found.sources == {'A': 'two'}
    # It is no failure that it has none.
    assert told(found) == []


async def test_bars_that_nobody_has_are_refused(tmp_path):
    world = World(tmp_path, frames=frozenset({'1h', '1d'}))
    with pytest.raises(
        errors.DataError, match='one, two: no bars of 1m; there are 1h, 1d'
    ):
        await world.get()


@pytest.mark.parametrize('count', [0, 2])
def test_sources_are_named_once_each(tmp_path, count):
    sources = [scripted.Source('one', clock.VirtualClock())] * count
    with pytest.raises(errors.ConfigError, match='each once'):
        manager.DataManager(sources, None, clock.VirtualClock())


async def test_closing_closes_all(world):
    await world.manager.close()
    assert all(source.closed for source in world.sources)


async def test_bars_that_a_split_made_others_are_told_of(world):
    source = world.sources[0]
    source.capabilities = msgspec.structs.replace(
        source.capabilities, adjusted=True
    )
    await world.get()
    await world.clock.sleep(86_400)
    source.price = 25.0
    found = await world.get(first=20)
    assert told(found) == [('A', 'revised')]
    assert 'was 100 and is 25 now, as after a split' in found.issues[0].detail
    assert prices(found) == {25.0}


async def test_bars_are_kept_by_the_names_of_their_source(tmp_path):
    time_source = clock.VirtualClock(NOW)
    found = {}
    for theirs, price in (('A-USD', 100.0), ('A-EUR', 90.0)):
        source = scripted.Source('one', time_source, price=price)
        kept = store.BarStore(tmp_path)
        data = manager.DataManager(
            [renamed.RenamedSource(source, {'A': theirs})],
            cache.DataCache(kept, time_source, calendar='24/7'),
            time_source,
            calendar='24/7',
        )
        asked = ['A', 'B'], '1m', NOW - 10 * MINUTE, NOW - 5 * MINUTE
        history = await data.get_historical_data(*asked)
        found[theirs] = prices(history)
        # What is kept is known by our names too.
        assert prices(await data.get_kept_data(*asked)) == found[theirs]
        assert set(history.bars.symbols) == {'A', 'B'}
    assert found == {'A-USD': {100.0}, 'A-EUR': {90.0}}
    assert {entry.key.symbol for entry in kept.entries()} == {
        'A-USD',
        'A-EUR',
        'B',
    }
