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
