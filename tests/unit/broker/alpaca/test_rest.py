"""Requests to Alpaca: what the SDK does, and what becomes of answers."""

import asyncio
import contextlib

import pytest

from sting.broker.alpaca import rest
from sting.engine import clock as clocks
from sting.model import errors
from sting.net import limits
from tests.brokers.alpaca import server as servers

pytestmark = pytest.mark.unit
ORDERS = '/v2/orders'
FAULT = servers.Fault


class PatientClock(clocks.LiveClock):
    """Waits no time, and counts what it should have waited."""

    def __init__(self):
        self.slept = []

    def monotonic(self):
        return super().monotonic() + sum(self.slept)

    async def sleep(self, seconds):
        self.slept.append(seconds)
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def way(world, clock=None, limiter=None, told=None, **access):
    made = rest.Rest(
        world.access(**access),
        clock or PatientClock(),
        limiter or limits.RateLimiter(1e4, 1000, 100),
        (lambda seconds: None) if told is None else told.append,
    )
    try:
        yield made
    finally:
        made.close()


def fault(world, *given, **more):
    world.server.faults.append(FAULT(*given, **more))


async def test_a_429_is_waited_for_as_long_as_it_says(world):
    clock = PatientClock()
    async with way(world, clock) as made:
        fault(world, 'GET', '/clock', 429, '{}', {'Retry-After': '7'})
        answer = await made.call('GET', '/clock')
    assert 'timestamp' in answer
    assert 6.5 < sum(clock.slept) <= 7


