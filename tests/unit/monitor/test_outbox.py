"""What waits for channels, kept in a file."""

import stat

import pytest

from sting.model import errors
from sting.model import records
from sting.monitor import notices
from sting.monitor import outbox

pytestmark = pytest.mark.unit

S = records.Severity


def notice(seq, severity=S.WARNING, more=0):
    return notices.Notice(
        seq=seq, timestamp=seq, severity=severity, message='x', more=more
    )


@pytest.fixture
def box(tmp_path):
    made = outbox.Outbox(tmp_path / 'outbox.db')
    yield made
    made.close()


def test_what_is_taken_waits_until_it_is_told(box, tmp_path):
    assert box.take(notice(3), ['a', 'b']) == ['a', 'b']
    box.told('a', [3], 0)
    again = outbox.Outbox(tmp_path / 'outbox.db')
    assert again.waiting('a') == []
    assert again.waiting('b') == [notice(3)]
    again.close()
    assert outbox.counts(tmp_path / 'outbox.db') == {'b': 1}
    assert stat.S_IMODE((tmp_path / 'outbox.db').stat().st_mode) == 0o600


def test_an_event_that_is_given_twice_is_taken_once(box):
    box.take(notice(3), ['a'])
    box.told('a', [3], 0)
    assert box.take(notice(3), ['a']) == []
    assert box.waiting('a') == []


def test_how_often_it_came_is_taken_behind_it(box):
    box.take(notice(3), ['a'])
    box.take(notice(9), ['a'])
    assert box.take(notice(5, more=2), ['a'], again=True) == ['a']
    assert [one.seq for one in box.waiting('a')] == [3, 5, 9]


def test_of_too_many_the_oldest_are_counted_critical_ones_last(
    box, monkeypatch
):
    monkeypatch.setattr(outbox, 'MOST', 3)
    for seq in (1, 2, 3, 4, 5):
        box.take(notice(seq, S.CRITICAL if seq == 1 else S.WARNING), ['a'])
    assert [one.seq for one in box.waiting('a')] == [1, 4, 5]
    assert box.dropped('a') == 2
    box.told('a', [1, 4, 5], 2)
    assert box.dropped('a') == 0


def test_no_outbox_has_nothing(tmp_path):
    assert outbox.counts(tmp_path / 'none.db') == {}


def test_a_file_that_is_none_is_named(tmp_path):
    path = tmp_path / 'outbox.db'
    path.write_bytes(b'x' * 5000)
    with pytest.raises(errors.JournalError, match='remove it'):
        outbox.Outbox(path)
    assert outbox.counts(path) == {}
