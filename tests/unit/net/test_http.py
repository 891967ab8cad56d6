"""Requests over HTTP, held against a service on loopback."""

import asyncio
import contextlib

import pytest

from sting.engine import clock
from sting.model import errors
from sting.net import guard
from sting.net import http
from sting.net import limits
from tests.unit.net import servers

pytestmark = pytest.mark.unit

gives = servers.gives
# 2013-03-01T14:30:00Z
NOW = 1_362_148_200
ONCE = guard.Policy(tries=1)


@contextlib.asynccontextmanager
async def asked(*answers, policy=None, **options):
    """A client of a service that gives these answers; with its clock."""
    service = servers.Service(*answers)
    time_source = clock.VirtualClock(NOW * 10**9)
    async with servers.serving(service) as url:
        options.setdefault('timeout_s', 20.0)
        client = http.HttpClient(
            'it', url, time_source, policy=policy, **options
        )
        async with client:
            yield client, service, time_source


async def test_an_answer_is_decoded():
    async with asked(gives({'a': [1, 2]})) as (client, service, _):
        found = await client.get_json('/x/y', {'symbol': 'A B', 'limit': 5})
    assert found == {'a': [1, 2]}
    path, query, _ = service.requests[0]
    assert (path, query) == ('/x/y', {'symbol': 'A B', 'limit': '5'})


async def test_headers_go_with_every_request():
    options = {'headers': {'X-Key': 'k'}}
    async with asked(gives({}), **options) as (client, service, _):
        await client.get_json('/')
    assert service.requests[0][2]['X-Key'] == 'k'


@pytest.mark.parametrize(
    ('date', 'until'),
    [
        # It is 14:30:00 here.
        ('Fri, 01 Mar 2013 14:29:57 GMT', NOW - 3),
        ('Fri, 01 Mar 2013 14:30:09 GMT', NOW),
        ('Fri, 01 Mar 2013 12:00:00 GMT', NOW),
        ('Thu, 01 Jan 1970 00:00:00 GMT', NOW),
        ('yesterday', NOW),
    ],
)
async def test_an_answer_tells_of_what_was_before_by_both_clocks(date, until):
    async with asked(gives([7], Date=date)) as (client, _, _):
        assert await client.get_dated('/') == ([7], until * 10**9)


async def test_an_answer_tells_nothing_of_what_was_after_the_question():
    async def slow(request):
        await time_source.sleep(60.0)
        return await gives([7])(request)

    async with asked(slow) as (client, _, time_source):
        assert await client.get_dated('/') == ([7], NOW * 10**9)


@pytest.mark.parametrize(
    ('answer', 'kind', 'said'),
    [
        (gives('<html>Sorry</html>'), 'Body', 'not JSON: <html>Sorry</html>'),
        (gives(''), 'Body', 'not JSON: empty'),
        (gives('{"a": 1'), 'Body', 'not JSON'),
        (gives('[' * 100_000), 'Body', 'not JSON: [[['),
        (gives({'m': 'no'}, 400), 'Refused', 'HTTP 400: {"m": "no"}'),
        (gives('bad key', 401), 'Refused', 'HTTP 401: bad key'),
        (gives('gone', 302, Location='/y'), 'Refused', 'HTTP 302'),
        (gives('oh', 500), 'Unavailable', 'HTTP 500: oh'),
        (gives('oh', 503, **{'Retry-After': '9'}), 'Limited', 'HTTP 503'),
        (gives('slow', 429), 'Limited', 'HTTP 429: slow'),
        (gives('banned', 418), 'Limited', 'HTTP 418: banned'),
        (servers.cut, 'Unavailable', 'it /x: '),
        (servers.dropped, 'Unavailable', 'it /x: '),
    ],
)
async def test_what_is_no_answer_is_an_error_of_its_kind(answer, kind, said):
    async with asked(answer, policy=ONCE) as (client, _, _):
        with pytest.raises(errors.SourceError) as caught:
            await client.get_json('/x')
    assert type(caught.value) is getattr(errors, f'Source{kind}Error')
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


