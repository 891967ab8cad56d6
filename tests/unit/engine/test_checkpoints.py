"""Images of the state that are kept while the engine runs."""

import asyncio

import pytest

from sting.engine import checkpoints
from sting.engine import recovery
from sting.engine import state
from tests.unit.engine import logs
from tests.unit.engine import test_sequence
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T = worlds.T
SOON_S = 20.0


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'events.db'


def checkpointer(engine, every_events=1_000, every_s=1e9, after=None):
    return checkpoints.Checkpointer(
        engine.core.state,
        engine.loop,
        engine.log,
        event_bus=engine.bus,
        time_source=engine.clock,
        every_events=every_events,
        every_s=every_s,
        after=after,
    )


def base(path):
    """Number of the checkpoint that a restart would begin at."""
    return recovery.restore(path, state.SystemState(), lambda _: None).base.seq


async def reaches(path, seq):
    """Waits until a restart would begin at a checkpoint."""
    async with asyncio.timeout(SOON_S):
        while True:
            if base(path) == seq:
                return
            await asyncio.sleep(0.005)


async def test_a_checkpoint_is_kept_and_told_in_the_chain(path):
    async with test_sequence.running(path) as engine:
        keeper = checkpointer(engine)
        engine.created()
        engine.bar(1)
        await engine.loop.drain()
        await keeper.make()
        await engine.loop.drain()
        told = engine.stored()[-1]
        assert (told.type, told.data.up_to) == (T.CHECKPOINT, 3)
        assert base(path) == 3


async def test_nothing_new_makes_no_checkpoint(path):
    async with test_sequence.running(path) as engine:
        keeper = checkpointer(engine)
        await keeper.make()
        engine.bar(1)
        engine.bar(2)
        for _ in range(3):
            await engine.loop.drain()
            await keeper.make()
        await engine.loop.drain()
        kinds = [event.type for event in engine.stored()]
        assert kinds.count(T.CHECKPOINT) == 1


@pytest.mark.parametrize(('every_events', 'every_s'), [(5, 1e9), (1_000, 0.0)])
async def test_one_is_made_when_it_is_due(
    path, monkeypatch, every_events, every_s
):
    monkeypatch.setattr(checkpoints, 'LOOK_S', 0.005)
    async with test_sequence.running(path) as engine:
        keeper = checkpointer(engine, every_events, every_s)
        for number in range(8):
            engine.bar(number)
        await engine.loop.drain()
        await keeper.start()
        await reaches(path, 9)
        await keeper.stop()


async def test_none_is_made_before_it_is_due(path, monkeypatch):
    monkeypatch.setattr(checkpoints, 'LOOK_S', 0.005)
    async with test_sequence.running(path) as engine:
        keeper = checkpointer(engine, every_events=1_000)
        for number in range(8):
            engine.bar(number)
        await engine.loop.drain()
        await keeper.start()
        await asyncio.sleep(0.2)
        await keeper.stop()
        await engine.loop.drain()
        assert base(path) == 0


async def test_what_earlier_runs_left_without_one_counts_at_the_start(
    path, monkeypatch
):
    async with test_sequence.running(path) as engine:
        for number in range(8):
            engine.bar(number)
        await engine.loop.drain()
        monkeypatch.setattr(checkpoints, 'LOOK_S', 1e9)
        keeper = checkpointer(engine, every_events=5, after=0)
        await keeper.start()
        await reaches(path, 9)
        await keeper.stop()


async def test_one_that_cannot_be_written_is_tried_again(path, monkeypatch):
    monkeypatch.setattr(checkpoints, 'LOOK_S', 0.005)
    async with test_sequence.running(path) as engine:
        logs.execute(
            path,
            'CREATE TRIGGER full BEFORE INSERT ON checkpoints '
            "BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
        )
        keeper = checkpointer(engine, every_events=1)
        for number in range(4):
            engine.bar(number)
        await engine.loop.drain()
        await keeper.start()
        await asyncio.sleep(0.1)
        assert base(path) == 0
        logs.free_disk(path)
        await reaches(path, 5)
        await keeper.stop()


async def test_one_that_never_started_stops(path):
    async with test_sequence.running(path) as engine:
        await checkpointer(engine).stop()
