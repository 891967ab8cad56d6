import math

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest.figures import metrics
from tests.unit.backtest import runs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

# Worked by hand: mean 0.01, squares about the mean sum to 0.0014.
RETURNS = np.array([0.01, 0.03, -0.02, 0.02])


def test_a_day_counts_from_its_last_equity():
    curve = runs.curve(101.0, 105.0, 110.0, 121.0, step=runs.DAY // 2)
    # Noon, midnight (which ends the first day), noon, midnight.
    assert metrics.daily_returns(
        curve.timestamp, curve.equity, 100.0
    ).tolist() == pytest.approx([0.05, 121.0 / 105.0 - 1.0])


def test_a_days_profit_is_that_of_the_engine():
    world = worlds.World()
    world.held(10.0)
    stamps, equity, profits = [], [], {}
    for step, price in enumerate((101.0, 105.0, 110.0, 121.0, 119.0), start=1):
        world.bar('AAPL', price, timestamp=worlds.NOON + step * runs.DAY // 2)
        stamps.append(world.now)
        equity.append(world.state.equity())
        profits[world.state.day_equity] = equity[-1] / world.state.day_equity
    found = metrics.daily_returns(
        np.array(stamps), np.array(equity), worlds.CASH
    )
    assert found + 1.0 == pytest.approx(list(profits.values()))


def test_no_equity_gives_no_returns():
    curve = runs.curve()
    assert not len(metrics.daily_returns(curve.timestamp, curve.equity, 1.0))


def test_returns_end_with_the_money():
    curve = runs.curve(50.0, -10.0, 20.0)
    found = metrics.daily_returns(curve.timestamp, curve.equity, 100.0)
    assert found.tolist() == pytest.approx([-0.5, -1.2])


def test_drawdown_is_measured_from_the_peak_and_the_start():
    found = metrics.drawdowns(np.array([90.0, 120.0, 60.0, 120.0]), 100.0)
    assert found.tolist() == pytest.approx([-0.1, 0.0, -0.5, 0.0])


def test_cagr_compounds_over_252_days():
    returns = np.zeros(126)
    returns[5] = 0.1
    assert metrics.cagr(returns) == pytest.approx(1.1**2 - 1)


def test_cagr_of_a_total_loss_is_all_of_it():
    assert metrics.cagr(np.array([-1.0])) == -1.0


@pytest.mark.parametrize(
    'returns', [np.empty(0), np.array([-1.5]), np.array([1e9])]
)
def test_cagr_is_undefined_without_returns_below_zero_and_beyond_floats(
    returns,
):
    assert metrics.cagr(returns) is None


def test_volatility_by_hand():
    expected = math.sqrt(0.0014 / 3) * math.sqrt(252)
    assert metrics.volatility(RETURNS) == pytest.approx(expected, rel=1e-12)


def test_sharpe_by_hand():
    expected = 0.01 / math.sqrt(0.0014 / 3) * math.sqrt(252)
    assert metrics.sharpe(RETURNS) == pytest.approx(expected, rel=1e-12)


def test_sortino_by_hand():
    # One loss of 0.02 among four: the root of 0.0004 / 4 is 0.01.
    assert metrics.sortino(RETURNS) == pytest.approx(math.sqrt(252), rel=1e-12)


@pytest.mark.parametrize('figure', [metrics.sharpe, metrics.sortino])
def test_ratios_of_still_or_single_returns_are_undefined(figure):
    assert figure(np.full(9, 0.1)) is None
    assert figure(np.array([0.1])) is None


def test_volatility_of_a_single_return_is_undefined():
    assert metrics.volatility(np.array([0.1])) is None


def test_calmar_is_growth_over_drawdown():
    assert metrics.calmar(0.2, -0.1) == pytest.approx(2.0)
    assert metrics.calmar(None, -0.1) is None
    assert metrics.calmar(0.2, 0.0) is None


def test_win_rate_counts_profits():
    assert metrics.win_rate(np.array([1.0, 0.0, -1.0, 2.0])) == 0.5
    assert metrics.win_rate(np.empty(0)) is None


def test_profit_factor_is_profits_over_losses():
    assert metrics.profit_factor(np.array([3.0, -1.0, -0.5])) == 2.0
    assert metrics.profit_factor(np.array([3.0])) is None


@hypothesis.given(
    st.lists(st.floats(min_value=-0.5, max_value=0.5), min_size=2, max_size=50)
)
def test_more_of_the_same_risk_has_the_same_sharpe(returns):
    once = metrics.sharpe(np.array(returns))
    twice = metrics.sharpe(np.array(returns) * 2.0)
    if once is not None:
        assert twice == pytest.approx(once, rel=1e-6, abs=1e-9)


TAILED = np.array([*([0.001] * 18), -0.04, -0.02, 0.03])


def test_omega_by_hand():
    assert metrics.omega(RETURNS) == pytest.approx(3.0)


def test_tails_by_hand():
    # Of 21 days the second worst is the 5 % quantile, the second best the 95 %.
    assert metrics.value_at_risk(TAILED) == pytest.approx(-0.02)
    assert metrics.conditional_value_at_risk(TAILED) == pytest.approx(-0.03)
    assert metrics.tail_ratio(TAILED) == pytest.approx(0.05)


def test_skew_and_kurtosis_by_hand():
    # About the mean 0: squares sum to 12, cubes to -12, fourth powers to 36.
    values = np.array([-2.0, 1.0, 1.0, -1.0, 2.0, -1.0]) / 100
    assert metrics.skew(values) == pytest.approx(0.0, abs=1e-12)
    biased = (36 / 6) / (12 / 6) ** 2 - 3
    expected = 5 / (4 * 3) * (7 * biased + 6)
    assert metrics.kurtosis(values) == pytest.approx(expected)
    one_sided = np.array([0.0, 0.0, 0.03])
    assert metrics.skew(one_sided) == pytest.approx(math.sqrt(3))


def test_beta_and_alpha_by_hand():
    benchmark = np.array([0.01, -0.01, 0.02, -0.02])
    returns = 0.001 + 2.0 * benchmark
    assert metrics.beta(returns, benchmark) == pytest.approx(2.0)
    assert metrics.alpha(returns, benchmark) == pytest.approx(1.001**252 - 1)


def test_information_ratio_by_hand():
    benchmark = np.zeros(4)
    expected = 0.01 / math.sqrt(0.0014 / 3)
    assert metrics.information_ratio(RETURNS, benchmark) == pytest.approx(
        expected
    )


@pytest.mark.parametrize(
    'figure',
    [
        metrics.omega,
        metrics.value_at_risk,
        metrics.conditional_value_at_risk,
        metrics.tail_ratio,
        metrics.skew,
        metrics.kurtosis,
        metrics.mean,
    ],
)
def test_without_returns_a_figure_is_undefined(figure):
    assert figure(np.empty(0)) is None


@pytest.mark.parametrize(
    'figure',
    [metrics.omega, metrics.tail_ratio, metrics.skew, metrics.kurtosis],
)
def test_of_still_returns_a_shape_is_undefined(figure):
    assert figure(np.zeros(9)) is None


@pytest.mark.parametrize(
    'figure', [metrics.beta, metrics.alpha, metrics.information_ratio]
)
def test_against_itself_standing_still_a_figure_is_undefined(figure):
    assert figure(np.zeros(9), np.zeros(9)) is None
    assert figure(np.zeros(1), np.zeros(1)) is None


@pytest.mark.parametrize('mean', [-2.0, 1e3])
def test_alpha_below_zero_and_beyond_floats_is_undefined(mean):
    benchmark = np.array([0.01, -0.01])
    assert metrics.alpha(mean + benchmark, benchmark) is None


def test_payoff_is_mean_profit_over_mean_loss():
    pnl = np.array([4.0, 2.0, -1.0, 0.0])
    assert metrics.payoff_ratio(pnl) == 3.0
    assert metrics.payoff_ratio(pnl[:2]) is None
    assert metrics.payoff_ratio(pnl[2:]) is None


@pytest.mark.parametrize(
    ('hits', 'longest'),
    [('', 0), ('000', 0), ('1', 1), ('0110111', 3), ('1110', 3)],
)
def test_the_longest_streak(hits, longest):
    found = metrics.longest_streak(np.array([hit == '1' for hit in hits], bool))
    assert found == longest


def test_days_are_those_of_the_returns():
    curve = runs.curve(101.0, 105.0, 110.0, 121.0, step=runs.DAY // 2)
    assert metrics.days(curve.timestamp).tolist() == [0, 1]
    assert not len(metrics.days(np.empty(0, np.int64)))


@hypothesis.given(
    st.lists(st.floats(min_value=-0.9, max_value=5.0), max_size=60)
)
def test_no_figure_is_ever_infinite_or_not_a_number(returns):
    values = np.array(returns)
    alone = (
        metrics.cagr,
        metrics.volatility,
        metrics.sharpe,
        metrics.sortino,
        metrics.omega,
        metrics.value_at_risk,
        metrics.conditional_value_at_risk,
        metrics.tail_ratio,
        metrics.skew,
        metrics.kurtosis,
    )
    beside = (metrics.alpha, metrics.beta, metrics.information_ratio)
    found = [figure(values) for figure in alone]
    found += [figure(values, values[::-1]) for figure in beside]
    assert all(each is None or math.isfinite(each) for each in found)
