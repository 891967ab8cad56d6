"""When bars are due."""

import datetime

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.data import calendars
from sting.data import schedule
from sting.model import errors

pytestmark = pytest.mark.unit

MINUTE = 60 * 10**9
HOUR = 60 * MINUTE


def at(text):
    moment = datetime.datetime.fromisoformat(text + '+00:00')
    return int(moment.timestamp()) * 10**9


# A Thursday before Good Friday, 2013; New York opens 13:30 UTC.
OPENING, CLOSE = at('2013-03-28T13:30'), at('2013-03-28T20:00')
MONDAY = at('2013-04-01T13:30')


def built(timeframe='1m', calendar='XNYS'):
    return schedule.Schedule.build(calendar, timeframe, OPENING)


@pytest.mark.parametrize(
    ('moment', 'newest', 'following'),
    [
        (OPENING - 1, at('2013-03-27T20:00'), OPENING + MINUTE),
        (OPENING, at('2013-03-27T20:00'), OPENING + MINUTE),
        (OPENING + MINUTE - 1, at('2013-03-27T20:00'), OPENING + MINUTE),
        (OPENING + MINUTE, OPENING + MINUTE, OPENING + 2 * MINUTE),
        (CLOSE - 1, CLOSE - MINUTE, CLOSE),
        (CLOSE, CLOSE, MONDAY + MINUTE),
        (CLOSE + HOUR, CLOSE, MONDAY + MINUTE),
    ],
)
def test_minutes_end_with_the_session(moment, newest, following):
    made = built()
    assert made.newest(moment) == newest
    assert made.following(moment) == following


def test_the_last_hour_of_a_session_is_half_of_one():
    made = built('1h')
    assert made.following(CLOSE - MINUTE) == CLOSE
    assert made.following(CLOSE - 31 * MINUTE) == CLOSE - 30 * MINUTE


def test_a_day_is_a_session():
    made = built('1d')
    assert made.newest(CLOSE - 1) == at('2013-03-27T20:00')
    assert made.newest(CLOSE) == CLOSE
    assert made.following(CLOSE) == at('2013-04-01T20:00')


def test_a_lunch_break_has_no_bars():
    made = schedule.Schedule.build('XHKG', '1m', at('2013-03-28T00:00'))
    assert made.following(at('2013-03-28T04:00')) == at('2013-03-28T05:01')
    assert made.opens(at('2013-03-28T04:00')) == at('2013-03-28T05:00')


def test_round_the_clock_bars_follow_each_other():
    made = built('15m', calendars.ALWAYS)
    quarter = 15 * MINUTE
    begin = OPENING // quarter * quarter
    assert made.newest(begin + 1) == begin
    assert made.following(begin) == begin + quarter
    assert made.opens(begin) == begin
    assert made.before(begin + 1, 10) == begin - 10 * quarter


def test_it_says_when_the_exchange_opens():
    made = built()
    assert made.opens(OPENING) == OPENING
    assert made.opens(CLOSE) == MONDAY


@pytest.mark.parametrize(('timeframe', 'days'), [('1m', 3), ('1d', 1000)])
def test_it_reaches_back_as_far_as_bars_are_wanted(timeframe, days):
    made = built(timeframe)
    count = 1000
    begin = made.before(CLOSE, count)
    seen = 0
    moment = begin
    while (moment := made.following(moment)) <= CLOSE:
        seen += 1
    assert count <= seen < count + 391
    assert begin == made.before(CLOSE, days * (390 if days == 3 else 1))


def test_longer_bars_than_days_have_no_feed():
    with pytest.raises(errors.DataError, match='no feed of bars of 1w'):
        built('1w')


def test_years_that_no_calendar_has_are_told():
    with pytest.raises(errors.DataError, match='does not cover 2200'):
        built().newest(at('2200-01-01T00:00'))


@hypothesis.given(
    st.integers(at('2012-01-01T00:00'), at('2014-01-01T00:00')),
    st.sampled_from([('XNYS', '1m'), ('XNYS', '1d'), ('24/7', '5m')]),
)
@hypothesis.settings(max_examples=100, deadline=None)
def test_what_follows_is_what_is_newest_then(moment, kind):
    made = built(kind[1], kind[0])
    due = made.following(moment)
    assert made.newest(moment) <= moment < due
    assert made.newest(due) == due
    assert made.newest(due - 1) == made.newest(moment)
