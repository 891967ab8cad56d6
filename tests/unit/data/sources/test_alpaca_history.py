"""Alpaca's bars of the past: the suite that all pass, and the ways to fail."""

import asyncio
import contextlib
import sys

from aiohttp import web
import numpy as np
import pytest

from sting.data.sources import alpaca_history
from sting.data.sources import alpaca_stream
from sting.data.sources import base
from sting.data.sources import streaming
from sting.engine import clock
from sting.model import errors
from sting.net import guard
from sting.net import wires
from sting.testing import sources
from tests.unit.data.sources import feeds
from tests.unit.data.sources import services
from tests.unit.data.sources import test_alpaca_stream as streamed
from tests.unit.net import servers
from tests.unit.net import streams

pytestmark = pytest.mark.unit

ONCE = guard.Policy(tries=1)
# After all bars.
LATER = 2 * 10**18
KEY, SECRET = services.Alpaca.key, services.Alpaca.secret


@contextlib.asynccontextmanager
async def asking(answer, now, policy=ONCE, **changes):
    """A source before a service that answers so."""
    service = servers.Service(answer)
    time_source = clock.VirtualClock(now)
    given = {'key': KEY, 'secret': SECRET, 'timeout_s': 20} | changes
    async with servers.serving(service) as url:
        history = alpaca_history.AlpacaHistory(
            given.pop('url', url), time_source, policy=policy, **given
        )
        source = alpaca_stream.AlpacaSource(
            None, time_source, KEY, SECRET, history=history
        )
        try:
            yield source, service, time_source
        finally:
            await source.close()


def whole(bars, **changes):
    given = {
        'symbols': ('AAA',),
        'timeframe': bars.timeframe,
        'start': int(bars.timestamp[0]),
        'end': int(bars.timestamp[-1]),
    }
    return base.Request(**(given | changes))


@pytest.fixture(params=[services.stocks, services.days])
async def case(request):
    known = request.param()
    # The last bar of each symbol is open.
    last = int(np.unique(known.timestamp)[-1])
    closed = known.select(end=last - 1)
    service = services.Alpaca(known, page=200)
    async with asking(service, last - 10**9) as (source, _, time_source):
        yield sources.Case(source, closed, time_source, 'ZZZ')


@pytest.mark.parametrize('check', sources.CHECKS, ids=lambda c: c.__name__)
async def test_it_is_a_source(check, case):
    await check(case)


async def test_after_a_sign_of_life_it_is_asked_again_at_once():
    known = services.days(5)
    works = services.Alpaca(known)
    resting = guard.Policy(tries=1, threshold=1, rest_s=3600.0)
    async with asking(
        servers.gives('', 503), int(known.timestamp[-1]), resting
    ) as (source, service, _):
        for _ in range(2):
            with pytest.raises(errors.SourceUnavailableError):
                await source.get_bars(whole(known))
        service.answers = [works]
        source.wake()
        assert len(await source.get_bars(whole(known))) == 5


async def test_it_asks_as_is_configured():
    known = services.days(5)
    last = int(known.timestamp[-1])
    async with asking(services.Alpaca(known), last, feed='sip') as world:
        source, service, _ = world
        await source.get_bars(whole(known))
    (path, query, headers), *more = service.requests
    assert not more
    assert path == '/v2/stocks/bars'
    assert query == {
        'symbols': 'AAA',
        'timeframe': '1Day',
        'start': '2011-05-31T20:00:00Z',
        'end': '2011-06-07T20:00:00Z',
        'limit': '10000',
        'adjustment': 'raw',
        'feed': 'sip',
        'sort': 'asc',
    }
    assert headers['APCA-API-KEY-ID'] == KEY


async def test_a_symbol_that_is_there_is_looked_up_once():
    known = services.pairs(5)
    stamp = int(known.timestamp[0])
    service = services.Alpaca(known)
    async with asking(service, int(known.timestamp[-1])) as world:
        source, seen, _ = world
        for _ in range(2):
            nothing = whole(known, start=stamp - 9, end=stamp - 1)
            assert len(await source.get_bars(nothing)) == 0
    assert [path for path, _, _ in seen.requests] == [
        '/v2/stocks/bars',
        '/v2/stocks/bars/latest',
        '/v2/stocks/bars',
    ]


