"""The event log on a real file: what is written, and by whom."""

import asyncio
import functools
import itertools
import pathlib
import sqlite3
import stat
import threading

import pytest

from sting.engine import chain
from sting.engine import journal
from sting.engine import mark
from sting.engine import reader
from sting.model import errors
from sting.model import events
from tests.unit.engine import logs
from tests.unit.model import samples

pytestmark = pytest.mark.unit

FIVE = logs.some_events(5)


async def test_events_are_read_back_as_they_were_written(path):
    batch = [
        events.Event(seq, -seq, kind, f's{seq}', data, 'A\0é', seq - 1)
        for seq, (kind, data) in enumerate(samples.SAMPLES.items(), start=1)
    ]
    await logs.written(path, batch)
    assert list(reader.read(path)) == batch
    (held,) = chain.read(path)
    assert held.events == batch


async def test_a_log_goes_on_where_it_ended(path):
    last = await logs.written(path, FIVE[:2])
    assert last.seq == 2
    async with logs.opened(path, last) as log:
        await log.append(FIVE[2:4])
        await log.append(FIVE[4:])
        assert log.seq == 5
        last = log.last
    found = chain.verify(path)
    assert found == chain.Verification(True, 5, last.head.hex())


async def test_batches_of_any_size_give_the_same_hashes(path, tmp_path):
    one = await logs.written(path, FIVE)
    async with logs.opened(tmp_path / 'other.db') as log:
        for event in FIVE:
            await log.append([event])
        assert log.last == one


@pytest.mark.parametrize('count', [49, 50, 51, 120])
async def test_large_batches_are_whole_and_in_their_order(path, count):
    batch = logs.some_events(count)
    await logs.written(path, batch)
    assert list(reader.read(path)) == batch
    assert chain.verify(path).ok


async def test_of_a_large_batch_that_fails_nothing_is_written(path):
    async with logs.opened(path) as log:
        await log.append(FIVE)
        # Its last rows are there already.
        doubled = [*logs.some_events(60, 6), FIVE[4]]
        with pytest.raises(errors.JournalWriteError):
            await log.append(doubled)
        assert logs.seqs(path) == [1, 2, 3, 4, 5]
        await log.append(logs.some_events(60, 6))
    assert chain.verify(path).events == 65


async def test_the_files_are_their_owners_only(five):
    files = list(five.parent.iterdir())
    assert five in files
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    'statement',
    [
        "UPDATE events SET source = 'x' WHERE seq = 3",
        'DELETE FROM events WHERE seq = 5',
        'DELETE FROM events',
    ],
)
async def test_rows_can_be_neither_changed_nor_deleted(five, statement):
    with pytest.raises(sqlite3.IntegrityError, match='never changed'):
        logs.execute(five, statement)
    assert chain.verify(five).ok


async def test_a_log_that_cannot_be_opened_is_a_write_error(tmp_path):
    threads = threading.active_count()
    folder = tmp_path / 'folder.db'
    folder.mkdir()
    garbage = tmp_path / 'garbage.db'
    garbage.write_bytes(b'no database' * 100)
    for path in (folder, garbage, tmp_path / 'missing' / 'events.db'):
        with pytest.raises(errors.JournalWriteError, match='cannot be written'):
            await journal.Journal.open(path, seq=0, head=events.GENESIS)
    # No thread of a connection stays behind, which would keep the process;
    # a thread has a moment to end.
    for _ in range(400):
        if threading.active_count() <= threads:
            break
        await asyncio.sleep(0.005)
    assert threading.active_count() <= threads


async def test_what_cannot_be_written_leaves_the_log_as_it_was(path):
    async with logs.opened(path) as log:
        await log.append(FIVE[:2])
        last = log.last
        logs.fill_disk(path)
        with pytest.raises(errors.JournalWriteError, match='disk is full'):
            await log.append(FIVE[2:])
        assert log.last == logs.high_water(path) == last
        logs.free_disk(path)
        await log.append(FIVE[2:])
    assert chain.verify(path).events == 5


class Lying(sqlite3.Connection):
    """Commits, and says that it could not."""

    lies = 0

    def execute(self, statement, *values):
        done = super().execute(statement, *values)
        if statement == 'COMMIT' and Lying.lies:
            Lying.lies -= 1
            raise sqlite3.OperationalError('disk I/O error')
        return done


async def test_a_commit_that_failed_but_is_durable_is_not_repeated(
    path, monkeypatch
):
    lying = functools.partial(sqlite3.connect, factory=Lying)
    monkeypatch.setattr(sqlite3, 'connect', lying)
    monkeypatch.setattr(Lying, 'lies', 1)
    async with logs.opened(path) as log:
        with pytest.raises(errors.JournalWriteError, match='I/O error'):
            await log.append(FIVE[:3])
        assert (log.seq, logs.seqs(path)) == (0, [1, 2, 3])
        await log.append(FIVE[:3])
        assert log.last == logs.high_water(path)
        await log.append(FIVE[3:])
    assert chain.verify(path).events == 5


