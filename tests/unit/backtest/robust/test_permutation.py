"""Permuted bars keep what they are made of, and lose the order."""

import dataclasses
import datetime

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest import assumptions
from sting.backtest.robust import parts
from sting.backtest.robust import permutation
from sting.backtest.sweeping import cases
from sting.data import actions
from sting.data import table
from sting.model import records
from tests.unit.backtest import bars as worlds

pytestmark = pytest.mark.unit

MOMENTUM = """
from sting import strategy


class Mine(strategy.AbstractStrategy):
    before = None

    async def on_market_data(self, data):
        rose = self.before is not None and data.close > self.before
        self.before = data.close
        self.target('X', 100 if rose else 0)
"""


def chance(seed=1):
    return np.random.default_rng(seed)


def insides(bars):
    """What happens inside of each bar, in no order."""
    columns = (bars.high, bars.low, bars.close)
    found = np.array([np.log(column / bars.open) for column in columns])
    return np.sort(found, axis=1)


def gaps(bars):
    return np.log(bars.open[1:] / bars.close[:-1])


@hypothesis.given(st.integers(1, 60), st.integers(0, 2**32))
def test_what_the_bars_are_made_of_stays(count, seed):
    bars = worlds.walk(count, seed=3)
    found = permutation.permuted(bars, chance(seed))
    assert found.open[0] == bars.open[0]
    assert found.close[-1] == pytest.approx(bars.close[-1])
    assert insides(found) == pytest.approx(insides(bars), abs=1e-12)
    assert np.sort(gaps(found)) == pytest.approx(np.sort(gaps(bars)), abs=1e-12)
    assert sorted(found.volume) == sorted(bars.volume)
    assert (found.timestamp == bars.timestamp).all()
    assert (found.high >= np.maximum(found.open, found.close)).all()
    assert (found.low <= np.minimum(found.open, found.close)).all()


def test_the_order_is_lost():
    bars = worlds.walk(50, seed=3)
    found = permutation.permuted(bars, chance())
    assert found.generated
    assert (found.close != bars.close).sum() > 40


def test_the_same_seed_gives_the_same_bars():
    bars = worlds.walk(50, seed=3)
    one, two, other = (
        permutation.permuted(bars, chance(seed)).digest() for seed in (1, 1, 2)
    )
    assert one == two != other


def test_gaps_over_closed_hours_stay_there():
    rows = []
    for day in range(4):
        for minute in range(5):
            price = 100.0 * 1.1**day
            rows.append(('X', day * 1440 + minute, *[price] * 4))
    bars = worlds.make(rows)
    found = permutation.permuted(bars, chance())
    assert found.close == pytest.approx(bars.close)


def both(count=40):
    one, two = worlds.walk(count, seed=1), worlds.walk(count, seed=2)
    moved = {
        name: getattr(two, name)
        for name in ('timestamp', 'open', 'high', 'low', 'close', 'volume')
    }
    other = table.BarTable(('Y',), two.symbol_index, **moved, timeframe='1m')
    return table.BarTable.merge([one, other])


def test_symbols_are_permuted_alike():
    bars = both()
    found = permutation.permuted(bars, chance())
    for before, after in (('X', 'X'), ('Y', 'Y')):
        assert found.of(after).close[-1] == pytest.approx(
            bars.of(before).close[-1]
        )

    def moves(which, symbol):
        own = which.of(symbol)
        return np.log(own.close / own.open)

    paired = {
        (round(x, 9), round(y, 9))
        for x, y in zip(moves(bars, 'X'), moves(bars, 'Y'), strict=True)
    }
    again = {
        (round(x, 9), round(y, 9))
        for x, y in zip(moves(found, 'X'), moves(found, 'Y'), strict=True)
    }
    assert paired == again


def test_symbols_that_trade_at_other_moments_are_permuted_too():
    bars = both()
    some = bars.take(np.flatnonzero(bars.symbol_index == 0)[::2])
    found = permutation.permuted(
        table.BarTable.merge([some, bars.of('Y')]), chance()
    )
    assert found.of('X').close[-1] == pytest.approx(some.close[-1])


@pytest.fixture
def case(tmp_path):
    def made(bars):
        path = tmp_path / 'mine.py'
        path.write_text(MOMENTUM)
        return cases.Case(strategy=str(path), bars=bars)

    return made


def trends(count):
    """Bars that go on as they began for some time, by days."""
    signs = np.repeat(np.where(np.arange(count // 10) % 2, 1.0, -1.0), 10)
    close = 100.0 * np.exp(np.cumsum(0.01 * signs))
    first = np.concatenate(([100.0], close[:-1]))
    rows = zip(
        first,
        np.maximum(first, close),
        np.minimum(first, close),
        close,
        strict=True,
    )
    return worlds.make(
        [('X', 1440 * at, *row) for at, row in enumerate(rows, 1)]
    )


def test_a_pattern_is_told_from_luck(case):
    found = permutation.check(case(trends(100)), 'sharpe', runs=39, seed=1)
    assert found.verdict == parts.Verdict.OK
    assert found.figures['p_value'] == pytest.approx(1 / 40)
    permuted = found.figures['permuted']
    assert permuted['p5'] <= permuted['p50'] <= permuted['p95']
    assert found.figures['value'] > permuted['p95']


def test_luck_is_told_from_a_pattern(case):
    steps = chance(5).permutation(np.repeat([1.0, -1.0], 50))
    close = 100.0 * np.exp(np.cumsum(0.01 * steps))
    first = np.concatenate(([100.0], close[:-1]))
    rows = zip(
        first,
        np.maximum(first, close),
        np.minimum(first, close),
        close,
        strict=True,
    )
    bars = worlds.make(
        [('X', 1440 * at, *row) for at, row in enumerate(rows, 1)]
    )
    found = permutation.check(case(bars), 'sharpe', runs=39, seed=1)
    assert found.verdict != parts.Verdict.OK
    assert 'did as well' in found.reason
    again = permutation.check(case(bars), 'sharpe', runs=39, seed=1)
    assert again == found


def test_without_a_figure_there_is_nothing_to_compare(case):
    flat = worlds.flat(*[10.0] * 5)
    found = permutation.check(case(flat), 'sharpe', runs=3, seed=1)
    assert found.verdict == parts.Verdict.WARN
    assert 'undefined' in found.reason


def test_bars_with_a_split_are_permuted_as_if_there_were_none(case):
    whole = trends(60)
    half = np.where(np.arange(60) < 30, 1.0, 0.5)
    columns = {
        name: getattr(whole, name) * half
        for name in ('open', 'high', 'low', 'close')
    }
    day = datetime.date(2020, 1, 31)
    split = actions.Action(day, 'X', records.ActionKind.SPLIT, 2.0)
    raw = dataclasses.replace(
        case(dataclasses.replace(whole, timeframe='1d', **columns)),
        assumed=assumptions.Assumptions(actions=(split,), calendar='24/7'),
    )
    found = permutation.check(raw, 'sharpe', runs=19, seed=1)
    smooth = dataclasses.replace(whole, timeframe='1d')
    fair = permutation.check(case(smooth), 'sharpe', runs=19, seed=1)
    for point, value in fair.figures['permuted'].items():
        assert found.figures['permuted'][point] == pytest.approx(value, abs=0.2)
