"""Bars of a longer timeframe, built from shorter ones."""

import itertools

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.strategy import resample
from tests.unit.strategy import trading_days

pytestmark = pytest.mark.unit

at = trading_days.at
MINUTE = trading_days.MINUTE


def taken(timeframe, bars, *, own='1m', hours=trading_days.WEEK):
    """What comes out with each bar: (late, closed)."""
    made = resample.Resampler(timeframe, own, hours)
    return [made.take(bar) or (None, None) for bar in bars]


def closed(timeframe, bars, **options):
    """All that comes out, in its order."""
    pairs = taken(timeframe, bars, **options)
    return [each for pair in pairs for each in pair if each is not None]


def ends(timeframe, bars, **options):
    return [each.timestamp for each in closed(timeframe, bars, **options)]


def test_an_hour_has_the_first_the_extreme_and_the_last_prices():
    bars = trading_days.minutes('2012-03-13 13:30', '2012-03-13 14:30')
    bars[0] = trading_days.bar('2012-03-13 13:31', 11.0, open=9.0, high=12.0)
    bars[7] = trading_days.bar('2012-03-13 13:38', 5.0, low=3.0, volume=50.0)
    bars[-1] = trading_days.bar('2012-03-13 14:30', 8.0, high=8.5)
    assert closed('1h', bars) == [
        trading_days.bar(
            '2012-03-13 14:30',
            8.0,
            open=9.0,
            high=12.0,
            low=3.0,
            volume=109.0,
            timeframe='1h',
        )
    ]


def test_a_bar_comes_with_the_one_that_completes_it():
    bars = trading_days.minutes('2012-03-13 13:30', '2012-03-13 15:00')
    pairs = taken('1h', bars)
    assert [nth for nth, pair in enumerate(pairs) if pair != (None, None)] == [
        59
    ]


def test_a_bar_whose_end_is_missing_comes_before_the_first_past_it():
    bars = trading_days.minutes('2012-03-13 13:30', '2012-03-13 14:29')
    late, now = taken('1h', [*bars, trading_days.bar('2012-03-13 14:35')])[-1]
    assert late.timestamp == at('2012-03-13 14:30')
    assert now is None


def test_a_bar_past_the_end_can_complete_the_next_one():
    bars = trading_days.minutes('2012-03-13 13:30', '2012-03-13 14:29')
    late, now = taken('1h', [*bars, trading_days.bar('2012-03-13 15:30')])[-1]
    assert (late.timestamp, now.timestamp) == (
        at('2012-03-13 14:30'),
        at('2012-03-13 15:30'),
    )


def test_the_last_bar_closes_with_the_session_and_with_a_half_day():
    bars = trading_days.minutes('2012-03-13 13:30', '2012-03-13 20:00')
    bars += trading_days.minutes('2012-03-14 13:30', '2012-03-14 17:00')
    found = ends('1h', bars)
    assert found[6:8] == [at('2012-03-13 20:00'), at('2012-03-14 14:30')]
    assert found[-1] == at('2012-03-14 17:00')


def test_a_day_is_a_session():
    bars = trading_days.minutes('2012-03-13 13:30', '2012-03-13 20:00')
    bars += trading_days.minutes('2012-03-14 13:30', '2012-03-14 16:59')
    bars += trading_days.minutes('2012-03-15 13:30', '2012-03-15 13:31')
    days = closed('1d', bars)
    assert [each.volume for each in days] == [390.0, 209.0]
    assert days[-1].timestamp == at('2012-03-14 17:00')


def test_a_week_is_made_of_days():
    days = [
        trading_days.bar(f'2012-03-{stamp}', timeframe='1d')
        for stamp in (
            '12 20:00',
            '13 20:00',
            '14 17:00',
            '15 20:00',
            '16 20:00',
        )
    ]
    (week,) = closed('1w', days, own='1d')
    assert (week.timestamp, week.volume) == (at('2012-03-16 20:00'), 5.0)


