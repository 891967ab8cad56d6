"""The same run under every mode of filling."""

import pytest

from sting.backtest import assumptions
from sting.backtest import engine
from sting.backtest import ranges
from sting.risk import manager
from sting.simulator import modes
from tests.unit.backtest import bars

pytestmark = pytest.mark.unit

TOUCHING = """
from sting import strategy


class Touching(strategy.AbstractStrategy):
    async def on_start(self):
        self.buy('X', 100, strategy.OrderType.LIMIT, price=9.0)
"""
# The low of the second bar is the limit, and no bar passes it.
ROWS = [
    ('X', 1, 10.0, 10.0, 10.0, 10.0),
    ('X', 2, 10.0, 10.0, 9.0, 10.0),
    ('X', 3, 12.0, 12.0, 12.0, 12.0),
]


@pytest.fixture
def once(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(TOUCHING)
    table = bars.make(ROWS)

    def run(assumed, progress):
        return engine.run(
            str(path),
            table,
            manager.RiskManager(()),
            assumed=assumed,
            progress=progress,
        )

    return run


def test_the_range_has_every_mode(once):
    found = ranges.run(once, assumptions.Assumptions()).range
    assert tuple(found.outcomes) == modes.NAMES
    fills = {name: each.fills for name, each in found.outcomes.items()}
    assert fills == {
        'next_open': 0,
        'path': 0,
        'optimistic': 1,
        'pessimistic': 0,
    }
    # 100 units bought at 9 stand at 12.
    assert found.lowest == 100_000.0
    assert found.highest == 100_300.0
    assert (found.ambiguous, found.fills) == (1, 1)


@pytest.mark.parametrize('fill', modes.NAMES)
def test_the_result_is_that_of_the_mode_assumed(once, fill):
    assumed = assumptions.Assumptions(fill=fill)
    found = ranges.run(once, assumed)
    assert found.assumptions['fill'] == fill
    assert found.metrics == once(assumed, None).metrics
    outcome = found.range.outcomes[fill]
    assert outcome.final_equity == found.metrics.final_equity


def test_touches_fill_in_all_but_pessimistic_where_that_is_assumed(once):
    assumed = assumptions.Assumptions(touch_fills=True)
    found = ranges.run(once, assumed).range
    # All but pessimistic fill at the touch now.
    assert [each.fills for each in found.outcomes.values()] == [1, 1, 1, 0]


def test_progress_goes_on_over_all_runs(once):
    told = []
    ranges.run(
        once, assumptions.Assumptions(), lambda *counts: told.append(counts)
    )
    assert told == sorted(told)
    assert told[-1] == (12, 12)
