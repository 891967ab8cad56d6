"""Windows to learn on and to test on never overlap."""

import itertools

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest.figures import metrics
from sting.backtest.robust import windows
from sting.data import table
from sting.model import errors
from tests.unit.backtest import bars as worlds

pytestmark = pytest.mark.unit


def bars(counts):
    """Bars of so many minutes on each of some days, from noon on."""
    rows = [
        ('X', 1440 * day + 720 + minute, *[10.0] * 4)
        for day, count in enumerate(counts)
        for minute in range(count)
    ]
    return worlds.make(rows)


def days(given):
    return set(metrics.days(given.timestamp).tolist())


@hypothesis.given(
    st.lists(st.integers(0, 4), min_size=2, max_size=40).filter(
        lambda counts: sum(count > 0 for count in counts) > 1
    ),
    st.integers(1, 12),
    st.integers(1, 12),
    st.booleans(),
)
def test_no_day_is_both_learnt_on_and_tested(counts, train, test, anchored):
    given = bars(counts)
    known = sorted(days(given))
    if len(known) <= train:
        with pytest.raises(errors.InputError, match='too few'):
            windows.split(given, train, test, anchored=anchored)
        return
    found = windows.split(given, train, test, anchored=anchored)
    tested = []
    for number, window in enumerate(found):
        learnt = sorted(days(window.train(given)))
        own = sorted(days(window.test(given)))
        assert learnt[-1] < own[0]
        assert (learnt[0] == known[0]) or not anchored
        assert len(learnt) == train + (number * test if anchored else 0)
        tested += own
    # Together they are all days but the first, each once.
    assert tested == known[train:]
    assert all(one.end == two.cut for one, two in itertools.pairwise(found))
    assert found[-1].end == len(given)


def test_several_symbols_of_a_day_stay_together():
    one = bars([2, 2, 2])
    names = ('timestamp', 'open', 'high', 'low', 'close', 'volume')
    columns = {name: getattr(one, name) for name in names}
    other = table.BarTable(('Y',), one.symbol_index, **columns, timeframe='1m')
    both = table.BarTable.merge([one, other])
    (first, second) = windows.split(both, 1, 1)
    assert (first.start, first.cut, first.end) == (0, 4, 8)
    assert (second.start, second.cut, second.end) == (4, 8, 12)


@pytest.mark.parametrize(('train', 'test'), [(0, 1), (1, 0)])
def test_a_window_has_a_day_at_least(train, test):
    with pytest.raises(errors.InputError, match='at least 1 day'):
        windows.split(bars([1] * 5), train, test)


def test_midnight_ends_a_day():
    stamps = np.array([1, 2], np.int64) * metrics.DAY
    given = table.BarTable(
        ('X',), np.zeros(2, np.int32), stamps, *[np.ones(2)] * 5
    )
    (window,) = windows.split(given, 1, 1)
    assert window == (0, 1, 2)
