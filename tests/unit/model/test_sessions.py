"""When an exchange trades, and which bars follow from that."""

import pytest

from sting.model import errors
from sting.model import sessions
from tests.unit.strategy import trading_days

pytestmark = pytest.mark.unit

at = trading_days.at


def period(timeframe, moment):
    starts, ends = trading_days.WEEK.period(timeframe, at(moment))
    return starts, ends


@pytest.mark.parametrize(
    ('timeframe', 'moment', 'starts', 'ends'),
    [
        # From the session's open on; the moment of an open is the bar before.
        ('1h', '2012-03-13 13:31', '2012-03-13 13:30', '2012-03-13 14:30'),
        ('1h', '2012-03-13 14:30', '2012-03-13 13:30', '2012-03-13 14:30'),
        ('1h', '2012-03-13 14:31', '2012-03-13 14:30', '2012-03-13 15:30'),
        # The last one is short.
        ('1h', '2012-03-13 19:31', '2012-03-13 19:30', '2012-03-13 20:00'),
        ('4h', '2012-03-13 20:00', '2012-03-13 17:30', '2012-03-13 20:00'),
        # A half day.
        ('1h', '2012-03-14 16:45', '2012-03-14 16:30', '2012-03-14 17:00'),
        # In winter the same hours are others in UTC.
        ('1h', '2012-03-09 14:31', '2012-03-09 14:30', '2012-03-09 15:30'),
        # Outside of the session, backwards from the next open.
        ('1h', '2012-03-13 12:31', '2012-03-13 12:30', '2012-03-13 13:30'),
        ('1h', '2012-03-13 13:30', '2012-03-13 12:30', '2012-03-13 13:30'),
        ('1h', '2012-03-12 20:01', '2012-03-12 20:00', '2012-03-12 20:30'),
        ('1d', '2012-03-14 13:31', '2012-03-14 13:30', '2012-03-14 17:00'),
        ('1d', '2012-03-14 17:00', '2012-03-14 13:30', '2012-03-14 17:00'),
        ('1d', '2012-03-14 17:01', '2012-03-15 13:30', '2012-03-15 20:00'),
        ('1w', '2012-03-14 17:00', '2012-03-12 13:30', '2012-03-16 20:00'),
        ('1w', '2012-03-09 21:00', '2012-03-09 14:30', '2012-03-09 21:00'),
        ('1w', '2012-03-09 21:01', '2012-03-12 13:30', '2012-03-16 20:00'),
    ],
)
def test_a_moment_belongs_to_a_bar(timeframe, moment, starts, ends):
    assert period(timeframe, moment) == (at(starts), at(ends))


def test_bars_of_a_market_that_never_closes_are_aligned_to_utc():
    hours = trading_days.make(
        *((f'2012-03-{day:02}', '00:00', '00:00') for day in (10, 11, 12, 13))
    )
    never = sessions.Sessions(
        calendar='24/7',
        days=hours.days,
        opens=hours.opens,
        closes=hours.opens[1:-1] + hours.opens[-1:] * 2,
    )
    assert never.period('4h', at('2012-03-11 05:00')) == (
        at('2012-03-11 04:00'),
        at('2012-03-11 08:00'),
    )


def test_the_last_close_is_at_or_before_the_moment():
    last_close = trading_days.WEEK.last_close
    assert last_close(at('2012-03-14 17:00')) == at('2012-03-14 17:00')
    assert last_close(at('2012-03-15 13:30')) == at('2012-03-14 17:00')


@pytest.mark.parametrize('moment', ['1999-12-31 12:00', '2050-01-01 12:00'])
def test_other_years_are_refused(moment):
    with pytest.raises(errors.DataError, match='covers 2000-01-03T21:00:00Z'):
        trading_days.WEEK.period('1h', at(moment))
    with pytest.raises(errors.DataError, match=f'not {moment[:10]}'):
        trading_days.WEEK.last_close(at(moment))
