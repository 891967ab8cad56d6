"""Binance's streams: what is asked, what comes, and what goes wrong."""

import contextlib
import json

import hypothesis
import hypothesis.strategies
import pytest

from sting.data.sources import base
from sting.data.sources import binance
from sting.data.sources import binance_stream
from sting.data.sources import streaming
from sting.engine import clock
from sting.model import errors
from sting.model import market
from sting.net import http
from sting.net import wires
from tests.unit.data.sources import feeds
from tests.unit.net import streams

pytestmark = pytest.mark.unit

KINDS = ('bars', 'quotes', 'trades')


def source(url, listener, **policy):
    given = {'open_s': 20.0, 'silence_s': 100.0} | policy
    client = http.HttpClient('binance', 'http://127.0.0.1:9', listener.clock)
    return binance.BinanceSource(
        client,
        listener.clock,
        place=streaming.Place(url=url, policy=wires.Policy(**given)),
    )


@contextlib.asynccontextmanager
async def following(*lives, listener=None, subscribed=None, refill=True):
    """A stream before a service."""
    listener = listener or feeds.Listener()
    async with streams.serving(*lives) as (url, service):
        made = source(url, listener)
        stream = made.stream(
            subscribed or feeds.wanted(), listener.watch(refill)
        )
        try:
            async with contextlib.aclosing(stream):
                yield stream, listener, service
        finally:
            await made.close()


async def test_closed_and_open_bars_come_with_the_stamp_of_their_close():
    bars = feeds.minutes(2)
    messages = [feeds.kline(bars[0], closed=False), *map(feeds.kline, bars)]
    async with following(streams.says(*messages)) as (stream, listener, _):
        first, *rest = await feeds.take(stream, 5)
        assert rest == bars
        assert not first.closed
        assert first.timestamp == bars[0].timestamp
    assert listener.states == ['connected', 'closed']
    assert listener.issues == []


async def test_trades_and_quotes_come():
    messages = feeds.trade('AAA', 5), feeds.book('AAA', 9)
    subscribed = feeds.wanted('AAA', kinds=KINDS)
    async with following(streams.says(*messages), subscribed=subscribed) as (
        stream,
        listener,
        _,
    ):
        trade, quote = await feeds.take(stream, 2)
    moment = feeds.services.OPENING - feeds.MS
    assert trade == market.Trade('AAA', moment, 1.5, 2.0)
    # It says no time.
    assert quote == market.Quote(
        'AAA', listener.clock.now(), 1.5, 1.75, 3.0, 4.0
    )


async def test_trades_and_quotes_come_once_and_lost_trades_are_told():
    messages = [
        *(feeds.trade('AAA', number) for number in (5, 6, 6, 5, 9)),
        *(feeds.book('AAA', number) for number in (7, 7, 3, 12)),
    ]
    subscribed = feeds.wanted('AAA', kinds=('trades', 'quotes'))
    async with following(streams.says(*messages), subscribed=subscribed) as (
        stream,
        listener,
        _,
    ):
        found = await feeds.take(stream, 5)
    kinds = [type(each).__name__ for each in found]
    assert kinds == ['Trade'] * 3 + ['Quote'] * 2
    assert listener.told == ['gap']
    assert listener.issues[0].detail.startswith('2 trades before that of')
    # Bars are not subscribed to, so none is asked for.
    assert listener.asked == []


@pytest.mark.parametrize(('number', 'told'), [(6, []), (9, ['gap']), (2, [])])
async def test_trades_lost_over_a_drop_are_told(number, told):
    lives = (
        streams.says(feeds.trade('AAA', 5), stays=False),
        # It may have begun to count anew.
        streams.says(feeds.trade('AAA', number), feeds.trade('AAA', number)),
    )
    subscribed = feeds.wanted('AAA', kinds=('trades',))
    async with following(*lives, subscribed=subscribed) as (
        stream,
        listener,
        _,
    ):
        assert len(await feeds.take(stream, 2)) == 2
    assert listener.told == told


@pytest.mark.parametrize(
    'wrong',
    [
        feeds.trade('AAA', 1, price='nan'),
        feeds.trade('AAA', 1, price='-1'),
        feeds.trade('AAA', 1, size='inf'),
        feeds.book('AAA', 1, bid='0'),
        feeds.book('AAA', 1, ask='nan'),
    ],
)
async def test_trades_and_quotes_that_cannot_be_are_left_out(wrong):
    subscribed = feeds.wanted('AAA', kinds=('trades', 'quotes'))
    async with following(
        streams.says(wrong, feeds.trade('AAA', 2)), subscribed=subscribed
    ) as (stream, _, _):
        (found,) = await feeds.take(stream, 1)
    assert found.price == 1.5


