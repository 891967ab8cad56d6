"""The figures beside those of empyrical and quantstats, to 1e-9.

A figure of theirs is left out where it is another thing of the same name;
sting.backtest.figures.metrics says which definition is ours.
"""

import math
import warnings

import numpy as np
import pandas as pd
import pytest

with warnings.catch_warnings():
    # They warn of each other's old habits when they are imported.
    warnings.simplefilter('ignore')
    import empyrical
    from quantstats import stats as quantstats

from sting.backtest.figures import metrics
from sting.backtest.figures import periods
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit

DAYS = 1_511
START = 15_000


def draws(seed):
    """Daily returns: quiet, wild with fat tails, mostly still, losing."""
    rng = np.random.default_rng(seed)
    quiet = rng.normal(4e-4, 0.01, DAYS)
    wild = np.clip(rng.standard_t(3, DAYS) * 0.02, -0.5, 0.9)
    still = np.where(rng.random(DAYS) < 0.7, 0.0, quiet)
    losing = rng.normal(-1e-3, 0.004, DAYS)
    return quiet, wild, still, losing


SERIES = [each for seed in (1, 2) for each in draws(seed)]
BENCHMARKS = SERIES[1:] + SERIES[:1]


def dated(returns):
    index = pd.to_datetime(START + np.arange(len(returns)), unit='D')
    return pd.Series(returns, index=index)


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


EMPYRICAL = {
    metrics.cagr: empyrical.annual_return,
    metrics.volatility: empyrical.annual_volatility,
    metrics.sharpe: empyrical.sharpe_ratio,
    metrics.sortino: empyrical.sortino_ratio,
    metrics.omega: empyrical.omega_ratio,
    metrics.value_at_risk: empyrical.value_at_risk,
    metrics.conditional_value_at_risk: empyrical.conditional_value_at_risk,
    metrics.tail_ratio: empyrical.tail_ratio,
}
QUANTSTATS = {
    metrics.cagr: quantstats.cagr,
    metrics.volatility: quantstats.volatility,
    metrics.sharpe: quantstats.sharpe,
    metrics.sortino: quantstats.sortino,
    metrics.omega: quantstats.omega,
    metrics.tail_ratio: quantstats.tail_ratio,
    metrics.skew: quantstats.skew,
    metrics.kurtosis: quantstats.kurtosis,
    # Of any profits and losses, of round trips as of days.
    metrics.profit_factor: quantstats.profit_factor,
    metrics.payoff_ratio: quantstats.payoff_ratio,
}


@pytest.mark.parametrize('ours', EMPYRICAL, ids=lambda each: each.__name__)
@pytest.mark.parametrize('returns', SERIES)
def test_as_in_empyrical(ours, returns):
    assert ours(returns) == near(EMPYRICAL[ours](returns))


@pytest.mark.parametrize('ours', QUANTSTATS, ids=lambda each: each.__name__)
@pytest.mark.parametrize('returns', SERIES)
def test_as_in_quantstats(ours, returns):
    assert ours(returns) == near(QUANTSTATS[ours](dated(returns)))


@pytest.mark.parametrize('returns', SERIES)
def test_historical_shortfall_as_in_quantstats(returns):
    found = quantstats.conditional_value_at_risk(
        dated(returns), method='historical'
    )
    assert metrics.conditional_value_at_risk(returns) == near(found)


@pytest.mark.parametrize('returns', SERIES)
def test_streaks_and_wins_as_in_quantstats(returns):
    given = dated(returns)
    wins = metrics.longest_streak(returns > 0)
    losses = metrics.longest_streak(returns < 0)
    assert wins == quantstats.consecutive_wins(given)
    assert losses == quantstats.consecutive_losses(given)
    # quantstats leaves still days out.
    moved = returns[returns != 0]
    assert metrics.win_rate(moved) == near(quantstats.win_rate(given))


