"""The event log on a real file: what is written, and what is found out."""

import asyncio
import itertools
import pathlib
import shutil
import sqlite3
import stat
import threading

import pytest

from sting.engine import journal
from sting.engine import mark
from sting.model import errors
from sting.model import events
from tests.unit.engine import logs
from tests.unit.model import samples

pytestmark = pytest.mark.unit

FIVE = logs.some_events(5)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'events.db'


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    """A log of five events, as the journal wrote it."""
    path = tmp_path_factory.mktemp('five') / 'events.db'
    asyncio.run(logs.written(path, FIVE))
    return path


@pytest.fixture
def five(written, path):
    """A log of five events, to be damaged."""
    for file in written.parent.iterdir():
        shutil.copy(file, path.parent)
    return path


async def test_events_are_read_back_as_they_were_written(path):
    batch = [
        events.Event(seq, -seq, kind, f's{seq}', data, 'A\0é', seq - 1)
        for seq, (kind, data) in enumerate(samples.SAMPLES.items(), start=1)
    ]
    await logs.written(path, batch)
    assert list(journal.read(path)) == batch
    assert [event for event, _ in journal.read_verified(path)] == batch


async def test_a_log_goes_on_where_it_ended(path):
    last = await logs.written(path, FIVE[:2])
    assert last.seq == 2
    async with logs.opened(path, last) as log:
        await log.append(FIVE[2:4])
        await log.append(FIVE[4:])
        assert log.seq == 5
        last = log.last
    found = journal.verify(path)
    assert found == journal.Verification(True, 5, last.head.hex())


async def test_batches_of_any_size_give_the_same_hashes(path, tmp_path):
    one = await logs.written(path, FIVE)
    async with logs.opened(tmp_path / 'other.db') as log:
        for event in FIVE:
            await log.append([event])
        assert log.last == one


async def test_a_new_log_verifies(path):
    await logs.written(path, [])
    assert journal.verify(path) == journal.Verification(
        True, 0, events.GENESIS.hex()
    )


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
    assert journal.verify(five).ok


@pytest.mark.parametrize(
    ('changed', 'first_bad'),
    [
        ('seq = 9', 3),
        ('timestamp = timestamp + 1', 3),
        ("type = 'quote'", 3),
        ("type = 'no such type'", 3),
        ("source = 'feed:tess'", 3),
        ("symbol = 'AAPM'", 3),
        ('cause = 1', 3),
        ('cause = -1', 3),
        ("data = replace(data, '103', '104')", 3),
        ("data = data || ' '", 3),
        ("data = '{}'", 3),
        ("data = ''", 3),
        ("hash = x'00'", 3),
        ('hash = zeroblob(32)', 3),
        # What is no text at all, in the middle of a page.
        ("source = CAST(x'ff' AS TEXT)", 3),
        ("data = CAST(x'7bff7d' AS TEXT)", 3),
    ],
)
async def test_a_change_is_found_with_its_number(five, changed, first_bad):
    logs.tamper(five, f'UPDATE events SET {changed} WHERE seq = 3')
    found = journal.verify(five)
    assert not found.ok
    assert found.first_bad == first_bad
    assert found.events == first_bad - 1
    assert found.head == list(_hashes(FIVE))[first_bad - 2].hex()
    with pytest.raises(errors.JournalCorruptError) as caught:
        list(journal.read_verified(five))
    assert caught.value.first_bad == first_bad
    assert str(caught.value) == found.message


def _hashes(batch):
    for row in journal.encode_rows(batch, events.GENESIS)[0]:
        yield row[-1]


@pytest.mark.parametrize('seq', [1, 3])
async def test_a_missing_row_is_found(five, seq):
    logs.tamper(five, f'DELETE FROM events WHERE seq = {seq}')
    found = journal.verify(five)
    assert (found.ok, found.first_bad) == (False, seq)
    assert f'event {seq} is missing' in found.message


async def test_a_lost_end_is_found_by_the_mark(five):
    logs.tamper(five, 'DELETE FROM events WHERE seq > 3')
    found = journal.verify(five)
    assert (found.ok, found.first_bad, found.events) == (False, 4, 3)
    assert 'ends at event 3 but had 5' in found.message


async def test_rows_before_the_first_are_no_rows(five):
    logs.tamper(
        five,
        'INSERT INTO events SELECT 0, timestamp, type, source, symbol, cause, '
        'data, hash FROM events WHERE seq = 1',
    )
    assert logs.seqs(five) == [1, 2, 3, 4, 5]


