import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.strategy import handles
from sting.strategy import indicators

pytestmark = pytest.mark.unit

LEVELS = st.lists(
    st.tuples(*[st.sampled_from([1.0, 2.0, 3.0, float('nan')])] * 2),
    max_size=12,
)


def line(previous, value):
    made = handles.Line('line')
    made.previous, made.value = previous, value
    return made


@pytest.mark.parametrize(
    ('before', 'now', 'above', 'below'),
    [
        ((1.0, 2.0), (3.0, 2.0), True, False),
        ((2.0, 2.0), (3.0, 2.0), True, False),
        ((3.0, 2.0), (3.0, 1.0), False, False),
        ((3.0, 2.0), (1.0, 2.0), False, True),
        ((3.0, 2.0), (2.0, 2.0), False, False),
        ((float('nan'), 2.0), (3.0, 2.0), False, False),
    ],
)
def test_a_crossing_is_a_change_of_side(before, now, above, below):
    one, other = line(before[0], now[0]), line(before[1], now[1])
    assert indicators.crossed_above(one, other) is above
    assert indicators.crossed_below(one, other) is below


def test_a_level_stays_where_it_is():
    assert indicators.crossed_above(line(20.0, 31.0), 30)
    assert indicators.crossed_below(line(31.0, 20.0), 30.0)
    assert not indicators.crossed_above(line(31.0, 32.0), 30)


@hypothesis.settings(deadline=None)
@hypothesis.given(LEVELS)
def test_both_speeds_find_the_same(rows):
    one = np.array([row[0] for row in rows], np.float64)
    other = np.array([row[1] for row in rows], np.float64)
    found = indicators.crossings(one, other)
    assert len(found) == len(rows)
    for at in range(1, len(rows)):
        lines = [line(column[at - 1], column[at]) for column in (one, other)]
        expected = int(indicators.crossed_above(*lines)) - int(
            indicators.crossed_below(*lines)
        )
        assert found[at] == expected
    assert not found[:1].any()


def test_columns_are_held_against_a_level():
    found = indicators.crossings(np.array([1.0, 3.0, 1.0]), 2.0)
    assert found.tolist() == [0, 1, -1]
