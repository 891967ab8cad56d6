import pytest

from sting.data import feed
from sting.data import generate
from sting.data import sample
from sting.data import times
from sting.engine import clock
from sting.model import errors
from tests.unit.data import tables

pytestmark = pytest.mark.unit

FIRST = times.parse_moment('2012-06-01T13:31:00Z')


@pytest.fixture
def virtual():
    return clock.VirtualClock()


async def take(bars, count):
    taken = []
    async for bar in bars:
        taken.append(bar)
        if len(taken) == count:
            break
    return taken


def newest(bars):
    return {bar.symbol: bar.timestamp for bar in bars}


async def test_the_demo_begins_on_its_first_day(virtual):
    bars = await take(feed.DemoFeed(virtual).stream({}), 6)
    assert [bar.symbol for bar in bars[:5]] == list(sample.SYMBOLS)
    assert {bar.timestamp for bar in bars[:5]} == {FIRST}
    assert bars[5].timestamp == FIRST + tables.MINUTE
    assert {bar.timeframe for bar in bars} == {'1m'}


async def test_the_demo_plays_a_minute_an_interval(virtual):
    demo = feed.DemoFeed(virtual, interval_s=0.5)
    await take(demo.stream({}), 50)
    assert virtual.monotonic() == pytest.approx(9 * 0.5)


async def test_the_demo_is_labelled_as_generated(virtual):
    assert feed.DemoFeed(virtual).generated


async def test_the_demo_goes_from_day_to_day(virtual):
    demo = feed.DemoFeed(virtual, symbols=['IBM'])
    bars = await take(demo.stream({}), 391)
    assert bars[389].time.isoformat() == '2012-06-01T20:00:00+00:00'
    assert bars[390].time.isoformat() == '2012-06-04T13:31:00+00:00'


@pytest.mark.parametrize('cut', [1, 5, 13, 780, 783])
async def test_the_demo_started_again_goes_on_after_the_log(virtual, cut):
    demo = feed.DemoFeed(virtual, symbols=['IBM', 'FB'])
    whole = await take(demo.stream({}), 800)
    again = feed.DemoFeed(virtual, symbols=['IBM', 'FB'])
    after = newest(whole[:cut])
    after.setdefault('IBM', whole[0].timestamp - 1)
    rest = await take(again.stream(after), 800 - cut)
    assert whole[:cut] + rest == whole


async def test_a_symbol_that_is_new_joins_the_others(virtual):
    after = {'IBM': FIRST + 7 * tables.MINUTE}
    demo = feed.DemoFeed(virtual, symbols=['IBM', 'FB'])
    bars = await take(demo.stream(after), 2)
    assert newest(bars) == dict.fromkeys(
        ['FB', 'IBM'], FIRST + 8 * tables.MINUTE
    )


async def test_the_demo_ends_with_the_data(virtual):
    demo = feed.DemoFeed(virtual, symbols=['IBM'], start='2013-03-01')
    bars = await take(demo.stream({}), 10**6)
    assert len(bars) == 390
    assert await take(demo.stream(newest(bars)), 1) == []


async def test_the_demos_history_ends_where_the_stream_begins(virtual):
    demo = feed.DemoFeed(virtual, symbols=['IBM'], start='2012-06-04')
    before = await demo.history(['IBM'], 400, {})
    (first,) = await take(demo.stream({}), 1)
    assert len(before) == 400
    assert before[-1].time.isoformat() == '2012-06-01T20:00:00+00:00'
    assert first.time.isoformat() == '2012-06-04T13:31:00+00:00'
    stamps = [bar.timestamp for bar in before]
    assert stamps == sorted(set(stamps))


async def test_the_demos_history_includes_what_was_played(virtual):
    demo = feed.DemoFeed(virtual)
    played = await take(demo.stream({}), 50)
    history = await demo.history(demo.symbols, 10, newest(played))
    assert history == played


async def test_a_history_that_is_longer_than_the_data_is_all_of_it(virtual):
    demo = feed.DemoFeed(virtual, start='2012-05-22')
    history = await demo.history(['FB', 'IBM'], 1000, {})
    counts = [
        sum(bar.symbol == name for bar in history) for name in ('FB', 'IBM')
    ]
    assert counts == [780, 1000]


async def test_the_demos_days_are_the_generated_ones(virtual):
    demo = feed.DemoFeed(virtual, symbols=['IBM'], seed=3)
    played = await take(demo.stream({}), 390)
    daily = sample.load(['IBM']).table.select(start=FIRST)
    expected = generate.minutes(next(daily.rows()), 3)
    assert played == list(expected.rows())


@pytest.mark.parametrize(
    'options', [{'symbols': ['X']}, {'start': 'x'}, {'interval_s': -1.0}]
)
def test_a_wrong_option_of_the_demo_is_refused(virtual, options):
    with pytest.raises(errors.DataError):
        feed.DemoFeed(virtual, **options)


async def test_the_history_of_an_unknown_symbol_is_refused(virtual):
    demo = feed.DemoFeed(virtual, symbols=['IBM'])
    with pytest.raises(errors.DataError, match="no symbol 'FB'"):
        await demo.history(['FB'], 5, {})
    file = feed.FileFeed(virtual, tables.flat(range(3)))
    with pytest.raises(errors.DataError, match="no symbol 'B'"):
        await file.history(['B'], 5, {})


async def test_a_file_is_played_at_its_pace(virtual):
    bars = tables.flat(range(11))
    file = feed.FileFeed(virtual, bars, bars_per_s=4)
    assert await take(file.stream({}), 99) == list(bars.rows())
    assert virtual.monotonic() == pytest.approx(10 / 4)


async def test_bars_of_one_stamp_come_at_once(virtual):
    places = [(minute, symbol) for minute in (0, 1) for symbol in (0, 1)]
    bars = tables.make(places, [(1, 1, 1, 1, 1)] * 4, ('A', 'B'))
    file = feed.FileFeed(virtual, bars, bars_per_s=1)
    await take(file.stream({}), 4)
    assert virtual.monotonic() == pytest.approx(1)


async def test_a_file_goes_on_after_what_is_known(virtual):
    bars = list(tables.flat(range(9)).rows())
    file = feed.FileFeed(virtual, tables.flat(range(9)))
    after = newest(bars[:4])
    assert await take(file.stream(after), 99) == bars[4:]
    assert await file.history(['A'], 3, after) == bars[1:4]


async def test_a_file_that_was_not_begun_has_no_history(virtual):
    file = feed.FileFeed(virtual, tables.flat(range(9)))
    assert await file.history(['A'], 3, {}) == []


async def test_an_empty_file_ends_at_once(virtual):
    file = feed.FileFeed(virtual, tables.flat(range(2)).select(start=2**62))
    assert await take(file.stream({}), 1) == []


@pytest.mark.parametrize('pace', [0, -1, float('nan')])
def test_a_pace_that_is_not_above_0_is_refused(virtual, pace):
    with pytest.raises(errors.DataError, match='not above 0'):
        feed.FileFeed(virtual, tables.flat([0]), bars_per_s=pace)
