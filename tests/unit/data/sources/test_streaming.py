"""Following a stream: nothing missed, double, late or wrong."""

import contextlib

import pytest

from sting.data.sources import streaming
from sting.model import errors
from sting.model import market
from sting.net import sockets
from sting.net import wires
from tests.unit.data.sources import feeds
from tests.unit.net import streams

pytestmark = pytest.mark.unit


def decode(frame):
    """A protocol of its own: JSON of a bar, or a word."""
    if frame == 'garbage':
        raise errors.SourceBodyError('it: garbage')
    if frame == 'slow':
        raise errors.SourceUnavailableError('it: you are too slow')
    import msgspec

    return [(msgspec.json.decode(frame, type=market.MarketData), 0, None)]


def told(bar):
    import msgspec

    return msgspec.json.encode(bar)


@contextlib.asynccontextmanager
async def following(*lives, listener, subscribed=None, every=True, refill=True):
    subscribed = subscribed or feeds.wanted('AAA')
    watch = listener.watch(refill)
    async with streams.serving(*lives) as (url, _):
        socket = sockets.Socket(
            'it',
            url,
            listener.clock,
            listener.monitor,
            policy=wires.Policy(open_s=20, silence_s=100),
        )
        follower = streaming.Follower(
            socket,
            decode,
            subscribed,
            watch,
            listener.clock,
            refill=watch.refill,
            every=every,
        )
        stream = follower.messages()
        async with contextlib.aclosing(stream):
            yield stream, follower
        assert socket.is_closed


@pytest.fixture
def bars():
    return feeds.minutes(12, ('AAA',))


async def test_what_is_known_is_the_beginning(bars):
    listener = feeds.Listener(bars[:5])
    after = {'AAA': bars[1].timestamp, 'ELSE': 5}
    subscribed = feeds.wanted('AAA', 'BBB', after=after)
    async with following(
        streams.says(told(bars[5])), listener=listener, subscribed=subscribed
    ) as (stream, _):
        assert await feeds.take(stream, 4) == bars[2:6]
    known, unknown = bars[1].timestamp, listener.clock.now()
    assert listener.asked == [{'AAA': known, 'BBB': unknown}]


async def test_without_anything_known_it_begins_now(bars):
    listener = feeds.Listener(bars)
    async with following(streams.says(told(bars[5])), listener=listener) as (
        stream,
        _,
    ):
        assert await feeds.take(stream, 1) == [bars[5]]
    assert listener.asked == [{'AAA': listener.clock.now()}]


async def test_a_bar_that_closed_before_the_first_came_is_not_missed(bars):
    # The connection is lost before any bar closed.
    now = bars[3].timestamp - 1
    listener = feeds.Listener(bars[:5], now)

    async def life(connection, service):
        listener.clock.advance(bars[4].timestamp)
        connection.transport.abort()

    async with following(
        life, streams.says(told(bars[5])), listener=listener
    ) as (stream, _):
        assert await feeds.take(stream, 3) == bars[3:6]
    assert listener.asked[0] == {'AAA': now}


async def test_a_bar_that_is_left_out_is_asked_for(bars):
    listener = feeds.Listener(bars)
    life = streams.says(told(bars[0]), told(bars[4]), told(bars[5]))
    async with following(life, listener=listener) as (stream, follower):
        assert await feeds.take(stream, 6) == bars[:6]
    assert listener.told == []
    assert follower.arrivals.counts == {'passed': 6}


async def test_a_service_without_a_bar_for_each_interval_has_no_gaps(bars):
    listener = feeds.Listener(bars)
    life = streams.says(told(bars[0]), told(bars[4]))
    async with following(life, listener=listener, every=False) as (stream, _):
        assert await feeds.take(stream, 2) == [bars[0], bars[4]]
    assert (len(listener.asked), listener.told) == (1, [])


@pytest.mark.parametrize('refill', [True, False])
async def test_a_gap_that_cannot_be_filled_is_told(bars, refill):
    listener = feeds.Listener(bars[:2])
    life = streams.says(told(bars[0]), told(bars[4]))
    async with following(life, listener=listener, refill=refill) as (
        stream,
        follower,
    ):
        found = await feeds.take(stream, 3 if refill else 2)
        assert found == [*bars[: 1 + refill], bars[4]]
        missing = 2 if refill else 3
        assert follower.arrivals.counts['missing'] == missing
    assert listener.told == ['gap']
    assert f'{missing} bars before that of' in listener.issues[0].detail
    assert listener.issues[0].symbol == 'AAA'


