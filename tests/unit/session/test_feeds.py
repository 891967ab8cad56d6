"""From a feed to the market lane."""

import asyncio
import datetime

import pytest

from sting import settings
from sting.data import feed as feed_lib
from sting.engine import bus
from sting.engine import clock
from sting.engine import state
from sting.model import errors
from sting.model import market
from sting.session import feeds
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = stations.T
MINUTE = 60_000_000_000


def bar(at):
    return market.MarketData('X', at * MINUTE, 1.0, 1.0, 1.0, 1.0, 1.0)


class Listed(feed_lib.Feed):
    """Gives these bars, then raises what it was given, or ends."""

    name = 'listed'
    symbols = ('X',)

    def __init__(self, *bars, error=None, forever=False):
        self.bars = bars
        self.error = error
        self.forever = forever
        self.after = None

    async def stream(self, after):
        self.after = dict(after)
        for one in self.bars:
            yield one
        if self.error is not None:
            raise self.error
        if self.forever:
            await asyncio.Event().wait()

    async def history(self, symbols, count, after):
        return []


class Lane:
    """A feed's component, and what it put into the bus."""

    def __init__(self, feed, **known):
        self.bus = bus.EventBus()
        self.system = state.SystemState()
        self.system.last_bar.update(known)
        self.component = feeds.FeedComponent(
            feed, self.bus, self.system, clock.LiveClock()
        )

    async def collect(self, count):
        """Gives type and status or stamp of so many, sorted by lane."""
        await self.component.start()
        seen = []
        while len(seen) < count:
            for one in await asyncio.wait_for(self.bus.take(100), 5.0):
                told = one.type is T.SYSTEM_STATUS
                seen.append(one.data.status if told else one.data.timestamp)
        return seen


async def test_bars_are_played_and_the_end_is_told():
    lane = Lane(Listed(bar(1), bar(2)))
    seen = await lane.collect(4)
    assert sorted(map(str, seen)) == sorted(
        ['connected', str(MINUTE), str(2 * MINUTE), 'ended']
    )
    row = lane.component.row()
    assert (row.name, row.status) == ('listed', 'ended')
    assert row.age_s >= 0.0


async def test_the_feed_is_told_what_is_known_already():
    feed = Listed(bar(3))
    await Lane(feed, X=2 * MINUTE).collect(3)
    assert feed.after == {'X': 2 * MINUTE}


async def test_before_the_first_bar_there_is_no_age():
    lane = Lane(Listed())
    assert lane.component.row().age_s is None
    assert lane.component.row().status == 'stopped'


@pytest.mark.parametrize(
    ('error', 'detail'),
    [
        (errors.DataError('no data', path='x.csv'), 'x.csv: no data'),
        (ValueError('surprise'), 'ValueError: surprise'),
    ],
)
async def test_a_feed_that_fails_says_so(error, detail):
    lane = Lane(Listed(bar(1), error=error))
    assert 'failed' in await lane.collect(3)
    assert lane.component.row().status == 'failed'
    assert lane.component.row().detail == detail


async def test_a_feed_that_is_stopped_says_so():
    lane = Lane(Listed(bar(1), forever=True))
    await lane.collect(2)
    await lane.component.stop()
    (told,) = await lane.bus.take(10)
    assert told.data.status == 'stopped'
    assert told.data.component == 'feed:listed'


async def test_a_feed_that_ended_is_not_stopped_too():
    lane = Lane(Listed())
    await lane.collect(2)
    await lane.component.stop()
    assert lane.component.row().status == 'ended'


async def test_a_feed_that_was_never_started_stops():
    lane = Lane(Listed())
    await lane.component.stop()
    assert lane.component.row().status == 'stopped'


async def test_the_demo_is_made_as_configured(tmp_path):
    made = feeds.build(
        'mine',
        settings.DemoFeed(interval_s=0.5, start=datetime.date(2012, 6, 4)),
        ('IBM',),
        clock.VirtualClock(),
        tmp_path,
    )
    assert (made.name, made.symbols, made.generated) == ('mine', ('IBM',), True)
    async for one in made.stream({}):
        assert one.time.date() == datetime.date(2012, 6, 4)
        break


@pytest.mark.parametrize('absolute', [True, False])
def test_a_file_is_found_from_the_folder_on(tmp_path, absolute):
    path = tmp_path / 'bars.csv'
    path.write_text(
        'timestamp,open,high,low,close,volume\n'
        '2024-01-02T15:00:00Z,1,2,1,2,10\n'
        '2024-01-02T15:01:00Z,2,3,2,3,10\n'
    )
    made = feeds.build(
        'mine',
        settings.FileFeed(path=str(path) if absolute else 'bars.csv'),
        ('bars',),
        clock.VirtualClock(),
        tmp_path,
    )
    assert (made.name, made.symbols) == ('mine', ('bars',))


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(errors.DataError, match=r'none\.csv'):
        feeds.build(
            'mine',
            settings.FileFeed(path='none.csv'),
            ('X',),
            clock.VirtualClock(),
            tmp_path,
        )
