"""What a file is found to be, for people and as JSON."""

import json

import pytest

from sting.data import places
from sting.data import stamps
from sting.data.quality import report
from sting.data.quality import validator
from tests.unit.data.quality import worlds

pytestmark = pytest.mark.unit

HEAD = 'timestamp,symbol,open,high,low,close,volume\n'
BROKEN = (
    HEAD + '2013-03-01T14:30:00Z,A,1,1,1,1,5\n'
    '2013-03-01T14:31:00Z,A,1,0,1,1,5\n'
    '2013-03-01T14:35:00Z,A,1,1,1,1,5\n'
)


def check(tmp_path, text, **actions):
    path = tmp_path / 'bars.csv'
    path.write_text(text)
    return report.check(
        places.Place(path, True),
        validator.DataValidator(actions),
        stamps.Reading(calendar='24/7', timeframe='1m'),
        worlds.LATE,
    )


def test_findings_name_lines_moments_and_what_was_done(tmp_path):
    found = check(tmp_path, BROKEN)
    assert (found.bars, found.left, found.rejected) == (3, 2, 1)
    first, second = found.findings
    assert (found.done(first), first.rule) == ('rejected', 'price')
    assert found.places(first, 3) == ['line 3  2013-03-01T14:32:00Z']
    assert (found.done(second), second.detail) == ('warning', '4 bars missing')


def test_a_repair_is_told_with_what_it_did(tmp_path):
    found = check(tmp_path, BROKEN, price='repair')
    assert found.rejected == 0
    assert found.done(found.findings[0]) == 'repaired'
    assert found.doc(found.findings[0]).endswith('below it: left out')


def test_of_many_places_the_first_are_told(tmp_path):
    rows = [f'2013-03-01T14:{m}:00Z,A,1,1,1,1,0\n' for m in range(30, 40)]
    found = check(tmp_path, HEAD + ''.join(rows))
    (idle,) = found.findings
    places = found.places(idle, 2)
    assert len(places) == 3
    assert places[-1] == 'and 8 more'


def test_json_has_all_of_it(tmp_path):
    told = json.loads(json.dumps(check(tmp_path, BROKEN).to_json()))
    assert told['timeframe'] == '1m'
    assert told['findings'][0] == {
        'rule': 'price',
        'symbol': 'A',
        'action': 'reject',
        'bars': 1,
        'detail': '',
        'rows': [2],
        'timestamps': ['2013-03-01T14:32:00Z'],
    }


def test_the_picture_has_a_line_by_rule(tmp_path):
    drawn = check(tmp_path, BROKEN).picture(20)
    assert list(drawn) == ['price', 'gap']
    assert {len(line) for line in drawn.values()} == {20}