async def test_a_part_is_held_against_the_chain(five):
    hashes = list(_hashes(FIVE))
    part = journal.read_verified(five, mark.Mark(2, hashes[1]), until=4)
    assert [(e.seq, digest) for e, digest in part] == [
        (3, hashes[2]),
        (4, hashes[3]),
    ]
    with pytest.raises(errors.JournalCorruptError, match='event 3 was changed'):
        list(journal.read_verified(five, mark.Mark(2, hashes[0])))
    with pytest.raises(errors.JournalCorruptError, match='event 6 is missing'):
        list(journal.read_verified(five, until=7))


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({'after': 3}, [4, 5]),
        ({'limit': 2}, [1, 2]),
        ({'after': 1, 'limit': 1}, [2]),
        ({'limit': 0}, []),
        ({'after': 5}, []),
    ],
)
async def test_a_part_is_read(five, options, expected):
    assert [e.seq for e in journal.read(five, **options)] == expected


async def test_more_than_a_page_is_read(path, monkeypatch):
    monkeypatch.setattr(journal, '_PAGE', 3)
    await logs.written(path, logs.some_events(10))
    assert logs.seqs(path) == list(range(1, 11))
    assert journal.verify(path).events == 10


async def test_one_event_is_read_by_its_number(five):
    assert journal.read_one(five, 3) == FIVE[2]
    for seq in (0, 6):
        with pytest.raises(errors.JournalError, match=f'no event {seq}'):
            journal.read_one(five, seq)


async def test_an_event_of_a_later_version_is_an_error(five):
    logs.tamper(five, "UPDATE events SET type = 'omen' WHERE seq = 3")
    with pytest.raises(errors.JournalError, match="event 3 is a 'omen'"):
        list(journal.read(five))


def test_a_log_that_is_not_there_is_an_error(path):
    for reading in (
        lambda: list(journal.read(path)),
        lambda: journal.verify(path),
    ):
        with pytest.raises(errors.JournalError, match='there is no event log'):
            reading()


async def test_a_log_that_is_gone_is_found_by_the_mark(five):
    five.unlink()
    found = journal.verify(five)
    assert (found.ok, found.first_bad) == (False, 1)
    assert 'is gone; it had 5 events' in found.message


async def test_a_path_may_be_relative(five, monkeypatch):
    monkeypatch.chdir(five.parent)
    assert logs.seqs(five.relative_to(five.parent)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize('content', [b'no database' * 100, b'SQLite format 3'])
def test_what_is_no_database_is_corrupt(path, content):
    path.write_bytes(content)
    with pytest.raises(errors.JournalCorruptError):
        list(journal.read(path))


def test_a_database_of_someone_else_is_no_log(path):
    logs.execute(path, 'CREATE TABLE events(seq)')
    with pytest.raises(errors.JournalCorruptError, match='is not an event log'):
        list(journal.read(path))


async def test_a_log_of_a_newer_version_is_refused(five):
    logs.execute(five, f'PRAGMA user_version={journal.VERSION + 1}')
    with pytest.raises(errors.JournalError, match='a newer sting'):
        list(journal.read(five))


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
    assert journal.verify(path).events == 5


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
    assert journal.verify(path).events == 5


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


async def test_a_log_is_read_while_it_is_written(path):
    ended = threading.Event()
    seen = []

    def verify():
        while not ended.is_set():
            found = journal.verify(path)
            assert found.ok, found
            seen.append(found.events)

    async with logs.opened(path) as log:
        reading = asyncio.create_task(asyncio.to_thread(verify))
        try:
            for number in range(60):
                await log.append(logs.some_events(20, number * 20 + 1))
        finally:
            ended.set()
            await reading
    assert seen == sorted(seen)
    assert journal.verify(path).events == 1_200


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
        assert journal.verify(path).events == 6


@pytest.mark.parametrize('column', range(8))
@pytest.mark.parametrize('value', [None, b'x', 1.5, 'x', -1])
def test_a_column_of_a_damaged_row_may_hold_anything(column, value):
    (row,), _ = journal.encode_rows(logs.some_events(1), journal.START.head)
    row = (*row[:column], value, *row[column + 1 :])
    with pytest.raises(errors.JournalCorruptError) as found:
        list(journal.held(pathlib.Path('events.db'), [row], journal.START))
    assert found.value.first_bad == 1


def test_a_lock_that_cannot_be_made_says_what_to_do(tmp_path):
    with pytest.raises(errors.JournalWriteError, match='set STING_HOME'):
        journal.Lock(tmp_path / 'missing' / 'engine.lock')
