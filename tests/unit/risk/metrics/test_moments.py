"""Spreads against numpy and formulas written out."""

import math

import numpy as np
import pytest

from sting.risk.metrics import moments

pytestmark = pytest.mark.unit

RETURNS = np.random.default_rng(7).normal(0.0, 0.01, (40, 6))


def test_volatility_is_the_samples():
    assert moments.volatility(np.array([0.1, 0.3])) == pytest.approx(
        math.sqrt(0.02)
    )


def test_ewma_by_hand():
    found = moments.ewma_volatility(np.array([0.1, 0.2]), 0.5)
    assert found == pytest.approx(math.sqrt((0.5 * 0.01 + 0.04) / 1.5))


def test_beta_of_twice_the_benchmark_is_two():
    benchmark = RETURNS[:, 0]
    assert moments.beta(2 * benchmark + 0.1, benchmark) == pytest.approx(2.0)
    assert moments.beta(benchmark, np.full(40, 0.01)) is None


def test_shrunk_is_the_paper_written_out():
    found, weight = moments.shrunk(RETURNS)
    count, size = RETURNS.shape
    moves = RETURNS - RETURNS.mean(axis=0)
    sample = np.cov(RETURNS.T, bias=True)
    level = np.trace(sample) / size
    distance = ((sample - level * np.eye(size)) ** 2).sum()
    spread = (
        sum(((np.outer(row, row) - sample) ** 2).sum() for row in moves)
        / count**2
    )
    expected = min(spread, distance) / distance
    assert weight == pytest.approx(expected)
    assert 0 < weight < 1
    np.testing.assert_allclose(
        found, expected * level * np.eye(size) + (1 - expected) * sample
    )


def test_shrunk_has_an_inverse_with_fewer_bars_than_symbols():
    found, _ = moments.shrunk(RETURNS[:4])
    assert np.linalg.eigvalsh(found).min() > 0


def test_one_symbol_is_not_shrunk():
    found, weight = moments.shrunk(RETURNS[:, :1])
    assert weight == 0.0
    assert found[0, 0] == pytest.approx(RETURNS[:, 0].var())


def test_mean_correlation_of_what_moves_as_one():
    together = np.full((2, 2), 4e-4)
    held = np.array([10.0, 30.0])
    assert moments.mean_correlation(together, held) == pytest.approx(1.0)
    hedged = held * [1, -1]
    assert moments.mean_correlation(together, hedged) == pytest.approx(-1.0)
    assert moments.mean_correlation(together, np.array([1.0, 0.0])) is None


def test_mean_correlation_weighs_pairs_by_hand():
    pairs = np.array([[1, 0.5, 0.2], [0.5, 1, -0.1], [0.2, -0.1, 1]])
    held = np.array([1.0, 2.0, 3.0])
    weighed = (2 * 0.5 + 3 * 0.2 + 6 * -0.1) / (2 + 3 + 6)
    assert moments.mean_correlation(pairs, held) == pytest.approx(weighed)
