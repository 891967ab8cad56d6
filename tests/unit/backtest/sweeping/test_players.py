"""Combinations share a loop and columns: here in plain Python."""

import pytest

from sting.backtest import assumptions
from sting.backtest import compiled
from sting.backtest.figures import summaries
from sting.backtest.sweeping import players
from sting.backtest.sweeping import spaces
from sting.library import sma_cross_compiled
from sting.model import errors
from sting.risk import manager
from sting.strategy import jit
from tests.unit.backtest import bars as made
from tests.unit.backtest import swept

pytestmark = pytest.mark.unit

SMA = sma_cross_compiled.SmaCrossCompiled
FINAL = summaries.FIGURES.index('final_equity')


@pytest.fixture
def compiled_now(monkeypatch):
    """What is compiled meanwhile; it stays plain Python."""
    found = []

    def compile(function, samples):
        found.append(function)
        return function

    monkeypatch.setattr(jit, 'compile', compile)
    return found


def player(kind, by_events=None, **grid):
    return players.Player(
        kind,
        made.walk(200, 1),
        manager.RiskManager(),
        assumptions.Assumptions(),
        {},
        spaces.space(grid, kind.parameters),
        by_events=by_events or (lambda point: [0.0] * len(summaries.FIGURES)),
    )


def test_runs_of_one_kind_are_compiled_once(compiled_now):
    own = player(SMA, fast=[3, 4, 5], slow=[7, 9])
    figures, wrong = own.run(range(6))
    assert wrong == {}
    assert len(set(figures[:, FINAL].tolist())) > 3
    assert len(compiled_now) == 1
    again = own.run(range(2, 4)).figures
    assert again.tobytes() == figures[2:4].tobytes()


def test_runs_of_other_kinds_come_in_their_places(compiled_now):
    own = player(swept.Awkward, way=[0, 3, 0, 1, 8])
    figures, wrong = own.run(range(4))
    assert sorted(wrong) == [2, 3]
    assert 'refused' in wrong[2]
    assert 'quantity inf' in wrong[3]
    assert figures[0, FINAL] == figures[1, FINAL] != 100_000.0
    assert len(compiled_now) == 2


def test_what_is_outside_is_run_by_events(compiled_now):
    asked = []

    def by_events(point):
        asked.append(point)
        if point['period'] == 2:
            raise errors.StrategyError('not even so')
        return [7.0] * len(summaries.FIGURES)

    own = player(swept.Awkward, by_events, way=[2], period=[1, 2])
    figures, wrong = own.run(range(2))
    assert asked == [{'way': 2, 'period': 1}, {'way': 2, 'period': 2}]
    assert figures[0, FINAL] == 7.0
    assert wrong == {1: 'not even so'}
    with pytest.raises(compiled.OutsideError):
        own.check({'way': 2})


def test_few_columns_are_used_over_and_over(compiled_now, monkeypatch):
    grid = {'fast': range(2, 6), 'slow': range(6, 12)}
    expected = player(SMA, **grid).run(range(24)).figures
    monkeypatch.setattr(players, 'LEAST', 2)
    monkeypatch.setattr(players, 'MEMORY', 0)
    own = player(SMA, **grid)
    assert own.run(range(24)).figures.tobytes() == expected.tobytes()
    assert len(own._shelf.table) == 2


def test_what_cannot_be_compiled_is_told(monkeypatch):
    def compile(function, samples):
        raise errors.StrategyError('cannot be compiled: no')

    monkeypatch.setattr(jit, 'compile', compile)
    own = player(SMA, fast=[3, 4])
    with pytest.raises(compiled.OutsideError, match='cannot be compiled'):
        own.check({'fast': 3})
    assert own.run(range(2)).wrong == dict.fromkeys(
        (0, 1), 'cannot be compiled: no'
    )
