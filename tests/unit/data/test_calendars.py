import datetime

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.data import calendars
from sting.data import times
from sting.model import errors
from sting.model import timeframes

pytestmark = pytest.mark.unit


def days(*texts):
    return np.array(texts, 'datetime64[D]')


def test_closes_are_those_of_the_session_half_days_too():
    closes = calendars.session_closes(
        days('2000-03-01', '2012-07-02', '2012-11-23')
    )
    assert closes.tolist() == [
        times.parse_moment('2000-03-01T21:00:00Z'),
        times.parse_moment('2012-07-02T20:00:00Z'),
        times.parse_moment('2012-11-23T18:00:00Z'),
    ]


def test_holidays_and_weekends_are_no_sessions():
    asked = days('2012-12-24', '2012-12-25', '2012-12-29', '2012-12-31')
    assert calendars.is_session(asked).tolist() == [True, False, False, True]


def test_no_dates_have_no_closes():
    assert calendars.is_session(days()).tolist() == []
    assert calendars.session_closes(days()).tolist() == []


def test_a_date_that_is_no_session_is_named():
    with pytest.raises(errors.DataError, match='2012-12-25 is no session'):
        calendars.session_closes(days('2012-12-24', '2012-12-25'))


def test_other_exchanges_have_their_own_sessions():
    asked = days('2012-12-25')
    assert calendars.is_session(asked, '24/7').tolist() == [True]


@pytest.mark.parametrize(
    ('moment', 'close'),
    [
        ('2012-11-23T15:00:00Z', '2012-11-23T18:00:00Z'),
        ('2012-11-23T18:00:00Z', '2012-11-23T18:00:00Z'),
        ('2012-11-23T18:00:01Z', '2012-11-26T21:00:00Z'),
        ('2009-12-31T23:00:00Z', '2010-01-04T21:00:00Z'),
    ],
)
def test_session_close_is_at_or_after_the_moment(moment, close):
    expected = times.parse_moment(close)
    assert calendars.session_close(times.parse_moment(moment)) == expected


@pytest.mark.parametrize(
    ('moment', 'calendar', 'opening'),
    [
        ('2012-11-23T14:29:59Z', 'XNYS', '2012-11-23T14:30:00Z'),
        ('2012-11-23T14:30:00Z', 'XNYS', '2012-11-23T14:30:00Z'),
        ('2012-11-23T14:30:01Z', 'XNYS', '2012-11-26T14:30:00Z'),
        ('2012-11-23T20:00:00Z', 'XNYS', '2012-11-26T14:30:00Z'),
        ('2012-11-24T00:00:00Z', '24/7', '2012-11-24T00:00:00Z'),
        ('2009-12-31T23:00:00Z', 'XNYS', '2010-01-04T14:30:00Z'),
    ],
)
def test_session_open_is_at_or_after_the_moment(moment, calendar, opening):
    found = calendars.session_open(times.parse_moment(moment), calendar)
    assert found == times.parse_moment(opening)


@hypothesis.settings(deadline=None)
@hypothesis.given(st.integers(946684800, 1577836800))
def test_session_close_and_session_of_agree(second):
    close = calendars.session_close(second * 10**9)
    session = calendars.session_of(second * 10**9)
    assert close >= second * 10**9
    assert calendars.session_closes(days(session)).tolist() == [close]


@pytest.mark.parametrize(
    ('session', 'count'), [('2012-11-21', 390), ('2012-11-23', 210)]
)
def test_minutes_end_with_the_close(session, count):
    day = datetime.date.fromisoformat(session)
    minutes = calendars.minutes(day)
    assert len(minutes) == count
    assert minutes[-1] == calendars.session_closes(days(day))[0]
    assert set(np.diff(minutes)) == {timeframes.UNITS['m']}


def test_minutes_leave_out_a_break():
    minutes = calendars.minutes(datetime.date(2012, 11, 21), 'XHKG')
    assert np.diff(minutes).max() > timeframes.UNITS['h']


