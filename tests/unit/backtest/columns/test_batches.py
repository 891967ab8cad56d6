"""Many runs by one loop: here in plain Python, which is the same source."""

import math

import numpy as np
import pytest

from sting.backtest import assumptions
from sting.backtest import compiled
from sting.backtest import engine
from sting.backtest.columns import batches
from sting.backtest.figures import summaries
from sting.model import errors
from sting.risk import manager
from sting.simulator import costs
from sting.strategy import indicators
from sting.strategy import jit
from tests.unit.backtest import bars as made
from tests.unit.backtest import deciders

pytestmark = pytest.mark.unit

MIXED = 'tests.unit.backtest.deciders:Mixed'
ASSUMED = assumptions.Assumptions(
    costs=costs.CostModel(commission_bps=3.0), participation=0.001
)
KIND = batches.Kind(1, (int, (float, bool)), (int, int, float, float, bool))


@pytest.fixture
def _plain(monkeypatch):
    def compile(function, samples):
        if function.__name__ == 'answer':
            raise errors.StrategyError('event by event in plain Python too')
        return function

    monkeypatch.setattr(jit, 'compile', compile)


def batch(bars, decide=deciders.Mixed.decide, kind=KIND):
    return batches.Batch(decide, kind, bars, ASSUMED, compiled.NO_LIMITS)


@pytest.mark.usefixtures('_plain')
def test_each_run_is_a_single_run():
    bars = made.walk(3000, 4)
    made_batch = batch(bars)
    averages = np.stack([bars.close, indicators.SMA(3).over(bars.close)])
    figures, faults = made_batch.run(
        averages,
        2,
        [1, 1],
        [1, 0.0, False, 2, 0.0, False],
        [1, 3, 100.0, 0.0005, True, 2, 3, 100.0, 0.0005, True],
    )
    assert not faults[:, 0].any()
    for row, seed in zip(figures, (1, 2), strict=True):
        done = engine.run(
            MIXED,
            bars,
            manager.RiskManager(),
            parameters={'seed': seed},
            assumed=ASSUMED,
        )
        told = done.to_json()
        assert told['trades'] > 5
        for name, value in zip(summaries.FIGURES, row, strict=True):
            expected = math.nan if told[name] is None else told[name]
            assert value == pytest.approx(expected, rel=1e-12, nan_ok=True), (
                name
            )
    returns = made_batch.returns(
        averages, (1,), (2, 0.0, False), (2, 3, 100.0, 0.0005, True)
    )
    assert returns.tolist() == done.curve.returns.tolist()


@pytest.mark.usefixtures('_plain')
def test_runs_of_many_days_are_the_same_in_parts(monkeypatch):
    made_batch = batch(made.walk(3000, 4))
    given = (
        np.stack([made_batch._columns[3]]),
        3,
        [0] * 3,
        [each for seed in (1, 2, 3) for each in (seed, 0.0, False)],
        [each for seed in (1, 2, 3) for each in (seed, 3, 100.0, 0.0005, True)],
    )
    at_once = made_batch.run(*given)
    monkeypatch.setattr(batches, '_LEVELS', 2 * len(made_batch._ends))
    in_parts = made_batch.run(*given)
    for one, other in zip(at_once, in_parts, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.usefixtures('_plain')
def test_an_answer_that_is_no_order_ends_that_run_alone():
    def decide(open, high, low, close, volume, held, values, state, figures):
        return figures[0], 0, 0.0, state

    made_batch = batch(made.walk(9, 1), decide, batches.Kind(0, (), (float,)))
    figures, faults = made_batch.run(
        np.empty((0, 9)),
        2,
        [],
        [],
        [math.inf, 1.0],
    )
    assert faults[0].tolist() == [1.0, math.inf, 0.0, 0.0]
    assert faults[1][0] == 0.0
    assert figures[1][summaries.FIGURES.index('fills')] == 8.0


@pytest.mark.usefixtures('_plain')
def test_returns_end_where_the_equity_is_gone():
    def decide(open, high, low, close, volume, held, values, state, figures):
        return 1e3 if held == 0.0 else 0.0, 0, 0.0, state

    made_batch = batches.Batch(
        decide,
        batches.Kind(0, (), ()),
        made.walk(6000, 1),
        assumptions.Assumptions(cash=100.0),
        compiled.NO_LIMITS,
    )
    returns = made_batch.returns(np.empty((0, 6000)), (), (), ())
    assert returns[-1] <= -1.0
    assert len(returns) < len(made_batch._ends) - 1


def test_shapes_are_types_and_numbers_are_laid_in_a_row():
    state = (1, (2.0, (True, 3)), 4.0)
    shape = batches.shape(state)
    assert shape == (int, (float, (bool, int)), float)
    assert batches.flat(state) == (1, 2.0, True, 3, 4.0)
    assert batches.flat(shape) == (int, float, bool, int, float)
    assert batches.shape((1, 2.0)) == (int, float)


@pytest.mark.parametrize('state', [('a',), (1, (None,)), (np.float32(1),)])
def test_a_state_of_something_else_has_no_shape(state):
    with pytest.raises(TypeError, match='a state of'):
        batches.shape(state)
