"""A disk that fails as real ones do."""

import asyncio
import pathlib
import sqlite3

import msgspec
import numpy as np
import pytest

from sting.engine import journal
from sting.engine import mark
from sting.engine import recovery
from sting.engine import state
from sting.model import errors
from sting.model import events
from sting.model import records
from sting.testing.simulation import disk
from sting.testing.simulation import faults
from sting.testing.simulation import loop as loops

pytestmark = pytest.mark.unit

NONE = faults.Faults(
    **{
        field: (
            bool
            if field == 'dedupes'
            else int
            if field in ('deaths', 'batch', 'checkpoint')
            else float
        )(0)
        for field in faults.Faults.__struct_fields__
    }
)
CREATED = events.Event(
    1,
    5,
    events.EventType.LOG_CREATED,
    'engine',
    records.LogCreated(log='t', profile='t', mode=records.Mode.PAPER),
)


@pytest.fixture
def path(tmp_path):
    path = pathlib.Path(tmp_path) / 'events.db'

    async def make():
        made = await journal.Journal.open(path, seq=0, head=events.GENESIS)
        await made.close()

    asyncio.run(make())
    return path


class Bench:
    def __init__(self, path, **more):
        self.told = []
        self.loop = loops.VirtualLoop()
        self.disk = disk.Disk(
            path,
            msgspec.structs.replace(NONE, **more),
            np.random.default_rng(1),
            self.told.append,
        )
        self.log = disk.SimulatedJournal(self.disk, mark.START)

    def append(self):
        self.loop.run_until_complete(self.log.append([CREATED]))

    def close(self):
        self.disk.close()
        self.loop.forget()


def test_what_is_durable_is_told_and_recovered(path):
    bench = Bench(path)
    bench.append()
    bench.log.sync_mark()
    bench.loop.run_until_complete(bench.log.close())
    bench.close()
    ((row,),) = bench.told
    system = state.SystemState()
    found = recovery.restore(path, system, lambda event: None)
    assert found.last == bench.log.last == (1, row[7])
    assert system.log == 't'


def test_a_slow_commit_takes_its_time(path):
    bench = Bench(path, slow=1.0, slow_s=30.0)
    bench.append()
    assert 0.0 < bench.loop.time() <= 60.0
    bench.close()


def test_a_commit_that_fails_leaves_nothing(path):
    bench = Bench(path, commit_fails=1.0)
    with pytest.raises(errors.JournalWriteError, match='full'):
        bench.append()
    with pytest.raises(errors.JournalWriteError):
        bench.loop.run_until_complete(bench.log.keep(mark.START, b'image'))
    assert (bench.log.seq, bench.told) == (0, [])
    bench.disk.quiet = True
    bench.append()
    assert bench.log.seq == 1
    bench.close()


def test_a_commit_that_lies_is_durable_and_not_repeated(path):
    bench = Bench(path, commit_lies=1.0)
    with pytest.raises(errors.JournalWriteError, match='I/O error'):
        bench.append()
    assert (bench.log.seq, len(bench.told)) == (0, 1)
    bench.append()
    assert (bench.log.seq, len(bench.told)) == (1, 1)
    bench.close()


def test_a_checkpoint_is_kept(path):
    bench = Bench(path)
    bench.append()
    bench.loop.run_until_complete(bench.log.keep(bench.log.last, b'image'))
    bench.close()
    with sqlite3.connect(path) as database:
        found = database.execute('SELECT seq, image FROM checkpoints')
        assert found.fetchall() == [(1, b'image')]
    database.close()
