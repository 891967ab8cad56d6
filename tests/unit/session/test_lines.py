"""What strategies' indicators were, kept for the chart."""

import pytest

from sting.session import lines
from sting.strategy import wire
from tests.unit.session import stations

pytestmark = pytest.mark.unit


def figures(stamp, symbol='A', **values):
    return wire.Figures(symbol, stamp, values)


@pytest.fixture
def kept():
    return lines.Lines()


def points(kept, symbol='A', since=0):
    return {
        (one.strategy, one.name): dict(zip(one.times, one.values, strict=True))
        for one in kept.of(symbol, since)
    }


def test_values_are_kept_by_strategy_and_name(kept):
    kept.take('one', [figures(1, fast=1.0), figures(2, fast=2.0)], afresh=True)
    kept.take('two', [figures(2, 'B', rsi=50.0)], afresh=True)
    assert points(kept) == {('one', 'fast'): {1: 1.0, 2: 2.0}}
    assert points(kept, 'B') == {('two', 'rsi'): {2: 50.0}}
    assert points(kept, since=2) == {('one', 'fast'): {2: 2.0}}


def test_one_that_comes_later_has_values_from_then_on(kept):
    kept.take('one', [figures(1, fast=1.0)], afresh=True)
    kept.take('one', [figures(2, fast=2.0, slow=3.0)], afresh=False)
    kept.take('one', [figures(3, slow=4.0)], afresh=False)
    assert points(kept) == {
        ('one', 'fast'): {1: 1.0, 2: 2.0},
        ('one', 'slow'): {2: 3.0, 3: 4.0},
    }


def test_what_is_told_twice_counts_once(kept):
    kept.take('one', [figures(1, fast=1.0)], afresh=True)
    kept.take('one', [figures(1, fast=9.0)], afresh=False)
    assert points(kept) == {('one', 'fast'): {1: 1.0}}


def test_a_new_beginning_forgets_what_was(kept):
    kept.take('one', [figures(5, fast=1.0)], afresh=True)
    kept.take('one', [figures(3, slow=2.0)], afresh=True)
    assert points(kept) == {('one', 'slow'): {3: 2.0}}


def test_no_strategy_fills_the_memory(kept):
    names = {f'n{n}': 1.0 for n in range(100)}
    for stamp in range(1, 5 * lines.BARS):
        kept.take('one', [wire.Figures('A', stamp, names)], afresh=False)
    found = kept.of('A')
    assert len(found) == lines.NAMES
    assert max(len(one.times) for one in found) <= 2 * lines.BARS
    assert found[0].times[-1] == 5 * lines.BARS - 1


def test_a_running_strategy_shows_its_indicators_from_before_its_start(
    tmp_path,
):
    home = stations.home_in(tmp_path)
    path = stations.write_strategy(
        home,
        'shown.py',
        """
        async def on_start(self):
            self.mean = self.indicator(
                strategy.indicators.SMA, period=3
            )

        async def on_market_data(self, data):
            pass
        """,
    )
    with stations.running(home, strategies={'shown': path}) as station:
        stations.until(lambda: station.lines('AAPL', 500))
        before = station.lines('AAPL', 500)[0].times[-1]
        stations.until(lambda: station.lines('AAPL', 500)[0].times[-1] > before)
        bars = station.bars('AAPL', 500)
        (line,) = station.lines('AAPL', 500)
        assert (line.strategy, line.name) == ('shown', 'SMA(3)')
        by_time = dict(zip(line.times, line.values, strict=True))
        shown = [
            place
            for place in range(2, len(bars))
            if bars[place].timestamp in by_time
        ]
        assert len(shown) > 300
        for place in shown:
            closes = [bar.close for bar in bars[place - 2 : place + 1]]
            assert by_time[bars[place].timestamp] == pytest.approx(
                sum(closes) / 3
            )
