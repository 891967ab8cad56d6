"""Walk-forward: what is learnt, what is tested, and what counts."""

import dataclasses
import math

import numpy as np
import pytest

from sting.backtest import assumptions
from sting.backtest import ledger
from sting.backtest.figures import metrics
from sting.backtest.robust import walkforward
from sting.backtest.robust import walktext
from sting.backtest.sweeping import cases
from sting.backtest.sweeping import executors
from sting.backtest.sweeping import sweeps
from sting.data import files
from sting.data import table
from sting.model import errors
from tests.unit.backtest import bars as worlds

pytestmark = pytest.mark.unit

CROSS = 'sting.library.sma_cross'
GRID = ('fast=5:10:5', 'slow=20:30:10')
# It is long or short all the time, and says which bars it saw.
SIDES = """
from sting import strategy


class Sides(strategy.AbstractStrategy):
    parameters = {'side': strategy.Parameter(0, low=-1, high=1)}

    async def on_start(self):
        if self.parameters['side'] == 0:
            raise ValueError('choose')

    async def on_market_data(self, data):
        self.target('X', 10 * self.parameters['side'])
"""
DICE = """
import numpy as np

from sting import strategy


class Dice(strategy.AbstractStrategy):
    parameters = {'seed': strategy.Parameter(0, low=0)}

    async def on_start(self):
        chance = np.random.default_rng(self.parameters['seed'])
        self.sides = chance.normal(0.0, 100.0, 100).tolist()
        self.seen = 0

    async def on_market_data(self, data):
        self.seen += 1
        if self.seen % 4 == 1:
            self.target('X', self.sides[self.seen])
"""


@pytest.fixture(scope='module')
def bars():
    return files.read(
        'sample', symbols=['IBM'], start='2006-01-01', end='2008-12-31'
    ).table


@pytest.fixture(scope='module')
def walked(bars):
    case = cases.Case(strategy=CROSS, bars=bars)
    return walkforward.run(case, GRID, train=250, test=120)


def daily(*returns):
    """A bar a day with these returns, from open to close."""
    close = 100.0 * np.cumprod(1.0 + np.array(returns))
    first = np.concatenate(([100.0], close[:-1]))
    rows = zip(
        first,
        np.maximum(first, close),
        np.minimum(first, close),
        close,
        strict=True,
    )
    made = worlds.make(
        [('X', 1440 * at, *row) for at, row in enumerate(rows, 1)]
    )
    return dataclasses.replace(made, timeframe='1d')


@pytest.fixture
def sides(tmp_path):
    path = tmp_path / 'sides.py'
    path.write_text(SIDES)
    rises, falls = [0.01, 0.02] * 5, [-0.01, -0.02] * 5
    return cases.Case(
        strategy=str(path), bars=daily(*rises, *rises, *falls, *falls)
    )


def test_what_did_best_before_is_held_to_the_next_bars(sides):
    found, _, _ = walkforward.run(
        sides, ['side=-1|1'], train=10, test=10, metric='total_return'
    )
    assert [step.parameters['side'] for step in found.steps] == [1, 1, -1]
    assert [step.total_return > 0 for step in found.steps] == [
        True,
        False,
        True,
    ]
    assert all(step.inside > 0 for step in found.steps)
    assert found.steps[1].outside == found.steps[1].total_return


def test_what_is_held_at_the_end_of_a_test_is_in_its_round_trips(sides):
    found, _, _ = walkforward.run(
        sides, ['side=-1|1'], train=10, test=10, metric='total_return'
    )
    tables = found.result.tables
    assert len(tables.open_trades) == len(found.steps)
    made = found.result.metrics.final_equity - found.result.curve.start
    for rows in (tables.strategies, tables.symbols, tables.sides):
        told = sum(row.pnl + row.open_pnl for row in rows)
        assert told == pytest.approx(made)


