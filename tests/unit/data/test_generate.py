import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.data import generate
from sting.data import sample
from sting.data import times
from sting.model import market

pytestmark = pytest.mark.unit

CLOSES = [
    times.parse_moment('2012-06-01T20:00:00Z'),
    times.parse_moment('2012-11-23T18:00:00Z'),
]
_CENTS = st.integers(1, 10**7).map(lambda cents: cents / 100)


@st.composite
def days(draw, prices=_CENTS):
    low, one, two, high = sorted(draw(st.tuples(*[prices] * 4)))
    first, last = draw(st.permutations([one, two]))
    volume = float(draw(st.integers(0, 10**10)))
    stamp = draw(st.sampled_from(CLOSES))
    return market.MarketData('A', stamp, first, high, low, last, volume, '1d')


def assert_aggregate_is(bars, day):
    assert bars.open[0] == day.open
    assert bars.high.max() == day.high
    assert bars.low.min() == day.low
    assert bars.close[-1] == day.close
    assert bars.volume.sum() == day.volume
    assert bars.timestamp[-1] == day.timestamp


@hypothesis.settings(deadline=None)
@hypothesis.given(days(), st.integers(0, 5))
def test_the_minutes_of_a_day_add_up_to_it(day, seed):
    assert_aggregate_is(generate.minutes(day, seed), day)


@hypothesis.settings(deadline=None)
@hypothesis.given(days(st.floats(1e-4, 1e6)))
def test_prices_that_are_no_cents_are_met_too(day):
    assert_aggregate_is(generate.minutes(day), day)


@hypothesis.settings(deadline=None)
@hypothesis.given(days())
def test_each_minute_is_a_sound_bar(day):
    bars = generate.minutes(day)
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.low > 0).all()
    assert (bars.volume >= 0).all()
    assert (bars.volume % 1 == 0).all()


def test_the_real_days_are_met():
    for day in list(sample.load().table.rows())[::101]:
        assert_aggregate_is(generate.minutes(day), day)


def test_a_half_day_has_fewer_minutes():
    day = market.MarketData('A', CLOSES[1], 10, 11, 9, 10, 100, '1d')
    bars = generate.minutes(day)
    assert len(bars) == 210
    assert bars.timeframe == '1m'
    assert bars.generated


def test_prices_are_in_cents():
    day = market.MarketData('A', CLOSES[0], 10.001, 11, 9, 10, 100, '1d')
    bars = generate.minutes(day)
    cents = bars.close * 100
    assert np.abs(cents - cents.round()).max() < 1e-9


def test_a_fraction_of_volume_is_kept():
    day = market.MarketData('A', CLOSES[0], 10, 11, 9, 10, 100.25, '1d')
    assert generate.minutes(day).volume.sum() == 100.25


def test_the_same_day_is_always_the_same():
    day = market.MarketData('A', CLOSES[0], 10, 11, 9, 10, 10**6, '1d')
    assert generate.minutes(day).digest() == generate.minutes(day).digest()
    assert generate.minutes(day).digest() != generate.minutes(day, 1).digest()


def test_the_price_moves_in_most_minutes():
    day = sample.load(['GOOG']).table.bars('GOOG')[-1]
    bars = generate.minutes(day)
    assert (bars.open != bars.close).mean() > 0.9
    steps = np.abs(np.diff(np.log(bars.close)))
    assert steps.max() < np.log(day.high / day.low) / 2


def test_a_day_of_several_symbols_is_sorted_by_minute():
    daily = [
        market.MarketData(name, CLOSES[1], 10, 11, 9, 10, 100, '1d')
        for name in 'BA'
    ]
    bars = list(generate.day(daily).rows())
    assert len(bars) == 420
    assert [bar.symbol for bar in bars[:4]] == ['A', 'B', 'A', 'B']
    assert bars[0].timestamp == bars[1].timestamp
