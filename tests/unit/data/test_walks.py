"""Made-up bars, by model."""

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.data import table
from sting.data import times
from sting.data import validator
from sting.data import walks

pytestmark = pytest.mark.unit

START = times.parse_moment('2010-01-04')
MODELS = list(walks.Model)
COLUMNS = ('open', 'high', 'low', 'close', 'volume')


def make(model, count=2000, timeframe='1d', symbols=1, **options):
    parts = walks.bars(
        walks.names(symbols),
        timeframe,
        count,
        model=walks.Model(model),
        start=START,
        calendar=options.pop('calendar', '24/7'),
        **options,
    )
    return table.BarTable.merge(list(parts))


def returns(bars):
    return np.diff(np.log(bars.close))


@pytest.mark.parametrize('model', MODELS)
def test_bars_are_sound(model):
    made = make(model, timeframe='1h', symbols=2)
    assert validator.bar_fault({n: getattr(made, n) for n in COLUMNS}) is None
    assert len(made) == 4000
    assert made.generated
    assert (made.volume % 1 == 0).all()
    assert (made.volume >= 1).all()


@hypothesis.given(st.sampled_from(MODELS), st.integers(40, 900))
def test_the_size_of_parts_changes_nothing(model, rows):
    one = make(model, 200, symbols=2, rows=rows)
    assert one.digest() == make(model, 200, symbols=2).digest()


def test_a_longer_walk_begins_like_a_shorter_one():
    for model in MODELS:
        longer = make(model, 500)
        assert longer.take(slice(0, 100)).digest() == make(model, 100).digest()


def test_a_seed_a_model_and_a_symbol_have_prices_of_their_own():
    made = make('gbm', 50, symbols=2)
    first, second = (made.of(name) for name in made.symbols)
    other = make('gbm', 50, seed=1)
    assert (first.close != second.close).any()
    assert (first.close != other.close).any()
    assert (first.close == make('gbm', 50).close).all() == (
        first.symbols == ('SYNTH1',)
    )


def test_a_symbol_is_the_same_alone_and_among_others():
    one = make('jumps', 100)
    assert make('jumps', 100, symbols=3).of('SYNTH1').digest() == one.digest()


def test_a_year_of_gbm_moves_as_much_as_it_says():
    made = make('gbm', 40_000)
    assert returns(made).std() * 365**0.5 == pytest.approx(0.2, rel=0.03)
    assert (made.open[1:] == made.close[:-1]).all()


def test_ranges_are_those_of_a_walk_and_not_of_its_ends():
    # E(range) of a Brownian motion is sqrt(8 / pi) = 1.6 deviations (Feller
    # 1951).
    made = make('gbm', 40_000)
    ranges = np.log(made.high / made.low) / returns(made).std()
    assert ranges.mean() == pytest.approx((8 / np.pi) ** 0.5, rel=0.1)


def kurtosis(values):
    away = values - values.mean()
    return (away**4).mean() / (away**2).mean() ** 2


def test_jumps_have_fat_tails_and_gbm_has_none():
    assert kurtosis(returns(make('gbm', 40_000))) == pytest.approx(3, abs=0.3)
    assert kurtosis(returns(make('jumps', 40_000))) > 6


def test_in_regimes_large_moves_follow_large_moves():
    def follows(model):
        size = np.abs(returns(make(model, 20_000)))
        return np.corrcoef(size[1:], size[:-1])[0, 1]

    assert abs(follows('gbm')) < 0.03
    assert follows('regimes') > 0.1


def test_gaps_lie_between_sessions_alone():
    made = make('gaps', 5000, '30m', calendar='XNYS')
    apart = made.open[1:] != made.close[:-1]
    night = np.diff(made.timestamp) > 31 * 60 * 10**9
    assert not apart[~night].any()
    assert apart[night].mean() > 0.9


def test_names_sort_as_they_count():
    assert walks.names(10)[:2] == ('SYNTH01', 'SYNTH02')
    assert list(walks.names(120)) == sorted(walks.names(120))