def test_anchored_windows_learn_from_all_that_was(sides):
    found, _, _ = walkforward.run(
        sides,
        ['side=-1|1'],
        train=10,
        test=10,
        metric='total_return',
        anchored=True,
    )
    # Two rises and a fall speak for long.
    assert [step.parameters['side'] for step in found.steps] == [1, 1, 1]
    assert found.result.assumptions['walkforward'] == 'anchored'


def test_the_joined_equity_is_the_product_of_the_windows(walked):
    found, _, _ = walked
    product = math.prod(1.0 + step.total_return for step in found.steps)
    result = found.result
    assert result.metrics.final_equity == pytest.approx(100_000.0 * product)
    assert result.curve.equity[-1] == result.metrics.final_equity
    assert (np.diff(result.curve.timestamp) > 0).all()
    assert result.metrics.days == 755 - 250
    assert len(found.steps) == 5


def test_each_window_begins_flat_with_what_was_left(walked):
    found, _, _ = walked
    curve = found.result.curve
    before = 100_000.0
    for step in found.steps:
        place = int(np.searchsorted(curve.timestamp, step.test_start))
        assert curve.equity[place] == before
        assert not curve.exposed[place]
        end = int(np.searchsorted(curve.timestamp, step.test_end))
        before = curve.equity[end]


def test_indicators_are_ready_when_a_test_begins(bars):
    case = cases.Case(strategy=CROSS, bars=bars)
    found, _, _ = walkforward.run(case, ['slow=100|110'], train=250, test=40)
    # A window is shorter than the average that it needs.
    assert found.result.fills.timestamp
    assert sum(step.trades for step in found.steps) == len(found.result.trades)


def test_json_tells_the_windows_and_how_good_the_choice_was(walked):
    made = walked[0].to_json()
    assert made['combinations'] == 4
    assert len(made['windows']) == 5
    assert made['windows'][0]['test_start'] > made['windows'][0]['train_start']
    assert 0 <= made['overfitting_probability'] <= 1
    assert made['stability']['fast']['distinct'] in (1, 2)
    assert made['final_equity'] == walked[0].result.metrics.final_equity


def test_efficiency_is_growth_tested_over_growth_learnt(walked):
    found, _, _ = walked
    learnt = np.mean([step.inside_cagr for step in found.steps])
    assert found.efficiency == pytest.approx(found.result.metrics.cagr / learnt)
    none = [dataclasses.replace(step, inside_cagr=-0.1) for step in found.steps]
    assert dataclasses.replace(found, steps=none).efficiency is None


def test_all_combinations_are_trials_on_all_bars(walked, bars, tmp_path):
    found, data, trial = walked
    assert trial.tally.trials == 4
    assert data == (
        bars.digest(),
        ('IBM',),
        int(bars.timestamp[0]),
        int(bars.timestamp[-1]),
    )
    counted = walkforward.counted(found, data, trial, tmp_path / 't.db')
    # And the walk itself.
    assert counted.result.trials == 5
    text = walktext.text(counted)
    assert 'deflated Sharpe' in text
    assert '5 trials on these data' in text


def test_other_windows_are_another_trial(sides, tmp_path):
    def trials(test):
        walked = walkforward.run(sides, ['side=-1|1'], train=10, test=test)
        return walkforward.counted(*walked, tmp_path / 't.db').result.trials

    assert [trials(10), trials(10), trials(15)] == [3, 3, 4]


def test_a_walk_without_a_ledger_has_one_warning_more(walked, tmp_path):
    (tmp_path / 'file').write_text('')
    found = walkforward.counted(*walked, tmp_path / 'file' / 't.db')
    assert found.result.trials is None
    assert len(found.result.warnings) == len(walked[0].result.warnings) + 1


def test_of_too_many_combinations_some_stand_for_all(sides, monkeypatch):
    monkeypatch.setattr(walkforward, 'MOST', 1)
    found, _, trial = walkforward.run(
        sides, ['side=-1|1'], train=10, test=10, metric='total_return'
    )
    assert found.overfitting is None
    assert trial.tally.trials == 2


