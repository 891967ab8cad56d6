"""Archiving moves events and changes nothing of what they tell."""

import contextlib
import math
import pathlib
import sqlite3
import tempfile

import hypothesis
from hypothesis import strategies as st
import pytest

from sting import settings
from sting.engine import archive
from sting.engine import chain
from sting.engine import history
from sting.engine import image
from sting.engine import journal
from sting.engine import layout
from sting.engine import reader
from sting.engine import recovery
from sting.engine import segments
from sting.engine import state
from sting.model import errors
from sting.model import records
from tests.unit.engine import histories
from tests.unit.engine import logs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

COUNT = 60
CHECKPOINT = 50


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(archive, 'KEEP', 5)
    monkeypatch.setattr(segments, '_GROUP', 7)


@pytest.fixture
def path(tmp_path):
    """A log of bars with a checkpoint."""
    file = tmp_path / 'events.db'
    logs.write_quickly(file, logs.some_events(COUNT), (CHECKPOINT, b'image'))
    return file


def in_table(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = connection.execute('SELECT seq FROM events ORDER BY seq')
        return [seq for (seq,) in found]


def test_old_events_leave_the_table_and_are_read_all_the_same(path):
    before = list(reader.rows(path, 0))
    head = chain.verify(path).head
    done = archive.archive(path)
    assert (done.first, done.last) == (1, CHECKPOINT - 1)
    assert done.bytes == pathlib.Path(done.file).stat().st_size
    assert in_table(path) == list(range(CHECKPOINT, COUNT + 1))
    assert list(reader.rows(path, 0)) == before
    found = chain.verify(path)
    assert (found.ok, found.events, found.head) == (True, COUNT, head)
    assert reader.read_one(path, 20).seq == 20
    assert [e.seq for e in reader.read(path, after=47, limit=4)] == [
        48, 49, 50, 51,
    ]  # fmt: skip


def test_the_triggers_are_back_afterwards(path):
    archive.archive(path)
    for statement in (
        'DELETE FROM events',
        'UPDATE events SET cause = 0',
        'DELETE FROM segments',
        'UPDATE segments SET first = 2',
    ):
        with pytest.raises(sqlite3.IntegrityError, match='never changed'):
            logs.execute(path, statement)


def test_segments_follow_each_other(path):
    archive.archive(path, keep=COUNT - 10)
    archive.archive(path, keep=COUNT - 11)
    archive.archive(path)
    assert [(one.first, one.last) for one in reader.archived(path)] == [
        (1, 10), (11, 11), (12, CHECKPOINT - 1),
    ]  # fmt: skip
    assert chain.verify(path).ok
    assert archive.archive(path) is None


def test_the_newest_events_stay(path, monkeypatch):
    monkeypatch.setattr(archive, 'KEEP', 40)
    assert archive.archive(path, keep=1).last == COUNT - 40


def test_only_what_is_before_the_moment_goes(path):
    assert archive.archive(path, before=worlds.NOON + 31).last == 30
    assert archive.archive(path, before=worlds.NOON + 31) is None
    assert archive.archive(path, before=worlds.NOON * 2).last == CHECKPOINT - 1


@pytest.mark.parametrize(
    'checkpoint', [None, (1, b'image')], ids=['none', 'the first event']
)
def test_nothing_goes_past_the_newest_checkpoint(tmp_path, checkpoint):
    path = tmp_path / 'events.db'
    logs.write_quickly(path, logs.some_events(COUNT), checkpoint)
    assert archive.archive(path) is None


def test_checkpoint_with_another_head_does_not_count(path):
    logs.execute(path, "UPDATE checkpoints SET head = x'00'")
    assert archive.archive(path) is None


def test_log_goes_on_behind_what_is_left(path):
    archive.archive(path)
    rows = list(reader.rows(path, COUNT - 1))
    more, _ = journal.encode_rows(logs.some_events(3, COUNT + 1), rows[-1][7])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executemany(layout.INSERT, more)
        connection.commit()
    assert chain.verify(path).events == COUNT + 3


def test_damaged_events_are_not_archived(path):
    logs.tamper(path, "UPDATE events SET source = 'x' WHERE seq = 12")
    before = in_table(path)
    with pytest.raises(errors.JournalCorruptError) as caught:
        archive.archive(path)
    assert caught.value.first_bad == 12
    assert in_table(path) == before
    assert reader.archived(path) == []
    assert list((path.parent / segments.FOLDER).iterdir()) == []


def test_without_a_log_there_is_nothing_to_archive(tmp_path):
    with pytest.raises(errors.JournalError, match='no event log'):
        archive.archive(tmp_path / 'events.db')


def test_where_the_file_cannot_be_written_nothing_changes(path):
    (path.parent / segments.FOLDER).write_text('in the way')
    with pytest.raises(errors.JournalWriteError, match='cannot be archived'):
        archive.archive(path)
    assert chain.verify(path).events == COUNT
    assert len(in_table(path)) == COUNT


def test_where_the_rows_cannot_go_nothing_changes(path):
    logs.execute(
        path,
        'CREATE TRIGGER stuck BEFORE DELETE ON events '
        "BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END",
    )
    with pytest.raises(errors.JournalWriteError, match='disk I/O error'):
        archive.archive(path)
    assert reader.archived(path) == []
    assert len(in_table(path)) == COUNT
    logs.execute(path, 'DROP TRIGGER stuck')
    with pytest.raises(sqlite3.IntegrityError, match='never changed'):
        logs.execute(path, 'DELETE FROM events WHERE seq = 1')
    assert archive.archive(path).last == CHECKPOINT - 1
    assert chain.verify(path).ok


def test_death_before_the_transaction_is_made_good(path):
    file = path.parent / segments.FOLDER / f'{1:012}.parquet'
    segments.write(file, list(reader.rows(path, 0))[:9])
    file.with_suffix('.part').write_bytes(b'half')
    archive.archive(path)
    assert chain.verify(path).ok
    assert list(file.parent.iterdir()) == [file]


def damaged(path, seq):
    found = chain.verify(path)
    assert (found.ok, found.first_bad) == (False, seq)
    assert found.events == seq - 1


def test_missing_segment_is_found(path):
    archive.archive(path, keep=COUNT - 10)
    pathlib.Path(archive.archive(path).file).unlink()
    damaged(path, 11)


def test_segment_of_another_log_is_found(path, tmp_path):
    file = pathlib.Path(archive.archive(path).file)
    other = tmp_path / 'other' / 'events.db'
    other.parent.mkdir()
    logs.write_quickly(
        other, logs.some_events(COUNT + 1)[1:], (CHECKPOINT - 1, b'image')
    )
    rows = list(reader.rows(path, 0))[: CHECKPOINT - 1]
    rows[20] = (*rows[20][:3], 'x', *rows[20][4:])
    segments.write(file, rows)
    damaged(path, 21)


def test_file_that_tells_the_same_but_is_another_is_found(path):
    file = pathlib.Path(archive.archive(path).file)
    file.write_bytes(file.read_bytes() + b'x')
    with contextlib.suppress(errors.JournalCorruptError):
        assert len(list(reader.rows(path, 0))) == COUNT
    assert not chain.verify(path).ok


def test_listed_segment_that_was_taken_off_the_list_is_found(path):
    archive.archive(path)
    logs.execute(
        path, 'DROP TRIGGER segments_are_not_deleted', 'DELETE FROM segments'
    )
    damaged(path, 1)


def test_list_that_cannot_be_read_is_found(path):
    archive.archive(path)
    logs.execute(path, 'ALTER TABLE segments DROP COLUMN head')
    damaged(path, 1)


def test_reader_in_the_middle_goes_on_in_the_segment(path, monkeypatch):
    monkeypatch.setattr(reader, '_PAGE', 4)
    rows = reader.rows(path, 0)
    first = [next(rows) for _ in range(6)]
    archive.archive(path)
    assert [row[0] for row in [*first, *rows]] == list(range(1, COUNT + 1))


def test_archiving_leaves_the_mode(path):
    path.chmod(0o600)
    archive.archive(path)
    assert path.stat().st_mode & 0o777 == 0o600


def config(**fields):
    return settings.Journal(**fields)


class TestAuto:
    def test_off_by_default(self, path):
        assert archive.auto(path, config()) is None
        assert len(in_table(path)) == COUNT

    def test_without_a_log_nothing_is_done(self, tmp_path):
        path = tmp_path / 'events.db'
        assert archive.auto(path, config(archive_after_days=1)) is None

    def test_by_age(self, path):
        # The newest is COUNT nanoseconds after noon.
        days = 20 / (86_400 * 10**9)
        said = archive.auto(path, config(archive_after_days=days))
        assert said == f'archived events 1 to {COUNT - 20 - 1}'
        assert archive.auto(path, config(archive_after_days=days)) is None

    def test_by_size(self, path):
        size, _ = archive._used(path)
        above = config(archive_above_mb=size / 1e6 * 1.01)
        assert archive.auto(path, above) is None
        below = config(archive_above_mb=size / 1e6 * 0.99)
        assert archive.auto(path, below) == 'archived events 1 to 30'

    def test_what_fails_is_told_and_stops_nobody(self, path):
        (path.parent / segments.FOLDER).write_text('in the way')
        said = archive.auto(path, config(archive_above_mb=0.001))
        assert said.startswith('the log could not be archived: ')
        assert chain.verify(path).ok


@hypothesis.given(
    histories.histories,
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=3),
    st.floats(0.0, 1.0),
)
@hypothesis.settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_archived_anywhere_the_log_tells_the_same(acts, cuts, share):
    world = histories.played(acts)
    end = world.state.seq
    older = state.SystemState()
    for event in world.events:
        older.apply(event)
    raw, digest = recovery.pack(image.capture(older))
    world.tell(
        worlds.T.CHECKPOINT, records.Checkpoint(up_to=end, digest=digest)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'events.db'
        last = logs.write_quickly(path, world.events, (end, raw))
        at = max(1, math.ceil(share * last.seq))
        before = worlds.image(history.state_at(path, seq=at))
        for cut in sorted(cuts):
            archive.archive(path, keep=last.seq - int(cut * last.seq))
        found = chain.verify(path)
        assert (found.ok, found.head) == (True, last.head.hex())
        assert worlds.image(history.state_at(path, seq=at)) == before
        assert list(reader.read(path)) == world.events
        system = state.SystemState()
        recovered = recovery.restore(path, system, lambda _: None)
    assert recovered.last == last
    assert recovered.base.seq == end
    assert worlds.image(system) == worlds.image(world.state)


def test_the_state_of_archived_events_is_read_from_their_checkpoints(
    tmp_path, monkeypatch
):
    world = histories.History()
    older = state.SystemState()
    for event in world.events:
        older.apply(event)
    raw, digest = recovery.pack(image.capture(older))
    at = older.seq
    world.tell(worlds.T.CHECKPOINT, records.Checkpoint(up_to=at, digest=digest))
    for _ in range(30):
        world.bar()
    path = tmp_path / 'events.db'
    logs.write_quickly(path, world.events, (at, raw))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(
            'INSERT INTO checkpoints SELECT seq, hash, hash FROM events '
            'ORDER BY seq DESC LIMIT 1'
        )
        connection.commit()
    assert archive.archive(path).last > at + 5
    pages = reader.pages
    begun = []

    def watched(path, after, limit=None, columns=layout.COLUMNS):
        if limit is not None:
            begun.append(after)
        return pages(path, after, limit, columns)

    monkeypatch.setattr(reader, 'pages', watched)
    assert recovery.state_at(path, at + 3).seq == at + 3
    assert begun == [at]
