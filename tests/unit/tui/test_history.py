"""The history of the command line: kept, private, without typed words."""

import stat

import pytest

from tui import history

pytestmark = pytest.mark.unit


def test_lines_are_there_at_the_next_start(tmp_path):
    path = tmp_path / history.FILE
    first = history.History(path)
    first.add('theme light')
    first.add(' cancel all ')
    assert history.History(path).lines == ['theme light', 'cancel all']


def test_the_file_is_for_its_owner_alone(tmp_path):
    path = tmp_path / history.FILE
    history.History(path).add('theme light')
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_empty_lines_and_the_same_again_are_not_kept():
    kept = history.History()
    for line in ('help', 'help', '', '  ', 'theme', 'help'):
        kept.add(line)
    assert kept.lines == ['help', 'theme', 'help']


@pytest.mark.parametrize('line', ['resume RESUME', 'flatten FLATTEN IBM'])
def test_a_line_with_a_word_to_type_is_never_given_back(tmp_path, line):
    path = tmp_path / history.FILE
    kept = history.History(path)
    kept.add(line)
    assert not kept.lines
    assert not path.exists()


def test_only_the_newest_lines_are_read(tmp_path):
    path = tmp_path / history.FILE
    path.write_text(''.join(f'why {n}\n' for n in range(600)))
    lines = history.History(path).lines
    assert (len(lines), lines[0], lines[-1]) == (500, 'why 100', 'why 599')


def test_a_history_that_cannot_be_read_or_written_is_done_without(tmp_path):
    path = tmp_path / history.FILE
    path.mkdir()
    kept = history.History(path)
    kept.add('help')
    assert kept.lines == ['help']
