"""Bars of Interactive Brokers, of a small TWS on loopback."""

import asyncio
import contextlib
import datetime
import threading

import numpy as np
import pytest

from sting import settings
from sting.data.sources import base
from sting.data.sources import ibkr
from sting.data.sources import ibkr_link
from sting.data.sources import registry
from sting.engine import clock
from sting.model import errors
from sting.net import guard
from sting.net import ib
from sting.net import loops
from sting.testing import sources
from tests.unit.data.sources import services
from tests.unit.data.sources import tws

pytestmark = pytest.mark.unit

ONCE = guard.Policy(tries=1)


def gateway(port, **changes):
    given = {
        'host': '127.0.0.1',
        'port': port,
        'client_id': 71,
        'timeout_s': 20.0,
        'calendar': 'XNYS',
    }
    return settings.Gateway(**(given | changes))


@contextlib.asynccontextmanager
async def asking(bars, policy=ONCE, now=None, **changes):
    """A source before a gateway that has the bars."""
    there = tws.Tws(bars)
    time_source = clock.VirtualClock(int(now or bars.timestamp[-1]))
    async with tws.serving(there) as port:
        source = ibkr.IbkrSource(
            gateway(port, **changes), time_source, policy=policy
        )
        try:
            yield source, there, time_source
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


KNOWN = {
    'minutes': services.stocks,
    'half hours': services.halves,
    'days': services.days,
}


@pytest.fixture(params=KNOWN)
async def case(request):
    known = KNOWN[request.param]()
    # The last bar of each symbol is open.
    last = int(known.timestamp[-1])
    closed = known.select(end=last - 1)
    async with asking(known, now=last - 10**9) as (source, _, time_source):
        yield sources.Case(source, closed, time_source, 'ZZZ')


@pytest.mark.parametrize('check', sources.CHECKS, ids=lambda c: c.__name__)
async def test_it_is_a_source(check, case):
    await check(case)


async def test_bars_that_come_newest_first_are_in_order():
    bars = services.stocks()
    async with asking(bars) as (source, there, _):
        there.newest_first = True
        found = await source.get_bars(whole(bars))
    assert np.array_equal(tws.columns(found), tws.columns(bars.of('AAA')))


async def test_a_request_says_what_is_configured():
    bars = services.stocks(1)
    async with asking(bars, exchange='NYSE', currency='CAD') as world:
        source, there, _ = world
        await source.get_bars(whole(bars))
    (asked,) = there.asked
    assert (asked.kind, asked.exchange, asked.currency) == (
        'STK',
        'NYSE',
        'CAD',
    )
    assert (asked.regular, asked.what, asked.form) == ('1', 'TRADES', '2')
    assert there.clients == [71]


@pytest.mark.parametrize(
    ('bars', 'count', 'duration'),
    [
        (services.stocks(1), 390, '23400 S'),
        (services.stocks(1), 1, '60 S'),
        (services.stocks(3), 500, '1 D'),
        (services.halves(10), 100, '1 M'),
        (services.days(20), 1, '2 D'),
        (services.days(400), 400, '1 Y'),
    ],
)
async def test_it_asks_no_further_back_than_needed(bars, count, duration):
    bars = bars.of('AAA')
    async with asking(bars) as (source, there, _):
        start = int(bars.timestamp[-count])
        found = await source.get_bars(whole(bars, start=start))
    assert len(found) == count
    assert there.asked[0].duration == duration


async def test_stretches_without_bars_are_passed_over():
    bars = services.days(900).of('AAA')
    places = np.arange(len(bars))
    known = bars.take(np.flatnonzero((places < 20) | (places >= 880)))
    async with asking(known) as (source, there, _):
        found = await source.get_bars(whole(bars))
    assert np.array_equal(tws.columns(found), tws.columns(known))
    # Newest, three years without any, and what is left.
    assert len(there.asked) == 5


