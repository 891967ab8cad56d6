"""When made-up bars close."""

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.data import calendars
from sting.data import times
from sting.data import timetable
from sting.model import errors

pytestmark = pytest.mark.unit

START = times.parse_moment('2013-03-01')


def stamps(timeframe, calendar='XNYS', count=1000, size=10**6):
    made = timetable.parts(timeframe, calendar, START, count, size)
    return np.concatenate([each.stamps for each in made])


@pytest.mark.parametrize('timeframe', ['5m', '1h', '4h', '1d'])
def test_bars_close_where_those_of_a_strategy_do(timeframe):
    hours = calendars.sessions('XNYS')
    opens = set(hours.opens)
    expected = []
    moment = START
    while len(expected) < 1000:
        _, moment = hours.period(timeframe, moment + 1)
        if moment not in opens:
            expected.append(moment)
    found = stamps(timeframe)
    inside = np.isin(expected, found)
    assert len(found) == 1000
    # The others are outside of sessions.
    assert set(np.array(expected)[inside]) == set(found[: inside.sum()])


@pytest.mark.parametrize('timeframe', ['1m', '6h', '1d'])
def test_round_the_clock_days_begin_at_midnight(timeframe):
    (part,) = timetable.parts(timeframe, '24/7', START + 5, 20, 100)
    opens = times.parse_moment('2013-03-02')
    step = int(part.stamps[1] - part.stamps[0])
    assert part.stamps[0] == opens + step
    assert part.first[0]
    assert part.share.sum() == pytest.approx(20 * step / (86400 * 10**9))


def test_the_shares_of_a_session_are_one_also_on_a_half_day():
    start = times.parse_moment('2013-11-29')
    (part,) = timetable.parts('1h', 'XNYS', start, 4, 100)
    assert part.share.tolist() == pytest.approx([2 / 7, 2 / 7, 2 / 7, 1 / 7])
    assert part.first.tolist() == [True, False, False, False]


@hypothesis.given(
    st.integers(1, 400),
    st.integers(1, 500),
    st.sampled_from(['1h', '1d']),
    st.sampled_from(['XNYS', '24/7']),
)
def test_parts_of_any_size_are_the_same_bars(size, count, timeframe, calendar):
    made = list(timetable.parts(timeframe, calendar, START, count, size))
    assert max(len(each.stamps) for each in made) <= size
    found = np.concatenate([each.stamps for each in made])
    assert len(found) == count
    assert (found == stamps(timeframe, calendar, count)).all()


@pytest.mark.parametrize(
    ('timeframe', 'calendar', 'count', 'words'),
    [
        ('1w', 'XNYS', 5, 'bars of 1w cannot be made up'),
        ('tick:5', 'XNYS', 5, 'bars of tick:5 cannot be made up'),
        ('60m', 'XNYS', 5, "written '1h'"),
        ('1d', 'NONE', 5, "'NONE' is no calendar"),
        ('1d', 'XNYS', 10**6, 'are more than XNYS has from 2013-03-01 on'),
        ('1d', '24/7', 10**6, 'are more than 24/7 has'),
    ],
)
def test_what_cannot_be_made_is_refused(timeframe, calendar, count, words):
    with pytest.raises(errors.DataError, match=words):
        list(timetable.parts(timeframe, calendar, START, count, 10**6))