async def test_a_429_without_retry_after_names_the_moment(world):
    clock = PatientClock()
    reset = str(clock.now() // 10**9 + 5)
    async with way(world, clock) as made:
        fault(world, 'GET', '/clock', 429, '{}', {'X-Ratelimit-Reset': reset})
        await made.call('GET', '/clock')
    assert 3 < clock.slept[0] <= 5


async def test_a_429_of_no_words_waits_a_second(world):
    clock = PatientClock()
    async with way(world, clock) as made:
        fault(world, 'GET', '/clock', 429, '', {'X-Ratelimit-Reset': 'soon'})
        await made.call('GET', '/clock')
    assert 0.5 < clock.slept[0] <= 1


async def test_a_429_that_wants_longer_than_an_answer_is_waited_for(world):
    clock = PatientClock()
    async with way(world, clock, timeout_s=5.0) as made:
        fault(world, 'GET', '/clock', 429, '{}', {'Retry-After': '40'})
        assert 'timestamp' in await made.call('GET', '/clock')
    assert 39.5 < sum(clock.slept) <= 40


async def test_a_429_that_wants_too_long_is_told(world):
    async with way(world) as made:
        fault(world, 'POST', ORDERS, 429, '{}', {'Retry-After': '600'})
        with pytest.raises(rest.LimitedError, match='nothing was done'):
            await made.call('POST', '/orders', {})
        with pytest.raises(rest.LimitedError, match='another 600 s; nothing'):
            await made.call('POST', '/orders', {})
    assert world.server.asked == [('POST', ORDERS)]


async def test_a_429_again_and_again_is_told(world):
    async with way(world) as made:
        for _ in range(10):
            fault(world, 'GET', '/clock', 429, '{}', {'Retry-After': '10'})
        with pytest.raises(rest.LimitedError, match='429'):
            await made.call('GET', '/clock')
    # At once, and after 10, 20, 30 and 40 seconds.
    assert len(world.server.asked) == 5


async def test_all_connections_heed_a_429_of_one_of_them(world):
    clock, limiter, told = PatientClock(), limits.RateLimiter(1e4, 9), []
    async with way(world, clock, limiter, told) as made:
        fault(world, 'GET', '/clock', 429, '{}', {'Retry-After': '600'})
        with pytest.raises(rest.LimitedError):
            await made.call('GET', '/clock')
    assert told == [pytest.approx(600, abs=1)]
    async with way(world, clock, limiter) as made:
        with pytest.raises(rest.LimitedError, match='nothing was sent'):
            await made.call('POST', '/orders', {})
    assert clock.slept == []


async def test_what_is_urgent_does_not_sit_out_a_rest(world):
    clock, limiter = PatientClock(), limits.RateLimiter(1e4, 9)
    async with way(world, clock, limiter) as made:
        limiter.rests_until = clock.monotonic() + 5
        await made.call('GET', '/clock', urgent=True)
        assert clock.slept == []
        await made.call('GET', '/clock')
        assert clock.slept[0] > 3


async def test_what_is_urgent_is_tried_again_and_again_in_a_rest(world):
    clock = PatientClock()
    async with way(world, clock) as made:
        for _ in range(3):
            fault(world, 'DELETE', ORDERS, 429, '{}', {'Retry-After': '600'})
        assert await made.call('DELETE', '/orders', urgent=True) == []
    assert clock.slept == [1.0] * 3


async def test_what_has_no_patience_is_told_at_once(world):
    clock = PatientClock()
    async with way(world, clock) as made:
        for urgent in (False, True):
            fault(world, 'GET', '/clock', 429, '{}', {'Retry-After': '0'})
            with pytest.raises(rest.LimitedError):
                await made.call('GET', '/clock', urgent=urgent, patience_s=0.0)
    assert clock.slept == []


async def test_a_504_is_not_posted_again(world):
    async with way(world) as made:
        fault(world, 'POST', ORDERS, 504, '')
        with pytest.raises(errors.BrokerUnknownError, match='504'):
            await made.call('POST', '/orders', {})
    assert world.server.asked == [('POST', ORDERS)]


@pytest.mark.parametrize('status', [500, 502, 503, 408])
async def test_a_service_that_fails_may_have_done_it(world, status):
    async with way(world) as made:
        fault(world, 'POST', ORDERS, status, servers.HTML)
        with pytest.raises(errors.BrokerUnknownError, match=str(status)):
            await made.call('POST', '/orders', {})


async def test_a_no_in_html_is_a_no(world):
    async with way(world) as made:
        fault(world, 'GET', '/clock', 403, servers.HTML)
        with pytest.raises(rest.RefusalError, match='Bad Gateway') as caught:
            await made.call('GET', '/clock')
    assert (caught.value.status, caught.value.code) == (403, 0)


@pytest.mark.parametrize('body', ['[1]', '"no"', '{"code": "x"}', '', '[' * 9])
async def test_a_no_in_nonsense_is_a_no(world, body):
    async with way(world) as made:
        fault(world, 'GET', '/clock', 422, body)
        with pytest.raises(rest.RefusalError, match='422') as caught:
            await made.call('GET', '/clock')
    assert caught.value.code == 0


async def test_a_wrong_key_says_what_to_check(world):
    async with way(world, secret='wrong') as made:
        with pytest.raises(rest.RefusalError, match='STING_ALPACA_KEY'):
            await made.call('GET', '/clock')


async def test_a_no_has_its_number_and_its_words(world):
    async with way(world) as made:
        with pytest.raises(rest.RefusalError) as caught:
            await made.call('GET', '/assets/NONE')
    assert caught.value.code == 40410000
    assert 'asset not found' in caught.value.said


async def test_an_answer_that_is_no_json_is_none(world):
    async with way(world) as made:
        fault(world, 'GET', '/clock', 200, servers.HTML)
        with pytest.raises(errors.BrokerUnknownError, match='not JSON'):
            await made.call('GET', '/clock')


async def test_an_answer_that_does_not_come_is_given_up(world):
    async with way(world, timeout_s=0.2) as made:
        fault(world, 'GET', '/clock', 200, '1', what='hang')
        with pytest.raises(errors.BrokerUnknownError, match='no answer within'):
            await made.call('GET', '/clock')


async def test_a_connection_that_breaks_leaves_it_unknown(world):
    world.server.down = True
    async with way(world) as made:
        with pytest.raises(errors.BrokerUnknownError):
            await made.call('POST', '/orders', {})


async def test_where_nobody_listens_nothing_was_sent(world):
    async with way(world, url='http://127.0.0.1:1') as made:
        with pytest.raises(errors.BrokerRejectedError, match='was sent'):
            await made.call('POST', '/orders', {})


@pytest.mark.parametrize(
    'access', [{'url': 'nowhere'}, {'url': 'http://'}, {'key': 'a\nb'}]
)
async def test_what_cannot_be_sent_was_not(world, access):
    async with way(world, **access) as made:
        with pytest.raises(errors.BrokerRejectedError, match='nothing was'):
            await made.call('GET', '/clock')


async def test_after_the_end_nothing_is_sent(world):
    async with way(world) as made:
        made.close()
        with pytest.raises(errors.BrokerRejectedError, match='not connected'):
            await made.call('GET', '/clock')


async def test_errors_do_not_tell_the_key(world):
    told = f'{servers.KEY} and {servers.SECRET} are wrong'
    async with way(world) as made:
        fault(world, 'GET', '/clock', 403, {'message': told})
        with pytest.raises(rest.RefusalError) as caught:
            await made.call('GET', '/clock')
    assert servers.KEY not in str(caught.value)
    assert servers.SECRET not in str(caught.value) + repr(caught.value)


async def test_no_redirect_takes_the_key_elsewhere(world):
    async with way(world) as made:
        fault(
            world, 'GET', '/clock', 302, 'x', {'Location': 'http://evil.test/'}
        )
        with pytest.raises(errors.BrokerUnknownError):
            await made.call('GET', '/clock')


async def test_what_is_under_way_at_the_end_is_closed_behind_it(world):
    hold = FAULT('GET', '/clock', 200, '1', what='hold')
    async with way(world) as made:
        world.server.faults.append(hold)
        asked = asyncio.create_task(made.call('GET', '/clock'))
        async with asyncio.timeout(60):
            while not world.server.asked:  # noqa: ASYNC110 - of another thread
                await asyncio.sleep(0.005)
        made.close()
        hold.free = True
        assert await asked == 1
    (session,) = made._sessions
    assert not any(
        len(one.poolmanager.pools) for one in [*session.adapters.values()]
    )


async def test_what_waits_for_a_thread_at_the_end_was_not_sent(world):
    holds = [FAULT('GET', '/clock', 200, '1', what='hold') for _ in range(4)]
    async with way(world) as made:
        world.server.faults.extend(holds)
        asked = [asyncio.create_task(made.call('GET', '/clock')) for _ in holds]
        async with asyncio.timeout(60):
            while len(world.server.asked) < len(holds):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        waiting = asyncio.create_task(made.call('POST', ORDERS, {'qty': '1'}))
        async with asyncio.timeout(60):
            while not made._orders._work_queue.qsize():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        made.close()
        # Whoever sends is not cancelled with it: it has to go on sending.
        with pytest.raises(errors.BrokerRejectedError, match='nothing was'):
            await waiting
        for each in holds:
            each.free = True
        assert await asyncio.gather(*asked) == [1] * len(holds)


async def test_who_asks_can_be_cancelled(world):
    hold = FAULT('GET', '/clock', 200, '1', what='hold')
    async with way(world) as made:
        world.server.faults.append(hold)
        asked = asyncio.create_task(made.call('GET', '/clock'))
        async with asyncio.timeout(60):
            while not world.server.asked:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        hold.free = True


async def test_without_a_thread_for_it_an_order_is_unknown(world, monkeypatch):
    async with way(world) as made:

        def full(pool, ask):
            raise RuntimeError("can't start new thread")

        # The end of the world needs its threads again.
        with monkeypatch.context() as patched:
            loop = asyncio.get_running_loop()
            patched.setattr(loop, 'run_in_executor', full)
            with pytest.raises(errors.BrokerUnknownError, match='no thread'):
                await made.call('POST', ORDERS, {'qty': '1'})
