"""The rows of a sweep are single runs, whatever the speed and the workers."""

import math
import os

import pytest

from benchmarks import backtests
from sting.backtest import assumptions
from sting.backtest import engine
from sting.backtest.figures import summaries
from sting.backtest.sweeping import executors
from sting.backtest.sweeping import players
from sting.backtest.sweeping import spaces
from sting.backtest.sweeping import sweeps
from sting.model import errors
from sting.risk import manager
from sting.risk import rules
from sting.simulator import costs
from tests.unit.backtest import bars as made

# Compiling takes seconds, more where others compute too.
pytestmark = [pytest.mark.unit, pytest.mark.timeout(400)]

SMA = 'sting.library.sma_cross_compiled'
PLAIN = 'sting.library.sma_cross'
HERE = 'tests.unit.backtest.swept'
MIXED = 'tests.unit.backtest.deciders:Mixed'
ASSUMED = assumptions.Assumptions(
    cash=50_000.0,
    costs=costs.CostModel(commission_bps=3.0, slippage_bps=1.0),
    participation=0.001,
)


@pytest.fixture(autouse=True, scope='module')
def _cache(tmp_path_factory):
    home = tmp_path_factory.mktemp('home')
    if 'PYTEST_XDIST_WORKER' in os.environ:
        # What another worker of these tests has compiled, this one need not.
        home = tmp_path_factory.getbasetemp().parent / 'swept'
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('STING_HOME', str(home))
        yield


def gate(*risk_rules):
    return manager.RiskManager(risk_rules)


def rows(reference, bars, grid, risk=None, **options):
    return list(sweeps.sweep(reference, bars, risk or gate(), grid, **options))


def single(reference, bars, row, parameters=None, assumed=None, risk=None):
    """The figures of one run of its own, event by event."""
    done = engine.run(
        reference,
        bars,
        risk or gate(),
        parameters={**(parameters or {}), **row.parameters},
        assumed=assumed,
    ).to_json()
    return {name: done[name] for name in summaries.FIGURES}


def agree(row, expected):
    assert not row.error
    for name, value in row.figures.items():
        if name in summaries.COUNTS or value is None:
            assert value == expected[name], name
        else:
            assert value == pytest.approx(expected[name], rel=1e-12), name
    assert row.figures['final_equity'] == expected['final_equity']
    assert row.figures['max_drawdown'] == expected['max_drawdown']


def test_compiled_rows_are_single_runs():
    bars = made.walk(2000, 5)
    grid = {'seed': [1, 2], 'often': [1, 3], 'step': [0.0, 0.0005]}
    risk = gate(rules.BuyingPower(1.0))
    found = rows(MIXED, bars, grid, risk, assumed=ASSUMED, workers=2)
    assert len(found) == 8
    for row in found:
        expected = single(MIXED, bars, row, assumed=ASSUMED, risk=risk)
        assert expected['trades'] > 10
        agree(row, expected)


def test_rows_event_by_event_are_single_runs_to_the_last_digit():
    bars = made.walk(1500, 5)
    grid = {'fast': [3, 5], 'slow': [9, 12]}
    options = {'parameters': {'quantity': 7.0}, 'assumed': ASSUMED}
    found = rows(PLAIN, bars, grid, **options, workers=2)
    assert [row.number for row in found] == [0, 1, 2, 3]
    for row in found:
        assert row.figures == single(PLAIN, bars, row, **options)


def test_both_speeds_agree_and_so_do_any_workers(monkeypatch):
    bars = made.walk(1500, 6)
    grid = {'fast': [3, 5, 9], 'slow': [9, 12]}
    by_columns = rows(SMA, bars, grid, workers=2)
    monkeypatch.setattr(sweeps, '_RUNS', (1, 1))
    assert rows(SMA, bars, grid, workers=3) == by_columns
    by_events = rows(PLAIN, bars, grid, workers=1)
    for one, other in zip(by_columns, by_events, strict=True):
        assert one.parameters == other.parameters
        assert bool(one.error) == bool(other.error)
        if not one.error:
            agree(one, other.figures)