@pytest.mark.parametrize(
    ('answer', 'error'),
    [
        (servers.gives('busy', 500), 'Unavailable'),
        (servers.gives('<html>gateway</html>', 504), 'Unavailable'),
        (servers.gives('soon', 503, **{'Retry-After': '9'}), 'Limited'),
        (servers.gives('slow down', 429, **{'Retry-After': '9'}), 'Limited'),
        (servers.gives('<html>Too many</html>', 429), 'Limited'),
        (servers.gives({'message': 'forbidden.'}, 403), 'Refused'),
        (servers.gives({'message': 'invalid symbol'}, 400), 'Refused'),
        (servers.gives('', 401), 'Refused'),
        (servers.gives('moved', 301, Location='/'), 'Body'),
        (servers.gives('<html>Sorry</html>'), 'Body'),
        (servers.gives('{"bars": {"AAA": [{"t"'), 'Body'),
        (servers.gives('[' * 200_000), 'Body'),
        (servers.gives(''), 'Body'),
        (servers.gives({}), 'Body'),
        (servers.gives([{'no': 'bar'}]), 'Body'),
        (servers.gives('null'), 'Body'),
        (servers.cut, 'Unavailable'),
        (servers.dropped, 'Unavailable'),
    ],
)
async def test_no_answer_is_taken_for_bars(answer, error):
    bars = services.days(5)
    async with asking(answer, int(bars.timestamp[-1])) as (source, service, _):
        with pytest.raises(errors.SourceError) as caught:
            await source.get_bars(whole(bars))
    assert type(caught.value) is getattr(errors, f'Source{error}Error')
    assert str(caught.value).startswith('alpaca')
    # The SDK does not try again behind our back.
    assert len(service.requests) == 1


async def test_a_service_that_comes_back_is_asked_again():
    known = services.pairs(10)
    service = services.Alpaca(known)
    failures = [
        servers.gives('oh', 504),
        servers.gives('slow', 429, **{'Retry-After': '7'}),
        servers.dropped,
    ]

    async def answer(request):
        return await (failures.pop() if failures else service)(request)

    now = int(known.timestamp[-1])
    async with asking(answer, now, guard.Policy()) as world:
        source, _, time_source = world
        assert len(await source.get_bars(whole(known))) == 10
    assert time_source.now() >= now + 7 * 10**9


async def test_each_page_is_tried_again_by_itself():
    known = services.pairs(10)
    service = services.Alpaca(known, page=4)
    asked = []

    async def answer(request):
        asked.append(request.query.get('page_token'))
        if len(asked) == 2:
            return web.Response(status=500)
        return await service(request)

    now = int(known.timestamp[-1])
    async with asking(answer, now, guard.Policy()) as (source, _, _):
        assert len(await source.get_bars(whole(known))) == 10
    assert asked == [None, 'AAA|4', 'AAA|4', 'AAA|8']


@pytest.mark.parametrize(
    ('headers', 'wait'),
    [
        ({'Retry-After': '600'}, 600),
        ({'X-Ratelimit-Reset': '1362753090'}, 90),
        ({'X-Ratelimit-Reset': 'soon'}, None),
    ],
)
async def test_how_long_to_wait_is_read(headers, wait):
    answer = servers.gives({'message': 'too many requests.'}, 429, **headers)
    async with asking(answer, services.OPENING) as (source, _, _):
        with pytest.raises(errors.SourceLimitedError, match='too many') as met:
            await source.get_bars(whole(services.pairs(1), start=0))
    assert met.value.wait_s == wait


async def test_a_refusal_never_tells_the_key():
    said = {'message': f'no {KEY} {SECRET}'}
    async with asking(servers.gives(said, 401), LATER) as (source, _, _):
        with pytest.raises(errors.SourceRefusedError) as caught:
            await source.get_bars(whole(services.pairs(1)))
    assert KEY not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert 'HTTP 401: {"message": "no *** ***"}' in str(caught.value)


@pytest.mark.parametrize('key', ['kлюч', 'k\ney', ' key'])
async def test_a_key_that_is_none_is_told_without_it(key):
    known = services.pairs(1)
    async with asking(services.Alpaca(known), LATER, key=key) as world:
        with pytest.raises(errors.SourceRefusedError) as caught:
            await world[0].get_bars(whole(known))
    assert str(caught.value) == 'alpaca: its key has characters that no key has'


@pytest.mark.parametrize('url', ['nowhere', 'ftp://x', 'http://x:port'])
async def test_an_address_that_is_none_is_told(url):
    known = services.pairs(1)
    async with asking(servers.dropped, LATER, url=url) as (source, _, _):
        with pytest.raises(errors.ConfigError, match=f'{url} is no address'):
            await source.get_bars(whole(known))


async def test_a_service_that_is_not_there_is_told_with_the_cause():
    known = services.pairs(1)
    url = 'http://127.0.0.1:9'
    async with asking(servers.dropped, LATER, url=url) as (source, _, _):
        with pytest.raises(errors.SourceUnavailableError, match='refused'):
            await source.get_bars(whole(known))


async def test_an_answer_that_never_comes_is_not_waited_for():
    known = services.pairs(1)
    ends = asyncio.Event()

    async def silent(request):
        await ends.wait()
        return web.Response()

    async with asking(silent, LATER, timeout_s=0.2) as (source, _, _):
        with pytest.raises(
            errors.SourceUnavailableError, match=r'within 0\.2 s'
        ):
            await source.get_bars(whole(known))
        ends.set()


