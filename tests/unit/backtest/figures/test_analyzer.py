import dataclasses

import numpy as np
import pytest

from sting.backtest import trades
from sting.backtest.figures import analyzer
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit


def analyze(curve, *rows):
    fills = runs.fills(*rows)
    return analyzer.PerformanceAnalyzer().analyze(
        curve, fills, trades.round_trips(fills)
    )


def test_the_figures_of_a_run_by_hand():
    found = analyze(
        runs.curve(110.0, 88.0, 99.0, exposed=[True, True, False]),
        (runs.BUY, 1, 100.0, 1.0),
        (runs.SELL, 1, 99.0, 1.0),
    )
    assert found.final_equity == 99.0
    assert found.total_return == pytest.approx(-0.01)
    assert found.max_drawdown == pytest.approx(-0.2)
    assert found.cagr == pytest.approx(0.99**84 - 1)
    assert found.calmar == pytest.approx((0.99**84 - 1) / 0.2)
    assert found.win_rate == 0.0
    assert found.profit_factor == 0.0
    assert found.exposure == pytest.approx(2 / 3)
    assert found.turnover == pytest.approx(199.0 / 99.0)
    assert found.fees == 2.0


def test_a_run_in_which_nothing_happened():
    found = analyze(runs.curve(100.0, 100.0, 100.0))
    assert found.total_return == 0.0
    assert found.cagr == 0.0
    assert found.volatility == 0.0
    undefined = ('sharpe', 'sortino', 'calmar', 'win_rate', 'profit_factor')
    values = dataclasses.asdict(found)
    assert [values[name] for name in undefined] == [None] * 5


def test_a_run_without_bars():
    found = analyze(runs.curve())
    assert found.final_equity == 100.0
    assert found.max_drawdown == 0.0
    assert found.exposure is None
    assert found.turnover is None


def test_the_added_figures_of_a_run_by_hand():
    found = analyze(
        runs.curve(110.0, 88.0, 99.0),
        (runs.BUY, 1, 100.0),
        (runs.SELL, 1, 103.0),
        (runs.BUY, 1, 100.0),
        (runs.SELL, 1, 99.0),
    )
    assert (found.days, found.best_day) == (3, pytest.approx(0.125))
    assert found.worst_day == pytest.approx(-0.2)
    assert found.omega == pytest.approx(0.225 / 0.2)
    assert found.longest_drawdown_s == 2 * 86_400
    assert (found.expectancy, found.payoff_ratio) == (1.0, 3.0)
    assert (found.mean_win, found.mean_loss) == (3.0, -1.0)
    assert (found.most_wins, found.most_losses) == (1, 1)


def test_without_a_benchmark_its_figures_are_undefined():
    found = analyze(runs.curve(110.0, 88.0, 99.0))
    assert found.benchmark_return is None
    assert (found.alpha, found.beta, found.information_ratio) == (None,) * 3
    assert (found.mean_mae, found.mean_mfe) == (None, None)


def test_beside_itself_a_run_has_a_beta_of_one_and_no_alpha():
    curve = runs.curve(110.0, 88.0, 99.0)
    found = analyze(dataclasses.replace(curve, benchmark=curve.equity))
    assert found.benchmark_return == found.total_return
    assert found.beta == pytest.approx(1.0)
    assert found.alpha == pytest.approx(0.0)
    assert found.information_ratio is None


def test_a_benchmark_counts_as_long_as_the_money_lasts():
    curve = dataclasses.replace(
        runs.curve(50.0, -10.0, 20.0), benchmark=np.array([90.0, 99.0, 50.0])
    )
    assert curve.benchmark_returns == pytest.approx([-0.1, 0.1])
    assert curve.days.tolist() == [0, 1]
    assert runs.curve(50.0).benchmark_returns is None


def test_the_tables_of_a_run():
    fills = runs.fills(
        (runs.BUY, 1, 100.0), (runs.SELL, 2, 103.0), (runs.BUY, 3, 99.0)
    )
    found = analyzer.PerformanceAnalyzer().tabulate(
        'mine',
        runs.curve(110.0, 88.0, 99.0),
        trades.round_trips(fills),
        trades.all_trips(fills, {'X': 100.0})[1],
    )
    assert [fall.depth for fall in found.drawdowns] == [pytest.approx(-0.2)]
    assert found.monthly == {'1970-01': pytest.approx(-0.01)}
    assert found.yearly == {'1970': pytest.approx(-0.01)}
    assert [(each.name, each.pnl) for each in found.strategies] == [
        ('mine', 7.0)
    ]
    assert [(each.name, each.open_pnl) for each in found.symbols] == [
        ('X', 2.0)
    ]
    assert [(each.name, each.pnl) for each in found.sides] == [
        ('long', 3.0),
        ('short', 4.0),
    ]
    assert [trip.quantity for trip in found.open_trades] == [2.0]