async def test_a_refill_that_fails_is_told_and_asked_again(bars):
    listener = feeds.Listener(bars)
    listener.fails = [False, True]
    lives = (
        streams.says(told(bars[0]), stays=False),
        streams.says(told(bars[3])),
    )
    async with following(*lives, listener=listener, every=False) as (
        stream,
        _,
    ):
        assert await feeds.take(stream, 4) == bars[:4]
    assert listener.told == []
    assert [
        each.reason for each in listener.changes if each.state == 'degraded'
    ] == ['what was missed cannot be had: it: no history today']


async def test_a_refill_that_fails_for_good_leaves_a_gap_that_is_told(bars):
    listener = feeds.Listener(bars)
    listener.fails = [False] + [True] * 9
    lives = (
        streams.says(told(bars[0]), stays=False),
        streams.says(told(bars[3])),
    )
    async with following(*lives, listener=listener, every=False) as (
        stream,
        _,
    ):
        assert await feeds.take(stream, 2) == [bars[0], bars[3]]
    assert listener.told == ['gap']


async def test_a_refill_that_hangs_is_given_up(bars, monkeypatch):
    monkeypatch.setattr(streaming, 'REFILL_S', 0.05)
    listener = feeds.Listener()

    async def hangs(symbols, timeframe, after):
        await streams.until(lambda: False)

    listener.refill = hangs
    life = streams.says(told(bars[0]), told(bars[4]))
    async with following(life, listener=listener) as (stream, _):
        assert await feeds.take(stream, 2) == [bars[0], bars[4]]
    assert 'no answer within 0.05 s' in listener.changes[1].reason


async def test_bars_come_once(bars):
    listener = feeds.Listener(bars)
    life = streams.says(*[told(bars[at]) for at in (0, 0, 1, 0, 1, 2)])
    async with following(life, listener=listener) as (stream, follower):
        assert await feeds.take(stream, 3) == bars[:3]
        assert follower.arrivals.counts['double'] == 3
    assert listener.told == []


async def test_a_bar_known_from_before_is_no_late_one(bars):
    listener = feeds.Listener()
    subscribed = feeds.wanted('AAA', after={'AAA': bars[2].timestamp})
    life = streams.says(told(bars[2]), told(bars[3]))
    async with following(life, listener=listener, subscribed=subscribed) as (
        stream,
        _,
    ):
        assert await feeds.take(stream, 1) == [bars[3]]
    assert listener.told == []


async def test_bars_out_of_order_come_in_order(bars):
    listener = feeds.Listener(bars)
    life = streams.says(*[told(bars[at]) for at in (0, 2, 1, 3)])
    async with following(life, listener=listener) as (stream, _):
        assert await feeds.take(stream, 4) == bars[:4]
    assert listener.told == []


async def test_a_late_bar_is_told_and_left_out(bars):
    listener = feeds.Listener()
    life = streams.says(*[told(bars[at]) for at in (0, 2, 1, 3)])
    async with following(life, listener=listener, every=False) as (stream, _):
        found = await feeds.take(stream, 3)
    assert found == [bars[0], bars[2], bars[3]]
    assert listener.told == ['late']
    assert market.to_iso(bars[1].timestamp) in listener.issues[0].detail


async def test_a_revised_bar_is_told_once_and_left_out(bars):
    listener = feeds.Listener()
    revised = market.MarketData('AAA', bars[0].timestamp, 5, 6, 4, 5, 7)
    frames = bars[0], revised, revised, bars[1]
    life = streams.says(*map(told, frames))
    async with following(life, listener=listener) as (stream, _):
        assert await feeds.take(stream, 2) == bars[:2]
    assert listener.told == ['revised']
    assert 'is now 5, volume' in listener.issues[0].detail


def of(bar, **changes):
    given = {name: getattr(bar, name) for name in bar.__struct_fields__}
    return market.MarketData(**(given | changes))


