"""A loop in a thread of its own."""

import asyncio
import threading

import pytest

from sting.net import loops

pytestmark = pytest.mark.unit


async def test_work_is_done_in_its_thread():
    thread = loops.LoopThread('there')

    async def where():
        return threading.current_thread().name

    assert await asyncio.wrap_future(thread.send(where())) == 'there'
    await thread.stop()


async def test_it_can_be_stopped_twice():
    thread = loops.LoopThread('there')
    await thread.stop()
    await thread.stop()
    assert 'there' not in {each.name for each in threading.enumerate()}


async def test_what_goes_on_is_cancelled():
    thread = loops.LoopThread('there')
    waiting = thread.send(asyncio.Event().wait())
    await thread.stop()
    assert waiting.cancelled()


async def test_what_does_not_end_is_told_and_left(monkeypatch):
    monkeypatch.setattr(loops, '_JOIN_S', 60.0)
    thread = loops.LoopThread('there')

    async def stubborn():
        task = asyncio.current_task()
        task.set_name('stubborn')
        # It is left on purpose.
        task._log_destroy_pending = False
        begun.set()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    begun = threading.Event()
    thread.send(stubborn())
    assert await asyncio.to_thread(begun.wait, 60)
    told = await thread.stop(0.1)
    assert told == 'thread there: stubborn did not end'
    assert 'there' not in {each.name for each in threading.enumerate()}


async def test_a_blocked_thread_is_told_and_ends_once_it_can(monkeypatch):
    monkeypatch.setattr(loops, '_JOIN_S', 0.05)
    thread = loops.LoopThread('there')
    inside, free = threading.Event(), threading.Event()

    async def block():
        inside.set()
        free.wait(60)

    thread.send(block())
    assert await asyncio.to_thread(inside.wait, 60)
    told = await thread.stop(0.05)
    assert told == 'thread there is blocked, and left behind'
    free.set()
    await asyncio.to_thread(thread._thread.join, 60)
    assert not thread._thread.is_alive()


async def test_what_fails_at_its_end_is_no_matter():
    thread = loops.LoopThread('there')

    async def failing():
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError('at the end')

    thread.send(failing())
    assert await thread.stop() == ''


async def test_the_last_thing_is_done_before_the_end():
    thread = loops.LoopThread('there')
    done = []

    async def last():
        done.append(threading.current_thread().name)

    assert await thread.finish(last()) == ''
    assert done == ['there']
    assert 'there' not in {each.name for each in threading.enumerate()}


async def test_a_last_thing_that_takes_for_ever_is_given_up():
    thread = loops.LoopThread('there')
    assert await thread.finish(forever(), 0.05) == ''
    assert 'there' not in {each.name for each in threading.enumerate()}


async def test_a_last_thing_that_fails_ends_the_thread():
    thread = loops.LoopThread('there')

    async def failing():
        raise ValueError('at the end')

    with pytest.raises(ValueError, match='at the end'):
        await thread.finish(failing())
    assert 'there' not in {each.name for each in threading.enumerate()}


async def test_a_thread_that_is_blocked_keeps_nobody_waiting(monkeypatch):
    monkeypatch.setattr(loops, '_JOIN_S', 0.05)
    thread = loops.LoopThread('there')
    inside, free = threading.Event(), threading.Event()

    async def block():
        inside.set()
        free.wait(60)

    thread.send(block())
    assert await asyncio.to_thread(inside.wait, 60)
    told = await thread.finish(forever(), 0.05)
    assert told == 'thread there is blocked, and left behind'
    free.set()
    await asyncio.to_thread(thread._thread.join, 60)
    assert not thread._thread.is_alive()


async def test_what_cancels_all_others_does_not_keep_it_from_ending():
    thread = loops.LoopThread('there')
    inside, free = threading.Event(), threading.Event()

    async def block():
        inside.set()
        free.wait(60)

    async def cancels_all_others():
        for each in asyncio.all_tasks() - {asyncio.current_task()}:
            each.cancel()

    thread.send(block())
    assert await asyncio.to_thread(inside.wait, 60)
    thread.send(cancels_all_others())
    ending = asyncio.ensure_future(thread.stop())
    await asyncio.sleep(0)
    free.set()
    assert await ending == ''
    assert 'there' not in {each.name for each in threading.enumerate()}


async def forever():
    await asyncio.Event().wait()
