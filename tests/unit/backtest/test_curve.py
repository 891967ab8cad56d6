"""The curve: both ways of taking it down agree, and mark each moment once."""

import numpy as np
import pytest

from sting.backtest import curve
from sting.backtest import trades
from sting.backtest.figures import analyzer
from sting.data import table
from sting.engine import state
from sting.model import portfolio
from tests.unit.backtest import bars as worlds

pytestmark = pytest.mark.unit


def hold(system, cash, **held):
    """Has the account hold this and nothing else."""
    system.portfolio = portfolio.Portfolio.of(
        cash,
        [
            portfolio.Position(symbol=symbol, quantity=quantity)
            for symbol, quantity in held.items()
        ],
    )


@pytest.mark.parametrize('size', [1, 3, 100])
def test_between_changes_the_equity_follows_the_closes(size):
    bars = worlds.flat(10.0, 11.0, 12.0, 13.0, 14.0)
    system = state.SystemState()
    system.portfolio.cash = 100.0
    kept = curve.OfOne(system, 100.0, len(bars), 'X')
    done = 0
    for stretch in bars.stretches(size):
        kept.begin(stretch)
        for place in range(len(stretch.bars)):
            if done + place == 2:
                hold(system, 76.0, X=2.0)
                kept.changed(place)
            if done + place == 4:
                hold(system, 104.0)
                kept.changed(place)
        kept.finish()
        done += len(stretch.bars)
    found = kept.close()
    assert found.equity.tolist() == [100.0, 100.0, 100.0, 102.0, 104.0]
    assert found.cash.tolist() == [100.0, 100.0, 76.0, 76.0, 104.0]
    assert found.exposed.tolist() == [False, False, True, True, False]
    assert found.timestamp.tolist() == bars.timestamp.tolist()
    assert found.pages is None


@pytest.mark.parametrize('size', [1, 2, 3, 100])
def test_a_moment_of_several_symbols_is_marked_after_its_last_bar(size):
    bars = worlds.make(
        [
            ('A', 1, *[10.0] * 4),
            ('B', 1, *[20.0] * 4),
            ('B', 2, *[21.0] * 4),
            ('A', 3, *[12.0] * 4),
            ('B', 3, *[22.0] * 4),
        ],
        ('A', 'B'),
    )
    system = state.SystemState()
    hold(system, 5.0, A=1.0, B=-1.0)
    kept = curve.OfSeveral(system, 5.0, len(bars))
    for stretch in bars.stretches(size):
        kept.begin(stretch)
        start = 0
        for stop in kept.stops(0, len(stretch.bars)):
            system.pass_over(stretch, start, stop)
            kept.before(stop)
            start = stop
        system.pass_over(stretch, start, len(stretch.bars))
        kept.finish()
    found = kept.close()
    assert found.equity.tolist() == [-5.0, -6.0, -5.0]
    assert found.exposed.all()
    minutes = (found.timestamp - worlds.START) // worlds.MINUTE
    assert minutes.tolist() == [1, 2, 3]


def test_a_curve_without_bars_is_empty():
    found = curve.OfSeveral(state.SystemState(), 5.0, 0).close()
    assert len(found) == 0
    assert found.equity.dtype == np.float64


@pytest.mark.parametrize('size', [7, 500, 10_000])
@pytest.mark.parametrize('seed', [1, 2, 3])
def test_a_curve_in_a_file_has_the_same_figures(monkeypatch, size, seed):
    random = np.random.default_rng(seed)
    count = 5_000
    step = 7 * worlds.MINUTE
    stamps = worlds.START + step * np.arange(1, count + 1)
    equity = 1_000.0 + np.cumsum(random.normal(0.05, 1.0, count))
    cash = equity / 2
    exposed = random.random(count) < 0.3

    def kept():
        # One moment that there may be and is not.
        made = curve._Columns(1_000.0, count + 1)
        for start in range(0, count, size):
            rows = slice(start, start + size)
            made.add(stamps[rows], equity[rows], cash[rows], exposed[rows])
        found = made.close()
        return found.beside([equity[:3_000] / 3, equity[3_000:] / 3])

    loaded = kept()
    monkeypatch.setattr(curve, 'LARGE', count)
    monkeypatch.setattr(table, 'PIECE', 300)
    filed = kept()
    assert loaded.pages is None
    assert filed.pages is not None
    for name in ('timestamp', 'equity', 'cash', 'exposed', 'benchmark'):
        assert np.array_equal(getattr(loaded, name), getattr(filed, name))
    assert np.array_equal(loaded.drawdown(), filed.drawdown())
    analyst = analyzer.PerformanceAnalyzer()
    fills = trades.FillTable()
    trips = trades.round_trips(fills)
    one, other = (
        analyst.analyze(each, fills, trips) for each in (loaded, filed)
    )
    assert one == other
    one, other = (
        analyst.tabulate('s', each, trips, ()) for each in (loaded, filed)
    )
    assert one == other
