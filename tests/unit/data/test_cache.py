"""Bars of the past are asked of a source once."""

import asyncio

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.data import cache
from sting.data import store
from sting.data import table
from sting.data.sources import base
from sting.engine import clock
from sting.model import errors

pytestmark = pytest.mark.unit

HOUR = 3_600 * 10**9
DAY = 24 * HOUR
# 2013-03-01T00:00:00Z, a Friday.
FRIDAY = 1_362_096_000 * 10**9
# 24 symbols' worth of a week.
WEEK = 7 * DAY


class Source(base.DataSource):
    """Has a bar every hour, of any symbol, up to now."""

    name = 'it'
    capabilities = base.Capabilities(timeframes=None, batch=2)

    def __init__(self, time_source):
        self.clock = time_source
        self.requests = []
        self.error = None
        self.upto = None
        self.version = 0.0
        self.scale = 1.0
        self.earliest = 0

    async def get_bars(self, request):
        await asyncio.sleep(0)
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        if request.start < self.earliest:
            raise errors.SourceRefusedError('it: too long ago')
        end = min(request.end, self.clock.now())
        if self.upto is not None:
            end = min(end, self.upto)
        stamps = np.arange(
            -(-request.start // HOUR) * HOUR, end + 1, HOUR, dtype=np.int64
        )
        values = (stamps / HOUR + self.version) * self.scale
        columns = dict.fromkeys(
            ('open', 'high', 'low', 'close', 'volume'), values
        )
        return table.BarTable.merge(
            [
                table.BarTable.single(name, request.timeframe, stamps, columns)
                for name in request.symbols
            ]
        )

    async def close(self):
        pass


def request(first, last, *symbols):
    return base.Request(
        symbols=symbols or ('A',), timeframe='1h', start=first, end=last
    )


class World:
    """A cache over a store, a source, and the time."""

    def __init__(self, folder, now=FRIDAY + WEEK, **options):
        self.clock = clock.VirtualClock(now)
        self.source = Source(self.clock)
        self.store = store.BarStore(folder)
        self.warned = []
        self.options = {'calendar': '24/7', 'warn': self.warned.append}
        self.options |= options
        self.again()

    def again(self):
        """Starts the cache anew, as after a restart."""
        self.cache = cache.DataCache(self.store, self.clock, **self.options)

    async def get(self, first, last, *symbols):
        return await self.cache.get(self.source, request(first, last, *symbols))


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


async def test_bars_are_asked_for_once(world):
    first = await world.get(FRIDAY, FRIDAY + DAY)
    again = await world.get(FRIDAY, FRIDAY + DAY)
    assert (first.fetched, again.fetched) == (1, 0)
    assert len(again.bars) == 25
    assert again.bars.digest() == first.bars.digest()
    assert not again.stale


async def test_a_restart_asks_for_nothing_that_is_on_the_disk(world):
    first = await world.get(FRIDAY, FRIDAY + DAY)
    world.again()
    again = await world.get(FRIDAY, FRIDAY + DAY)
    assert again.fetched == 0
    assert again.bars.digest() == first.bars.digest()


async def test_bars_that_a_source_has_late_are_asked_for_again(world):
    now = world.clock.now()
    world.source.upto = now - 5 * HOUR
    assert len((await world.get(now - DAY, now)).bars) == 20
    world.source.upto = None
    world.again()
    assert len((await world.get(now - DAY, now)).bars) == 25


async def test_what_a_source_lacks_for_long_there_is_not(world):
    now = world.clock.now()
    world.source.upto = now - 50 * HOUR
    first = now - 3 * DAY
    await world.get(first, now - 2 * DAY)
    world.source.requests.clear()
    await world.get(first, now - 2 * DAY)
    assert world.source.requests == []


async def test_only_what_is_missing_is_asked_for(world):
    await world.get(FRIDAY + 10 * HOUR, FRIDAY + 20 * HOUR)
    world.source.requests.clear()
    found = await world.get(FRIDAY, FRIDAY + DAY)
    assert [(r.start, r.end) for r in world.source.requests] == [
        (FRIDAY, FRIDAY + 10 * HOUR - 1),
        (FRIDAY + 20 * HOUR + 1, FRIDAY + DAY),
    ]
    assert len(found.bars) == 25


async def test_that_there_is_nothing_is_remembered_too(world):
    await world.get(FRIDAY + 1, FRIDAY + 2)
    found = await world.get(FRIDAY + 1, FRIDAY + 2)
    assert (len(found.bars), found.fetched) == (0, 0)


async def test_months_are_put_together(world):
    # February and March.
    found = await world.get(FRIDAY - 2 * DAY, FRIDAY + DAY)
    assert len(found.bars) == 73
    assert np.all(np.diff(found.bars.timestamp) == HOUR)
    assert len(list(world.store.entries())) == 2


async def test_symbols_are_asked_for_together_as_many_as_may_be(world):
    found = await world.get(FRIDAY, FRIDAY + DAY, 'A', 'B', 'C')
    assert [r.symbols for r in world.source.requests] == [('A', 'B'), ('C',)]
    assert found.bars.symbols == ('A', 'B', 'C')
    assert len(found.bars) == 75


async def test_each_answer_is_told_with_how_many_there_will_be(tmp_path):
    told = []
    world = World(tmp_path, answered=lambda *each: told.append(each))
    await world.get(FRIDAY, FRIDAY + DAY, 'A', 'B', 'C')
    assert told == [(1, 2), (1, 2)]


async def test_two_that_want_the_same_ask_once(world):
    both = await asyncio.gather(
        world.get(FRIDAY, FRIDAY + DAY), world.get(FRIDAY, FRIDAY + DAY)
    )
    assert sorted(each.fetched for each in both) == [0, 1]


async def test_what_is_not_settled_is_asked_for_again_after_a_bar(world):
    now = world.clock.now()
    await world.get(now - 5 * HOUR, now)
    found = await world.get(now - 5 * HOUR, now)
    assert found.fetched == 0
    world.clock.advance(now + HOUR)
    world.source.version = 0.5
    found = await world.get(now - 5 * HOUR, now + HOUR)
    assert found.fetched == 1
    assert len(found.bars) == 7
    # What was settled before is as it was; the rest is as it is told now.
    changed = found.bars.close - found.bars.timestamp / HOUR
    assert changed.tolist() == [0.0] * 5 + [0.5] * 2


async def test_what_is_not_settled_is_not_written(world):
    now = world.clock.now()
    await world.get(now - 5 * HOUR, now)
    (entry,) = world.store.entries()
    kept = world.store.read(entry.key)
    assert kept.bars.timestamp.max() == now - HOUR
    assert kept.known[-1][1] == now - HOUR


async def test_an_open_session_is_asked_for_again_and_a_closed_one_never(
    tmp_path,
):
    # 2013-03-01T18:00Z: New York trades until 21:00.
    world = World(tmp_path, FRIDAY + 18 * HOUR, calendar='XNYS')
    await world.get(FRIDAY - DAY, FRIDAY + 18 * HOUR)
    world.clock.advance(FRIDAY + 19 * HOUR)
    world.source.requests.clear()
    await world.get(FRIDAY - DAY, FRIDAY + 19 * HOUR)
    # From Thursday's close on.
    (asked,) = world.source.requests
    assert asked.start == FRIDAY - 3 * HOUR + 1
    world.clock.advance(FRIDAY + 2 * DAY)
    await world.get(FRIDAY - DAY, FRIDAY + 20 * HOUR)
    world.source.requests.clear()
    world.clock.advance(FRIDAY + 2 * DAY + 12 * HOUR)
    assert (await world.get(FRIDAY - DAY, FRIDAY + 20 * HOUR)).fetched == 0


async def test_an_earlier_start_in_the_open_session_needs_no_request(tmp_path):
    world = World(tmp_path, FRIDAY + 18 * HOUR, calendar='XNYS')
    await world.get(FRIDAY + 17 * HOUR, FRIDAY + 18 * HOUR)
    found = await world.get(FRIDAY + 15 * HOUR, FRIDAY + 18 * HOUR)
    assert (found.fetched, len(found.bars)) == (0, 4)


async def test_a_source_that_fails_leaves_what_is_known_and_says_so(world):
    await world.get(FRIDAY, FRIDAY + DAY)
    world.source.error = errors.SourceUnavailableError('down')
    found = await world.get(FRIDAY, FRIDAY + 2 * DAY)
    assert found.stale
    assert str(found.error) == 'down'
    assert len(found.bars) == 25
    assert not (await world.get(FRIDAY, FRIDAY + DAY)).stale


async def test_a_source_that_fails_before_anything_is_known_is_an_error(world):
    world.source.error = errors.SourceRefusedError('no')
    with pytest.raises(errors.SourceRefusedError, match='no'):
        await world.get(FRIDAY, FRIDAY + DAY)


async def test_a_damaged_file_is_asked_for_again(world):
    first = await world.get(FRIDAY, FRIDAY + DAY)
    (entry,) = world.store.entries()
    entry.path.write_bytes(entry.path.read_bytes()[:-50])
    world.again()
    found = await world.get(FRIDAY, FRIDAY + DAY)
    assert found.fetched == 1
    assert found.bars.digest() == first.bars.digest()


async def test_a_full_disk_costs_nothing_but_the_keeping(world, monkeypatch):
    def full(key, month):
        raise errors.DataError('cannot be written: full')

    monkeypatch.setattr(world.store, 'write', full)
    found = await world.get(FRIDAY - 60 * DAY, FRIDAY + DAY)
    assert len(found.bars) == 61 * 24 + 1
    assert world.warned == ['bars are not kept: cannot be written: full']
    assert (await world.get(FRIDAY, FRIDAY + DAY)).fetched == 0


async def test_memory_is_bounded_and_answers_are_whole_all_the_same(tmp_path):
    world = World(tmp_path, memory=50_000)
    first = await world.get(FRIDAY - 90 * DAY, FRIDAY + DAY)
    assert len(first.bars) == 91 * 24 + 1
    assert world.cache._months.currsize <= 50_000
    again = await world.get(FRIDAY - 90 * DAY, FRIDAY + DAY)
    assert again.fetched == 0
    assert again.bars.digest() == first.bars.digest()


async def test_a_month_too_large_for_memory_comes_from_the_disk(tmp_path):
    world = World(tmp_path, memory=100)
    first = await world.get(FRIDAY, FRIDAY + DAY)
    again = await world.get(FRIDAY, FRIDAY + DAY)
    assert again.fetched == 0
    assert again.bars.digest() == first.bars.digest()


STEPS = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.integers(0, 40),
        st.sampled_from([('A',), ('B',), ('A', 'B')]),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=8,
)


