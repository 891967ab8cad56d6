"""What is kept of the values that indicators had."""

import math

import pytest

from sting.engine import tracks
from sting.model import readings
from sting.model import views

pytestmark = pytest.mark.unit


def told(*rows, names=('SMA(2)',)):
    pack = readings.packer(len(names)).pack
    return readings.Readings('X', names, b''.join(pack(*row) for row in rows))


def kept(track, limit=100):
    return {
        line.name: dict(zip(line.times, line.values, strict=True))
        for line in track.lines('one', limit)
    }


@pytest.fixture
def track():
    return tracks.Track(10)


def test_an_empty_one_has_nothing(track):
    assert kept(track) == {}


def test_values_come_bar_by_bar(track):
    track.take(told((1, math.nan)))
    track.take(told((2, 1.5)))
    track.take(told((3, 2.5)))
    assert kept(track) == {'SMA(2)': {2: 1.5, 3: 2.5}}
    assert kept(track, 1) == {'SMA(2)': {3: 2.5}}


def test_what_was_known_stays_and_the_rest_of_the_past_goes_around(track):
    track.take(told((3, 3.0), (4, 4.0)))
    track.take(told(*((n, n + 0.5) for n in range(1, 7))))
    assert kept(track) == {
        'SMA(2)': {1: 1.5, 2: 2.5, 3: 3.0, 4: 4.0, 5: 5.5, 6: 6.5}
    }


def test_a_bar_that_is_told_again_changes_nothing(track):
    track.take(told((1, 1.0)))
    track.take(told((1, 2.0)))
    assert kept(track) == {'SMA(2)': {1: 1.0}}


def test_a_line_that_is_added_begins_there(track):
    track.take(told((1, 1.0), (2, 2.0)))
    track.take(told((3, 9.0, 3.0), names=('RSI(3)', 'SMA(2)')))
    assert kept(track) == {
        'RSI(3)': {3: 9.0},
        'SMA(2)': {1: 1.0, 2: 2.0, 3: 3.0},
    }


def test_of_lines_that_are_all_gone_nothing_stays(track):
    track.take(told((1, 1.0)))
    track.take(told((2, 2.0), names=('SMA(5)',)))
    assert kept(track) == {'SMA(5)': {2: 2.0}}


def test_a_start_with_other_lines_begins_anew(track):
    track.take(told((1, 1.0), (2, 2.0)))
    past = ((1, 9.0, 1.0), (2, 9.0, 2.5))
    track.take(told(*past, names=('RSI(3)', 'SMA(2)')))
    assert kept(track) == {
        'RSI(3)': {1: 9.0, 2: 9.0},
        'SMA(2)': {1: 1.0, 2: 2.5},
    }


def test_it_is_bounded(track):
    for stamp in range(100):
        track.take(told((stamp, float(stamp))))
    values = kept(track)['SMA(2)']
    assert 10 <= len(values) <= 15
    assert values[99] == 99.0


def test_those_of_strategies_come_by_name_without_empty_ones():
    made = {'b': tracks.Track(5), 'a': tracks.Track(5), 'c': tracks.Track(5)}
    made['b'].take(told((1, 2.0)))
    made['a'].take(told((1, 1.0)))
    assert tracks.lines(made, 5) == (
        views.Line('a', 'SMA(2)', (1,), (1.0,)),
        views.Line('b', 'SMA(2)', (1,), (2.0,)),
    )
