"""Events are read back from a log, and what is no log is told of."""

import pytest

from sting.engine import chain
from sting.engine import layout
from sting.engine import reader
from sting.model import errors
from tests.unit.engine import logs

pytestmark = pytest.mark.unit

FIVE = logs.some_events(5)


async def test_rows_before_the_first_are_no_rows(five):
    logs.tamper(
        five,
        'INSERT INTO events SELECT 0, timestamp, type, source, symbol, cause, '
        'data, hash FROM events WHERE seq = 1',
    )
    assert logs.seqs(five) == [1, 2, 3, 4, 5]


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
    assert [e.seq for e in reader.read(five, **options)] == expected


async def test_more_than_a_page_is_read(path, monkeypatch):
    monkeypatch.setattr(reader, '_PAGE', 3)
    await logs.written(path, logs.some_events(10))
    assert logs.seqs(path) == list(range(1, 11))
    assert chain.verify(path).events == 10


async def test_one_event_is_read_by_its_number(five):
    assert reader.read_one(five, 3) == FIVE[2]
    for seq in (0, 6):
        with pytest.raises(errors.JournalError, match=f'no event {seq}'):
            reader.read_one(five, seq)


async def test_an_event_of_a_later_version_is_an_error(five):
    logs.tamper(five, "UPDATE events SET type = 'omen' WHERE seq = 3")
    with pytest.raises(errors.JournalError, match="event 3 is a 'omen'"):
        list(reader.read(five))


def test_a_log_that_is_not_there_is_an_error(path):
    for reading in (
        lambda: list(reader.read(path)),
        lambda: chain.verify(path),
    ):
        with pytest.raises(errors.JournalError, match='there is no event log'):
            reading()


async def test_a_path_may_be_relative(five, monkeypatch):
    monkeypatch.chdir(five.parent)
    assert logs.seqs(five.relative_to(five.parent)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize('content', [b'no database' * 100, b'SQLite format 3'])
def test_what_is_no_database_is_corrupt(path, content):
    path.write_bytes(content)
    with pytest.raises(errors.JournalCorruptError):
        list(reader.read(path))


def test_a_database_of_someone_else_is_no_log(path):
    logs.execute(path, 'CREATE TABLE events(seq)')
    with pytest.raises(errors.JournalCorruptError, match='is not an event log'):
        list(reader.read(path))


async def test_a_log_of_a_newer_version_is_refused(five):
    logs.execute(five, f'PRAGMA user_version={layout.VERSION + 1}')
    with pytest.raises(errors.JournalError, match='a newer sting'):
        list(reader.read(five))


def test_the_last_number_is_that_of_the_newest_event(tmp_path):
    path = tmp_path / 'events.db'
    logs.write_quickly(path, [])
    assert reader.last_seq(path) == 0
    other = tmp_path / 'other.db'
    logs.write_quickly(other, logs.some_events(7))
    assert reader.last_seq(other) == 7
    with pytest.raises(errors.JournalError, match='no event log'):
        reader.last_seq(tmp_path / 'none.db')


def test_a_log_without_a_table_has_no_last_number(tmp_path):
    path = tmp_path / 'events.db'
    logs.write_quickly(path, [])
    logs.execute(path, 'DROP TABLE events')
    with pytest.raises(errors.JournalError, match='cannot be read'):
        reader.last_seq(path)
