"""The figures of a sweep are those of a result, by the same definitions."""

import dataclasses
import math

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest import trades
from sting.backtest.figures import analyzer
from sting.backtest.figures import metrics
from sting.backtest.figures import summaries
from sting.model import orders

pytestmark = pytest.mark.unit

MINUTE = 60_000_000_000
NAMES = ('cagr', 'volatility', 'sharpe', 'sortino', 'calmar', 'omega')
amounts = st.sampled_from((1.0, 3.0, 0.7, 100.0))


def close(found, expected, scale=1.0):
    """Whether figures agree to the last digits; nan stands for None."""
    if expected is None:
        return math.isnan(found)
    return found == pytest.approx(expected, rel=1e-12, abs=1e-12 * scale)


@hypothesis.given(
    st.lists(
        st.tuples(
            st.sampled_from((1, -1)),
            amounts,
            st.floats(1.0, 200.0),
            st.floats(0.0, 5.0),
        ),
        max_size=30,
    )
)
def test_round_trips_are_those_of_the_table(made):
    filled = trades.FillTable()
    for at, (sign, quantity, price, fee) in enumerate(made):
        filled.append(
            orders.Fill(
                order_id=f'{at}',
                execution_id=f'{at}',
                symbol='X',
                side=orders.OrderSide.BUY
                if sign > 0
                else orders.OrderSide.SELL,
                quantity=quantity,
                price=price,
                fee=fee,
                timestamp=at,
                tag='open',
            )
        )
    expected = trades.round_trips(filled)
    trip, found = summaries.NO_TRIP, []
    for sign, quantity, price, fee in made:
        trip, ended, pnl = summaries.trip_after(
            sign, quantity, price, fee, trip
        )
        if ended:
            found.append(pnl)
        else:
            assert pnl == 0.0
    assert found == expected.pnl.tolist()


@hypothesis.given(
    changes=st.lists(st.floats(-0.6, 0.8), max_size=60),
    gap=st.sampled_from((MINUTE, 300 * MINUTE, 1440 * MINUTE)),
    ruin=st.booleans(),
)
def test_figures_of_the_curve_are_those_of_the_metrics(changes, gap, ruin):
    start = 1000.0
    equity = start * np.cumprod(1.0 + np.array(changes, np.float64))
    if ruin and len(equity) > 3:
        equity[len(equity) // 2 :] -= 1000.0
    stamps = gap * np.arange(1, len(equity) + 1, dtype=np.int64)
    curve = analyzer.EquityCurve(
        start, stamps, equity, equity, np.zeros(len(equity), np.bool_)
    )
    expected = analyzer.PerformanceAnalyzer().analyze(
        curve, trades.FillTable(), trades.round_trips(trades.FillTable())
    )
    peak = trough = start
    depth = 0.0
    for level in equity.tolist():
        peak, trough, depth = summaries.fall_after(level, peak, trough, depth)
    assert summaries.deepest(peak, trough, depth) == expected.max_drawdown
    ends = metrics.last_of_days(stamps) if len(stamps) else stamps
    levels = np.stack([equity[ends], np.full(len(ends), start)])
    with np.errstate(all='ignore'):
        returns = summaries.daily(levels, start)[0]
    days = summaries.days_of(levels[0])
    assert returns[:days].tolist() == curve.returns.tolist()
    depths = np.array([expected.max_drawdown, 0.0])
    with np.errstate(all='ignore'):
        found = summaries.of_levels(levels, start, depths)
        alone = summaries.of_levels(levels[:1], start, depths[:1])
    for name in NAMES:
        assert close(found[name][0], getattr(expected, name)), name
        assert np.array_equal(alone[name], found[name][:1], equal_nan=True)


def test_a_growth_that_no_float_holds_is_none_in_both():
    levels = np.full((1, 1), 1e7)
    found = summaries.of_levels(levels, 1000.0, np.full(1, -0.5))
    assert math.isnan(found['cagr'][0])
    assert math.isnan(found['calmar'][0])
    assert metrics.cagr(np.full(1, 1e4)) is None


def test_returns_that_hardly_differ_have_no_ratio():
    levels = 1000.0 * np.cumprod(np.full((1, 10), 1.01), axis=1)
    with np.errstate(all='ignore'):
        found = summaries.of_levels(levels, 1000.0, np.zeros(1))
    for name in ('sharpe', 'sortino', 'calmar', 'omega'):
        assert math.isnan(found[name][0])


def test_without_bars_there_is_nothing_to_divide():
    told = np.zeros((2, len(summaries.TOLD)))
    told[:, summaries.TOLD.index('final_equity')] = 1000.0
    figures = summaries.of_runs(told, np.empty((2, 0)), 1000.0, 0)
    for row in figures:
        named = dict(zip(summaries.FIGURES, row.tolist(), strict=True))
        assert named['total_return'] == 0.0
        for name in ('exposure', 'turnover', 'win_rate', 'expectancy', *NAMES):
            assert math.isnan(named[name]), name


def test_every_figure_is_in_the_json_of_a_result():
    known = {
        field.name for field in dataclasses.fields(metrics.PerformanceMetrics)
    }
    assert set(summaries.FIGURES) <= known | set(summaries.COUNTS)
    assert set(summaries.FIGURES) >= summaries.LOWER
