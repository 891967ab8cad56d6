import itertools
import math

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest.figures import metrics
from sting.backtest.figures import selection
from sting.model import errors

pytestmark = pytest.mark.unit

# The example of Bailey and Lopez de Prado (2014): five years of 250 days, 2.5
# a year, and trials whose yearly Sharpe ratios have a variance of a half.
DAILY = 2.5 / math.sqrt(250)
VARIANCE = 0.5 / 250


def draws(days, trials, seed, edge=0.0):
    returns = np.random.default_rng(seed).normal(0.0, 0.01, (days, trials))
    returns[:, 0] += edge
    return returns


@pytest.mark.parametrize(
    ('trials', 'skew', 'kurtosis', 'expected'),
    [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)],
)
def test_the_example_of_the_paper(trials, skew, kurtosis, expected):
    best = selection.expected_best_sharpe(trials, VARIANCE)
    found = selection.probability_above(DAILY, best, 1250, skew, kurtosis)
    assert found == pytest.approx(expected, abs=5e-5)


def test_the_expected_best_of_the_paper():
    best = selection.expected_best_sharpe(100, VARIANCE)
    assert best == pytest.approx(0.1132, abs=5e-5)


def test_a_single_trial_has_no_luck_to_be_taken_off():
    assert selection.expected_best_sharpe(1, 4.0) == 0.0
    returns = draws(500, 1, 1, 0.001)[:, 0]
    assert selection.deflated_sharpe(returns, [0.1]) == (
        selection.probabilistic_sharpe(returns)
    )


def test_the_expected_best_is_that_of_many_draws():
    chance = np.random.default_rng(5)
    best = chance.normal(0.0, 2.0, (4_000, 50)).max(axis=1).mean()
    found = selection.expected_best_sharpe(50, 4.0)
    assert found == pytest.approx(best, rel=0.02)


@pytest.mark.parametrize(
    ('trials', 'variance'), [(0, 1.0), (3, -1.0), (3, math.nan)]
)
def test_trials_that_cannot_be_are_refused(trials, variance):
    with pytest.raises(errors.InputError, match='cannot be'):
        selection.expected_best_sharpe(trials, variance)


def test_a_probability_by_hand():
    # Without skew and with a normal law's kurtosis, at one deviation.
    found = selection.probability_above(0.0, -0.1, 101, 0.0, 3.0)
    assert found == pytest.approx(0.8413, abs=5e-5)


def test_of_returns_the_sample_is_measured():
    returns = draws(300, 1, 3, 0.002)[:, 0]
    ratio = metrics.sharpe(returns) / math.sqrt(252)
    away = returns - returns.mean()
    shape = [(away**n).mean() / (away**2).mean() ** (n / 2) for n in (3, 4)]
    assert selection.probabilistic_sharpe(returns, 0.05) == pytest.approx(
        selection.probability_above(ratio, 0.05, 300, *shape)
    )


@pytest.mark.parametrize('returns', [[], [0.1], [0.1, 0.1, 0.1]])
def test_without_a_sharpe_ratio_there_is_no_probability(returns):
    assert selection.probabilistic_sharpe(np.array(returns)) is None
    assert selection.deflated_sharpe(np.array(returns), [0.1, 0.2]) is None


def test_returns_that_leave_no_doubt_have_no_probability():
    assert selection.probability_above(1.0, 0.0, 9, 1.0, 1.0) is None


def test_the_best_of_a_thousand_worthless_trials_is_called_luck():
    returns = draws(1_000, 1_000, 2)
    ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    best = returns[:, int(np.argmax(ratios))]
    assert selection.probabilistic_sharpe(best) > 0.99
    assert selection.deflated_sharpe(best, ratios.tolist()) < 0.8


def by_hand(returns, blocks):
    """The probability of overfitting, one split after the other."""
    days = len(returns) // blocks
    parts = [returns[n * days : (n + 1) * days] for n in range(blocks)]
    lost = []
    for chosen in itertools.combinations(range(blocks), blocks // 2):
        halves = [], []
        for number, part in enumerate(parts):
            halves[number not in chosen].append(part)
        inside, outside = (
            each.mean(axis=0) / each.std(axis=0, ddof=1)
            for each in map(np.concatenate, halves)
        )
        own = outside[np.argmax(inside)]
        rank = (outside <= own).sum()
        lost.append(rank / (returns.shape[1] + 1) <= 0.5)
    return np.mean(lost)


@hypothesis.given(
    st.integers(0, 999), st.sampled_from([2, 4, 6]), st.integers(2, 6)
)
def test_overfitting_as_split_by_hand(seed, blocks, trials):
    returns = draws(40, trials, seed)
    found = selection.overfitting_probability(returns, blocks)
    assert found == pytest.approx(by_hand(returns, blocks))


def test_worthless_trials_are_overfitted_about_half_of_the_time():
    found = [
        selection.overfitting_probability(draws(240, 20, seed), 8)
        for seed in range(20)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.15)


def test_a_trial_that_is_really_better_stays_the_best():
    returns = draws(1_600, 20, 1, 0.005)
    assert selection.overfitting_probability(returns) == 0.0


def test_trials_that_are_all_the_same_stand_in_the_middle():
    returns = np.repeat(draws(40, 1, 1), 3, axis=1)
    assert selection.overfitting_probability(returns, 4) == 1.0


def test_still_trials_have_no_sharpe_ratio_but_a_place():
    returns = np.zeros((40, 2))
    returns[:, 1] = np.tile([0.02, -0.01], 20)
    assert selection.overfitting_probability(returns, 4) == 0.0


@pytest.mark.parametrize(
    ('days', 'trials', 'blocks', 'message'),
    [
        (40, 1, 4, 'two trials'),
        (40, 3, 5, 'an even number'),
        (40, 3, 0, 'an even number'),
        (400, 3, 22, 'up to 20'),
        (7, 3, 4, 'too few'),
    ],
)
def test_what_cannot_be_split_is_refused(days, trials, blocks, message):
    with pytest.raises(errors.InputError, match=message):
        selection.overfitting_probability(draws(days, trials, 1), blocks)