def test_days_may_be_stamped_at_midnight():
    days = [
        trading_days.bar(f'2012-03-{day} 00:00', timeframe='1d')
        for day in (13, 14, 15, 16, 17)
    ]
    (week,) = closed('1w', days, own='1d')
    assert (week.timestamp, week.volume) == (at('2012-03-17 00:00'), 5.0)


def test_days_after_the_weeks_end_are_of_the_next_week():
    days = [
        trading_days.bar(f'2012-03-{day} 00:00', timeframe='1d')
        for day in (13, 14, 15, 16, 17, 18, 19, 20)
    ]
    weeks = closed('1w', days, own='1d')
    assert [each.volume for each in weeks] == [5.0, 3.0]


@pytest.mark.parametrize(
    ('timeframe', 'first', 'expected'),
    [
        ('1h', '2012-03-13 13:31', '2012-03-13 15:30'),
        ('1d', '2012-03-13 13:31', '2012-03-14 17:00'),
        ('1w', '2012-03-12 13:31', '2012-03-19 20:00'),
    ],
)
def test_the_bar_under_way_at_the_first_is_left_out(timeframe, first, expected):
    bars = trading_days.minutes(first, '2012-03-13 20:00')
    bars += trading_days.minutes('2012-03-14 13:30', '2012-03-14 17:00')
    bars.append(trading_days.bar('2012-03-16 20:00'))
    bars += trading_days.minutes('2012-03-19 13:30', '2012-03-19 20:00')
    assert ends(timeframe, bars)[0] == at(expected)


def test_one_that_begins_with_the_first_bar_is_whole():
    bars = trading_days.minutes('2012-03-13 13:30', '2012-03-13 14:30')
    assert ends('1h', bars) == [at('2012-03-13 14:30')]


def reference(timeframe, bars, hours):
    """What is to come out, found by looking through all sessions."""
    groups = [
        (span, list(group))
        for span, group in itertools.groupby(
            bars, lambda bar: _span(timeframe, bar.timestamp, hours)
        )
    ]
    if groups and groups[0][1][0].timestamp - MINUTE > groups[0][0][0]:
        groups = groups[1:]
    if groups and groups[-1][1][-1].timestamp < groups[-1][0][1]:
        groups = groups[:-1]
    return [
        trading_days.bar(
            span[1],
            group[-1].close,
            open=group[0].open,
            high=max(bar.high for bar in group),
            low=min(bar.low for bar in group),
            volume=sum(bar.volume for bar in group),
            timeframe=timeframe,
        )
        for span, group in groups
    ]


def _span(timeframe, stamp, hours):
    spans = list(zip(hours.days, hours.opens, hours.closes, strict=True))
    (day, opens, closes) = next(
        each for each in spans if each[1] < stamp <= each[2]
    )
    if timeframe == '1d':
        return opens, closes
    if timeframe == '1w':
        # 1970-01-01 was a Thursday.
        week = [each for each in spans if (each[0] + 3) // 7 == (day + 3) // 7]
        return week[0][1], week[-1][2]
    step = int(timeframe[:-1]) * MINUTE
    starts = next(
        start
        for start in range(opens, closes, step)
        if start < stamp <= start + step
    )
    return starts, min(starts + step, closes)


@hypothesis.given(
    trading_days.traded(), st.sampled_from(['2m', '5m', '7m', '1d', '1w'])
)
def test_streaming_gives_what_looking_back_does(traded, timeframe):
    hours, bars = traded
    assert closed(timeframe, bars, hours=hours) == reference(
        timeframe, bars, hours
    )


@hypothesis.given(
    trading_days.traded(), st.sampled_from(['2m', '5m', '7m', '1d', '1w'])
)
def test_nothing_comes_out_before_its_end(traded, timeframe):
    hours, bars = traded
    pairs = taken(timeframe, bars, hours=hours)
    for bar, (late, now) in zip(bars, pairs, strict=True):
        assert late is None or late.timestamp < bar.timestamp
        assert now is None or now.timestamp == bar.timestamp