def test_workers_change_nothing(sides):
    one, two = (
        walkforward.run(
            sides, ['side=-1|0|1'], train=10, test=15, workers=workers
        )[0].to_json()
        for workers in (1, 2)
    )
    for made in (one, two):
        del made['elapsed_s'], made['bars_per_s']
    assert one == two
    assert one['windows'][0]['failed'] == 1


def test_where_nothing_traded_the_account_stands_still(sides):
    found, _, trial = walkforward.run(
        sides, ['side=0|0'], train=10, test=10, metric='total_return'
    )
    assert [step.parameters for step in found.steps] == [None] * 3
    assert found.result.metrics.final_equity == 100_000.0
    assert found.stability() == {}
    assert found.efficiency is None
    assert trial.tally.trials == 0
    assert 'nothing traded' in walktext.text(found)


def test_money_that_is_gone_trades_no_more(sides):
    poor = dataclasses.replace(
        sides,
        bars=daily(*[0.01, 0.02] * 5, *[-0.5] * 20),
        assumed=assumptions.Assumptions(cash=300.0),
    )
    found, _, _ = walkforward.run(
        poor, ['side=1|1'], train=10, test=10, metric='total_return'
    )
    assert found.steps[0].total_return < -1
    assert found.steps[1].total_return == 0.0
    assert found.result.curve.equity[-1] < 0


def test_several_symbols_walk_without_a_benchmark(tmp_path):
    one = daily(*[0.01, -0.02] * 10)
    names = ('timestamp', 'open', 'high', 'low', 'close', 'volume')
    columns = {name: getattr(one, name) for name in names}
    other = table.BarTable(('Y',), one.symbol_index, **columns, timeframe='1d')
    path = tmp_path / 'sides.py'
    path.write_text(SIDES)
    case = cases.Case(
        strategy=str(path), bars=table.BarTable.merge([one, other])
    )
    found, _, _ = walkforward.run(case, ['side=-1|1'], train=10, test=5)
    assert found.result.benchmark is None
    assert len(found.result.curve) == 10


@pytest.mark.parametrize(
    ('grid', 'options', 'said'),
    [
        (['fast=5'], {'train': 0, 'test': 1}, 'at least 1 day'),
        (['fast=5'], {'train': 9000, 'test': 1}, 'too few'),
        (['fast=5'], {'train': 9, 'test': 9, 'metric': 'fees'}, 'fees'),
        (['slaw=5'], {'train': 9, 'test': 9}, 'slaw'),
    ],
)
def test_what_makes_no_sense_is_refused(bars, grid, options, said):
    case = cases.Case(strategy=CROSS, bars=bars)
    with pytest.raises(errors.InputError, match=said):
        walkforward.run(case, grid, **options)


def test_the_best_of_300_dice_is_called_luck(tmp_path):
    path = tmp_path / 'dice.py'
    path.write_text(DICE)
    chance = np.random.default_rng(3)
    case = cases.Case(
        strategy=str(path), bars=daily(*chance.normal(0.0, 0.01, 24))
    )
    grid = {'seed': range(300)}
    with executors.Threads(1) as pool:
        rows = list(
            sweeps.sweep(case.strategy, case.bars, case.gate(), grid, pool=pool)
        )
    sharpes = [row.figures['sharpe'] for row in rows]
    best = sweeps.best(iter(rows), 'sharpe')
    result = dataclasses.replace(case, parameters=best.parameters).play()
    path = tmp_path / 'trials.db'
    alone = ledger.counted(result, path)
    assert alone.trials == 1
    assert alone.deflated_sharpe > 0.99
    data, trial = ledger.of_result(result)
    year = math.sqrt(metrics.DAYS_A_YEAR)
    tally = ledger.tally([value / year for value in sharpes])
    searched = trial._replace(kind='sweep', key='dice', tally=tally)
    found = ledger.searched(result, data, searched, path)
    assert found.trials == 301
    assert found.deflated_sharpe < 0.5