def test_minutes_of_a_holiday_are_refused():
    with pytest.raises(errors.DataError, match='no session of XNYS'):
        calendars.minutes(datetime.date(2012, 12, 25))


def test_an_unknown_calendar_is_refused():
    with pytest.raises(errors.DataError, match="'NOPE' is no calendar"):
        calendars.is_session(days('2012-12-25'), 'NOPE')


def test_old_and_far_days_are_known_too():
    asked = days('1928-10-01', '2120-01-02')
    assert calendars.is_session(asked).tolist() == [True, True]


def test_an_exchange_known_for_some_years_is_known_for_those():
    assert calendars.is_session(days('2024-01-02'), 'XBOM').tolist() == [True]
    assert len(calendars.minutes(datetime.date(1985, 1, 2), 'XHKG')) > 200


def test_days_without_a_calendar_are_refused():
    with pytest.raises(errors.DataError, match='XHKG covers 1960-01-01 to 2'):
        calendars.is_session(days('1901-01-02'), 'XHKG')


@pytest.mark.parametrize('moment', ['1950-01-01', '2190-01-01'])
def test_moments_without_a_calendar_are_refused(moment):
    with pytest.raises(errors.DataError, match='XHKG covers 1960-01-01 to 2'):
        calendars.session_close(times.parse_moment(moment), 'XHKG')


def test_sessions_are_given_as_plain_numbers():
    hours = calendars.sessions()
    half = times.parse_moment('2012-11-23T17:45:00Z')
    assert hours.period('1h', half) == (
        times.parse_moment('2012-11-23T17:30:00Z'),
        times.parse_moment('2012-11-23T18:00:00Z'),
    )
    assert hours.period('1w', half) == (
        times.parse_moment('2012-11-19T14:30:00Z'),
        times.parse_moment('2012-11-23T18:00:00Z'),
    )


def test_hours_follow_daylight_saving():
    def opens(text):
        return calendars.sessions().period('1d', times.parse_moment(text))[0]

    assert opens('2012-03-09') == times.parse_moment('2012-03-09T14:30:00Z')
    assert opens('2012-03-12') == times.parse_moment('2012-03-12T13:30:00Z')


def test_a_market_that_never_closes_has_utc_days():
    hours = calendars.sessions('24/7')
    moment = times.parse_moment('2012-03-10T05:00:00Z')
    assert hours.period('4h', moment) == (
        times.parse_moment('2012-03-10T04:00:00Z'),
        times.parse_moment('2012-03-10T08:00:00Z'),
    )
    assert hours.period('1d', moment + 1) == (
        times.parse_moment('2012-03-10'),
        times.parse_moment('2012-03-11'),
    )


def test_sessions_hold_the_years_that_are_asked_for():
    old = times.parse_moment('1950-06-01T16:00:00Z')
    hours = calendars.sessions('XNYS', old)
    assert hours.period('1d', old)[0] < old
    usual = calendars.sessions('XNYS', times.parse_moment('2012-06-01'))
    assert usual is calendars.sessions()


@pytest.mark.parametrize('name', sorted(calendars.KNOWN))
def test_names_taken_without_a_look_are_right(name):
    assert calendars.sessions(name).calendar == name


@pytest.mark.parametrize(
    ('moment', 'calendar', 'expected'),
    [
        ('2013-03-08T14:29:59', 'XNYS', False),
        ('2013-03-08T14:30:00', 'XNYS', True),
        ('2013-03-08T20:59:59', 'XNYS', True),
        ('2013-03-08T21:00:00', 'XNYS', False),
        ('2013-03-09T15:00:00', 'XNYS', False),
        # A half day, and a time without sessions in the usual years.
        ('2012-07-03T17:30:00', 'XNYS', False),
        ('1989-01-01T15:00:00', 'XNYS', False),
        ('2013-03-09T15:00:00', '24/7', True),
    ],
)
def test_an_exchange_is_open_in_its_hours(moment, calendar, expected):
    stamp = int(np.datetime64(moment, 'ns').astype(np.int64))
    assert calendars.is_open(stamp, calendar) is expected
