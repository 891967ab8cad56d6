"""Alpaca's stream: its greeting, its messages, its ways to say no."""

import contextlib
import datetime
import struct

import hypothesis
import hypothesis.strategies
from msgspec import msgpack
import pytest

from sting.data.sources import alpaca_stream
from sting.data.sources import base
from sting.data.sources import streaming
from sting.model import errors
from sting.model import market
from sting.net import wires
from tests.unit.data.sources import feeds
from tests.unit.net import streams

pytestmark = pytest.mark.unit

KEY, SECRET = 'K3Y', 'S3CRET'
KINDS = ('bars', 'quotes', 'trades')


def stamp(moment):
    """A moment as MessagePack has it."""
    seconds, rest = divmod(moment, 10**9)
    return msgpack.Ext(-1, struct.pack('>Q', rest << 34 | seconds))


def bar(given, kind='b', **changes):
    return {
        'T': kind,
        'S': given.symbol,
        't': stamp(given.timestamp - feeds.MINUTE),
        'o': given.open,
        'h': given.high,
        'l': given.low,
        'c': given.close,
        'v': int(given.volume),
        'n': 7,
        'vw': 1.5,
    } | changes


def trade(**changes):
    return {
        'T': 't',
        'S': 'AAA',
        't': stamp(10**18 + 123_456_789),
        'i': 5,
        'x': 'D',
        'p': 126.55,
        's': 1,
        'c': ['@', 'I'],
        'z': 'C',
    } | changes


def quote(**changes):
    return {
        'T': 'q',
        'S': 'AAA',
        't': stamp(10**18),
        'bx': 'Z',
        'bp': 139.74,
        'bs': 3,
        'ax': 'Q',
        'ap': 139.77,
        'as': 1,
        'c': ['R'],
        'z': 'C',
    } | changes


def error(code, said):
    return [{'T': 'error', 'code': code, 'msg': said}]


def packs(*messages):
    return msgpack.encode(list(messages))


def life(*frames, key=KEY, stays=True, acknowledges=True):
    """A connection of theirs: hello, key, subscription, then these frames.

    Then it stays, is dropped, or, where `stays` is None, is left as it is.
    """

    async def run(connection, service):
        await connection.send(packs({'T': 'success', 'msg': 'connected'}))
        given = msgpack.decode(await connection.recv())
        service.received.append(given)
        if (given['key'], given['secret']) != (key, SECRET):
            await connection.send(msgpack.encode(error(402, 'auth failed')))
            await connection.wait_closed()
            return
        await connection.send(packs({'T': 'success', 'msg': 'authenticated'}))
        asked = msgpack.decode(await connection.recv())
        service.received.append(asked)
        if acknowledges:
            told = {'bars': [], 'updatedBars': [], 'trades': [], 'quotes': []}
            told |= {name: asked[name] for name in told if name in asked}
            await connection.send(packs({'T': 'subscription'} | told))
        for frame in frames:
            await connection.send(frame)
        if stays:
            await connection.wait_closed()
        elif stays is False:
            connection.transport.abort()

    return run


@contextlib.asynccontextmanager
async def following(*lives, listener=None, subscribed=None, key=KEY):
    listener = listener or feeds.Listener()
    async with streams.serving(*lives) as (url, service):
        source = alpaca_stream.AlpacaSource(
            streaming.Place(
                url=f'{url}/v2/iex',
                policy=wires.Policy(open_s=20, silence_s=100),
            ),
            listener.clock,
            key,
            SECRET,
        )
        stream = source.stream(subscribed or feeds.wanted(), listener.watch())
        try:
            async with contextlib.aclosing(stream):
                yield stream, listener, service
        finally:
            await source.close()


@pytest.fixture
def bars():
    return feeds.minutes(8, ('AAA',))


async def test_it_greets_with_the_key_and_subscribes(bars):
    subscribed = feeds.wanted('AAA', 'BBB', kinds=KINDS)
    async with following(life(packs(bar(bars[0]))), subscribed=subscribed) as (
        stream,
        listener,
        service,
    ):
        assert await feeds.take(stream, 1) == bars[:1]
    assert service.received == [
        {'action': 'auth', 'key': KEY, 'secret': SECRET},
        {
            'action': 'subscribe',
            'bars': ['AAA', 'BBB'],
            'updatedBars': ['AAA', 'BBB'],
            'quotes': ['AAA', 'BBB'],
            'trades': ['AAA', 'BBB'],
        },
    ]
    assert service.paths == ['/v2/iex']
    assert service.headers[0]['Content-Type'] == 'application/msgpack'
    assert listener.states == ['connected', 'closed']