async def test_a_ping_is_answered():
    async def life(connection, service):
        await (await connection.ping())
        await connection.send(feeds.kline(BAR))
        await connection.wait_closed()

    async with following(life) as (stream, _, _):
        assert await feeds.take(stream, 1) == [BAR]


@pytest.mark.parametrize('code', [1000, 1001, 1008, 1011, 1012])
async def test_however_it_ends_a_connection_it_is_made_again(code):
    lives = streams.closes(code, 'bye'), streams.says(feeds.kline(BAR))
    async with following(*lives) as (stream, listener, _):
        assert await feeds.take(stream, 1) == [BAR]
    assert listener.changes[1].reason == (
        f'binance: the connection was closed: {code} bye'
    )


async def test_what_is_wanted_is_in_the_address():
    subscribed = feeds.wanted('AAA', 'BBB', kinds=KINDS)
    async with following(
        streams.says(feeds.book('AAA', 1)), subscribed=subscribed
    ) as (stream, _, service):
        await feeds.take(stream, 1)
    assert service.paths == [
        '/stream?streams=aaa@kline_1m/aaa@trade/aaa@bookTicker/'
        'bbb@kline_1m/bbb@trade/bbb@bookTicker'
    ]


async def test_what_the_address_has_no_room_for_is_subscribed_to():
    symbols = tuple(f'S{nth:03}' for nth in range(450))
    subscribed = feeds.wanted(*symbols)
    bar = feeds.minutes(1)[0]

    async def life(connection, service):
        while len(service.received) < 2:
            service.received.append(json.loads(await connection.recv()))
            number = service.received[-1]['id']
            await connection.send(json.dumps({'result': None, 'id': number}))
        named = json.loads(feeds.kline(bar).replace('AAA', 'S449'))
        await connection.send(json.dumps(named))
        await connection.wait_closed()

    async with following(life, subscribed=subscribed) as (stream, _, service):
        (found,) = await feeds.take(stream, 1)
        assert found.symbol == 'S449'
    asked = service.paths[0].partition('=')[2].split('/')
    for message in service.received:
        assert message['method'] == 'SUBSCRIBE'
        asked += message['params']
    assert asked == [f'{name.lower()}@kline_1m' for name in symbols]


async def test_more_streams_than_a_connection_takes_are_refused():
    symbols = [f'S{nth}' for nth in range(binance_stream.MOST + 1)]
    with pytest.raises(errors.SourceRefusedError, match='1,025 streams are'):
        async with following(
            streams.listens, subscribed=feeds.wanted(*symbols)
        ):
            pass


async def test_a_timeframe_that_it_lacks_is_refused():
    with pytest.raises(errors.SourceRefusedError, match='no bars of 7m'):
        async with following(
            streams.listens, subscribed=feeds.wanted(timeframe='7m')
        ):
            pass


@pytest.mark.parametrize(
    'no',
    [
        {'error': {'code': 2, 'msg': 'Invalid request'}, 'id': 1},
        {'code': 2, 'msg': 'Invalid request', 'id': 1},
    ],
)
async def test_a_no_to_a_subscription_ends_the_stream(no):
    async with following(streams.says(json.dumps(no))) as (stream, listener, _):
        with pytest.raises(errors.SourceRefusedError, match='Invalid request'):
            await feeds.take(stream, 1)
    assert listener.states == ['connected', 'lost', 'closed']


BAR = feeds.minutes(1)[0]


def changed(**changes):
    return feeds.kline(BAR, **changes)


@pytest.mark.parametrize(
    ('frame', 'said'),
    [
        ('<html>sorry</html>', 'malformed'),
        (b'\xff\x00\x01', 'malformed'),
        ('{"stream": "aaa@kline_1m"', 'truncated'),
        ('{"data":' + '[' * 100_000, 'recursion'),
        ('{"stream": "aaa@trade", "data":' + '[' * 100_000, 'recursion'),
        ('[]', 'Expected `object`'),
        ('{}', 'names no stream'),
        ('{"e": "serverShutdown"}', 'names no stream'),
        ('{"stream": "aaa@depth", "data": {}}', 'nobody subscribed'),
        ('{"stream": "aaa@kline_1m", "data": null}', 'Expected `object`'),
        ('{"stream": "aaa@kline_1m", "data": {"E": 1}}', 'required field'),
        (changed(o=None), 'Expected `float`'),
        (changed(c='soon'), 'Expected `float`'),
        (changed(i='5m'), 'no bar of 1m'),
        (changed(T=5), 'no bar of 1m'),
        (changed(t=2**80), '<= 4102444800000'),
        (changed(t=-5), '>= 0'),
        (feeds.kline(BAR).replace('AAA', 'ZZZ'), 'nobody subscribed'),
    ],
)
async def test_what_makes_no_sense_is_told_and_left_out(frame, said):
    life = streams.says(frame, feeds.kline(BAR))
    async with following(life) as (stream, listener, _):
        assert await feeds.take(stream, 1) == [BAR]
    assert listener.states == ['connected', 'degraded', 'closed']
    assert 'binance: a message makes no sense' in listener.changes[1].reason
    assert said.lower() in listener.changes[1].reason.lower()


