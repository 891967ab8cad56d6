"""What strategies write, as a file."""

import json
import stat

import pytest

from sting.session import notes
from sting.session import redaction
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


def test_a_full_file_is_followed_by_a_new_one_and_the_oldest_goes(path):
    made = notes.Notes(path, limit=200)
    for number in range(40):
        made.write('sma', line(f'line {number:02}'))
    made.close()
    files = [path, *(path.with_name(f'{path.name}.{n}') for n in (1, 2, 3))]
    assert set(path.parent.iterdir()) == set(files)
    told = [
        json.loads(each)['event']
        for file in reversed(files)
        for each in file.read_text().splitlines()
    ]
    # Nothing is missing of what is left.
    assert told == [f'line {n:02}' for n in range(40 - len(told), 40)]
    for file in files:
        assert file.stat().st_size < 400
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_credentials_are_not_written(path):
    known = {'tell-nobody'}
    made = notes.Notes(path, redaction.Redactor({}, lambda: known))
    made.write('sma', line('I know tell-nobody, password=hunter22'))
    made.close()
    told = path.read_text()
    assert 'tell-nobody' not in told
    assert 'hunter22' not in told
    assert json.loads(told)['event'] == 'I know ***, password=***'


def test_who_writes_nothing_makes_no_file(path):
    notes.Notes(path).close()
    assert not path.exists()