async def test_one_connection_serves_many_at_once():
    bars = services.stocks(1)
    async with asking(bars) as (source, there, _):
        last = whole(bars, start=int(bars.timestamp[-1]))
        found = await asyncio.gather(
            *(source.get_bars(last) for _ in range(20))
        )
    assert {len(each) for each in found} == {1}
    assert there.clients == [71]


@pytest.mark.parametrize(
    ('code', 'said', 'kind'),
    [
        (162, 'query cancelled', 'Unavailable'),
        (162, 'No market data permissions for NYSE STK', 'Refused'),
        (200, 'The contract description is ambiguous', 'Refused'),
        (321, 'Error validating request', 'Refused'),
        (354, 'Requested market data is not subscribed', 'Refused'),
        (366, 'No historical data query found for ticker', 'Unavailable'),
        (504, 'Not connected', 'Unavailable'),
        (100, 'Max rate of messages', 'Limited'),
        (162, 'Historical data request pacing violation', 'Limited'),
    ],
)
async def test_an_error_is_one_of_ours_in_its_words(code, said, kind):
    bars = services.stocks(1)
    async with asking(bars) as (source, there, _):
        there.answers = [tws.fails(code, said)]
        with pytest.raises(errors.SourceError) as caught:
            await source.get_bars(whole(bars))
    assert type(caught.value) is getattr(errors, f'Source{kind}Error')
    assert str(caught.value) == f'ibkr: AAA: error {code}: {said}'


async def test_a_pacing_violation_says_how_long_to_wait():
    bars = services.stocks(1)
    async with asking(bars, guard.Policy()) as (source, there, _):
        there.answers = [tws.fails(162, 'pacing violation')]
        with pytest.raises(errors.SourceLimitedError) as caught:
            await source.get_bars(whole(bars))
        assert caught.value.wait_s == 600
        # Nobody asks again before that.
        with pytest.raises(errors.SourceLimitedError, match='600 s more'):
            await source.get_bars(whole(bars))
    assert len(there.asked) == 1


@pytest.mark.parametrize(
    ('fields', 'said'),
    [
        ((1, 1362753000, 'x', 1, 1, 1, 1, 1, 1), 'could not convert'),
        ((2, 1362753000, 1, 1, 1, 1, 1, 1, 1), 'it ends too early'),
        (('many',), 'invalid literal'),
        ((1, 'yesterday', 1, 1, 1, 1, 1, 1, 1), 'does not match'),
        ((1, '20130308 09:30:00 Mars/City', *[1] * 7), 'Mars/City'),
        ((1, '20130308  09:30:00', *[1] * 7), 'without a time zone'),
        ((1, '20130308', *[1] * 7), 'a day and no moment'),
        ((1, 99999999999, *[1] * 7), 'cannot be'),
    ],
)
async def test_bars_that_make_no_sense_are_told(fields, said):
    bars = services.stocks(1)
    async with asking(bars) as (source, there, _):
        there.answers = [tws.says(*fields)]
        with pytest.raises(errors.SourceBodyError, match=said):
            await source.get_bars(whole(bars))
        # The connection is as good as before.
        assert len(await source.get_bars(whole(bars))) == 390
    assert there.clients == [71]


@pytest.mark.parametrize(
    ('written', 'said'),
    [
        (1362753000, 'a bar of a day has a moment'),
        ('20130309', 'is no session of XNYS'),
    ],
)
async def test_days_that_are_none_are_told(written, said):
    bars = services.days(5)
    async with asking(bars) as (source, there, _):
        there.answers = [tws.says(1, written, *[1] * 7)]
        with pytest.raises(errors.SourceBodyError, match=said):
            await source.get_bars(whole(bars))


async def test_moments_of_a_time_zone_are_read():
    bars = services.stocks(1)
    answer = tws.says(1, '20130308 09:30:00 US/Eastern', *[1] * 7)
    async with asking(bars) as (source, there, _):
        there.answers = [answer]
        found = await source.get_bars(whole(bars))
    assert int(found.timestamp[0]) == int(bars.timestamp[0])


