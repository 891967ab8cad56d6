"""Rows in Parquet files are the rows of the log, or an error with a number."""

import contextlib
import pathlib
import sqlite3
import stat
import tempfile

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.engine import chain
from sting.engine import journal
from sting.engine import mark
from sting.engine import segments
from sting.model import errors
from sting.model import events
from tests.unit.engine import logs

pytestmark = pytest.mark.unit

COUNT = 25


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch):
    monkeypatch.setattr(segments, '_GROUP', 10)


@pytest.fixture(scope='module')
def rows():
    made, _ = journal.encode_rows(logs.some_events(COUNT), events.GENESIS)
    return made


@pytest.fixture
def log(tmp_path):
    return tmp_path / 'events.db'


def put(log, rows):
    """Writes a segment and gives what a log says of it."""
    file = log.parent / segments.FOLDER / 'a.parquet'
    segments.write(file, rows)
    return segments.Segment(
        rows[0][0],
        rows[-1][0],
        max(row[1] for row in rows),
        file.name,
        rows[-1][7],
        segments.digest(file),
    )


def read(log, segment, after=0):
    return [row for page in segments.pages(log, segment, after) for row in page]


@pytest.mark.parametrize('after', [0, 1, 9, 10, 11, 19, 24, 25])
def test_rows_are_read_as_they_were_written(log, rows, after):
    assert read(log, put(log, rows), after) == rows[after:]


def test_rows_may_begin_at_any_number(log, rows):
    segment = put(log, rows[7:])
    assert read(log, segment) == rows[7:]
    assert read(log, segment, 20) == rows[20:]


def test_rows_come_group_by_group(log, rows):
    found = segments.pages(log, put(log, rows), 3)
    assert [len(page) for page in found] == [7, 10, 5]


@hypothesis.given(st.data())
@hypothesis.settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
def test_any_text_survives(tmp_path, data):
    texts = st.text(st.characters(exclude_categories=('Cs',)))
    row = (
        1,
        data.draw(st.integers(-(2**63), 2**63 - 1)),
        *(data.draw(texts) for _ in range(3)),
        data.draw(st.integers(0, 2**63 - 1)),
        data.draw(texts),
        data.draw(st.binary(min_size=32, max_size=32)),
    )
    log = tmp_path / 'events.db'
    assert read(log, put(log, [row])) == [row]


def test_files_are_for_their_owner_only(log, rows):
    path = put(log, rows).path(log)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_what_fails_leaves_nothing_behind(log, rows):
    def broken():
        yield rows[0]
        raise sqlite3.OperationalError('disk I/O error')

    file = log.parent / segments.FOLDER / 'a.parquet'
    with pytest.raises(sqlite3.OperationalError):
        segments.write(file, broken())
    assert list(file.parent.iterdir()) == []


def test_missing_file_is_named_with_its_first_number(log, rows):
    segment = put(log, rows[5:])
    segment.path(log).unlink()
    with pytest.raises(errors.JournalCorruptError, match='missing') as caught:
        read(log, segment)
    assert caught.value.first_bad == 6


def test_truncated_file_cannot_be_read(log, rows):
    segment = put(log, rows)
    path = segment.path(log)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(errors.JournalCorruptError) as caught:
        read(log, segment)
    assert caught.value.first_bad == 1


def test_shorter_file_ends_too_early(log, rows):
    segment = put(log, rows)
    segments.write(segment.path(log), rows[:12])
    with pytest.raises(errors.JournalCorruptError, match='early') as caught:
        read(log, segment)
    assert caught.value.first_bad == 13


def test_damaged_group_is_named_with_its_first_number(log, rows):
    segment = put(log, rows)
    path = segment.path(log)
    raw = bytearray(path.read_bytes())
    # The hash column of the second group, found by one of its values.
    raw[raw.index(rows[15][7]) + 3] ^= 1
    path.write_bytes(raw)
    with pytest.raises(errors.JournalCorruptError) as caught:
        read(log, segment)
    assert caught.value.first_bad == 11


@hypothesis.given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
@hypothesis.settings(max_examples=200, deadline=None)
def test_every_flipped_bit_is_found(share, bit):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, '_GROUP', 10)
        rows, _ = journal.encode_rows(logs.some_events(COUNT), events.GENESIS)
        _flip_and_look(rows, share, bit)


def _flip_and_look(rows, share, bit):
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / 'events.db'
        segment = put(log, rows)
        path = segment.path(log)
        raw = bytearray(path.read_bytes())
        raw[int(share * len(raw))] ^= 1 << bit
        path.write_bytes(raw)
        with pytest.raises(errors.JournalCorruptError):
            _verify(log, segment)


def _verify(log, segment):
    rows = read(log, segment)
    (held,) = chain.hold(log, [rows], mark.START)
    segments.check(log, segment, held.head)


def test_check_wants_the_same_file_and_the_same_end(log, rows):
    segment = put(log, rows)
    segments.check(log, segment, rows[-1][7])
    with pytest.raises(errors.JournalCorruptError, match='changed'):
        segments.check(log, segment, bytes(32))
    with segment.path(log).open('ab') as file:
        file.write(b'x')
    with pytest.raises(errors.JournalCorruptError, match='events 1 to 25'):
        segments.check(log, segment, rows[-1][7])
    segment.path(log).unlink()
    with pytest.raises(errors.JournalCorruptError, match='missing'):
        segments.check(log, segment, rows[-1][7])


def test_list_is_never_changed(log):
    segment = segments.Segment(1, 2, 3, 'a.parquet', b'h', b'd')
    with contextlib.closing(sqlite3.connect(log)) as connection:
        assert segments.listed(connection) == []
        connection.executescript(segments.SCHEMA)
        connection.execute(
            "INSERT INTO segments VALUES (1, 2, 3, 'a.parquet', x'68', x'64')"
        )
        assert segments.listed(connection) == [segment]
        assert segments.find(connection, 2) == segment
        assert segments.find(connection, 3) is None
        for statement in (
            'UPDATE segments SET last = 9',
            'DELETE FROM segments',
        ):
            with pytest.raises(sqlite3.IntegrityError, match='never changed'):
                connection.execute(statement)
