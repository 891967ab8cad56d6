"""Sources over REST: the suite that all pass, and the ways to fail."""

import contextlib
import datetime

from aiohttp import web
import numpy as np
import pytest

from sting.data import table
from sting.data.sources import alphavantage
from sting.data.sources import base
from sting.data.sources import binance
from sting.data.sources import yahoo
from sting.engine import clock
from sting.model import errors
from sting.net import guard
from sting.net import http
from sting.testing import sources
from tests.unit.data.sources import services
from tests.unit.net import servers

pytestmark = pytest.mark.unit

ONCE = guard.Policy(tries=1)
KEY = services.AlphaVantage.key


def made(kind, client, time_source):
    if kind == 'binance':
        return binance.BinanceSource(client, time_source)
    if kind == 'yahoo':
        return yahoo.YahooSource(client, time_source)
    return alphavantage.AlphaVantageSource(client, time_source, KEY)


@contextlib.asynccontextmanager
async def asking(kind, answer, now, policy=ONCE):
    """A source before a service that answers so."""
    service = servers.Service(answer)
    time_source = clock.VirtualClock(now)
    async with servers.serving(service) as url:
        client = http.HttpClient(
            kind, url, time_source, policy=policy, secrets=(KEY,), timeout_s=20
        )
        source = made(kind, client, time_source)
        try:
            yield source, service, time_source
        finally:
            await source.close()


CASES = {
    'binance 1m': ('binance', services.Binance, services.pairs),
    'yahoo 1m': ('yahoo', services.Yahoo, services.stocks),
    'yahoo 1d': ('yahoo', services.Yahoo, services.days),
    'alphavantage 1m': (
        'alphavantage',
        services.AlphaVantage,
        services.stocks,
    ),
    'alphavantage 1d': ('alphavantage', services.AlphaVantage, services.days),
}


@pytest.fixture(params=CASES)
async def case(request):
    kind, service, bars = CASES[request.param]
    known = bars()
    # The last bar of each symbol is open.
    last = int(np.unique(known.timestamp)[-1])
    closed = known.select(end=last - 1)
    async with asking(kind, service(known), last - 10**9) as world:
        source, _, time_source = world
        yield sources.Case(source, closed, time_source, 'ZZZ')


@pytest.mark.parametrize('check', sources.CHECKS, ids=lambda c: c.__name__)
async def test_it_is_a_source(check, case):
    await check(case)


def whole(bars, **changes):
    given = {
        'symbols': ('AAA',),
        'timeframe': bars.timeframe,
        'start': int(bars.timestamp[0]),
        'end': int(bars.timestamp[-1]),
    }
    return base.Request(**(given | changes))


APOLOGIES = {
    'binance': ({'code': 0, 'msg': 'sorry'}, 'Body'),
    'yahoo': ({'chart': None}, 'Body'),
    'alphavantage': ({'Note': 'Thank you for using us. Slower.'}, 'Limited'),
}


@pytest.mark.parametrize('kind', APOLOGIES)
@pytest.mark.parametrize(
    ('answer', 'error'),
    [
        (servers.gives('busy', 500), 'Unavailable'),
        (servers.gives('slow down', 429, **{'Retry-After': '9'}), 'Limited'),
        (servers.gives('<html>Too many</html>', 429), 'Limited'),
        (servers.gives('banned', 418, **{'Retry-After': '600'}), 'Limited'),
        (servers.gives('<html>Sorry</html>'), 'Body'),
        (servers.gives('{"chart": {"result": [{"meta"'), 'Body'),
        (servers.gives(''), 'Body'),
        (servers.gives({}), 'Body'),
        (servers.gives([{'no': 'bar'}]), 'Body'),
        (servers.gives('null'), 'Body'),
        (servers.cut, 'Unavailable'),
        (servers.dropped, 'Unavailable'),
        ('apology', ''),
    ],
)
async def test_no_answer_is_taken_for_bars(kind, answer, error):
    if answer == 'apology':
        body, error = APOLOGIES[kind]
        answer = servers.gives(body)
    bars = services.days(5)
    async with asking(kind, answer, int(bars.timestamp[-1])) as (source, _, _):
        with pytest.raises(errors.SourceError) as caught:
            await source.get_bars(whole(bars))
    assert type(caught.value) is getattr(errors, f'Source{error}Error')
    assert kind in str(caught.value)