async def test_a_request_without_an_answer_ends_and_is_cancelled():
    bars = services.stocks(1)
    async with asking(bars, timeout_s=0.3) as (source, there, _):
        there.answers = [tws.chatter]
        with pytest.raises(
            errors.SourceUnavailableError, match=r'AAA: no answer within 0\.3 s'
        ):
            await source.get_bars(whole(bars))
        await until(lambda: there.cancelled == [there.asked[0].number])
    assert there.clients == [71]


async def test_a_gateway_that_says_nothing_is_connected_anew():
    bars = services.stocks(1)
    async with asking(bars, guard.Policy(), timeout_s=0.5) as world:
        source, there, _ = world
        there.answers = [tws.silence]
        assert len(await source.get_bars(whole(bars))) == 390
    assert len(there.clients) > 1


async def until(true):
    """Waits for a state."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - any state of the gateway
            await asyncio.sleep(0.005)


async def test_a_connection_that_breaks_is_made_again():
    bars = services.stocks(2)
    async with asking(bars, guard.Policy()) as (source, there, _):
        there.answers = [tws.history, tws.half]
        found = await source.get_bars(whole(bars))
    assert np.array_equal(tws.columns(found), tws.columns(bars.of('AAA')))
    assert there.clients == [71, 71]


async def test_a_gateway_that_lost_its_own_connection_is_told_at_once():
    bars = services.stocks(1)
    async with asking(bars) as (source, there, _):
        there.answers = [tws.fails(1100, 'Connectivity is lost', -1)]
        with pytest.raises(
            errors.SourceUnavailableError, match='Connectivity is lost'
        ):
            await source.get_bars(whole(bars))


@pytest.mark.parametrize(
    ('greeting', 'said'),
    [
        (tws.used, 'error 326: Unable to connect as the client id is already'),
        (tws.hang_up, 'for client 71: '),
        (tws.old, 'version must be'),
    ],
)
async def test_a_connection_that_is_refused_says_why(greeting, said):
    bars = services.stocks(1)
    async with asking(bars) as (source, there, _):
        there.greeting = [greeting]
        with pytest.raises(errors.SourceUnavailableError, match=said):
            await source.get_bars(whole(bars))
        assert len(await source.get_bars(whole(bars))) == 390


async def test_without_a_gateway_the_place_is_named():
    bars = services.stocks(1)
    async with tws.serving(tws.Tws(bars)) as port:
        pass
    source = ibkr.IbkrSource(
        gateway(port), clock.VirtualClock(int(bars.timestamp[-1])), policy=ONCE
    )
    with pytest.raises(
        errors.SourceUnavailableError,
        match=f'no TWS or IB Gateway at 127.0.0.1:{port} for client 71: ',
    ):
        await source.get_bars(whole(bars))
    await source.close()


async def test_closing_ends_what_waits_and_the_thread():
    bars = services.stocks(1)
    async with asking(bars, guard.Policy()) as (source, there, _):
        there.answers = [tws.silence]
        waiting = asyncio.ensure_future(source.get_bars(whole(bars)))
        await until(lambda: there.asked)
        await source.close()
        with pytest.raises(errors.SourceRefusedError, match='was closed'):
            await waiting
        assert 'ibkr' not in {each.name for each in threading.enumerate()}
        # And it can be used again.
        assert len(await source.get_bars(whole(bars))) == 390


async def test_a_thread_that_does_not_end_is_warned_of(monkeypatch):
    monkeypatch.setattr(loops, 'END_S', 0.05)
    monkeypatch.setattr(loops, '_JOIN_S', 0.05)
    link = ibkr_link.Link(
        ibkr_link.Place(
            name='ibkr', host='127.0.0.1', port=1, client_id=7, timeout_s=9.0
        )
    )
    thread, _ = link._begun()
    inside, free = threading.Event(), threading.Event()

    async def block():
        inside.set()
        free.wait(60)

    thread.send(block())
    assert await asyncio.to_thread(inside.wait, 60)
    with pytest.warns(RuntimeWarning, match='ibkr: thread .* is blocked'):
        await link.close()
    free.set()
    await asyncio.to_thread(thread._thread.join, 60)
    assert not thread._thread.is_alive()


async def test_closing_does_not_wait_for_a_connection():
    bars = services.stocks(1)
    async with asking(bars) as (source, there, _):
        there.greeting = [tws.mute]
        waiting = [
            asyncio.ensure_future(source.get_bars(whole(bars)))
            for _ in range(3)
        ]
        await until(lambda: not there.greeting)
        await source.close()
        for each in waiting:
            with pytest.raises(errors.SourceRefusedError, match='was closed'):
                await each


async def test_a_gateway_that_never_begins_is_told():
    bars = services.stocks(1)
    there = tws.Tws(bars)
    there.greeting = [tws.mute]
    async with tws.serving(there) as port:
        link = ibkr_link.Link(
            ibkr_link.Place(
                name='ibkr',
                host='127.0.0.1',
                port=port,
                client_id=7,
                timeout_s=9.0,
                connect_s=0.1,
            )
        )
        query = ibkr_link.Query(
            symbol='AAA',
            exchange='SMART',
            currency='USD',
            end=datetime.datetime(2013, 3, 8, tzinfo=datetime.UTC),
            duration='1 D',
            size='1 min',
        )
        with pytest.raises(
            errors.SourceUnavailableError, match=r'no answer within 0\.1 s'
        ):
            await link.history(query)
        await link.close()


async def test_a_request_that_is_given_up_is_cancelled_there():
    bars = services.stocks(1)
    async with asking(bars) as (source, there, _):
        there.answers = [tws.silence]
        waiting = asyncio.ensure_future(source.get_bars(whole(bars)))
        await until(lambda: there.asked)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await until(lambda: there.cancelled == [there.asked[0].number])
        assert len(await source.get_bars(whole(bars))) == 390
    assert there.clients == [71]


async def test_the_callers_loop_is_its_own():
    bars = services.stocks(1)
    loop = asyncio.get_running_loop()
    async with asking(bars) as (source, _, _):
        await source.get_bars(whole(bars))
        assert asyncio.get_running_loop() is loop
        assert not hasattr(asyncio, '_nest_patched')
        assert 'ibkr data' in {each.name for each in threading.enumerate()}


async def test_small_bars_keep_to_what_is_allowed():
    pacing = ibkr.Pacing(clock.VirtualClock())
    limiter = pacing.limiter
    assert limiter.burst + limiter.rate * 600 <= 60
    assert limiter.burst + limiter.rate * 2 < 6


async def test_a_small_request_is_not_made_twice_within_15_s():
    bars = services.small()
    async with asking(bars) as (source, there, time_source):
        one = await source.get_bars(whole(bars))
        before = time_source.monotonic()
        other = await source.get_bars(whole(bars))
        assert time_source.monotonic() - before >= 15
    assert np.array_equal(tws.columns(one), tws.columns(other))
    assert len(there.asked) == 2


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(ib.importlib.util, 'find_spec', lambda _name: None)
    with pytest.raises(errors.ConfigError, match=r"pip install 'sting\[ibkr\]"):
        registry.build('ibkr', gateway(1), clock.LiveClock(), {})


async def test_the_gateway_is_where_the_configuration_says(tmp_path):
    home = settings.Home.find({'STING_HOME': str(tmp_path)})
    home.config.mkdir(parents=True)
    (home.config / 'exchanges').mkdir()
    (home.config / 'exchanges' / 'ibkr.yaml').write_text('port: 7496\n')
    service = settings.load(home).services['ibkr']
    assert (service.host, service.port) == ('127.0.0.1', 7496)
    source = registry.build('ibkr', service, clock.LiveClock(), {})
    assert source.name == 'ibkr'
    await source.close()