@hypothesis.given(STEPS, st.sampled_from([600, cache.MEMORY]))
@hypothesis.settings(max_examples=40, deadline=None)
def test_it_gives_what_the_source_gives(tmp_path_factory, steps, memory):
    """No request is made twice for what is settled."""

    async def play():
        folder = tmp_path_factory.mktemp('cache')
        world = World(folder, FRIDAY + 2 * DAY, memory=memory)
        settled_before = {}
        for begin, length, symbols, later, anew in steps:
            world.clock.advance(world.clock.now() + later * HOUR)
            if anew:
                world.again()
            first = FRIDAY + begin * HOUR
            last = first + length * HOUR
            world.source.requests.clear()
            found = await world.get(first, last, *symbols)
            for asked in world.source.requests:
                for name in asked.symbols:
                    for at in range(asked.start, asked.end + 1, HOUR):
                        assert at not in settled_before.get(name, set())
            alone = Source(world.clock)
            bars = await alone.get_bars(request(first, last, *symbols))
            assert found.bars.digest() == bars.digest()
            settled = world.clock.now() // HOUR * HOUR - HOUR
            for name in symbols:
                settled_before.setdefault(name, set()).update(
                    at for at in range(first, last + 1, HOUR) if at <= settled
                )

    asyncio.run(play())


