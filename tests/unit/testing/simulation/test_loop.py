"""Virtual time, and processes that die in it."""

import asyncio

import pytest

from sting.model import errors
from sting.testing.simulation import loop as loops

pytestmark = pytest.mark.unit


@pytest.fixture
def loop():
    made = loops.VirtualLoop()
    yield made
    made.forget()


async def climb(steps, seen):
    for number in range(steps):
        await asyncio.sleep(1.0)
        seen.append(number)


def begin(loop, life, work):
    """Starts something that belongs to a process."""
    context = loops.context_of(life)
    loop.call_soon(
        lambda: asyncio.get_running_loop().create_task(work), context=context
    )


def test_nothing_waits_and_all_takes_its_time(loop):
    loop.run_until_complete(asyncio.sleep(86_400.0))
    assert loop.time() == pytest.approx(86_400.0)


def test_timers_go_off_in_their_order(loop):
    seen = []
    for delay in (3.0, 1.0, 2.0):
        loop.call_outside(delay, seen.append, delay)
    loop.run_until_complete(asyncio.sleep(4.0))
    assert seen == [1.0, 2.0, 3.0]


def test_when_everything_waits_for_ever_it_says_so(loop):
    with pytest.raises(errors.StateError, match='everything waits'):
        loop.run_until_complete(loop.create_future())


def test_what_never_rests_is_found(loop, monkeypatch):
    monkeypatch.setattr(loops, 'STANDSTILL', 50)

    async def spin():
        await asyncio.sleep(0)
        await spin()

    with pytest.raises(errors.StateError, match='time stands still'):
        loop.run_until_complete(spin())


def test_work_for_threads_is_done_here(loop):
    async def work():
        return await asyncio.to_thread(sum, [1, 2])

    assert loop.run_until_complete(work()) == 3


def test_what_a_thread_would_raise_is_raised(loop):
    async def work():
        await asyncio.to_thread(int, 'x')

    with pytest.raises(ValueError, match='invalid literal'):
        loop.run_until_complete(work())


def test_a_process_dies_instead_of_its_last_step(loop):
    seen, ended = [], []

    def end():
        loop.bury()
        ended.append(loop.time())

    # Two steps to begin with, then two for each second.
    life = loops.Life(7, end)
    begin(loop, life, climb(10, seen))
    loop.run_until_complete(asyncio.sleep(20.0))
    assert not life.alive
    assert seen == [0, 1]
    assert ended == [pytest.approx(3.0)]


def test_a_process_lives_where_nothing_ends_it(loop):
    seen = []
    life = loops.Life(4, lambda: seen.append('died'))
    life.spare()
    begin(loop, life, climb(3, seen))
    loop.run_until_complete(asyncio.sleep(20.0))
    assert seen == [0, 1, 2]


def test_death_comes_once(loop):
    ended = []
    life = loops.Life(0, lambda: ended.append(True))
    life.die()
    life.die()
    assert ended == [True]


def test_what_is_outside_outlives_a_process(loop):
    seen = []
    life = loops.Life(0, lambda: None)
    loop.call_soon(
        loop.call_outside, 5.0, seen.append, 1, context=loops.context_of(life)
    )
    loop.call_soon(loop.call_later, 5.0, seen.append, 2)
    loop.call_soon(life.die)
    loop.run_until_complete(asyncio.sleep(10.0))
    assert sorted(seen) == [1, 2]


def test_the_clock_is_the_loops_with_its_error(loop):
    clock = loops.LoopClock(loop, 1_000)
    loop.run_until_complete(clock.sleep(2.0))
    clock.error = -7
    clock.advance(10**18)
    assert clock.true() == pytest.approx(2 * 10**9 + 1_000, abs=5)
    assert clock.now() == clock.true() - 7
    assert clock.monotonic() == pytest.approx(2.0)
