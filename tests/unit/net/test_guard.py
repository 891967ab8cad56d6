"""Requests are tried again, and sources left alone."""

import asyncio

import pytest

from sting.engine import clock
from sting.model import errors
from sting.net import guard

pytestmark = pytest.mark.unit

DOWN = errors.SourceUnavailableError('down')


class Source:
    """Fails with each of these errors, then gives 'done'."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.asked = 0

    async def __call__(self):
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return 'done'


def guarded(**policy):
    time_source = clock.VirtualClock()
    made = guard.Guard('it', guard.Policy(**policy), time_source)
    return made, time_source


async def test_what_works_is_asked_once():
    source = Source()
    assert await guarded()[0].call(source) == 'done'
    assert source.asked == 1


async def test_what_may_pass_is_tried_so_often():
    source = Source(*[DOWN] * 9)
    with pytest.raises(errors.SourceUnavailableError, match='down'):
        await guarded(tries=3, threshold=10)[0].call(source)
    assert source.asked == 3


async def test_waits_double_and_are_shortened_by_half_at_most():
    made, time_source = guarded(tries=5, wait_s=1.0, most_wait_s=3.0)
    await made.call(Source(DOWN, DOWN, DOWN, DOWN))
    # 1, 2, 3 and 3 seconds at most.
    assert 4.5 <= time_source.monotonic() <= 9.0


async def test_two_sources_do_not_come_back_together():
    waits = []
    for seed in (1, 2):
        time_source = clock.VirtualClock()
        made = guard.Guard('it', guard.Policy(), time_source, seed=seed)
        await made.call(Source(DOWN))
        waits.append(time_source.now())
    assert waits[0] != waits[1]


@pytest.mark.parametrize(
    'error',
    [errors.SourceRefusedError('no'), errors.SourceBodyError('what')],
)
async def test_what_would_come_again_is_not(error):
    source = Source(error)
    with pytest.raises(type(error)):
        await guarded()[0].call(source)
    assert source.asked == 1


async def test_a_wait_that_is_asked_for_is_kept():
    made, time_source = guarded()
    await made.call(Source(errors.SourceLimitedError('slow', 12.0)))
    assert time_source.monotonic() >= 12.0


async def test_a_wait_that_is_too_long_is_left_to_the_caller():
    source = Source(errors.SourceLimitedError('banned', 7200.0))
    with pytest.raises(errors.SourceLimitedError, match='banned'):
        await guarded()[0].call(source)
    assert source.asked == 1


async def test_a_wait_that_is_asked_for_holds_for_every_request():
    made, time_source = guarded()
    with pytest.raises(errors.SourceLimitedError):
        await made.call(Source(errors.SourceLimitedError('banned', 7200.0)))
    other = Source()
    await time_source.sleep(7000.0)
    with pytest.raises(
        errors.SourceLimitedError, match='left alone for 200 s more: banned'
    ) as caught:
        await made.call(other)
    assert caught.value.wait_s == pytest.approx(200.0)
    assert other.asked == 0
    # Short enough to be waited for.
    await time_source.sleep(190.0)
    assert await made.call(other) == 'done'
    assert time_source.monotonic() >= 7200.0


async def test_a_source_that_fails_again_and_again_is_left_alone():
    made, _ = guarded(tries=1, threshold=2, rest_s=3600.0)
    source = Source(*[DOWN] * 9)
    for _ in range(2):
        with pytest.raises(errors.SourceUnavailableError, match='down'):
            await made.call(source)
    with pytest.raises(
        errors.SourceUnavailableError,
        match=r'failed 2 times in a row and is left alone for 3600 s: .*down',
    ):
        await made.call(source)
    assert source.asked == 2


async def test_a_source_that_is_left_alone_is_not_waited_for():
    made, time_source = guarded(tries=4, threshold=1, rest_s=3600.0)
    with pytest.raises(errors.SourceUnavailableError, match='left alone'):
        await made.call(Source(*[DOWN] * 9))
    assert time_source.monotonic() <= 0.5


async def test_after_its_rest_a_source_is_asked_again():
    made, _ = guarded(tries=1, threshold=1, rest_s=0.0)
    source = Source(DOWN)
    with pytest.raises(errors.SourceUnavailableError):
        await made.call(source)
    assert await made.call(source) == 'done'


async def test_a_sign_of_life_ends_the_rest():
    made, _ = guarded(tries=1, threshold=1, rest_s=3600.0)
    source = Source(DOWN)
    for _ in range(2):
        with pytest.raises(errors.SourceUnavailableError):
            await made.call(source)
    assert source.asked == 1
    made.wake()
    assert await made.call(source) == 'done'


async def test_a_sign_of_life_does_not_end_a_rest_that_was_asked_for():
    made, _ = guarded(tries=1, most_wait_s=1.0)
    source = Source(errors.SourceLimitedError('slower', 60.0))
    with pytest.raises(errors.SourceLimitedError):
        await made.call(source)
    made.wake()
    with pytest.raises(errors.SourceLimitedError, match='left alone'):
        await made.call(source)


async def test_a_no_does_not_count_against_a_source():
    made, _ = guarded(tries=1, threshold=2, rest_s=3600.0)
    source = Source(*[errors.SourceRefusedError('no')] * 5)
    for _ in range(5):
        with pytest.raises(errors.SourceRefusedError):
            await made.call(source)
    assert await made.call(source) == 'done'


async def test_a_cancelled_request_does_not_count_against_a_source():
    made, _ = guarded(tries=1, threshold=1, rest_s=3600.0)

    async def never():
        await asyncio.get_running_loop().create_future()

    for _ in range(3):
        task = asyncio.create_task(made.call(never))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await made.call(Source()) == 'done'


@pytest.mark.parametrize(
    ('wrong', 'named'),
    [
        ({'tries': 0}, 'tries 0 must be at least 1'),
        ({'wait_s': float('nan')}, 'wait_s nan'),
        ({'threshold': 0}, 'threshold 0'),
        ({'rest_s': float('inf')}, 'rest_s inf'),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong, named):
    with pytest.raises(errors.ConfigError, match=named):
        guard.Policy(**wrong)
