import dataclasses
import json

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest import trades
from sting.backtest.reporting import plots
from tests.unit.backtest import bars
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit

BUY, SELL = runs.BUY, runs.SELL


@hypothesis.given(
    st.lists(st.floats(-1e6, 1e6), max_size=400), st.integers(1, 40)
)
def test_a_thinned_line_keeps_its_ends_and_every_extreme(values, buckets):
    line = np.array(values)
    places = plots.thinned(line, buckets)
    assert len(places) <= 2 * buckets + 2
    assert (np.diff(places) > 0).all()
    if values:
        assert (places[0], places[-1]) == (0, len(line) - 1)
        kept = line[places]
        assert (kept.min(), kept.max()) == (line.min(), line.max())


def test_a_short_line_is_kept_whole():
    assert plots.thinned(np.arange(4.0), 2).tolist() == [0, 1, 2, 3]


def test_one_high_value_among_a_million_is_drawn():
    line = np.zeros(1_000_000)
    line[654_321] = 1.0
    places = plots.thinned(line)
    assert 654_321 in places
    assert len(places) <= 2 * plots.BUCKETS + 2


def test_the_account_is_drawn_beside_its_benchmark():
    curve = runs.curve(100.0, 98.0)
    (alone,) = plots.equity(curve)
    assert (alone['x'], alone['y']) == ([43_200_000, 129_600_000], [100, 98])
    both = plots.equity(dataclasses.replace(curve, benchmark=curve.cash))
    assert [trace['name'] for trace in both] == ['account', 'benchmark']


def test_drawdown_is_drawn_below_zero():
    (trace,) = plots.drawdown(runs.curve(100.0, 98.0))
    assert trace['y'] == [0.0, -0.02]


def test_rolling_sharpe_wants_half_a_year():
    assert plots.rolling_sharpe(runs.curve(*[100.0] * 125)) == []
    equity = 100.0 + np.arange(127.0) % 3
    (trace,) = plots.rolling_sharpe(runs.curve(*equity))
    assert len(trace['y']) == 2
    assert trace['x'] == [125 * 86_400_000, 126 * 86_400_000]


def test_the_distribution_counts_the_days_that_moved():
    returns = np.array([0.0, -0.1, 0.1, 0.1, 0.0])
    (trace,) = plots.distribution(returns)
    assert sum(trace['y']) == 3
    assert trace['marker']['color'][0] == '--loss'
    assert trace['marker']['color'][-1] == '--accent'
    assert plots.distribution(np.zeros(3)) == []


def test_entries_and_exits_are_marked():
    fills = runs.fills(
        (BUY, 1, 10.0), (SELL, 2, 12.0), (BUY, 2, 13.0, 0.0), (SELL, 1, 11.0)
    )
    trips = trades.round_trips(fills)
    still_open = trades.all_trips(runs.fills((SELL, 1, 9.0)), {'X': 9.0})[1]
    _, entries, exits = plots.prices(bars.flat(9.0), trips, still_open)['X']
    assert entries['y'] == [10.0, 12.0, 13.0, 9.0]
    assert entries['text'] == ['long', 'short', 'long', 'short']
    assert entries['marker']['symbol'][:2] == ['triangle-up', 'triangle-down']
    assert exits['y'] == [12.0, 13.0, 11.0]
    assert exits['text'] == ['2.00', '-1.00', '-2.00']
    assert exits['marker']['color'] == ['--gain', '--loss', '--loss']


def test_only_some_of_very_many_trips_are_marked():
    fills = runs.fills(*[(BUY, 1, 1.0), (SELL, 1, 1.0)] * 4_500)
    drawn = plots.prices(bars.flat(1.0), trades.round_trips(fills), ())['X']
    assert len(drawn[1]['x']) == len(drawn[2]['x']) == 1_500


def test_the_most_traded_symbols_come_first_and_only_so_many():
    names = [f'S{number:02}' for number in range(30)]
    table = bars.make([(name, 1, *[1.0] * 4) for name in names], names)
    fills = runs.fills((BUY, 1, 1.0), (SELL, 1, 1.0), symbol='S29')
    found = plots.prices(table, trades.round_trips(fills), ())
    assert list(found) == ['S29', *names[:19]]


def test_no_bars_have_no_plot_of_prices():
    empty = bars.make([], ())
    assert plots.prices(empty, trades.round_trips(runs.fills()), ()) == {}


def test_every_plot_is_plain_json():
    curve = runs.curve(*(100.0 + np.arange(200.0) % 7))
    drawn = [
        plots.equity(curve),
        plots.drawdown(curve),
        plots.rolling_sharpe(curve),
        plots.distribution(curve.returns),
        plots.prices(bars.flat(9.0), runs.result().trades, ()),
        plots.layouts(),
    ]
    json.dumps(drawn, allow_nan=False)


def test_plots_over_time_share_a_span():
    assert plots.span(runs.curve(1.0, 2.0)) == [43_200_000, 129_600_000]
    assert plots.span(runs.curve()) is None
