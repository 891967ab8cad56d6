"""Universes: who belonged when."""

import datetime

import pytest

from sting.data import times
from sting.data import universe
from sting.model import errors

pytestmark = pytest.mark.unit

M = universe.Membership


def day(text):
    return datetime.date.fromisoformat(text)


def written(tmp_path, *lines):
    path = tmp_path / 'universe.csv'
    path.write_text('\n'.join(['symbol,from,to', *lines]) + '\n')
    return path


def test_memberships_are_read_and_sorted(tmp_path):
    path = written(
        tmp_path,
        'B,,',
        'A,2015-01-02,2016-01-04',
        'A,2010-01-04,2012-12-31',
        'C,,2011-03-04',
    )
    assert universe.read(path) == (
        M('A', day('2010-01-04'), day('2012-12-31')),
        M('A', day('2015-01-02'), day('2016-01-04')),
        M('B'),
        M('C', None, day('2011-03-04')),
    )


def test_a_yaml_file_gives_the_same(tmp_path):
    path = tmp_path / 'universe.yaml'
    path.write_text(
        'members:\n  - {symbol: A, from: 2010-01-04}\n  - {symbol: B}\n'
    )
    assert universe.read(path) == (M('A', day('2010-01-04')), M('B'))


@pytest.mark.parametrize(
    ('line', 'said'),
    [
        ('A,2012-01-01,2011-01-01', 'to 2011-01-01 is before from 2012-01-01'),
        ('A,soon,', "from 'soon' is no date"),
        ('A,,never', "to 'never' is no date"),
        (',,', 'is no symbol'),
        ('B,2013-01-01,', 'B is a member twice at a time'),
        ('B,,2013-01-01', 'B is a member twice at a time'),
    ],
)
def test_a_row_that_makes_no_sense_is_named(tmp_path, line, said):
    path = written(tmp_path, 'B,2012-01-03,2013-01-01', line)
    with pytest.raises(errors.DataError) as caught:
        universe.read(path)
    assert f'{path}:3: ' in str(caught.value)
    assert said in str(caught.value)


def test_both_dates_belong_to_the_membership():
    members = (M('A', day('2010-01-04'), day('2010-01-08')), M('B'))
    found = universe.spans(members)
    begin = times.parse_moment('2010-01-04T05:00:00Z')
    end = times.parse_moment('2010-01-09T05:00:00Z')
    assert found == {'A': ((begin, end),), 'B': ((0, 2**63 - 1),)}


def test_who_came_back_has_two_spans():
    members = (
        M('A', None, day('2010-01-08')),
        M('A', day('2011-01-04'), None),
    )
    assert len(universe.spans(members, '24/7')['A']) == 2