@pytest.mark.parametrize('kind', ['binance', 'yahoo', 'alphavantage'])
@pytest.mark.parametrize('ahead', [2, 90])
async def test_a_clock_that_is_ahead_makes_no_bar_closed(kind, ahead):
    known = services.stocks(days=1)
    speaks = {
        'binance': services.Binance,
        'yahoo': services.Yahoo,
        'alphavantage': services.AlphaVantage,
    }[kind](known)
    # By its own clock the last bar closes in a second.
    last = int(known.timestamp[-1])
    theirs = datetime.datetime.fromtimestamp(last // 10**9 - 1, datetime.UTC)

    async def answer(request):
        response = await speaks(request)
        response.headers['Date'] = f'{theirs:%a, %d %b %Y %H:%M:%S} GMT'
        return response

    async with asking(kind, answer, last + (ahead - 1) * 10**9) as (source, *_):
        found = await source.get_bars(whole(known, end=last + 100 * 10**9))
    assert found.timestamp[-1] == last - 60 * 10**9


async def test_a_service_that_comes_back_is_asked_again():
    known = services.pairs(10)
    service = services.Binance(known)
    failures = [servers.gives('oh', 503), servers.dropped]

    async def answer(request):
        return await (failures.pop() if failures else service)(request)

    now = int(known.timestamp[-1])
    async with asking('binance', answer, now, guard.Policy()) as (source, _, _):
        found = await source.get_bars(whole(known))
    assert len(found) == 10


@pytest.mark.parametrize(
    ('row', 'said'),
    [
        ([1, '1', '1', '1', '1', 'x', 2], 'volume has a value that is no'),
        ([1, '1', '1', '1'], 'is no bar'),
        (['1', '1', '1', '1', '1', '1', 2], 'is no bar'),
        ([1, True, '1', '1', '1', '1', 2], 'open has a value that is no'),
    ],
)
async def test_binance_a_bar_that_is_none_is_named(row, said):
    bars = services.pairs(3)
    answer = servers.gives([row])
    now = int(bars.timestamp[-1])
    async with asking('binance', answer, now) as (source, _, _):
        with pytest.raises(errors.SourceBodyError, match=said):
            await source.get_bars(whole(bars))


async def test_binance_a_page_that_repeats_itself_ends():
    known = services.pairs(1000)
    page = await services.Binance(known)(_Query(known))

    async def answer(request):
        return web.Response(body=page.body, content_type='application/json')

    now = int(known.timestamp[-1]) + 10**15
    async with asking('binance', answer, now) as (source, _, _):
        with pytest.raises(errors.SourceBodyError, match='before the last'):
            await source.get_bars(whole(known, end=now))


class _Query:
    """A request for all minutes of a pair."""

    def __init__(self, bars):
        self.query = {
            'symbol': bars.symbols[0],
            'interval': '1m',
            'startTime': '0',
            'endTime': str(10**15),
            'limit': '1000',
        }


def chart(times, **columns):
    """An answer of Yahoo's."""
    quote = {
        name: columns.get(name, [1.0] * len(times))
        for name in ('open', 'high', 'low', 'close', 'volume')
    }
    return {
        'chart': {
            'result': [
                {
                    'meta': {'currency': 'GBp', 'gmtoffset': 0},
                    'timestamp': times,
                    'indicators': {'quote': [quote]},
                }
            ],
            'error': None,
        }
    }


SECOND = services.OPENING // 10**9


async def yahoo_gives(body, **changes):
    request = base.Request(
        symbols=('AAA',),
        timeframe=changes.get('timeframe', '1m'),
        start=services.OPENING,
        end=services.OPENING + 86_400 * 10**9,
    )
    async with asking('yahoo', servers.gives(body), request.end) as world:
        source, service, _ = world
        return await source.get_bars(request), source, service


async def test_yahoo_bars_that_come_twice_are_left_to_the_rules():
    twice = [1.0, 1.0, 1.0]
    body = chart([SECOND, SECOND + 60, SECOND + 60], open=twice)
    bars, _, _ = await yahoo_gives(body)
    assert len(bars) == 3
    assert bars.timestamp[1] == bars.timestamp[2]


async def test_yahoo_the_last_bar_of_a_session_ends_with_it():
    # 19:30, 20:30 (the half hour before the close) and 21:30, after it.
    opens = [SECOND + hours * 3600 for hours in (5, 6, 7)]
    bars, _, _ = await yahoo_gives(chart(opens), timeframe='1h')
    lasted = [3600, 1800, 3600]
    assert bars.timestamp.tolist() == [
        (each + length) * 10**9
        for each, length in zip(opens, lasted, strict=True)
    ]


async def test_yahoo_years_that_the_calendar_lacks_are_told():
    with pytest.raises(errors.SourceBodyError, match='XNYS'):
        await yahoo_gives(chart([7_258_118_400]))


@pytest.mark.parametrize('second', [10**30, 10**12, -(10**18), True])
async def test_yahoo_times_that_cannot_be_are_told(second):
    with pytest.raises(errors.SourceBodyError, match='yahoo: AAA: the time '):
        await yahoo_gives(chart([second], open=[1.0]))


async def test_yahoo_bytes_that_are_no_text_are_told():
    with pytest.raises(errors.SourceBodyError, match='is not JSON'):
        await yahoo_gives(b'{"chart": "\xff"}')


async def test_yahoo_bars_without_any_price_are_none():
    gone = [None, 1.0, None, 1.0]
    body = chart(
        [SECOND, SECOND + 60, SECOND + 120, SECOND + 180],
        open=gone,
        high=gone,
        low=gone,
        close=[None, 1.0, None, None],
        volume=[None, 5, None, 7],
    )
    found, source, _ = await yahoo_gives(body)
    assert (found.timestamp - services.OPENING).tolist() == [
        2 * services.MINUTE,
        4 * services.MINUTE,
    ]
    # A part of a bar is given as it came, for the rules to find.
    assert np.isnan(found.close).tolist() == [False, True]
    assert source.currencies == {'AAA': 'GBp'}


async def test_yahoo_without_timestamps_there_was_no_trade():
    body = chart([])
    del body['chart']['result'][0]['timestamp']
    found, _, _ = await yahoo_gives(body)
    assert len(found) == 0


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (lambda r: r.pop('meta'), 'no meta'),
        (lambda r: r.pop('indicators'), 'lacks prices'),
        (lambda r: r['indicators']['quote'][0].pop('low'), 'lacks prices'),
        (lambda r: r.update(timestamp='soon'), 'no list of seconds'),
        (lambda r: r.update(timestamp=[1.5]), 'the time 1.5 is no number'),
        (lambda r: r['timestamp'].append(5), '3 times, but 2 values of open'),
        (
            lambda r: r['indicators']['quote'][0].update(low='x'),
            'prices are no lists',
        ),
    ],
)
async def test_yahoo_what_is_missing_is_named(change, said):
    body = chart([SECOND, SECOND + 60])
    change(body['chart']['result'][0])
    with pytest.raises(errors.SourceBodyError, match=f'yahoo: AAA: .*{said}'):
        await yahoo_gives(body)


