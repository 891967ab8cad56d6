"""The last result of a drill, kept in a file."""

import pytest

from sting.model import drills
from sting.model import errors
from sting.risk import drilled

pytestmark = pytest.mark.unit

CASE = drills.Case(
    case='calm', ok=True, order_ms=0.0, first_ms=1.5, report_ms=9.0, left=0
)
RESULT = drills.Result(profile='demo', at=7, cases=(CASE,))


def test_a_result_is_kept_and_takes_the_place_of_the_last(tmp_path):
    drilled.keep(tmp_path, RESULT)
    newer = drills.Result(profile='demo', at=8, cases=())
    drilled.keep(tmp_path, newer)
    assert drilled.last(tmp_path) == newer
    assert [each.name for each in tmp_path.iterdir()] == [drilled.FILE]
    assert (tmp_path / drilled.FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize('text', [None, '', '{}', '[1]'])
def test_what_cannot_be_read_is_no_result(tmp_path, text):
    if text is not None:
        (tmp_path / drilled.FILE).write_text(text)
    assert drilled.last(tmp_path) is None


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(errors.JournalWriteError, match=r'drill\.json'):
        drilled.keep(tmp_path / 'missing', RESULT)


def test_the_last_result_is_read_again_when_it_is_another(tmp_path):
    last = drilled.Last(tmp_path)
    assert last.read() is None
    drilled.keep(tmp_path, RESULT)
    first = last.read()
    assert first == RESULT
    assert last.read() is first
    drilled.keep(tmp_path, drills.Result(profile='demo', at=8, cases=()))
    assert last.read().at == 8