async def test_trades_and_quotes_have_their_nanoseconds():
    subscribed = feeds.wanted('AAA', kinds=('quotes', 'trades'))
    async with following(
        life(packs(trade(), quote())), subscribed=subscribed
    ) as (stream, _, _):
        found = await feeds.take(stream, 2)
    assert found == [
        market.Trade('AAA', 10**18 + 123_456_789, 126.55, 1.0),
        market.Quote('AAA', 10**18, 139.74, 139.77, 3.0, 1.0),
    ]


async def test_a_revised_bar_is_told(bars):
    frame = packs(bar(bars[0]), bar(bars[0], 'u', c=bars[0].low), bar(bars[1]))
    async with following(life(frame)) as (stream, listener, _):
        assert await feeds.take(stream, 2) == bars[:2]
    assert listener.told == ['revised']


async def test_what_nobody_asked_for_is_passed_over(bars):
    frame = packs({'T': 's', 'S': 'AAA', 'sc': 'H'}, bar(bars[0]))
    async with following(life(frame)) as (stream, listener, _):
        assert await feeds.take(stream, 1) == bars[:1]
    assert listener.states == ['connected', 'closed']


async def test_after_a_drop_every_subscription_and_every_bar_is_back(bars):
    lives = (
        life(packs(bar(bars[0])), stays=False),
        life(packs(bar(bars[5])), packs(bar(bars[7]))),
    )
    listener = feeds.Listener(bars[:5])
    async with following(*lives, listener=listener) as (stream, _, service):
        # Of a minute without a trade there is no bar, and no gap.
        assert await feeds.take(stream, 7) == [*bars[:6], bars[7]]
    assert service.received[:2] == service.received[2:]
    assert listener.told == []


async def test_a_bad_key_is_a_no_and_not_tried_again():
    async with following(life(), key='WR0NG') as (stream, listener, service):
        with pytest.raises(
            errors.SourceRefusedError, match='alpaca: 402 auth failed'
        ):
            await feeds.take(stream, 1)
        assert len(service.paths) == 1
    assert listener.states == ['lost', 'closed']


async def test_a_second_connection_is_told_and_tried_again(bars):
    async def refuses(connection, service):
        await connection.send(
            msgpack.encode(error(406, 'connection limit exceeded'))
        )
        await connection.wait_closed()

    lives = refuses, refuses, life(packs(bar(bars[0])))
    async with following(*lives) as (stream, listener, service):
        assert await feeds.take(stream, 1) == bars[:1]
        assert len(service.paths) == 3
    assert listener.changes[0].reason == (
        'alpaca: 406 connection limit exceeded; this account is connected '
        'elsewhere'
    )


@pytest.mark.parametrize('code', alpaca_stream.CODES)
async def test_every_code_has_a_place(code, bars):
    said = msgpack.encode(error(code, f'no {KEY}'))
    lives = life(packs(bar(bars[0])), said), life(packs(bar(bars[1])))
    async with following(*lives) as (stream, listener, _):
        if alpaca_stream.CODES[code] is errors.SourceRefusedError:
            with pytest.raises(errors.SourceRefusedError, match=f'{code} no'):
                await feeds.take(stream, 2)
        else:
            assert await feeds.take(stream, 2) == bars[:2]
    lost = listener.changes[1]
    assert lost.state == 'lost'
    assert f'alpaca: {code} no ***' in lost.reason


async def test_a_subscription_to_less_is_a_no():
    told = packs({'T': 'subscription', 'bars': ['AAA'], 'updatedBars': []})
    async with following(life(told, acknowledges=False)) as (stream, _, _):
        with pytest.raises(
            errors.SourceRefusedError, match='does not give bars of BBB'
        ):
            await feeds.take(stream, 1)


