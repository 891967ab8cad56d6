"""What strategies write, as a file."""

import json
import stat

import pytest

from sting.session import notes
from sting.strategy import context

pytestmark = pytest.mark.unit


def line(text, level='info', timestamp=1_577_836_800_000_000_000):
    return context.LogLine(timestamp, level, text)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'strategies.log'


def test_a_line_is_one_json_object(path):
    made = notes.Notes(path)
    made.write('sma', line('crossed', 'warning'))
    made.close()
    (told,) = map(json.loads, path.read_text().splitlines())
    assert told == {
        'strategy': 'sma',
        'level': 'warning',
        'event': 'crossed',
        'time': '2020-01-01T00:00:00Z',
    }


def test_a_line_break_stays_inside_its_line(path):
    made = notes.Notes(path)
    made.write('sma', line('two\nlines'))
    made.close()
    (only,) = path.read_text().splitlines()
    assert json.loads(only)['event'] == 'two\nlines'


def test_lines_are_there_at_once_and_added_to_what_is_there(path):
    for text in ('first', 'second'):
        made = notes.Notes(path)
        made.write('sma', line(text))
        assert text in path.read_text()
        made.close()
    assert len(path.read_text().splitlines()) == 2


def test_the_file_is_its_owners(path):
    made = notes.Notes(path)
    made.write('sma', line('mine'))
    made.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_who_writes_nothing_makes_no_file(path):
    notes.Notes(path).close()
    assert not path.exists()
