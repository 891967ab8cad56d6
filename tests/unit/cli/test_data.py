"""`sting data`."""

import json

import numpy as np
import pytest

from sting.data import store
from sting.data import table

pytestmark = pytest.mark.unit

HEAD = 'timestamp,symbol,open,high,low,close,volume\n'
ROWS = ''.join(
    f'2013-03-01T14:{minute}:00Z,A,1,1,1,1,{minute}\n'
    for minute in range(30, 50)
)


@pytest.fixture
def check(sting, home, tmp_path):
    def call(text, *words):
        path = tmp_path / 'bars.csv'
        path.write_text(HEAD + text)
        return sting('data', 'check', str(path), *words)

    return call


def test_a_sound_file_has_nothing_wrong(check):
    found = check(ROWS)
    assert found.code == 0
    assert '20 bars of 1m, symbols: 1' in found.out
    assert 'nothing is wrong' in found.out


def test_what_is_rejected_is_a_failure_with_its_line(check):
    found = check(ROWS + '2013-03-01T14:50:00Z,A,1,1,1,x,5\n')
    assert found.code == 1
    assert found.err == 'sting: bars rejected: 1\n'
    assert 'rejected  A missing: 1 bar' in found.out
    assert 'line 22' in found.out


def test_a_line_of_time_shows_where_the_faults_lie(check):
    found = check(ROWS.replace('1,1,1,1,49', '1,1,1,1,0'))
    assert found.code == 0
    (line,) = [each for each in found.out.splitlines() if '|' in each]
    assert line.startswith('  idle      |')
    assert line.endswith('@|')
    assert max(map(len, found.out.splitlines()[1:])) <= 80


def test_an_action_may_be_named(check):
    words = '--rule', 'idle=reject', 'gap=off'
    found = check(ROWS.replace('1,1,1,1,49', '1,1,1,1,0'), *words)
    assert found.code == 1


def test_the_users_file_is_laid_over_the_shipped_one(check, home):
    home.config.mkdir(parents=True, exist_ok=True)
    (home.config / 'data.yaml').write_text('rules:\n  idle: reject\n')
    found = check(ROWS.replace('1,1,1,1,49', '1,1,1,1,0'))
    assert found.code == 1


def test_json_is_a_list_of_files(check):
    (found,) = json.loads(check(ROWS, '--json').out)
    assert (found['bars'], found['findings']) == (20, [])


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('--rule', 'gap'), 'has to be name=action'),
        (('--rule', 'gaps=warn'), "there is no rule 'gaps'"),
        (('--calendar', 'MOON'), "'MOON' is no calendar"),
    ],
)
def test_what_makes_no_sense_is_one_line(check, words, message):
    found = check(ROWS, *words)
    assert found.code == 2
    assert message in found.err
    assert len(found.err.splitlines()) == 1


def test_what_is_kept_is_listed(sting, home):
    assert sting('data', 'list').out == 'nothing is kept\n'
    values = np.ones(3)
    columns = dict.fromkeys(('open', 'high', 'low', 'close', 'volume'), values)
    stamps = np.array([1, 2, 3], np.int64) * 60 * 10**9
    for name in ('A', 'B'):
        bars = table.BarTable.single(name, '1m', stamps, columns)
        key = store.Key('yahoo', name, '1m', '1970-01')
        store.BarStore(home.bars).write(key, store.Month(bars, ()))
    lines = sting('data', 'list').out.splitlines()
    assert lines[1].split()[:6] == [
        'yahoo',
        'A',
        '1m',
        '1970-01-01',
        '1970-01-01',
        '3',
    ]
    assert len(lines) == 3
    (row,) = json.loads(sting('data', 'list', '--symbol', 'B', '--json').out)
    assert (row['symbol'], row['bars']) == ('B', 3)
