import pytest

from sting.backtest import trades
from sting.backtest.figures import groups
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit

BUY, SELL = runs.BUY, runs.SELL


def test_each_group_has_its_own_figures():
    fills = runs.fills(
        (BUY, 1, 10.0, 1.0),
        (SELL, 1, 14.0, 1.0),
        (BUY, 1, 10.0),
        (SELL, 1, 9.0),
        (SELL, 2, 9.0, 0.5),
    )
    trips = trades.round_trips(fills)
    still_open = trades.all_trips(fills, {'X': 8.0})[1]
    found = groups.by(['b', 'a'], ['b'], trips, still_open)
    assert found == (
        groups.Group(
            name='a',
            trades=1,
            pnl=-1.0,
            open_pnl=0.0,
            fees=0.0,
            win_rate=0.0,
            profit_factor=0.0,
            expectancy=-1.0,
        ),
        groups.Group(
            name='b',
            trades=1,
            pnl=2.0,
            open_pnl=1.5,
            fees=2.5,
            win_rate=1.0,
            profit_factor=None,
            expectancy=2.0,
        ),
    )


def test_without_round_trips_there_is_no_group():
    assert groups.by([], [], trades.round_trips(runs.fills()), ()) == ()


def test_a_group_may_have_open_trips_alone():
    fills = runs.fills((BUY, 1, 10.0))
    still_open = trades.all_trips(fills, {'X': 11.0})[1]
    (found,) = groups.by([], ['X'], trades.round_trips(fills), still_open)
    assert (found.trades, found.open_pnl, found.win_rate) == (0, 1.0, None)
