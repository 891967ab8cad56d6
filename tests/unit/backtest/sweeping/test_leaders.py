"""What is kept of a sweep: the best, counts, and a row in the ledger."""

import math

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest import ledger
from sting.backtest.figures import summaries
from sting.backtest.sweeping import leaders
from sting.backtest.sweeping import spaces
from sting.backtest.sweeping import sweeps
from sting.model import errors
from sting.risk import manager
from tests.unit.backtest import bars as made

pytestmark = pytest.mark.unit

PLAIN = 'sting.library.sma_cross'


def block(first, values, metric='sharpe', wrong=()):
    figures = np.full((len(values), len(summaries.FIGURES)), math.nan)
    figures[:, summaries.FIGURES.index(metric)] = values
    numbers = range(first, first + len(values))
    return sweeps.Block(numbers, figures, {at: f'no {at}' for at in wrong})


def space(count):
    return spaces.Space((spaces.Axis('x', tuple(range(count))),))


@hypothesis.given(
    values=st.lists(
        st.sampled_from((math.nan, -1.0, 0.0, 0.5, 2.0, 3.0)), max_size=60
    ),
    size=st.integers(1, 9),
    metric=st.sampled_from(('sharpe', 'fees')),
)
def test_the_best_are_kept_the_first_of_equals_first(values, size, metric):
    found = leaders.Leaders(metric, 4)
    for first in range(0, len(values), size):
        found.add(block(first, values[first : first + size], metric))
    lower = metric in summaries.LOWER
    known = [at for at, value in enumerate(values) if not math.isnan(value)]
    known.sort(key=lambda at: (values[at] if lower else -values[at], at))
    rows = found.rows(space(len(values)))
    assert [row.number for row in rows] == known[:4]
    assert [row.figures[metric] for row in rows] == [
        values[at] for at in known[:4]
    ]
    assert found.runs == len(values)


def test_what_failed_is_counted_and_the_first_is_told():
    found = leaders.Leaders('sharpe')
    found.add(block(0, [1.0, 2.0]))
    found.add(block(2, [math.nan] * 3, wrong=(1, 2)))
    assert (found.failed, found.first_error) == (2, 'no 1')


def test_the_tally_is_of_what_traded():
    found = leaders.Leaders('fees')
    found.add(block(0, [math.nan, 1.0, 3.0], 'sharpe'))
    found.add(block(3, [2.0], 'sharpe'))
    year = math.sqrt(252)
    expected = ledger.tally([1.0 / year, 3.0 / year, 2.0 / year])
    assert found.tally == pytest.approx(expected)


def test_a_metric_that_is_none_is_refused():
    with pytest.raises(errors.InputError, match='no --metric luck'):
        leaders.Leaders('luck')


@pytest.fixture
def swept():
    return sweeps.Sweep(
        PLAIN,
        made.walk(6000, 2),
        manager.RiskManager(),
        lambda kind: spaces.space({'fast': [3, 4, 5]}, kind.parameters),
    )


def run(swept):
    found = leaders.Leaders('total_return')
    with swept.pool(1) as pool:
        for each in swept.blocks(pool):
            found.add(each)
    return found


def test_a_sweep_is_one_search_in_the_ledger(swept, tmp_path):
    path = tmp_path / 'kept' / 'trials.db'
    found = run(swept)
    luck = leaders.counted(swept, found, path)
    assert luck.trials == found.tally.trials == 3
    assert 0.0 <= luck.deflated <= 1.0
    assert luck.warning == ''
    # The same again is no other search.
    assert leaders.counted(swept, found, path).trials == 3


def test_without_a_ledger_there_is_a_warning(swept, tmp_path):
    path = tmp_path / 'trials.db'
    path.write_text('no database, and longer than a header would have to be')
    luck = leaders.counted(swept, run(swept), path)
    assert luck.trials is None
    assert 'ledger' in luck.warning


def test_without_a_best_nothing_is_deflated(tmp_path):
    drawn = sweeps.Sweep(
        PLAIN,
        made.walk(0, 2),
        manager.RiskManager(),
        lambda kind: spaces.space({'fast': [3, 4, 5]}, kind.parameters).drawn(
            2, np.random.default_rng(1)
        ),
    )
    found = leaders.Leaders('sharpe')
    luck = leaders.counted(drawn, found, tmp_path / 'trials.db')
    assert luck == leaders.Luck(0, None, '')