def test_the_grid_that_other_engines_ran_has_their_best():
    bars = backtests.w3()
    found = rows(
        SMA,
        bars,
        {'fast': range(5, 25), 'slow': range(30, 80)},
        parameters={'quantity': 100.0},
        assumed=assumptions.Assumptions(
            cash=1e6, costs=costs.CostModel(commission_bps=10.0)
        ),
    )
    best = sweeps.best(iter(found), 'final_equity')
    assert best.parameters == {'fast': 22, 'slow': 76}
    assert round(best.figures['final_equity'], 2) == 998_449.02
    total = math.fsum(row.figures['final_equity'] for row in found)
    assert round(total, 2) == 997_312_121.64


def test_what_is_refused_is_a_row_with_the_error_of_a_single_run():
    bars = made.walk(300, 1)
    (row,) = rows(SMA, bars, {'fast': [9]}, parameters={'slow': 9})
    assert set(row.figures.values()) == {None}
    with pytest.raises(errors.StrategyError) as one:
        engine.run(SMA, bars, gate(), parameters={'fast': 9, 'slow': 9})
    assert row.error == str(one.value)


def test_what_the_loop_does_not_have_is_run_by_events_in_its_place():
    bars = made.walk(400, 3)
    reference = f'{HERE}:Awkward'
    found = rows(reference, bars, {'way': range(9)}, workers=1)
    for row in found:
        way = row.parameters['way']
        if way in (1, 6, 7, 8):
            with pytest.raises(errors.StrategyError) as one:
                single(reference, bars, row)
            assert row.error == str(one.value)
        else:
            agree(row, single(reference, bars, row))


@pytest.mark.parametrize('way', [0, 2])
def test_daily_returns_are_those_of_a_single_run(way):
    bars = made.walk(6000, 3)
    reference = f'{HERE}:Awkward'
    grid = {'way': [0, way]}
    swept = sweeps.Sweep(
        reference,
        bars,
        gate(),
        lambda kind: spaces.space(grid, kind.parameters),
    )
    *_, row = sweeps.sweep(reference, bars, gate(), grid, workers=1)
    found = swept.returns(row)
    done = engine.run(reference, bars, gate(), parameters=row.parameters)
    assert found.tolist() == done.curve.returns.tolist()
    assert len(found) == 5


def test_an_instance_of_its_own_for_whoever_sets_up_more():
    bars = made.walk(500, 4)
    reference = f'{HERE}:Own'
    for row in rows(reference, bars, {'seed': [1, 2]}, workers=1):
        agree(row, single(reference, bars, row))


def test_few_columns_and_few_handles_change_nothing(monkeypatch):
    bars = made.walk(1200, 8)
    grid = {'fast': range(2, 8), 'slow': range(8, 40, 3)}
    expected = rows(SMA, bars, grid, workers=2)
    monkeypatch.setattr(players, 'LEAST', 3)
    monkeypatch.setattr(players, 'MEMORY', 0)
    monkeypatch.setattr(players.askers, '_HANDLES', 4)
    assert rows(SMA, bars, grid, workers=2) == expected


@pytest.mark.parametrize(
    ('reference', 'risk', 'words'),
    [
        (PLAIN, gate(), 'SmaCross is no CompiledStrategy'),
        ('tests.unit.backtest.deciders:Listening', gate(), 'of its own'),
        ('tests.unit.backtest.deciders:Uncompilable', gate(), 'compiled'),
        (f'{HERE}:Deadly', gate(), 'no CompiledStrategy'),
    ],
)
def test_it_says_why_it_runs_event_by_event(reference, risk, words):
    swept = sweeps.Sweep(
        reference, made.walk(50, 1), risk, lambda kind: spaces.Space(())
    )
    assert words in swept.note
    with swept.pool(1) as pool:
        assert isinstance(pool, executors.Processes)