@pytest.fixture
def adjusted(tmp_path):
    world = World(tmp_path)
    world.source.capabilities = base.Capabilities(
        timeframes=None, batch=2, adjusted=True
    )
    return world


def halved(world, day=DAY):
    """A split: the source gives other prices for the past from now on."""
    world.clock.advance(world.clock.now() + day)
    world.source.scale = 0.5


async def test_prices_of_before_a_split_are_put_aside_and_asked_for_again(
    adjusted,
):
    await adjusted.get(FRIDAY, FRIDAY + DAY)
    halved(adjusted)
    found = await adjusted.get(FRIDAY - DAY, FRIDAY + DAY)
    assert found.fetched == 2
    assert (found.bars.close == found.bars.timestamp / HOUR / 2).all()
    (told,) = adjusted.warned
    assert found.restated == {'A': told}
    assert (
        'it A: the close of 2013-03-02T00:00:00Z was 378384 and is 189192'
        in (told)
    )
    assert len(list(adjusted.store.root.rglob('*.old'))) == 1
    adjusted.again()
    again = await adjusted.get(FRIDAY - DAY, FRIDAY + DAY)
    assert (again.fetched, again.bars.digest()) == (0, found.bars.digest())


async def test_prices_of_before_a_split_are_not_used_where_they_have_to_stay(
    adjusted,
):
    await adjusted.get(FRIDAY, FRIDAY + DAY)
    for entry in adjusted.store.entries():
        # A folder with something in it, onto which no file can be moved.
        (entry.path.with_name(f'{entry.path.name}.old') / 'full').mkdir(
            parents=True
        )
    halved(adjusted)
    await adjusted.get(FRIDAY + DAY, FRIDAY + DAY + 2 * HOUR)
    found = await adjusted.get(FRIDAY, FRIDAY + DAY + 2 * HOUR)
    assert (found.bars.close == found.bars.timestamp / HOUR / 2).all()
    adjusted.again()
    again = await adjusted.get(FRIDAY, FRIDAY + DAY + 2 * HOUR)
    assert (again.fetched, again.bars.digest()) == (0, found.bars.digest())