@pytest.mark.parametrize(
    ('returns', 'benchmark'), list(zip(SERIES, BENCHMARKS, strict=True))
)
def test_against_a_benchmark_as_in_both(returns, benchmark):
    alpha, beta = empyrical.alpha_beta_aligned(returns, benchmark)
    greeks = quantstats.greeks(dated(returns), dated(benchmark))
    assert metrics.alpha(returns, benchmark) == near(alpha)
    assert metrics.beta(returns, benchmark) == near(beta)
    assert metrics.beta(returns, benchmark) == near(greeks['beta'])
    assert metrics.information_ratio(returns, benchmark) == near(
        empyrical.excess_sharpe(returns, benchmark)
    )
    assert metrics.information_ratio(returns, benchmark) == near(
        quantstats.information_ratio(dated(returns), dated(benchmark))
    )


@pytest.mark.parametrize('returns', SERIES)
def test_drawdown_as_in_both(returns):
    depths = metrics.drawdowns(np.cumprod(1.0 + returns), 1.0)
    assert depths.min() == near(empyrical.max_drawdown(returns))
    theirs = quantstats.to_drawdown_series(dated(returns))
    assert depths == near(theirs.to_numpy())
    growth = metrics.cagr(returns)
    assert metrics.calmar(growth, depths.min()) == near(
        empyrical.calmar_ratio(returns)
    )
    assert metrics.calmar(growth, depths.min()) == near(
        quantstats.calmar(dated(returns))
    )


@pytest.mark.parametrize('returns', SERIES)
def test_worst_falls_as_in_quantstats(returns):
    # It does not see a fall that the first day begins and none ends.
    returns = np.append(0.01, returns)
    curve = runs.curve(*np.cumprod(1.0 + returns), start=1.0)
    depths = curve.drawdown()
    found = periods.worst(curve.timestamp, depths, periods.falls(depths))
    theirs = quantstats.drawdown_details(
        quantstats.to_drawdown_series(dated(returns))
    ).nsmallest(periods.WORST, 'max drawdown')
    assert [fall.depth * 100 for fall in found] == near(
        theirs['max drawdown'].tolist()
    )
    bottoms = [fall.bottom // runs.DAY + START for fall in found]
    assert [str(np.datetime64(day, 'D')) for day in bottoms] == theirs[
        'valley'
    ].tolist()


@pytest.mark.parametrize('returns', SERIES)
def test_months_and_years_as_in_both(returns):
    days = START + np.arange(len(returns))
    monthly = periods.monthly(days, returns)
    yearly = periods.yearly(days, returns)
    theirs = empyrical.aggregate_returns(dated(returns), 'monthly')
    assert monthly == {
        f'{year}-{month:02}': near(value)
        for (year, month), value in theirs.items()
    }
    theirs = empyrical.aggregate_returns(dated(returns), 'yearly')
    assert yearly == {str(year): near(value) for year, value in theirs.items()}
    table = quantstats.monthly_returns(dated(returns))
    assert list(yearly.values()) == near(table['EOY'].tolist())
    march = [monthly.get(f'{year}-03', 0.0) for year in table.index]
    assert march == near(table['MAR'].tolist())


@pytest.mark.parametrize('returns', SERIES)
def test_rolling_sharpe_as_in_quantstats(returns):
    theirs = quantstats.rolling_sharpe(dated(returns)).to_numpy()
    found = periods.rolling_sharpe(returns)
    # Theirs is carried on from window to window, and drifts a little.
    assert found == pytest.approx(theirs[periods.WINDOW - 1 :], rel=1e-7)


def test_a_million_returns_do_not_drift():
    returns = np.random.default_rng(7).normal(1e-6, 1e-3, 1_000_000)
    exact = math.fsum(returns.tolist()) / len(returns)
    squares = math.fsum(((returns - exact) ** 2).tolist())
    deviation = math.sqrt(squares / (len(returns) - 1))
    assert metrics.sharpe(returns) == near(exact / deviation * math.sqrt(252))
    assert metrics.volatility(returns) == near(deviation * math.sqrt(252))
    growth = math.exp(math.fsum(map(math.log1p, returns.tolist())))
    assert metrics.cagr(returns) + 1.0 == near(growth ** (252 / len(returns)))
