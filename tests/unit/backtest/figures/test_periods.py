import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest.figures import periods
from sting.data import table
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit

DAY_S = 86_400.0


def falls_of(*equity, start=100.0):
    curve = runs.curve(*equity, start=start)
    depths = curve.drawdown()
    found = periods.falls(depths)
    return (
        periods.worst(curve.timestamp, depths, found),
        periods.longest_s(curve.timestamp, found),
    )


def test_a_fall_and_its_recovery_by_hand():
    (fall,), longest = falls_of(110.0, 99.0, 88.0, 105.0, 111.0, 112.0)
    assert fall == periods.Drawdown(
        depth=pytest.approx(-0.2),
        start=runs.NOON,
        bottom=runs.NOON + 2 * runs.DAY,
        end=runs.NOON + 4 * runs.DAY,
        length_s=4 * DAY_S,
        recovery_s=2 * DAY_S,
    )
    assert longest == 4 * DAY_S


def test_a_fall_that_never_ends_lasts_to_the_end_of_the_run():
    (fall,), longest = falls_of(100.0, 90.0, 95.0, 99.0)
    assert (fall.end, fall.recovery_s) == (None, None)
    assert fall.length_s == longest == 3 * DAY_S


def test_a_fall_from_the_starting_cash_begins_with_the_run():
    (fall,), _ = falls_of(90.0, 100.0)
    assert (fall.start, fall.bottom) == (runs.NOON, runs.NOON)
    assert fall.end == runs.NOON + runs.DAY


def test_the_deepest_come_first_and_at_most_ten_of_them():
    dips = [level for n in range(1, 13) for level in (100.0 - n, 100.0)]
    found, _ = falls_of(*dips)
    assert [round(fall.depth, 2) for fall in found] == [
        -n / 100 for n in range(12, 2, -1)
    ]


def test_without_a_fall_there_is_none():
    assert falls_of(100.0, 101.0) == ((), 0.0)
    assert falls_of() == ((), 0.0)


def test_rounding_is_no_fall():
    assert falls_of(100.0, 100.0 - 1e-13, 100.0 - 1e-13) == ((), 0.0)


@hypothesis.given(
    st.lists(st.floats(min_value=1.0, max_value=200.0), max_size=60)
)
def test_the_worst_fall_is_the_maximum_drawdown(equity):
    found, longest = falls_of(*equity)
    deepest = runs.curve(*equity).drawdown().min(initial=0.0)
    assert min((fall.depth for fall in found), default=0.0) == pytest.approx(
        deepest, abs=1e-12
    )
    assert all(fall.length_s <= longest for fall in found)
    assert all(fall.start <= fall.bottom for fall in found)


def test_months_and_years_compound_their_days():
    days = np.array(['2012-12-30', '2012-12-31', '2013-01-02'], 'M8[D]')
    numbers = days.astype(np.int64)
    returns = np.array([0.1, 0.1, -0.5])
    assert periods.monthly(numbers, returns) == {
        '2012-12': pytest.approx(0.21),
        '2013-01': -0.5,
    }
    assert periods.yearly(numbers, returns) == {
        '2012': pytest.approx(0.21),
        '2013': -0.5,
    }


def test_no_days_make_no_months():
    assert periods.monthly(np.empty(0, np.int64), np.empty(0)) == {}


def test_rolling_sharpe_counts_its_window_alone():
    returns = np.array([9.0, 0.01, 0.03, -0.02, 0.02])
    found = periods.rolling_sharpe(returns, window=4)
    assert len(found) == 2
    expected = 0.01 / np.sqrt(0.0014 / 3) * np.sqrt(252)
    assert found[1] == pytest.approx(expected)


def test_rolling_sharpe_of_still_days_is_a_gap():
    assert np.isnan(periods.rolling_sharpe(np.zeros(5), window=4)).all()


def test_rolling_sharpe_wants_a_whole_window():
    assert not len(periods.rolling_sharpe(np.zeros(3), window=4))


@hypothesis.given(
    levels=st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0]), max_size=12),
    size=st.integers(1, 5),
)
def test_falls_are_the_same_in_pieces_of_any_size(levels, size):
    depths = np.array(levels) / 4.0 - 1.0
    whole = periods.falls(depths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, 'PIECE', size)
        found = periods.falls(depths)
    assert found.first.tolist() == whole.first.tolist()
    assert found.end.tolist() == whole.end.tolist()
    assert found.depth.tolist() == whole.depth.tolist()
    assert whole.depth.tolist() == [
        min(depths[first:end])
        for first, end in zip(whole.first, whole.end, strict=True)
    ]
