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