async def test_yahoo_a_day_that_is_no_session_is_told():
    # A Saturday.
    body = chart([SECOND + 86_400])
    with pytest.raises(
        errors.SourceBodyError, match='2013-03-09 is no session'
    ):
        await yahoo_gives(body, timeframe='1d')


async def test_yahoo_long_requests_are_cut_and_put_together():
    known = services.stocks(9, every=30)
    last = int(known.timestamp[-1])
    async with asking('yahoo', services.Yahoo(known), last) as world:
        source, service, _ = world
        found = await source.get_bars(whole(known))
        assert found.of('AAA').digest() == known.of('AAA').digest()
    assert len(service.requests) == 2


async def test_yahoo_the_later_answer_has_the_say_where_two_overlap():
    first = table.BarTable.single(
        'A', '1m', [1, 2, 3], dict.fromkeys(binance._COLUMNS, [1.0] * 3)
    )
    second = table.BarTable.single(
        'A', '1m', [3, 4], dict.fromkeys(binance._COLUMNS, [2.0] * 2)
    )
    merged = yahoo._merged([first, second])
    assert merged.timestamp.tolist() == [1, 2, 3, 4]
    assert merged.close.tolist() == [1.0, 1.0, 2.0, 2.0]


def series(**changes):
    """An answer of Alpha Vantage's."""
    bar = {
        f'{at}. {name}': '1.0'
        for at, name in enumerate(
            ('open', 'high', 'low', 'close', 'volume'), start=1
        )
    }
    return {
        'Meta Data': {'6. Time Zone': 'US/Eastern'},
        'Time Series (1min)': {'2013-03-08 09:30:00': bar},
    } | changes


async def alphavantage_gives(body, **changes):
    request = base.Request(
        symbols=('AAA',),
        timeframe='1m',
        start=services.OPENING,
        end=services.OPENING + 86_400 * 10**9,
    )
    answer = servers.gives(body)
    async with asking('alphavantage', answer, request.end) as world:
        return await world[0].get_bars(request)


