import datetime

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.model import market
from tui.charts import axes

pytestmark = pytest.mark.unit

HOUR = 60 * axes.MINUTE


def stamp(*when):
    moment = datetime.datetime(*when, tzinfo=datetime.UTC)
    return int(moment.timestamp()) * market.NANOSECONDS


def run(start, step, count):
    return [start + number * step for number in range(count)]


@pytest.mark.parametrize(
    ('span', 'count', 'step'),
    [(10.0, 5, 2.0), (10.0, 4, 2.5), (7.0, 2, 5.0), (0.09, 1, 0.1)],
)
def test_steps_are_round(span, count, step):
    assert axes.nice_step(span, count) == pytest.approx(step)


@hypothesis.given(
    st.floats(1e-6, 1e9), st.floats(1e-6, 1e6), st.integers(1, 20)
)
def test_ticks_lie_within_the_axis_and_are_few(low, span, count):
    high = low + span
    hypothesis.assume(span > high * 1e-9)
    ticks = axes.price_ticks(low, high, count)

    slack = span * 1e-6
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    assert len(ticks) <= count + 1
    assert ticks == sorted(ticks)


def test_an_axis_without_length_has_no_ticks():
    assert axes.price_ticks(5.0, 5.0, 4) == []


@pytest.mark.parametrize(
    ('low', 'high', 'count', 'decimals'),
    [
        (90.0, 110.0, 4, 2),
        (1.0, 1.01, 4, 4),
        (1.0, 1.008, 4, 3),
        (200_000.0, 300_000.0, 4, 0),
        (5.0, 5.0, 4, 2),
    ],
)
def test_prices_have_the_decimals_that_their_step_needs(
    low, high, count, decimals
):
    assert axes.price_decimals(low, high, count) == decimals


@hypothesis.given(
    st.floats(1e-4, 1e4), st.floats(1e-4, 1e4), st.integers(1, 12)
)
def test_written_ticks_differ(low, span, count):
    high = low + span
    decimals = axes.price_decimals(low, high, count)
    ticks = axes.price_ticks(low, high, count)

    assert len({f'{tick:.{decimals}f}' for tick in ticks}) == len(ticks)


def test_minutes_are_labelled_at_round_times():
    stamps = run(stamp(2012, 6, 1, 14, 31), axes.MINUTE, 60)

    labels = axes.time_labels(stamps, 60)

    assert [text for _, text in labels] == [
        '14:40',
        '14:50',
        '15:00',
        '15:10',
        '15:20',
    ]
    assert stamps[labels[0][0]] == stamp(2012, 6, 1, 14, 40)


def test_labels_keep_their_bars_when_time_goes_on():
    stamps = run(stamp(2012, 6, 1, 14, 31), axes.MINUTE, 61)

    before = {stamps[p]: t for p, t in axes.time_labels(stamps[:-1], 60)}
    after = {stamps[p + 1]: t for p, t in axes.time_labels(stamps[1:], 60)}

    common = before.keys() & after.keys()
    assert len(common) >= 3
    assert all(before[when] == after[when] for when in common)


def test_days_are_labelled_with_dates():
    stamps = run(stamp(2012, 6, 1, 20), axes.DAY, 100)

    texts = [text for _, text in axes.time_labels(stamps, 100)]

    assert texts == ['Jul 2012', 'Aug 2012', 'Sep 2012']


def test_years_of_days_are_labelled_with_years():
    stamps = run(stamp(2000, 6, 1, 20), 30 * axes.DAY, 60)

    texts = [text for _, text in axes.time_labels(stamps, 60)]

    assert texts == ['2001', '2002', '2003', '2004', '2005']


def test_one_bar_is_labelled_with_its_time():
    assert axes.time_labels([stamp(2012, 6, 1, 20)], 40) == [(0, '20:00')]


def test_no_bars_have_no_labels():
    assert axes.time_labels([], 40) == []


@hypothesis.given(
    st.integers(0, 2_000_000_000),
    st.sampled_from([market.NANOSECONDS, axes.MINUTE, HOUR, axes.DAY]),
    st.integers(1, 200),
    st.integers(0, 40),
)
def test_labels_never_touch_and_never_leave_the_axis(start, step, count, extra):
    width = count + extra
    stamps = run(start * market.NANOSECONDS, step, count)

    end = -1
    for place, text in axes.time_labels(stamps, width):
        assert place > end
        end = place + len(text)
        assert end <= width
