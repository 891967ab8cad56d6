"""True bars are sound; what a poor feed makes of them is not."""

import numpy as np
import pytest

from sting.engine import doors
from sting.engine import state
from sting.testing.simulation import prices

pytestmark = pytest.mark.unit


def market(bad):
    return prices.Prices(('A', 'B'), np.random.default_rng(1), bad)


def faults_of(bars):
    system = state.SystemState()
    return [doors.fault(bar, system) for bar in bars]


def test_true_bars_are_sound():
    made = market(1.0)
    for stamp in range(1, 200):
        bars = made.next_bars(stamp)
        assert [bar.symbol for bar in bars] == ['A', 'B']
        assert faults_of(bars) == [None, None]


def test_a_good_feed_shows_them_as_they_are():
    made = market(0.0)
    bars = made.next_bars(1)
    assert made.seen(quiet=False) == bars


def test_in_quiet_nothing_is_spoilt():
    made = market(1.0)
    bars = made.next_bars(1)
    assert made.seen(quiet=True) == bars


def test_a_poor_feed_loses_doubles_swaps_and_invents():
    made = market(1.0)
    counts, nonsense, old = set(), 0, 0
    for stamp in range(1, 300):
        made.next_bars(stamp)
        seen = made.seen(quiet=False)
        counts.add(len(seen))
        nonsense += sum(issue is not None for issue in faults_of(seen))
        old += sum(bar.timestamp < stamp for bar in seen)
    assert counts >= {0, 1, 2, 3, 4}
    assert nonsense > 50
    assert old > 20


def test_a_flood_has_volume_for_all():
    made = market(0.0)
    made.flood()
    volumes = [bar.volume for n in range(1, 50) for bar in made.next_bars(n)]
    assert max(volumes) > 10_000