def test_all_refused_is_told_row_by_row():
    found = rows(SMA, made.walk(50, 1), {'fast': [60, 70]}, workers=1)
    assert all('must be below slow' in row.error for row in found)


def test_a_run_that_kills_its_worker_is_one_row():
    found = rows(
        f'{HERE}:Deadly', made.walk(30, 1), {'at': range(5)}, workers=2
    )
    assert [bool(row.error) for row in found] == [
        False,
        False,
        True,
        False,
        False,
    ]
    assert 'worker died twice' in found[2].error


def test_pool_of_before_is_used_and_stays():
    bars = made.walk(300, 1)
    with executors.Processes(1) as pool:
        one = rows(PLAIN, bars, {'fast': [3, 4]}, pool=pool)
        other = rows(PLAIN, bars, {'fast': [4, 5]}, pool=pool)
        assert one[1].figures == other[0].figures


def test_other_machines_run_compiled_code_too():
    bars = made.walk(1500, 6)
    grid = {'fast': [3, 5, 9], 'slow': [9, 12]}
    expected = rows(SMA, bars, grid, workers=1)
    # What a worker of a cluster gets, it gets by pickle.
    with executors.Processes(1) as pool:
        assert rows(SMA, bars, grid, pool=pool) == expected


def test_draws_are_some_of_the_grid():
    bars = made.walk(300, 1)
    grid = {'fast': range(2, 9), 'slow': range(10, 30)}
    whole = {
        tuple(row.parameters.items()): row.figures
        for row in rows(SMA, bars, grid)
    }
    drawn = rows(SMA, bars, grid, draws=20, seed=4)
    assert len(drawn) == 20
    for row in drawn:
        assert whole[tuple(row.parameters.items())] == row.figures


def test_code_is_that_of_the_beginning(tmp_path):
    path = tmp_path / 'mine.py'
    text = (
        'from sting.library import sma_cross\n'
        'class Mine(sma_cross.SmaCross):\n'
        '    pass\n'
    )
    path.write_text(text)
    bars = made.walk(300, 1)
    swept = sweeps.Sweep(
        str(path),
        bars,
        gate(),
        lambda kind: spaces.space({'fast': [3, 4]}, kind.parameters),
    )
    path.write_text('broken(')
    with swept.pool(1) as pool:
        found = [
            row for block in swept.blocks(pool) for row in swept.rows(block)
        ]
    assert [row.error for row in found] == ['', '']
    assert swept.code


def test_swept_and_set_is_refused():
    with pytest.raises(errors.InputError, match='both swept and set'):
        rows(SMA, made.walk(9, 1), {'fast': [3]}, parameters={'fast': 4})


@pytest.mark.parametrize(
    ('metric', 'expected'), [('sharpe', 2), ('fees', 0), ('omega', 3)]
)
def test_the_best_is_by_what_is_better(metric, expected):
    values = {
        'sharpe': [None, 1.0, 2.0, 2.0],
        'fees': [1.0, 2.0, None, 1.0],
        'omega': [None, None, None, 0.1],
    }[metric]
    made_rows = [
        sweeps.Row(at, {}, {metric: value}) for at, value in enumerate(values)
    ]
    failed = sweeps.Row(9, {}, {metric: None}, 'it failed')
    found = sweeps.best(iter([failed, *made_rows]), metric)
    assert found.number == expected


def test_the_best_of_failures_is_none():
    assert sweeps.best(iter([sweeps.Row(0, {}, {}, 'no')]), 'sharpe') is None


def test_a_metric_that_is_none_is_told():
    with pytest.raises(errors.InputError, match='no --metric luck; there are'):
        sweeps.best(iter([]), 'luck')


def test_no_bars_are_no_trades():
    found = rows(SMA, made.walk(0, 1), {'fast': [3, 4]}, workers=1)
    assert [row.figures['orders'] for row in found] == [0.0, 0.0]
    assert found[0].figures['sharpe'] is None
    assert found[0].figures['final_equity'] == 100_000.0