async def test_a_batch_is_written_whole_or_not_at_all(path):
    async with logs.opened(path) as log:
        await log.append(FIVE[:1])
        logs.execute(
            path,
            'CREATE TRIGGER full BEFORE INSERT ON events WHEN new.seq = 4 '
            "BEGIN SELECT RAISE(ABORT, 'full'); END",
        )
        with pytest.raises(errors.JournalWriteError):
            await log.append(FIVE[1:])
        assert logs.seqs(path) == [1]


async def test_a_file_that_may_not_grow_is_a_write_error(path):
    async with logs.opened(path) as log:
        await log._connection.execute('PRAGMA max_page_count=10')
        with pytest.raises(errors.JournalWriteError, match='full'):
            await log.append(logs.some_events(2_000))
        await log.append(FIVE)
    assert chain.verify(path).events == 5


async def test_the_mark_follows_what_is_durable(path):
    async with logs.opened(path) as log:
        assert logs.high_water(path) is None
        for event in FIVE:
            await log.append([event])
            assert logs.high_water(path) == log.last
        log.sync_mark()
    assert logs.high_water(path).seq == 5


async def test_a_mark_that_is_lost_is_made_anew(path):
    last = await logs.written(path, FIVE)
    mark.beside(path).unlink()
    async with logs.opened(path, last):
        assert logs.high_water(path) == last


class TestLock:
    """The right to write, held by one."""

    def test_a_second_writer_is_refused_and_told_of_the_first(self, tmp_path):
        held = journal.Lock(tmp_path / 'engine.lock')
        held.sign('process 12345, started then')
        held.sign('process 42, started now')
        with pytest.raises(
            errors.JournalLockedError,
            match=r'\(process 42, started now\); end it',
        ):
            journal.Lock(tmp_path / 'engine.lock')
        held.release()
        journal.Lock(tmp_path / 'engine.lock').release()

    def test_a_holder_that_did_not_sign_is_unknown(self, tmp_path):
        held = journal.Lock(tmp_path / 'engine.lock')
        with pytest.raises(errors.JournalLockedError, match='unknown process'):
            journal.Lock(tmp_path / 'engine.lock')
        held.release()

    def test_a_refused_writer_leaves_no_file_open(self, tmp_path):
        held = journal.Lock(tmp_path / 'engine.lock')
        before = len(list(pathlib.Path('/proc/self/fd').iterdir()))
        for _ in range(5):
            with pytest.raises(errors.JournalLockedError):
                journal.Lock(tmp_path / 'engine.lock')
        assert len(list(pathlib.Path('/proc/self/fd').iterdir())) == before
        held.release()


class TestCheckpoints:
    """Images of the state beside the events."""

    def kept(self, path):
        with sqlite3.connect(path) as connection:
            rows = connection.execute('SELECT seq FROM checkpoints').fetchall()
        connection.close()
        return [seq for (seq,) in rows]

    async def test_an_image_is_kept(self, path):
        async with logs.opened(path) as log:
            await log.keep(mark.Mark(7, bytes(32)), b'image')
        assert self.kept(path) == [7]

    async def test_old_ones_are_thinned_out(self, path, monkeypatch):
        monkeypatch.setattr(journal, 'APART', 100)
        async with logs.opened(path) as log:
            for seq in range(10, 501, 10):
                await log.keep(mark.Mark(seq, bytes(32)), b'image')
        kept = self.kept(path)
        assert kept[-3:] == [480, 490, 500]
        old = kept[:-3]
        assert old
        gaps = [b - a for a, b in itertools.pairwise(old)]
        assert all(gap >= 100 for gap in gaps)
        assert len(kept) <= 8

    async def test_one_that_cannot_be_written_is_an_error(self, path):
        async with logs.opened(path) as log:
            await log.append(FIVE)
            logs.execute(
                path,
                'CREATE TRIGGER full BEFORE INSERT ON checkpoints '
                "BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
            )
            with pytest.raises(errors.JournalWriteError, match='disk is full'):
                await log.keep(log.last, b'image')
            await log.append(logs.some_events(1, 6))
        assert chain.verify(path).events == 6


def test_a_lock_that_cannot_be_made_says_what_to_do(tmp_path):
    with pytest.raises(errors.JournalWriteError, match='set STING_HOME'):
        journal.Lock(tmp_path / 'missing' / 'engine.lock')
