"""The engine's side of the guardian; its process is a real one."""

import asyncio
import os
import signal

import pytest

from sting.broker import interface
from sting.risk import guardian
from sting.risk import stop
from sting.session import guarding
from tests.unit.risk import ways

pytestmark = pytest.mark.unit

SOON = 60.0


class Guarded:
    """A broker as far as the guardian needs it.

    Attributes:
        way: How it is cancelled at; None while that is not known.
    """

    name = 'paper'

    def __init__(self):
        self.way = None

    def emergency(self):
        return self.way


class World:
    def __init__(self, folder):
        self.folder = folder
        self.path = folder / 'halt.latch'
        self.latch = stop.Latch(self.path)
        (folder / 'orders').write_text('one\n')
        self.broker = Guarded()
        self.alerts = []
        self.part = guarding.Guarding(
            [self.broker],
            self.path,
            lambda message, source: self.alerts.append(message),
            cancel=False,
        )

    def know(self, reference='tests.unit.risk.ways:make'):
        self.broker.way = interface.Emergency(
            reference=reference, options={'folder': str(self.folder)}
        )

    async def until(self, reached):
        async with asyncio.timeout(SOON):
            while not reached():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def armed(self):
        self.know()
        await self.until(lambda: self.part.armed)


@pytest.fixture
async def world(tmp_path):
    made = World(tmp_path)
    await made.part.start()
    yield made
    await made.part.stop()
    made.latch.close()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_there_is_no_process_before_there_is_something_to_guard(world):
    await asyncio.sleep(2 * guarding._ARM_S)
    assert world.part.pid == 0
    await world.armed()
    assert alive(world.part.pid)


async def test_a_pull_is_carried_out_and_told(world):
    await world.armed()
    world.latch.set('operator', '')
    await world.until(lambda: world.alerts)
    assert 'guardian at paper, stop by operator' in world.alerts[0]
    assert 'nothing works there' in world.alerts[0]


async def test_the_process_ends_with_the_engine(world):
    await world.armed()
    pid = world.part.pid
    await world.part.stop()
    assert not alive(pid)
    assert ways.asked(world.folder) == ['close']


async def test_another_takes_the_place_of_one_that_ended(world):
    await world.armed()
    first = world.part.pid
    os.kill(first, signal.SIGKILL)
    await world.until(lambda: world.part.pid not in (0, first))
    await world.until(lambda: world.part.armed)
    assert 'another one is started' in world.alerts[0]


async def test_a_way_that_cannot_be_made_is_an_alert(world):
    world.know('tests.unit.risk.ways:nothing')
    await world.until(lambda: world.alerts)
    assert 'cannot reach paper' in world.alerts[0]
    assert not world.part.armed


async def test_a_machine_that_starts_no_process_is_told(world, monkeypatch):
    monkeypatch.setattr(guarding.sys, 'executable', '/nowhere/python')
    world.know()
    await world.until(lambda: world.alerts)
    assert 'no guardian can be started' in world.alerts[0]


async def test_one_that_hangs_at_the_end_is_killed(world, monkeypatch):
    await world.armed()
    pid = world.part.pid
    monkeypatch.setattr(guarding, '_END_S', 0.1)
    os.kill(pid, signal.SIGSTOP)
    await world.part.stop()
    assert not alive(pid)


async def test_the_way_that_is_lost_and_found_is_told_once_each(tmp_path):
    world = World(tmp_path)
    for error in ('', 'gone', '', ''):
        world.part._hear(guardian.Told('paper', error=error))
    assert world.alerts == [
        'the guardian cannot reach paper: gone',
        'the guardian reaches paper again',
    ]
    world.latch.close()


@pytest.mark.parametrize(
    ('told', 'words'),
    [
        (
            guardian.Told('x', 'me', 4.0, 30.0, 0),
            'left after 4 ms; nothing works there after 30 ms',
        ),
        (
            guardian.Told('x', 'me', 4.0, 30.0, 2),
            '2 orders still work there',
        ),
        (
            guardian.Told('x', 'me', None, 30.0, None, 'no answer'),
            'no cancel left; what works there is UNKNOWN: no answer',
        ),
    ],
)
def test_what_was_done_is_said_in_words(told, words):
    assert guarding._words(told).endswith(words)


def test_a_broker_of_this_process_has_none_that_can_cancel_elsewhere():
    assert interface.BrokerInterface.emergency(None) is None
    assert 'secret' not in repr(
        interface.Emergency(reference='a:b', options={'key': 'secret'})
    )
