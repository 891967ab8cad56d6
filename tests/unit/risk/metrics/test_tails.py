"""Value at risk and expected shortfall against closed forms and scipy."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy import stats

from sting.risk.metrics import tails

pytestmark = pytest.mark.unit

levels = st.sampled_from([0.9, 0.95, 0.99])
gains = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80).map(np.array)


@pytest.mark.parametrize('level', [0.95, 0.99])
def test_normal_is_the_quantile_and_the_truncated_mean_of_scipy(level):
    found = tails.normal(0.3, 2.0, level)
    law = stats.norm(0.3, 2.0)
    assert found.value_at_risk == pytest.approx(-law.ppf(1 - level))
    worst = law.expect(lambda x: x, ub=law.ppf(1 - level)) / (1 - level)
    assert found.shortfall == pytest.approx(-worst, rel=1e-6)


def test_historical_of_a_hundred_losses_by_hand():
    found = tails.historical(-np.arange(1.0, 101.0), 0.95)
    assert found.value_at_risk == pytest.approx(95.05)
    assert found.shortfall == pytest.approx(98.0)


@given(gains, levels)
def test_shortfall_is_never_below_value_at_risk(made, level):
    found = tails.historical(made, level)
    assert found.value_at_risk == np.quantile(-made, level)
    assert found.shortfall >= found.value_at_risk - 1e-6


@given(gains, levels, st.floats(0.1, 10.0))
def test_a_larger_book_has_tails_larger_by_as_much(made, level, times):
    one = tails.historical(made, level)
    more = tails.historical(made * times, level)
    assert more.value_at_risk == pytest.approx(
        one.value_at_risk * times, rel=1e-9, abs=1e-6
    )


def test_cornish_fisher_of_normal_moments_is_normal():
    bent = tails.cornish_fisher(0.0, 1.0, 0.0, 0.0, 0.99)
    plain = tails.normal(0.0, 1.0, 0.99)
    assert bent.value_at_risk == pytest.approx(plain.value_at_risk)
    assert bent.shortfall == pytest.approx(plain.shortfall, rel=2e-3)


def test_cornish_fisher_by_hand():
    z = stats.norm.ppf(0.01)
    bent = (
        z
        + (z**2 - 1) * -0.5 / 6
        + (z**3 - 3 * z) * 1.0 / 24
        - (2 * z**3 - 5 * z) * 0.25 / 36
    )
    found = tails.cornish_fisher(0.1, 2.0, -0.5, 1.0, 0.99)
    assert found.value_at_risk == pytest.approx(-(0.1 + 2.0 * bent))


def test_cornish_fisher_that_is_no_quantile_is_none():
    assert tails.cornish_fisher(0.0, 1.0, 5.0, 0.0, 0.95) is None


def test_monte_carlo_meets_the_closed_form_within_its_error():
    values = np.array([1000.0, -500.0, 200.0])
    together = np.array(
        [[4e-4, 1e-4, 0.0], [1e-4, 9e-4, 2e-4], [0.0, 2e-4, 1e-4]]
    )
    paths = 40_000
    drawn = tails.monte_carlo(values, together, paths, np.random.default_rng(3))
    deviation = float(np.sqrt(values @ together @ values))
    for level in (0.95, 0.99):
        closed = tails.normal(0.0, deviation, level)
        found = tails.historical(drawn, level)
        # The error of a quantile: sqrt(p (1 - p) / n) over the density there.
        density = stats.norm.pdf(stats.norm.ppf(level)) / deviation
        error = np.sqrt(level * (1 - level) / paths) / density
        assert abs(found.value_at_risk - closed.value_at_risk) < 4 * error
        assert abs(found.shortfall - closed.shortfall) < 8 * error


def test_monte_carlo_is_the_same_for_the_same_seed():
    values, together = np.array([1.0]), np.array([[1.0]])
    one, two = (
        tails.monte_carlo(values, together, 9, np.random.default_rng(5))
        for _ in range(2)
    )
    assert one.tolist() == two.tolist()
    assert len(one) == 10


def test_monte_carlo_of_symbols_that_move_as_one():
    together = np.full((2, 2), 1e-4)
    chance = np.random.default_rng(1)
    drawn = tails.monte_carlo(np.array([1.0, -1.0]), together, 100, chance)
    assert np.abs(drawn).max() < 1e-5


def test_monte_carlo_of_what_does_not_move_is_nothing():
    chance = np.random.default_rng(1)
    drawn = tails.monte_carlo(np.ones(2), np.zeros((2, 2)), 10, chance)
    assert not drawn.any()


def test_skew_and_excess_are_those_of_scipy():
    made = np.random.default_rng(2).gamma(2.0, size=500)
    assert tails.skew_and_excess(made) == pytest.approx(
        (stats.skew(made), stats.kurtosis(made))
    )
    assert tails.skew_and_excess(np.ones(5)) == (0.0, 0.0)
