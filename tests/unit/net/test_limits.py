"""Limits on how often another machine is asked."""

import asyncio

import pytest

from sting.model import errors
from sting.net import limits

pytestmark = pytest.mark.unit


async def passed(limiter, count, **options):
    """Asks so often at once; how many passed, without any wait."""
    tasks = [
        asyncio.create_task(limiter.acquire(**options)) for _ in range(count)
    ]
    for _ in range(5):
        await asyncio.sleep(0)
    done = sum(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return done


async def test_a_burst_passes_and_the_rest_waits():
    limiter = limits.RateLimiter(0.001, 4)
    assert await passed(limiter, 9) == 4
    assert await passed(limiter, 1) == 0


async def test_the_rest_passes_at_the_rate():
    limiter = limits.RateLimiter(200.0, 2)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(22):
        await limiter.acquire()
    # 20 of them at 200 a second; a slow machine only makes it later.
    assert loop.time() - began >= 0.095


async def test_what_is_urgent_has_a_reserve():
    limiter = limits.RateLimiter(0.001, 5, reserve=2)
    assert await passed(limiter, 9) == 3
    assert await passed(limiter, 9, urgent=True) == 2


async def test_what_is_urgent_takes_the_common_share_first():
    limiter = limits.RateLimiter(0.001, 5, reserve=2)
    assert await passed(limiter, 1, urgent=True) == 1
    assert await passed(limiter, 9) == 2


async def test_a_request_may_count_for_several():
    limiter = limits.RateLimiter(0.001, 10)
    assert await passed(limiter, 9, weight=4.0) == 2


async def test_one_that_counts_for_more_than_a_burst_counts_as_one():
    limiter = limits.RateLimiter(0.001, 3)
    assert await passed(limiter, 2, weight=50.0) == 1


async def test_it_says_how_many_wait():
    limiter = limits.RateLimiter(0.001, 1)
    await limiter.acquire()
    task = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0)
    assert limiter.statistics() == {
        'rate': 0.001,
        'burst': 1.0,
        'reserve': 0.0,
        'waiting': 1.0,
    }
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert limiter.statistics()['waiting'] == 0.0


@pytest.mark.parametrize(
    ('rate', 'burst', 'reserve'),
    [(0.0, 1, 0), (float('nan'), 1, 0), (1.0, 0, 0), (1.0, 2, 2), (1, 2, -1)],
)
def test_figures_that_make_no_sense_are_refused(rate, burst, reserve):
    with pytest.raises(errors.ConfigError, match='makes no sense'):
        limits.RateLimiter(rate, burst, reserve)


@pytest.mark.parametrize(
    ('said', 'seconds'),
    [
        ('120', 120.0),
        (' 0 ', 0.0),
        ('Fri, 08 Mar 2013 14:30:09 GMT', 9.0),
        ('Fri, 08 Mar 2013 14:30:09 -0000', 9.0),
        ('Fri, 08 Mar 2013 14:29:00 GMT', 0.0),
        ('', None),
        ('soon', None),
        ('-5', None),
        ('9' * 10, None),
    ],
)
def test_a_wait_is_read_as_seconds_or_as_a_date(said, seconds):
    now = 1_362_753_000 * 10**9
    assert limits.retry_after(said, now) == seconds