async def test_alphavantage_times_are_the_exchanges():
    found = await alphavantage_gives(series())
    assert found.timestamp.tolist() == [services.OPENING + services.MINUTE]


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'Meta Data': {}}, "'' is no time zone"),
        ({'Meta Data': {'6. Time Zone': 'US/Moon'}}, "'US/Moon' is no time"),
        ({'Time Series (1min)': {'soon': {}}}, 'a time in it is none'),
        (
            {'Time Series (1min)': {'2013-03-08 09:30:00': {'1. open': '1'}}},
            "a bar lacks '2. high'",
        ),
        ({'Time Series (1min)': []}, 'no time series'),
        ({'Meta Data': None}, 'no time series'),
    ],
)
async def test_alphavantage_what_makes_no_sense_is_named(changes, said):
    with pytest.raises(errors.SourceBodyError, match=said):
        await alphavantage_gives(series(**changes))


@pytest.mark.parametrize(
    ('body', 'kind'),
    [
        ({'Note': 'slower, K3Y-OF-MINE'}, errors.SourceLimitedError),
        ({'Information': 'key K3Y-OF-MINE'}, errors.SourceLimitedError),
        ({'Error Message': 'no K3Y-OF-MINE'}, errors.SourceRefusedError),
    ],
)
async def test_alphavantage_a_refusal_never_tells_the_key(body, kind):
    with pytest.raises(kind) as caught:
        await alphavantage_gives(body)
    assert KEY not in str(caught.value)
    assert '***' in str(caught.value)


async def test_alphavantage_minutes_are_asked_for_by_month():
    known = services.stocks(2)
    service = services.AlphaVantage(known)
    last = int(known.timestamp[-1])
    async with asking('alphavantage', service, last) as (source, seen, _):
        start = last - int(datetime.timedelta(days=40).total_seconds()) * 10**9
        await source.get_bars(whole(known, start=start))
    months = [query['month'] for _, query, _ in seen.requests]
    assert months == ['2013-01', '2013-02', '2013-03']


def events(splits=(), dividends=()):
    """Events as the service writes them."""
    return {
        'splits': {
            str(at): {
                'date': at,
                'numerator': new,
                'denominator': old,
                'splitRatio': f'{new}:{old}',
            }
            for at, new, old in splits
        },
        'dividends': {
            str(at): {'date': at, 'amount': amount} for at, amount in dividends
        },
    }


# The openings of three sessions in New York, seconds.
JUNE, AUGUST, MARCH = 1_402_320_600, 1_598_880_600, 1_362_753_000


async def yahoo_tells(given):
    service = services.Yahoo(services.days(5))
    service.events['AAA'] = given
    async with asking('yahoo', service, (AUGUST + 9**7) * 10**9) as world:
        source, served, _ = world
        found = await source.get_actions(('AAA', 'AAA', 'BBB'), 10**18)
    return found, served


async def test_yahoo_dividends_are_those_of_a_unit_of_their_day():
    given = events(
        [(AUGUST, 4, 1), (JUNE, 7, 1)],
        [(MARCH, 0.094643), (JUNE, 0.1175), (AUGUST, 0.205)],
    )
    found, served = await yahoo_tells(given)
    assert [(str(each.day), each.kind.value, each.value) for each in found] == [
        ('2013-03-08', 'dividend', 2.650004),
        ('2014-06-09', 'split', 7.0),
        ('2014-06-09', 'dividend', 0.47),
        ('2020-08-31', 'split', 4.0),
        ('2020-08-31', 'dividend', 0.205),
    ]
    assert {each.symbol for each in found} == {'AAA'}
    assert [path for path, _, _ in served.requests] == [
        yahoo.PATH + name for name in ('AAA', 'BBB')
    ]


@pytest.mark.parametrize(
    'given',
    [
        {'splits': []},
        {'splits': {'1': None}},
        events([(AUGUST, 4, 0)]),
        events([(AUGUST, None, 1)]),
        events((), [(AUGUST, -0.5)]),
        events((), [('x', 0.5)]),
    ],
)
async def test_yahoo_events_that_make_no_sense_are_told(given):
    with pytest.raises(errors.SourceBodyError, match='yahoo: AAA: '):
        await yahoo_tells(given)


async def test_yahoo_without_an_offset_no_day_is_known():
    body = {'chart': {'result': [{'meta': {}}], 'error': None}}
    async with asking('yahoo', servers.gives(body), 2 * 10**18) as world:
        with pytest.raises(errors.SourceBodyError, match='no gmtoffset'):
            await world[0].get_actions(('AAA',), 10**18)


async def test_yahoo_without_events_there_were_none():
    found, _ = await yahoo_tells({})
    assert found == ()


async def test_a_source_without_actions_says_so():
    bars = services.pairs(5)
    async with asking('binance', services.Binance(bars), 10**18) as world:
        assert not world[0].capabilities.actions
        with pytest.raises(errors.SourceRefusedError, match='no corporate'):
            await world[0].get_actions(('AAA',), 0)
