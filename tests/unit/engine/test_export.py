"""A copy of a log is a log."""

import contextlib
import pathlib
import sqlite3
import stat

import pytest

from sting.engine import anonymize
from sting.engine import archive
from sting.engine import chain
from sting.engine import export
from sting.engine import layout
from sting.engine import reader
from sting.model import errors
from sting.model import events
from tests.unit.engine import logs

pytestmark = pytest.mark.unit


@pytest.fixture
def path(tmp_path):
    file = tmp_path / 'events.db'
    logs.write_quickly(file, logs.some_events(20), (19, b'image'))
    return file


@pytest.fixture
def file(tmp_path):
    return tmp_path / 'copy.db'


def test_copy_has_the_same_chain(path, file):
    done = export.export(path, file)
    assert list(reader.rows(file, 0)) == list(reader.rows(path, 0))
    assert chain.verify(file) == chain.verify(path)
    assert (done.events, done.head) == (20, chain.verify(path).head)
    assert (done.first_bad, done.message) == (None, '')


def test_rows_that_this_version_would_write_otherwise_stay(tmp_path, file):
    """A log of an older version has, say, defaults written out."""
    path = tmp_path / 'events.db'
    event = logs.some_events(1)[0]
    text = events.encode(event.data).replace(b'}', b',"closed":true}')
    head = events.chain(events.GENESIS, event, text)
    row = (
        1, event.timestamp, 'market_data', event.source, event.symbol, 0,
        text.decode(), head,
    )  # fmt: skip
    logs.write_quickly(path, [])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(layout.INSERT, row)
        connection.commit()
    export.export(path, file)
    assert list(reader.rows(file, 0)) == [row]


def test_copy_is_one_file_for_its_owner_that_nobody_changes(path, file):
    export.export(path, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {one.name for one in path.parent.iterdir()} == {
        'events.db',
        'copy.db',
    }
    with pytest.raises(sqlite3.IntegrityError, match='never changed'):
        logs.execute(file, 'DELETE FROM events')


def test_segments_become_rows_again(path, file, monkeypatch):
    monkeypatch.setattr(archive, 'KEEP', 5)
    assert archive.archive(path) is not None
    export.export(path, file)
    assert reader.archived(file) == []
    assert list(reader.rows(file, 0)) == list(reader.rows(path, 0))


def test_only_up_to_a_number(path, file):
    done = export.export(path, file, until=7)
    assert (done.events, chain.verify(file).events) == (7, 7)
    assert list(reader.rows(file, 0)) == list(reader.rows(path, 0))[:7]


@pytest.mark.parametrize('anonymous', [False, True])
def test_of_a_damaged_log_what_comes_before_the_damage(path, file, anonymous):
    logs.tamper(path, "UPDATE events SET source = 'x' WHERE seq = 12")
    anonymizer = anonymize.Anonymizer.draw() if anonymous else None
    done = export.export(path, file, anonymizer=anonymizer)
    assert (done.events, done.first_bad) == (11, 12)
    assert 'event 12' in done.message
    assert chain.verify(file).ok
    assert logs.seqs(file) == list(range(1, 12))


def test_damage_behind_the_last_number_is_nobody_s_business(path, file):
    logs.tamper(path, "UPDATE events SET source = 'x' WHERE seq = 12")
    assert export.export(path, file, until=11).first_bad is None


def test_of_nothing_nothing_is_made(path, file):
    logs.tamper(path, "UPDATE events SET source = 'x' WHERE seq = 1")
    with pytest.raises(errors.JournalError, match='nothing of'):
        export.export(path, file)
    assert list(path.parent.iterdir()) == [path]


def test_empty_log_is_not_copied(tmp_path, file):
    path = tmp_path / 'events.db'
    logs.write_quickly(path, [])
    with pytest.raises(errors.JournalError, match='no events'):
        export.export(path, file)


def test_without_a_log_nothing_is_made(tmp_path, file):
    with pytest.raises(errors.JournalError, match='no event log'):
        export.export(tmp_path / 'events.db', file)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(path, file):
    file.write_text('mine')
    with pytest.raises(errors.InputError, match='name a new file'):
        export.export(path, file)
    assert file.read_text() == 'mine'


def test_where_it_cannot_be_written(path):
    with pytest.raises(errors.JournalWriteError, match='cannot be written'):
        export.export(path, pathlib.Path('/proc/nowhere/copy.db'))


def test_anonymous_copy_has_a_chain_of_its_own(path, file):
    done = export.export(
        path, file, anonymizer=anonymize.Anonymizer('ffff', 2.0)
    )
    found = chain.verify(file)
    assert (found.ok, found.events, found.head) == (True, 20, done.head)
    assert done.head != chain.verify(path).head
    first = reader.read_one(file, 1)
    assert (first.symbol, first.data.close) == ('S1', 202.0)


def test_from_a_number_on_says_the_new_number(path, file):
    done = export.export(path, file, first=5)
    # All of one day.
    assert (done.events, done.first) == (20, 5)
    assert chain.verify(file).ok


@pytest.mark.parametrize(
    ('first', 'until', 'error', 'message'),
    [
        (5, 4, errors.InputError, 'nothing from 5 to 4'),
        (21, None, errors.JournalError, 'no event 21'),
    ],
)
def test_from_a_number_that_is_not_there(
    path, file, first, until, error, message
):
    with pytest.raises(error, match=message):
        export.export(path, file, first=first, until=until)
    assert not file.exists()


def test_from_a_number_behind_the_damage(path, file):
    logs.tamper(path, "UPDATE events SET source = 'x' WHERE seq = 12")
    with pytest.raises(errors.JournalError, match='event 12 was changed'):
        export.export(path, file, first=15)
    assert not file.exists()