SOUND = (
    feeds.kline(BAR),
    feeds.kline(BAR, closed=False),
    feeds.trade('AAA', 5),
    feeds.book('AAA', 5),
)


@hypothesis.given(hypothesis.strategies.data())
def test_any_message_is_read_or_told_to_make_no_sense(data):
    draw = data.draw
    frame = draw(hypothesis.strategies.sampled_from(SOUND)).encode()
    at = draw(hypothesis.strategies.integers(0, len(frame)))
    cut = draw(hypothesis.strategies.integers(0, 9))
    new = draw(
        hypothesis.strategies.binary(max_size=9)
        | hypothesis.strategies.sampled_from(
            [b'1e999', b'-1', b'null', b'NaN', b'"', b'{', b'[', b'\\u00']
        )
    )
    frame = frame[:at] + new + frame[at + cut :]
    subscriber = binance_stream.Subscriber(
        feeds.wanted('AAA', kinds=KINDS), clock.VirtualClock(), 'binance'
    )
    heard = []
    with contextlib.suppress(errors.SourceBodyError):
        heard = list(subscriber.decode(frame))
    for message, order, _ in heard:
        assert message.symbol == 'AAA'
        assert type(order) is int
        assert 0 <= message.timestamp < 2**63


async def test_a_subscription_is_answered_in_silence():
    life = streams.says('{"result": null, "id": 1}', feeds.kline(BAR))
    async with following(life) as (stream, listener, _):
        assert await feeds.take(stream, 1) == [BAR]
    assert listener.states == ['connected', 'closed']


async def test_after_a_forced_end_every_subscription_is_back():
    bars = feeds.minutes(3, ('AAA',))
    lives = (
        streams.says(feeds.kline(bars[0]), stays=False),
        streams.says(feeds.kline(bars[2])),
    )
    listener = feeds.Listener(bars[:2])
    async with following(*lives, listener=listener) as (stream, _, service):
        assert await feeds.take(stream, 3) == bars
    assert service.paths[0] == service.paths[1]
    assert listener.states[:4] == [
        'connected',
        'lost',
        'reconnecting',
        'connected',
    ]


async def test_without_a_refill_its_own_bars_of_the_past_are_asked():
    bars = feeds.minutes(3, ('AAA',))
    asked = []

    class Recorded(binance.BinanceSource):
        """Gives these bars in the place of REST."""

        async def get_bars(self, request):
            asked.append(request)
            return feeds.tabled(bars[1:2])

    listener = feeds.Listener()
    life = streams.says(feeds.kline(bars[0]), feeds.kline(bars[2]))
    async with streams.serving(life) as (url, _):
        client = http.HttpClient('binance', 'http://x', listener.clock)
        made = Recorded(client, listener.clock, place=streaming.Place(url=url))
        stream = made.stream(feeds.wanted('AAA'), listener.watch(False))
        async with contextlib.aclosing(stream):
            assert await feeds.take(stream, 3) == bars
        await made.close()
    # From the stream's beginning first, which is now; then of the gap.
    assert [each.start for each in asked] == [
        listener.clock.now() + 1,
        bars[0].timestamp + 1,
    ]
    assert asked[1].end == listener.clock.now()


async def test_closing_the_source_ends_its_streams():
    listener = feeds.Listener()
    async with streams.serving(streams.says(feeds.kline(BAR))) as (url, _):
        made = source(url, listener)
        stream = made.stream(feeds.wanted(), listener.watch())
        assert await feeds.take(stream, 1) == [BAR]
        await made.close()
        assert await feeds.take(stream, 1) == []
    assert listener.states == ['connected', 'closed']


async def test_without_an_address_there_is_no_stream():
    listener = feeds.Listener()
    client = http.HttpClient('binance', 'http://x', listener.clock)
    made = binance.BinanceSource(client, listener.clock)
    assert made.capabilities.streams == frozenset()
    with pytest.raises(errors.SourceRefusedError, match='has no stream'):
        made.stream(feeds.wanted(), listener.watch())


def test_with_an_address_it_says_what_it_streams():
    listener = feeds.Listener()
    assert source('ws://x', listener).capabilities.streams == frozenset(
        base.Stream
    )