async def test_a_stretch_far_from_what_is_kept_is_held_against_it_too(adjusted):
    await adjusted.get(FRIDAY - 40 * DAY, FRIDAY - 39 * DAY)
    halved(adjusted)
    await adjusted.get(FRIDAY, FRIDAY + DAY)
    found = await adjusted.get(FRIDAY - 40 * DAY, FRIDAY + DAY)
    assert (found.bars.close == found.bars.timestamp / HOUR / 2).all()


async def test_equal_prices_cost_one_request_a_day(adjusted):
    await adjusted.get(FRIDAY, FRIDAY + DAY)
    found = await adjusted.get(FRIDAY, FRIDAY + 2 * DAY)
    assert found.fetched == 1
    adjusted.again()
    found = await adjusted.get(FRIDAY, FRIDAY + 3 * DAY)
    assert found.fetched == 2
    found = await adjusted.get(FRIDAY, FRIDAY + 4 * DAY)
    assert found.fetched == 1
    assert adjusted.warned == []


async def test_what_is_known_whole_is_held_against_the_source_where_wanted(
    adjusted,
):
    await adjusted.get(FRIDAY, FRIDAY + DAY)
    halved(adjusted)
    asked = request(FRIDAY, FRIDAY + DAY)
    found = await adjusted.cache.get(adjusted.source, asked)
    assert found.fetched == 0
    found = await adjusted.cache.get(adjusted.source, asked, hold=True)
    assert found.fetched == 2
    assert (found.bars.close == found.bars.timestamp / HOUR / 2).all()


async def test_a_source_that_cannot_say_leaves_what_is_kept(adjusted):
    await adjusted.get(FRIDAY, FRIDAY + DAY)
    halved(adjusted)
    adjusted.source.error = errors.SourceUnavailableError('it sleeps')
    found = await adjusted.get(FRIDAY, FRIDAY + 2 * DAY)
    assert (found.stale, len(found.bars)) == (True, 25)
    adjusted.source.error = None
    found = await adjusted.get(FRIDAY, FRIDAY + 2 * DAY)
    assert (found.bars.close == found.bars.timestamp / HOUR / 2).all()


async def test_a_source_that_refuses_old_bars_is_asked_for_the_new_ones(
    adjusted,
):
    await adjusted.get(FRIDAY, FRIDAY + DAY)
    halved(adjusted)
    adjusted.source.earliest = FRIDAY + 2 * DAY
    found = await adjusted.get(FRIDAY + 2 * DAY, FRIDAY + 3 * DAY)
    assert len(found.bars) == 25
    assert adjusted.warned == []
