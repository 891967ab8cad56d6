"""A backtest that is varied: the same here and in another process."""

import os

import pytest

from sting import settings
from sting.backtest import assumptions
from sting.backtest.sweeping import cases
from sting.backtest.sweeping import executors
from sting.data import actions
from sting.data import files
from sting.model import errors
from sting.model import records
from tests.unit.data import days

pytestmark = pytest.mark.unit

CROSS = 'sting.library.sma_cross'


@pytest.fixture(scope='module')
def bars():
    return files.read(
        'sample', symbols=['IBM'], start='2009-01-01', end='2009-12-31'
    ).table


def sharpe(case):
    return case.figures().get('sharpe')


def test_the_fast_run_is_the_slow_one(bars):
    for name in (CROSS, 'sting.library.sma_cross_compiled'):
        case = cases.Case(strategy=name, bars=bars)
        figures = case.figures()
        played = case.play()
        assert figures.metrics == played.metrics
        assert (figures.curve.equity == played.curve.equity).all()


def test_rules_hold_as_configured(bars, tmp_path):
    risk = settings.load(settings.Home.find({'STING_HOME': str(tmp_path)})).risk
    ruled = cases.Case(strategy=CROSS, bars=bars, risk=risk)
    free = cases.Case(strategy=CROSS, bars=bars)
    assert 'buying_power' in ruled.play().assumptions['rules']
    assert free.play().assumptions['rules'] == ('halted',)


def test_each_is_the_same_here_and_elsewhere(bars):
    given = [
        cases.Case(strategy=CROSS, bars=bars, parameters={'fast': fast})
        for fast in (5, 8)
    ]
    here = list(cases.each(sharpe, given))
    with executors.Processes(1) as pool:
        assert list(cases.each(sharpe, given, pool)) == here


def test_what_kills_its_process_is_said():
    with (
        executors.Processes(1) as pool,
        pytest.raises(errors.StrategyError, match='died twice'),
    ):
        list(cases.each(os._exit, [3], pool))


def test_streams_differ_by_seed_and_place():
    drawn = [
        cases.stream(*where).random()
        for where in ((1, 1), (1, 1), (1, 2), (2, 1), (-1, 1))
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 4


def test_only_what_is_better_when_higher_compares():
    assert cases.check_metric('cagr') == 'cagr'
    with pytest.raises(errors.InputError, match='sharpe, sortino'):
        cases.check_metric('volatility')


def test_a_smooth_case_is_on_prices_that_fit_over_its_actions():
    raw = days.flat('X', 100.0, 100.0, 50.0, 49.0)
    kinds = records.ActionKind
    gone = actions.Action(days.session(3), 'X', kinds.DELISTING, 1.0)
    found = (
        actions.Action(days.session(2), 'X', kinds.SPLIT, 2.0),
        actions.Action(days.session(3), 'X', kinds.DIVIDEND, 1.0),
        gone,
    )
    case = cases.Case(
        strategy=CROSS,
        bars=raw,
        assumed=assumptions.Assumptions(actions=found),
    )
    made = case.smooth()
    assert made.bars.close.tolist() == pytest.approx([49.0] * 4)
    assert made.assumed.actions == (gone,)
    plain = cases.Case(strategy=CROSS, bars=raw)
    assert plain.smooth() is plain
