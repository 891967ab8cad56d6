"""Runs that are joined to one."""

import dataclasses

import numpy as np
import pytest

from sting.backtest import trades
from sting.backtest import verdicts
from sting.backtest.figures import analyzer
from sting.backtest.robust import joined
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit


def test_curves_follow_each_other():
    one = runs.curve(100.0, 110.0)
    two = runs.curve(111.0, 99.0, start=110.0)
    found = joined.curves(100.0, [one, two])
    assert found.start == 100.0
    assert found.equity.tolist() == [100.0, 110.0, 111.0, 99.0]
    assert len(found.exposed) == 4


def test_fills_keep_their_orders_apart():
    one = runs.fills((runs.BUY, 1.0, 10.0), (runs.SELL, 1.0, 11.0, 0.5))
    found = joined.fills([one, one])
    assert list(found.order_id) == ['1-o1', '1-o2', '2-o1', '2-o2']
    assert list(found.rows()) == [*one.rows()] * 2
    assert found.fees() == 1.0


def test_round_trips_follow_each_other():
    trips = trades.round_trips(
        runs.fills((runs.BUY, 1.0, 10.0), (runs.SELL, 1.0, 11.0))
    )
    measured = dataclasses.replace(
        trips, mae=np.array([-0.1]), mfe=np.array([0.2])
    )
    found = joined.trips([measured, measured])
    assert found.symbol == ['X', 'X']
    assert found.pnl.tolist() == [1.0, 1.0]
    assert found.mfe.tolist() == [0.2, 0.2]
    assert joined.trips([measured, trips]).mae is None
    assert len(joined.trips([])) == 0


def test_verdicts_add_up(monkeypatch):
    monkeypatch.setattr(verdicts, 'KEPT', 3)
    one = verdicts.Verdicts(('halted',))
    one.denied, one.refused, one.reduced = 1, 2, 3
    one.by.update(['halted', 'halted'])
    one.rows = [verdicts.Refused(1, 'a', 'X', 'deny', 'halted', 'so')] * 2
    found = joined.verdicts_of(('halted',), [one, one])
    assert (found.denied, found.refused, found.reduced) == (2, 4, 6)
    assert found.by == {'halted': 4}
    assert len(found.rows) == 3


def test_cash_that_came_without_a_fill_adds_up():
    one = dataclasses.replace(
        runs.result().metrics, borrow_fees=2.0, interest=3.0, dividends=5.0
    )
    curve = runs.curve(100.0, 110.0)
    trips = trades.round_trips(runs.fills())
    found = analyzer.PerformanceAnalyzer().analyze(
        curve, runs.fills(), trips, joined.flows([one, one])
    )
    assert (found.borrow_fees, found.interest) == (4.0, 6.0)
    assert (found.financing, found.dividends) == (10.0, 10.0)
