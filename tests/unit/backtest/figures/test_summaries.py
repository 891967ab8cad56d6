"""The figures of a sweep are those of a result, by the same definitions."""

import dataclasses
import math

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest import trades
from sting.backtest.columns import batches
from sting.backtest.figures import analyzer
from sting.backtest.figures import metrics
from sting.backtest.figures import summaries
from sting.model import orders
from sting.simulator import fills

pytestmark = pytest.mark.unit

MINUTE = 60_000_000_000
TAGS = {name: code for code, name in enumerate(fills.TAGS)}
SIDES = {1: orders.OrderSide.BUY, -1: orders.OrderSide.SELL}
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
            st.sampled_from(('open', 'limit', 'stop', 'gap')),
        ),
        max_size=30,
    )
)
def test_round_trips_are_those_of_the_table(made):
    filled = trades.FillTable()
    for at, (sign, quantity, price, fee, tag) in enumerate(made):
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
                tag=tag,
            )
        )
    expected = trades.round_trips(filled)
    count = len(made)
    room = [np.empty(count, word) for word in batches._OF_RUN[9:18]]
    done = summaries.round_trips(
        count,
        np.arange(count),
        np.array([sign * each for sign, each, *_ in made], np.float64),
        np.array([row[2] for row in made], np.float64),
        np.array([row[3] for row in made], np.float64),
        np.array([TAGS[row[4]] for row in made], np.int8),
        *room,
    )
    signs, entered, paid, left, received, charged, first, last, at_open = (
        column[:done] for column in room
    )
    assert entered.tolist() == expected.quantity.tolist()
    assert (paid / entered).tolist() == expected.entry_price.tolist()
    assert (received / left).tolist() == expected.exit_price.tolist()
    assert charged.tolist() == expected.fees.tolist()
    assert first.tolist() == expected.entry_time.tolist()
    assert last.tolist() == expected.exit_time.tolist()
    assert at_open.tolist() == expected.at_open.tolist()
    pnl = (received - paid) * signs - charged
    assert pnl.tolist() == expected.pnl.tolist()
    rate, factor, mean = summaries.of_trips(
        done, signs, paid, received, charged
    )
    assert close(rate, metrics.win_rate(pnl))
    assert close(factor, metrics.profit_factor(pnl))
    assert close(mean, metrics.mean(pnl), 1e5)


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
    depth = summaries.deepest(equity, start)
    assert depth == expected.max_drawdown
    ends = metrics.last_of_days(stamps) if len(stamps) else stamps
    returns = np.empty(len(ends))
    days = summaries.daily(equity, ends, start, returns)
    assert returns[:days].tolist() == curve.returns.tolist()
    names = ('cagr', 'volatility', 'sharpe', 'sortino', 'calmar', 'omega')
    found = summaries.of_returns(returns, days, depth)
    for name, value in zip(names, found, strict=True):
        assert close(value, getattr(expected, name)), name


def test_a_growth_that_no_float_holds_is_none_in_both():
    returns = np.full(1, 1e4)
    assert math.isnan(summaries.of_returns(returns, 1, -0.5)[0])
    assert math.isnan(summaries.of_returns(returns, 1, -0.5)[4])
    assert metrics.cagr(returns) is None


def test_returns_that_hardly_differ_have_no_ratio():
    returns = np.full(10, 0.01)
    found = summaries.of_returns(returns, 10, 0.0)
    assert math.isnan(found[2])
    assert math.isnan(found[3])
    assert math.isnan(found[4])


@hypothesis.given(st.lists(st.floats(-1e6, 1e6), max_size=40))
def test_the_total_is_the_sum(values):
    scale = max(map(abs, values), default=1.0) * 40
    found = summaries.total(np.array(values), len(values))
    assert found == pytest.approx(math.fsum(values), rel=0, abs=1e-14 * scale)


def test_every_figure_is_in_the_json_of_a_result():
    known = {
        field.name for field in dataclasses.fields(metrics.PerformanceMetrics)
    }
    assert set(summaries.FIGURES) <= known | set(summaries.COUNTS)
    assert set(summaries.FIGURES) >= summaries.LOWER