async def test_a_silent_service_is_not_waited_for():
    async def silent(request):
        await asyncio.sleep(60)

    options = {'policy': ONCE, 'timeout_s': 0.05}
    async with asked(silent, **options) as (client, _, _):
        with pytest.raises(errors.SourceUnavailableError, match=r'in 0\.05 s'):
            await client.get_json('/x')


async def test_nobody_at_the_address_is_told():
    async with asked(gives({}), policy=ONCE) as (client, _, _):
        pass
    with pytest.raises(
        errors.SourceUnavailableError, match=r'it /x: .*127\.0\.0\.1:\d+ \['
    ):
        await client.get_json('/x')
    await client.close()


async def test_what_is_no_address_is_an_error_of_the_configuration():
    client = http.HttpClient('it', 'nonsense', clock.VirtualClock())
    with pytest.raises(errors.ConfigError, match='nonsense is no address'):
        await client.get_json('/x', {'key': 'secret'})
    await client.close()


@pytest.mark.parametrize(
    ('said', 'wait_s'),
    [
        ('7', 7.0),
        ('Fri, 01 Mar 2013 14:30:45 GMT', 45.0),
        ('Fri, 01 Mar 2013 14:00:00 GMT', 0.0),
        ('soon', None),
        ('-3', None),
    ],
)
async def test_retry_after_is_seconds_or_a_date(said, wait_s):
    answer = gives('slow', 429, **{'Retry-After': said})
    async with asked(answer, policy=ONCE) as (client, _, _):
        with pytest.raises(errors.SourceLimitedError) as caught:
            await client.get_json('/x')
    assert caught.value.wait_s == wait_s


async def test_a_limited_request_is_made_again_when_it_may():
    limited = gives('slow', 429, **{'Retry-After': '7'})
    async with asked(limited, gives([1])) as (client, service, time_source):
        assert await client.get_json('/x') == [1]
        assert time_source.now() >= (NOW + 7) * 10**9
    assert len(service.requests) == 2


async def test_a_failure_that_may_pass_is_tried_again():
    answers = gives('oh', 500), servers.dropped, gives([1])
    async with asked(*answers) as (client, service, _):
        assert await client.get_json('/x') == [1]
    assert len(service.requests) == 3


@pytest.mark.parametrize('answer', [gives('no', 400), gives('<html>')])
async def test_what_would_come_again_is_not_asked_twice(answer):
    async with asked(answer) as (client, service, _):
        with pytest.raises(errors.SourceError):
            await client.get_json('/x')
    assert len(service.requests) == 1


async def test_a_key_never_stands_in_an_error():
    answer = gives('we know your key AB12 well', 403)
    options = {'policy': ONCE, 'secrets': ('AB12', '')}
    async with asked(answer, **options) as (client, _, _):
        with pytest.raises(errors.SourceRefusedError) as caught:
            await client.get_json('/x', {'apikey': 'AB12'})
    assert 'AB12' not in str(caught.value)
    assert 'your key *** well' in str(caught.value)


async def test_an_endless_answer_is_cut(monkeypatch):
    monkeypatch.setattr(http, 'LARGEST', 1000)
    async with asked(gives('x' * 5000), policy=ONCE) as (client, _, _):
        with pytest.raises(errors.SourceBodyError, match='longer than 1,000'):
            await client.get_json('/x')


async def test_a_long_answer_is_told_in_part():
    async with asked(gives('x' * 5000, 400), policy=ONCE) as (client, _, _):
        with pytest.raises(errors.SourceRefusedError) as caught:
            await client.get_json('/x')
    assert str(caught.value).endswith('x…')
    assert len(str(caught.value)) < 300


async def test_every_request_passes_the_limiter():
    limiter = limits.RateLimiter(1e6, 3)
    async with asked(gives([]), limiter=limiter) as (client, service, _):
        for _ in range(5):
            await client.get_json('/x', weight=2.0)
    assert len(service.requests) == 5


async def test_a_closed_client_can_ask_again():
    async with asked(gives([1])) as (client, _, _):
        await client.get_json('/x')
        await client.close()
        assert await client.get_json('/x') == [1]
