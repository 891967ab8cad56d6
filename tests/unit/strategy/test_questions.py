"""Questions are overdue in their time, and what the loop was late is added."""

import asyncio
import time

import pytest

from sting.model import errors
from sting.strategy import questions

pytestmark = pytest.mark.unit


async def test_the_oldest_is_overdue_after_its_time():
    overdue = asyncio.Event()
    asked = questions.Questions(overdue.set)
    asked.ask(0.02)
    asked.ask(60.0)
    async with asyncio.timeout(30):
        await overdue.wait()
    assert asked.looked - asked.since >= 0.02
    asked.refuse('over')
    assert len(asked) == 0


async def test_a_loop_that_was_late_gives_more_time():
    overdue = asyncio.Event()
    asked = questions.Questions(overdue.set)
    asked.ask(0.2)
    # As if the machine had been asleep.
    time.sleep(0.4)  # noqa: ASYNC251
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asked.allowed > 0.5
    assert not overdue.is_set()
    asked.refuse('over')


async def test_an_answer_to_nothing_is_an_error():
    asked = questions.Questions(lambda: None)
    with pytest.raises(errors.StrategyError, match='an answer to nothing'):
        asked.answered()


async def test_those_who_wait_hear_that_no_answer_comes():
    asked = questions.Questions(lambda: None)
    waiter = asyncio.get_running_loop().create_future()
    asked.ask(60.0, waiter)
    idle = asyncio.ensure_future(asked.all_answered())
    await asyncio.sleep(0)
    asked.refuse('gone')
    for each in (waiter, idle):
        with pytest.raises(errors.StrategyError, match='gone'):
            await each


async def test_all_are_answered_when_none_is_left():
    asked = questions.Questions(lambda: None)
    await asked.all_answered()
    asked.ask(60.0)
    idle = asyncio.ensure_future(asked.all_answered())
    await asyncio.sleep(0)
    assert asked.answered() is None
    await idle
    asked.rest()
