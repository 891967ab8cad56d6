"""The bands of a run's figures, from its days and from its round trips."""

import numpy as np
import pytest

from sting.backtest import trades
from sting.backtest.figures import metrics
from sting.backtest.robust import confidence
from sting.backtest.robust import parts
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit

V = parts.Verdict


def chance(seed=1):
    return np.random.default_rng(seed)


def of_days(returns, **options):
    equity = 100.0 * np.cumprod(1.0 + np.asarray(returns))
    return runs.result(curve=runs.curve(*equity), **options)


def test_a_single_path_has_the_metrics_own_figures():
    returns = chance(2).normal(0.001, 0.01, 40)
    # In one block of all days a path is the run, begun elsewhere.
    found = confidence.of_returns(
        returns, 100.0, block=40, paths=50, chance=chance()
    )
    end = 100.0 * np.prod(1.0 + returns)
    for name, value in (
        ('final_equity', end),
        ('cagr', metrics.cagr(returns)),
        ('sharpe', metrics.sharpe(returns)),
    ):
        assert list(found[name].values()) == pytest.approx([value] * 3)


def test_the_drawdown_is_that_of_the_path():
    returns = np.array([0.1, -0.5, 0.1])
    found = confidence.of_returns(
        returns, 1.0, block=1, paths=2000, chance=chance()
    )
    assert found['max_drawdown']['p5'] == pytest.approx(-0.75)
    assert found['max_drawdown']['p95'] == 0.0


def test_chunks_do_not_change_the_bands_much(monkeypatch):
    returns = chance(2).normal(0.001, 0.01, 50)
    whole = confidence.of_returns(
        returns, 1.0, block=5, paths=4000, chance=chance()
    )
    monkeypatch.setattr(confidence, '_AT_ONCE', 1000)
    parted = confidence.of_returns(
        returns, 1.0, block=5, paths=4000, chance=chance()
    )
    for name, band in whole.items():
        assert list(parted[name].values()) == pytest.approx(
            list(band.values()), abs=0.2
        )


def test_returns_that_do_not_differ_have_no_sharpe():
    found = confidence.of_returns(
        np.zeros(5), 1.0, block=1, paths=5, chance=chance()
    )
    assert found['sharpe'] == {'p5': None, 'p50': None, 'p95': None}


def test_round_trips_add_up():
    found = confidence.of_trades(
        np.array([5.0, 5.0]), 100.0, paths=9, chance=chance()
    )
    assert found['final_equity']['p50'] == 110.0
    assert found['max_drawdown']['p5'] == 0.0
    lost = confidence.of_trades(
        np.array([-10.0]), 100.0, paths=9, chance=chance()
    )
    assert lost['max_drawdown']['p50'] == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ('mean', 'verdict'), [(0.005, V.OK), (0.0006, V.WARN), (-0.005, V.FAIL)]
)
def test_the_verdict_is_the_bands(mean, verdict):
    noise = chance(3).normal(0.0, 0.01, 200)
    found = confidence.check(
        of_days(noise - noise.mean() + mean), paths=300, chance=chance()
    )
    assert found.verdict == verdict
    assert found.figures['block_days'] == 20
    assert found.figures['trades']['final_equity']['p50'] == 108.0


def test_the_seed_reproduces_it():
    result = of_days(chance(3).normal(0.001, 0.01, 60))
    one, two, other = (
        confidence.check(result, paths=50, chance=chance(seed))
        for seed in (1, 1, 2)
    )
    assert one == two != other


def test_what_is_too_short_or_still_is_said():
    found = confidence.check(of_days([0.1]), paths=5, chance=chance())
    assert 'two days' in found.reason
    still = of_days([0.0] * 9, trades=trades.round_trips(runs.fills()))
    found = confidence.check(still, paths=5, chance=chance())
    assert found.verdict == V.WARN
    assert found.figures['trades'] is None