async def test_without_the_sdk_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'alpaca.data.historical', None)
    known = services.pairs(1)
    async with asking(services.Alpaca(known), LATER) as (source, _, _):
        with pytest.raises(errors.SourceRefusedError) as caught:
            await source.get_bars(whole(known))
    assert str(caught.value) == (
        'alpaca: bars of the past need the package alpaca-py; install '
        'sting[alpaca]'
    )


def answered(*changed, **changes):
    """An answer with two bars."""
    row = {'o': 1, 'h': 2.5, 'l': 1, 'c': 2, 'v': 7, 'n': 1, 'vw': 1.5}
    page = [
        row | {'t': f'2013-03-08T14:3{at}:00Z'} | dict(changed) for at in (0, 1)
    ]
    return {'bars': {'AAA': page}, 'next_page_token': None} | changes


async def gives(body, timeframe='1m'):
    request = base.Request(
        symbols=('AAA',),
        timeframe=timeframe,
        start=services.OPENING,
        end=services.OPENING + 86_400 * 10**9,
    )
    async with asking(servers.gives(body), request.end) as (source, _, _):
        return await source.get_bars(request)


async def test_a_bar_is_stamped_with_its_close():
    found = await gives(answered())
    assert (found.timestamp - services.OPENING).tolist() == [
        services.MINUTE,
        2 * services.MINUTE,
    ]
    assert found.high.tolist() == [2.5, 2.5]
    assert found.volume.tolist() == [7, 7]


@pytest.mark.parametrize(
    ('body', 'said'),
    [
        (answered(bars=[]), 'no list of bars'),
        (answered(bars={'AAA': 'none'}), 'no list of bars'),
        (answered(bars={'AAA': [None]}), 'None is no bar'),
        (answered(bars={'AAA': [{'t': 'x'}]}), 'is no bar'),
        (answered(bars={'AAA': [], 'BBB': []}), 'bars of others'),
        (answered(('t', 'soon')), 'the time soon is none'),
        (answered(('t', 5)), 'the time 5 is none'),
        (answered(('t', '2013-03-08T14:30:00')), 'the time 2013.* is none'),
        (answered(('t', '0001-01-01T00:00:00Z')), 'the time .* cannot be'),
        (answered(('c', 'x')), 'close has a value that is no number'),
        (answered(('v', True)), 'volume has a value that is no number'),
        (answered(next_page_token=5), 'its pages do not end'),
        (answered(next_page_token='again'), 'its pages do not end'),
    ],
)
async def test_what_makes_no_sense_is_named(body, said):
    with pytest.raises(errors.SourceBodyError, match=f'alpaca: AAA: .*{said}'):
        await gives(body)


async def test_a_day_that_is_no_session_is_told():
    with pytest.raises(errors.SourceBodyError, match='03-09 is no session'):
        await gives(answered(('t', '2013-03-09T05:00:00Z')), '1d')


async def test_a_stretch_of_which_the_service_says_null_has_no_bars():
    nothing = {'bars': None, 'next_page_token': None}
    latest = {'bars': {'AAA': {'t': '2013-03-08T14:30:00Z', 'c': 1}}}
    service = servers.Service(servers.gives(nothing), servers.gives(latest))
    async with asking(service.handle, LATER) as (source, _, _):
        assert len(await source.get_bars(whole(services.pairs(1)))) == 0


async def test_what_its_stream_missed_is_asked_of_it():
    bars = feeds.minutes(6, ('AAA',))
    listener = feeds.Listener(now=bars[-1].timestamp + 1)
    lives = (
        streamed.life(streamed.packs(streamed.bar(bars[0])), stays=False),
        streamed.life(streamed.packs(streamed.bar(bars[5]))),
    )
    service = servers.Service(services.Alpaca(services.pairs(6)))
    async with (
        servers.serving(service) as base_url,
        streams.serving(*lives) as (url, _),
    ):
        history = alpaca_history.AlpacaHistory(
            base_url, listener.clock, KEY, SECRET, policy=ONCE, timeout_s=20
        )
        source = alpaca_stream.AlpacaSource(
            streaming.Place(
                url=url, policy=wires.Policy(open_s=20, silence_s=100)
            ),
            listener.clock,
            streamed.KEY,
            streamed.SECRET,
            history=history,
        )
        assert source.capabilities.has('1m')
        stream = source.stream(feeds.wanted('AAA'), listener.watch(False))
        try:
            async with contextlib.aclosing(stream):
                assert await feeds.take(stream, 6) == bars
        finally:
            await source.close()
    assert service.requests


async def test_without_an_address_of_streams_it_has_none():
    known = services.pairs(1)
    async with asking(services.Alpaca(known), LATER) as (source, _, _):
        assert source.capabilities.streams == frozenset()
        with pytest.raises(errors.SourceRefusedError, match='no stream'):
            source.stream(feeds.wanted(), feeds.Listener().watch())