@pytest.mark.parametrize(
    ('changes', 'issue'),
    [
        ({'close': 0.0}, 'rejected'),
        ({'low': -1.0}, 'rejected'),
        ({'volume': -1.0}, 'rejected'),
        ({'timestamp': 2 * 10**18}, 'future'),
    ],
)
async def test_a_bar_that_cannot_be_is_told_and_left_out(bars, changes, issue):
    listener = feeds.Listener([])
    wrong = of(bars[0], **changes)
    life = streams.says(
        told(wrong), told(of(wrong, closed=False)), told(bars[0])
    )
    async with following(life, listener=listener) as (stream, _):
        assert await feeds.take(stream, 1) == [bars[0]]
    assert listener.told == [issue]


async def test_an_open_bar_behind_a_closed_one_is_left_out(bars):
    listener = feeds.Listener()
    late = of(bars[0], closed=False)
    new = of(bars[1], closed=False)
    life = streams.says(*map(told, (bars[0], late, new)))
    async with following(life, listener=listener) as (stream, follower):
        assert await feeds.take(stream, 2) == [bars[0], new]
        assert follower.arrivals.counts['late'] == 1


async def test_nonsense_in_a_row_makes_a_new_connection(bars):
    listener = feeds.Listener(bars[:2])
    nonsense = ['garbage'] * streaming.NONSENSE
    lives = (
        streams.says(told(bars[0]), *nonsense),
        streams.says(told(bars[2])),
    )
    async with following(*lives, listener=listener) as (stream, follower):
        assert await feeds.take(stream, 3) == bars[:3]
        assert follower.arrivals.counts['garbage'] == streaming.NONSENSE
    assert listener.states[:5] == [
        'connected',
        'degraded',
        'lost',
        'reconnecting',
        'connected',
    ]
    assert '20 messages in a row make no sense' in listener.changes[2].reason


async def test_behind_nonsense_a_missing_bar_is_asked_for(bars):
    listener = feeds.Listener(bars)
    life = streams.says(told(bars[0]), 'garbage', told(bars[2]))
    async with following(life, listener=listener, every=False) as (stream, _):
        assert await feeds.take(stream, 3) == bars[:3]


async def test_a_service_may_say_that_it_ends(bars):
    listener = feeds.Listener(bars[:2])
    lives = streams.says(told(bars[0]), 'slow'), streams.says(told(bars[2]))
    async with following(*lives, listener=listener) as (stream, _):
        assert await feeds.take(stream, 3) == bars[:3]
    assert listener.changes[1].reason == 'it: you are too slow'


async def test_ages_are_those_of_the_symbols(bars):
    listener = feeds.Listener()
    async with following(streams.says(told(bars[0])), listener=listener) as (
        stream,
        _,
    ):
        await feeds.take(stream, 1)
        await listener.clock.sleep(3)
        assert listener.monitor.ages() == {'AAA': 3.0}


class Market:
    """A market whose bars close whether anybody is connected or not."""

    def __init__(self, kills, listener):
        self.bars = feeds.minutes(kills * 6 + 10)
        self.kills = kills
        self.listener = listener
        self.at = 0

    async def life(self, connection, service):
        if len(service.paths) > self.kills:
            await self.tell(connection, len(self.bars))
            await connection.wait_closed()
            return
        # Between none and six bars, at any place of a minute.
        await self.tell(connection, len(service.paths) * 5 % 7)
        connection.transport.abort()
        # These close while nobody listens.
        self.close(len(service.paths) * 3 % 5)

    async def tell(self, connection, count):
        for bar in self.bars[self.at : self.at + count]:
            self.close(1)
            await connection.send(told(bar))

    def close(self, count):
        self.at = min(self.at + count, len(self.bars))
        self.listener.known = self.bars[: self.at]


async def test_a_feed_that_is_killed_50_times_loses_no_bar():
    kills = 50
    listener = feeds.Listener()
    world = Market(kills, listener)
    start = feeds.services.OPENING
    subscribed = feeds.wanted(after={'AAA': start, 'BBB': start})
    async with following(
        world.life, listener=listener, subscribed=subscribed
    ) as (stream, _):
        found = await feeds.take(stream, len(world.bars))
    for name in ('AAA', 'BBB'):
        assert [bar for bar in found if bar.symbol == name] == [
            bar for bar in world.bars if bar.symbol == name
        ]
    assert listener.told == []
    assert listener.monitor.statistics()['connections'] == kills + 1
