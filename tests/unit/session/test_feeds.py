"""From a feed to the market lane."""

import asyncio
import datetime

import msgspec
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
        self.said = None
        self.closed = False
        self.ended = False
        self.looks = 0

    async def stream(self, after):
        self.after = dict(after)
        try:
            for one in self.bars:
                yield one
            if self.error is not None:
                raise self.error
            if self.forever:
                await asyncio.Event().wait()
        finally:
            self.ended = True

    async def history(self, symbols, count, after):
        return []

    def status(self):
        self.looks += 1
        return self.said

    async def close(self):
        self.closed = True


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
        self.came, seen = [], []
        while len(seen) < count:
            for one in await asyncio.wait_for(self.bus.take(100), 5.0):
                self.came.append(one)
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


async def test_one_that_fails_leaves_its_prices_stale():
    lane = Lane(Listed(bar(1), error=ValueError('surprise')))
    await lane.collect(4)
    why = 'feed:listed failed: ValueError: surprise'
    said = [one.data for one in lane.came if one.type is T.DATA_ISSUE]
    assert [(one.symbol, one.issue, one.detail) for one in said] == [
        ('X', market.STALE, why)
    ]


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


async def test_what_is_wrong_with_the_data_is_an_event_and_an_alert():
    issue = market.DataIssue('X', 7, 'switched', 'two gives its bars now')
    lane = Lane(Listed(bar(1), issue, bar(2)))
    await lane.component.start()
    seen = []
    while len(seen) < 6:
        seen += await asyncio.wait_for(lane.bus.take(100), 5.0)
    in_lane = [one for one in seen if one.type in (T.MARKET_DATA, T.DATA_ISSUE)]
    assert [one.data for one in in_lane] == [bar(1), issue, bar(2)]
    assert in_lane[1].symbol == 'X'
    (alert,) = [one for one in seen if one.type is T.RISK_ALERT]
    assert alert.data.message == 'X: switched: two gives its bars now'
    assert alert.data.source == 'feed:listed'


async def test_a_feed_that_is_stopped_while_a_bar_waits_is_ended_first():
    feed = Listed(*map(bar, range(1, 9)), forever=True)
    lane = Lane(feed)
    # Its lane is full: nobody takes anything.
    limits = {**bus.LIMITS, bus.Lane.MARKET: 2}
    lane.component._bus = bus.EventBus(limits)
    await lane.component.start()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not feed.ended
    await lane.component.stop()
    assert feed.ended


async def test_a_feed_is_not_asked_how_it_is_for_each_bar_of_a_moment():
    feed = Listed(*[bar(1)] * 500, bar(2))
    lane = Lane(feed)
    await lane.collect(503)
    assert feed.looks < 10


async def test_quotes_and_trades_are_what_they_are():
    quote = market.Quote('X', 1, 1.0, 2.0, 1.0, 1.0)
    trade = market.Trade('X', 1, 1.0, 1.0)
    lane = Lane(Listed(quote, trade))
    await lane.component.start()
    seen = []
    while len(seen) < 4:
        seen += await asyncio.wait_for(lane.bus.take(100), 5.0)
    assert {T.QUOTE, T.TRADE} <= {one.type for one in seen}


async def test_how_a_feed_says_it_is_is_told_when_it_changes():
    feed = Listed(bar(1), bar(2), forever=True)
    feed.said = feed_lib.Status('failover', 'one: HTTP 500', 'two')
    lane = Lane(feed)
    await lane.collect(3)
    row = lane.component.row()
    assert (row.status, row.detail) == ('failover', 'one: HTTP 500')
    assert (row.source, row.usual_s) == ('two', 60.0)
    # What it says now is shown, be it told yet or not.
    feed.said = feed_lib.Status('closed', 'opens soon', 'two')
    assert lane.component.row().status == 'closed'
    await lane.component.stop()
    assert feed.closed
    assert lane.component.row().status == 'stopped'
    told = [
        one.data.status
        for one in await lane.bus.take(10)
        if one.type is T.SYSTEM_STATUS
    ]
    assert told == ['stopped']


def configured(home, **feeds):
    loaded = settings.load(home)
    return msgspec.structs.replace(loaded, feeds=loaded.feeds | feeds)


def made(folder, feed, symbols=('X',), time_source=None, **more):
    home = stations.home_in(folder)
    home.config.mkdir(parents=True, exist_ok=True)
    return feeds.build(
        'mine',
        configured(home, mine=feed),
        symbols,
        time_source or clock.VirtualClock(),
        home,
        **more,
    )


async def test_the_demo_is_made_as_configured(tmp_path):
    feed = settings.DemoFeed(interval_s=0.5, start=datetime.date(2012, 6, 4))
    demo = made(tmp_path, feed, ('IBM',))
    assert (demo.name, demo.symbols, demo.generated) == ('mine', ('IBM',), True)
    async for one in demo.stream({}):
        assert one.time.date() == datetime.date(2012, 6, 4)
        break


@pytest.mark.parametrize('absolute', [True, False])
def test_a_file_is_found_from_the_folder_on(tmp_path, absolute):
    path = tmp_path / 'config' / 'bars.csv'
    path.parent.mkdir()
    path.write_text(
        'timestamp,open,high,low,close,volume\n'
        '2024-01-02T15:00:00Z,1,2,1,2,10\n'
        '2024-01-02T15:01:00Z,2,3,2,3,10\n'
    )
    feed = settings.FileFeed(path=str(path) if absolute else 'bars.csv')
    played = made(tmp_path, feed, ('bars',))
    assert (played.name, played.symbols) == ('mine', ('bars',))


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(errors.DataError, match=r'none\.csv'):
        made(tmp_path, settings.FileFeed(path='none.csv'))


async def test_a_market_has_the_sources_that_are_configured(tmp_path):
    feed = settings.MarketFeed(
        sources=('yahoo', 'binance'),
        timeframe='5m',
        names={'yahoo': {'BTCUSDT': 'BTC-USD'}},
    )
    live = made(tmp_path, feed, ('BTCUSDT',), calendar='24/7')
    assert (live.name, live.symbols) == ('mine', ('BTCUSDT',))
    assert (live.timeframe, live.generated) == ('5m', False)
    assert live.status().detail == 'yahoo, binance'
    await live.close()


async def test_a_market_of_made_up_bars_says_so(tmp_path):
    feed = settings.MarketFeed(sources=('binance', 'synthetic'))
    live = made(tmp_path, feed, ('SYNTH1',), calendar='24/7')
    assert live.generated
    await live.close()


def test_two_symbols_of_one_name_at_a_source_are_told(tmp_path):
    feed = settings.MarketFeed(
        sources=('binance',), names={'binance': {'BTC': 'BTCUSDT'}}
    )
    with pytest.raises(
        errors.ConfigError, match='binance: two symbols are BTCUSDT there'
    ):
        made(tmp_path, feed, ('BTC', 'BTCUSDT'), calendar='24/7')


def test_a_source_without_its_key_is_told(tmp_path, monkeypatch):
    monkeypatch.delenv('STING_ALPHAVANTAGE_KEY', raising=False)
    feed = settings.MarketFeed(sources=('alphavantage',))
    with pytest.raises(errors.ConfigError, match='STING_ALPHAVANTAGE_KEY'):
        made(tmp_path, feed)


def test_a_market_has_the_time_of_the_machine():
    market_feed = settings.MarketFeed(sources=('binance',))
    assert type(feeds.clock_of(market_feed)) is clock.LiveClock
    played = feeds.clock_of(settings.DemoFeed())
    assert type(played) is clock.MarketClock
