"""Which hours come of a schedule: holidays, early closes, clocks put back."""

import datetime

import pytest

from sting import settings
from sting.data import calendars
from sting.model import market
from sting.session import planned

pytestmark = pytest.mark.unit


def plan(calendar='XNYS', **fields):
    return planned.Plan(
        settings.Schedule(**fields), calendars.sessions(calendar)
    )


def at(text):
    return market.to_nanoseconds(datetime.datetime.fromisoformat(text))


def hours(window):
    return market.to_iso(window.begins), market.to_iso(window.ends)


def test_a_session_of_winter_and_one_of_summer():
    made = plan(start='open - 15m', stop='close + 5m')
    winter = made.current(at('2026-11-23T18:00Z'))
    assert hours(winter) == ('2026-11-23T14:15:00Z', '2026-11-23T21:05:00Z')
    assert winter.date == '2026-11-23'
    summer = made.current(at('2026-07-06T18:00Z'))
    assert hours(summer) == ('2026-07-06T13:15:00Z', '2026-07-06T20:05:00Z')


def test_edges_belong_to_what_begins():
    made = plan()
    assert made.current(at('2026-11-23T14:29:59Z')) is None
    assert made.current(at('2026-11-23T14:30:00Z')) is not None
    assert made.current(at('2026-11-23T21:00:00Z')) is None


def test_thanksgiving_is_skipped_and_the_day_after_is_short():
    made = plan(stop='close - 5m')
    ended = at('2026-11-25T21:00Z')
    assert made.last_end(ended) == at('2026-11-25T20:55Z')
    after = made.following(ended)
    assert hours(after) == ('2026-11-27T14:30:00Z', '2026-11-27T17:55:00Z')


def test_a_day_that_is_too_short_has_none():
    made = plan(start='open + 4h', stop='close')
    found = made.following(at('2026-11-25T22:00Z'))
    assert found.date == '2026-11-30'


def test_a_market_that_never_closes_has_no_overlap():
    made = plan('24/7', start='open - 1h', stop='close + 1h')
    first = made.current(at('2026-11-23T12:00Z'))
    second = made.following(first.begins)
    assert first.ends == second.begins


def test_beyond_its_years_there_is_none():
    made = plan()
    assert made.following(at('2099-01-01T00:00Z')) is None
    assert made.last_end(0) == 0
