"""Every way in which a service fails, through the manager: no wrong bar."""

import asyncio
import contextlib
import json

from aiohttp import web
import pytest

from sting.data import cache
from sting.data import manager
from sting.data import store
from sting.data.sources import alphavantage
from sting.data.sources import binance
from sting.data.sources import yahoo
from sting.engine import clock
from sting.net import guard
from sting.net import http
from tests.unit.data.sources import services
from tests.unit.net import servers

pytestmark = pytest.mark.unit

ONCE = guard.Policy(tries=1)
KEY = services.AlphaVantage.key


def changed(service, change):
    """A service whose answers are changed before they are sent."""

    async def answer(request):
        body = (await service(request)).text
        return web.Response(text=change(body), content_type='application/json')

    return answer


@contextlib.asynccontextmanager
async def asking(
    folder,
    first,
    second,
    now,
    calendar='24/7',
    kinds=('binance',) * 2,
    patience_s=20.0,
):
    """A manager over two services that answer so."""
    time_source = clock.VirtualClock(now)
    async with contextlib.AsyncExitStack() as stack:
        sources = []
        for name, kind, answer, timeout_s in zip(
            ('first', 'second'),
            kinds,
            (first, second),
            (patience_s, 20.0),
            strict=True,
        ):
            service = servers.Service(answer)
            url = await stack.enter_async_context(servers.serving(service))
            client = http.HttpClient(
                name, url, time_source, policy=ONCE, timeout_s=timeout_s
            )
            sources.append(made(kind, client, time_source, name))
        made_manager = manager.DataManager(
            sources,
            cache.DataCache(
                store.BarStore(folder), time_source, calendar=calendar
            ),
            time_source,
            calendar=calendar,
        )
        try:
            yield made_manager
        finally:
            await made_manager.close()


def made(kind, client, time_source, name):
    if kind == 'binance':
        return binance.BinanceSource(client, time_source, name)
    if kind == 'yahoo':
        return yahoo.YahooSource(client, time_source, name=name)
    return alphavantage.AlphaVantageSource(client, time_source, KEY, name=name)


PAIRS = services.pairs(30)
CLOSES = PAIRS.of('AAA').close.tolist()
OFTEN = f'"{CLOSES[7]:.8f}"'

FAILURES = {
    'HTTP 500': servers.gives('busy', 500),
    'HTTP 429': servers.gives('slow', 429, **{'Retry-After': '9'}),
    'HTTP 418': servers.gives('banned', 418, **{'Retry-After': '600'}),
    'HTTP 404': servers.gives({'msg': 'no such symbol'}, 404),
    'HTML': servers.gives('<html>Sorry</html>'),
    'an apology': servers.gives({'code': 0, 'msg': 'sorry'}),
    'cut off': servers.gives('[[1362753060000, "1.0"'),
    'truncated': servers.cut,
    'dropped': servers.dropped,
    'empty': servers.gives(''),
    'null': servers.gives('null'),
    'bars that are none': servers.gives([{'no': 'bar'}]),
    'columns missing': servers.gives([[1, '1', '1', '1']]),
    'a price that is null': changed(
        services.Binance(PAIRS), lambda text: text.replace(OFTEN, 'null')
    ),
    'a price that is no number': changed(
        services.Binance(PAIRS), lambda text: text.replace(OFTEN, '"NaN"')
    ),
    'a price below zero': changed(
        services.Binance(PAIRS), lambda text: text.replace(OFTEN, '"-1.0"')
    ),
    'a price that jumps': changed(
        services.Binance(PAIRS),
        lambda text: text.replace(OFTEN, f'"{CLOSES[7] * 50:.8f}"'),
    ),
    'bars twice': changed(
        services.Binance(PAIRS),
        lambda text: text.replace(']]', '],' + text.split('],')[-2] + ']]'),
    ),
}


@pytest.mark.parametrize('failure', FAILURES)
async def test_the_second_source_is_taken_and_the_switch_told(
    failure, tmp_path
):
    good = services.Binance(PAIRS)
    now = int(PAIRS.timestamp[-1])
    async with asking(tmp_path, FAILURES[failure], good, now) as data:
        found = await data.get_historical_data(
            ('AAA', 'BBB'), '1m', int(PAIRS.timestamp[0]), now
        )
    assert found.bars.of('AAA').digest() == PAIRS.of('AAA').digest()
    assert found.sources['AAA'] == 'second'
    assert ('AAA', 'switched') in [(i.symbol, i.issue) for i in found.issues]
    for issue in found.issues:
        assert issue.detail.startswith('second gives its bars now: first')


async def test_newest_first_is_put_in_order(tmp_path):
    def reverse(text):
        return json.dumps(json.loads(text)[::-1])

    service = services.Binance(PAIRS)
    now = int(PAIRS.timestamp[-1])
    async with asking(
        tmp_path,
        changed(service, reverse),
        service,
        now,
    ) as data:
        found = await data.get_historical_data(
            ('AAA',), '1m', int(PAIRS.timestamp[0]), now
        )
    assert found.bars.digest() == PAIRS.of('AAA').digest()
    assert found.issues == ()


async def test_bars_of_a_wrong_time_zone_are_not_taken(tmp_path):
    bars = services.stocks(2)
    wrong = changed(
        services.AlphaVantage(bars),
        lambda text: text.replace('US/Eastern', 'US/Pacific'),
    )
    now = int(bars.timestamp[-1])
    async with asking(
        tmp_path,
        wrong,
        services.Yahoo(bars),
        now,
        'XNYS',
        ('alphavantage', 'yahoo'),
    ) as data:
        found = await data.get_historical_data(
            ('AAA',), '1m', int(bars.timestamp[0]), now
        )
    assert found.bars.digest() == bars.of('AAA').digest()
    (issue,) = found.issues
    assert issue.issue == 'switched'
    assert 'is the time zone wrong?' in issue.detail


async def test_where_both_fail_nothing_wrong_is_given(tmp_path):
    now = int(PAIRS.timestamp[-1])
    async with asking(
        tmp_path,
        FAILURES['HTML'],
        FAILURES['dropped'],
        now,
    ) as data:
        found = await data.get_historical_data(
            ('AAA',), '1m', int(PAIRS.timestamp[0]), now
        )
    assert len(found.bars) == 0
    (issue,) = found.issues
    assert issue.issue == 'stale'
    assert 'first' in issue.detail
    assert 'second' in issue.detail


async def test_a_service_that_says_nothing_is_left(tmp_path):
    ends = asyncio.Event()

    async def never(request):
        await ends.wait()
        return web.Response()

    now = int(PAIRS.timestamp[-1])
    good = services.Binance(PAIRS)
    async with asking(tmp_path, never, good, now, patience_s=0.3) as data:
        found = await data.get_historical_data(
            ('AAA',), '1m', int(PAIRS.timestamp[0]), now
        )
        ends.set()
    assert found.bars.digest() == PAIRS.of('AAA').digest()
    assert 'no answer within 0.3 s' in found.issues[0].detail
