import dataclasses

import pytest

from sting.backtest import analyzer
from sting.backtest import trades
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