WRONG_TIMES = [
    msgpack.Ext(-1, b'123'),
    msgpack.Ext(5, b'1234'),
    msgpack.Ext(-1, struct.pack('>Iq', 0, -5)),
    msgpack.Ext(-1, struct.pack('>Iq', 10**9, 5)),
    'soon',
    datetime.datetime(2013, 3, 8, tzinfo=datetime.UTC).timestamp(),
]


@pytest.mark.parametrize(
    'wrong',
    [
        {'o': 'x'},
        {'c': None},
        {'S': 'ZZZ'},
        {'S': 5},
        *({'t': each} for each in WRONG_TIMES),
    ],
)
async def test_what_makes_no_sense_is_told_and_left_out(bars, wrong):
    frame = packs(bar(bars[0], **wrong), bar(bars[1]))
    async with following(life(frame)) as (stream, listener, _):
        assert await feeds.take(stream, 1) == [bars[1]]
    assert listener.states == ['connected', 'degraded', 'closed']
    assert 'alpaca: a message makes no sense' in listener.changes[1].reason


DEEP = b'\x91\x82\xa1T\xa1b\xa1x' + b'\x91' * 100_000


@pytest.mark.parametrize(
    'frame', ['[]', b'\xc1', b'\x80', packs('x'), DEEP, b'\x91' * 100_000]
)
async def test_a_frame_that_makes_no_sense_is_told(bars, frame):
    async with following(life(frame, packs(bar(bars[0])))) as (
        stream,
        listener,
        _,
    ):
        assert await feeds.take(stream, 1) == bars[:1]
    assert listener.states == ['connected', 'degraded', 'closed']


@pytest.mark.parametrize(
    'hello',
    ['<html>', b'\xc1', packs({'T': 'success', 'msg': 'what'}), packs(5)],
)
async def test_a_greeting_that_makes_no_sense_is_tried_again(bars, hello):
    lives = streams.says(hello), life(packs(bar(bars[0])))
    async with following(*lives) as (stream, listener, _):
        assert await feeds.take(stream, 1) == bars[:1]
    assert listener.states[:3] == ['lost', 'reconnecting', 'connected']
    assert 'alpaca: a message makes no sense' in listener.changes[0].reason


@pytest.mark.parametrize(
    'data',
    [
        struct.pack('>I', 1_700_000_000),
        struct.pack('>Q', 1_700_000_000),
        struct.pack('>Iq', 0, 1_700_000_000),
    ],
)
async def test_all_ways_to_write_a_time_are_read(data):
    told = trade(t=msgpack.Ext(-1, data))
    async with following(
        life(packs(told)), subscribed=feeds.wanted('AAA', kinds=('trades',))
    ) as (stream, _, _):
        (found,) = await feeds.take(stream, 1)
    assert found.timestamp == 1_700_000_000 * 10**9


@hypothesis.given(hypothesis.strategies.data())
def test_any_message_is_read_or_told_to_make_no_sense(data):
    draw = data.draw
    frame = packs(trade(), quote(), bar(feeds.minutes(1, ('AAA',))[0]))
    at = draw(hypothesis.strategies.integers(0, len(frame)))
    cut = draw(hypothesis.strategies.integers(0, 9))
    new = draw(hypothesis.strategies.binary(max_size=9))
    subscriber = alpaca_stream._Subscriber(
        feeds.wanted('AAA', kinds=KINDS), 'alpaca', KEY, SECRET
    )
    heard = []
    with contextlib.suppress(errors.SourceError):
        heard.extend(subscriber.decode(frame[:at] + new + frame[at + cut :]))
    for message, order, _ in heard:
        assert (message.symbol, order) == ('AAA', 0)
        assert 0 <= message.timestamp < 2**63


async def test_it_has_minutes_only():
    with pytest.raises(errors.SourceRefusedError, match='bars of 1m, not of'):
        async with following(life(), subscribed=feeds.wanted(timeframe='5m')):
            pass


async def test_it_has_no_bars_of_the_past():
    listener = feeds.Listener()
    source = alpaca_stream.AlpacaSource(
        streaming.Place(url='ws://x'), listener.clock, KEY, SECRET
    )
    assert source.capabilities.streams == frozenset(base.Stream)
    assert not source.capabilities.has('1m')
    request = base.Request(symbols=('A',), timeframe='1m', start=0, end=1)
    with pytest.raises(errors.SourceRefusedError, match='name another source'):
        await source.get_bars(request)
