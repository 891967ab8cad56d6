"""Running figures, against the arithmetic."""

import statistics

import pytest

from sting.model import timeframes
from sting.simulator import running
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

DAY_MINUTES = timeframes.DAY // worlds.MINUTE


def ranges(*bars, count=3):
    made = running.MeanRange(count)
    for bar in bars:
        made.show(bar)
    return made


def test_before_the_first_bar_there_is_no_range():
    assert ranges().value() == 0.0


def test_a_gap_counts_into_the_true_range():
    # 102 - 99 = 3, then from the close 100 up to 106: 6.
    made = ranges(
        worlds.bar(1, 100, 102, 99, 100), worlds.bar(2, 105, 106, 104, 105)
    )
    assert made.value() == pytest.approx(4.5)


def test_only_the_last_bars_count():
    bars = [worlds.bar(at, 100, 100 + at, 100, 100) for at in range(1, 6)]
    assert ranges(*bars).value() == pytest.approx((3 + 4 + 5) / 3)


def test_a_split_restates_the_ranges():
    made = ranges(worlds.bar(1, 100, 104, 100, 100))
    made.split(4.0)
    made.show(worlds.bar(2, 25, 26, 25, 25))
    assert made.value() == pytest.approx((1 + 1) / 2)


def days(closes, volume=1000.0, count=20, bars=2):
    """A day for each close, its bars with a share of the volume each."""
    made = running.DailyFigures(count)
    at = 0
    for close in closes:
        for nth in range(bars):
            made.show(
                worlds.bar(at + nth, close, close, close, volume=volume / bars)
            )
        at += DAY_MINUTES
    return made, worlds.DECIDED + at * worlds.MINUTE


def test_deviation_and_volume_of_whole_days():
    made, now = days([100.0, 102.0, 99.0, 101.0])
    returns = [102 / 100 - 1, 99 / 102 - 1, 101 / 99 - 1]
    deviation, volume = made.at(now)
    assert deviation == pytest.approx(statistics.stdev(returns))
    assert volume == pytest.approx(1000.0)


def test_a_day_that_is_not_over_does_not_count():
    made, now = days([100.0, 102.0, 99.0])
    before = made.at(now)
    made.show(worlds.bar(3 * DAY_MINUTES, 500, 500, 500, volume=9e9))
    assert made.at(now + worlds.MINUTE) == before


def test_only_the_last_days_count():
    long, now = days([500.0, 100.0, 102.0, 99.0], count=2)
    short, then = days([100.0, 102.0, 99.0], count=2)
    assert long.at(now) == short.at(then)


@pytest.mark.parametrize(
    ('closes', 'known'), [([], (0.0, 0.0)), ([100.0], (0.0, 1000.0))]
)
def test_of_few_days_little_is_known(closes, known):
    made, now = days(closes)
    assert made.at(now) == known


def test_a_split_is_no_return():
    made, now = days([100.0, 101.0, 100.0])
    made.split(2.0)
    made.show(worlds.bar(3 * DAY_MINUTES, 50, 50, 50, volume=2000.0))
    deviation, volume = made.at(now + timeframes.DAY)
    assert deviation < 0.011
    assert volume == pytest.approx(2000.0)
