import math
import statistics

import numpy as np
import pytest

from sting.model import errors
from sting.strategy import context
from sting.strategy import handles
from sting.strategy import indicators
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

A = [1.0, 2.0, 4.0, 3.0, 7.0]
B = [3.0, 2.0, 5.0, 5.0, 9.0]


def both(handle, rows):
    """The values after each bar of (symbol, stamp, close)."""
    shared = context.Context()
    shared.add(handle)
    found = []
    for symbol, stamp, close in rows:
        shared.update(samples.bar(close, symbol=symbol, timestamp=stamp))
        found.append((handle.previous, handle.value))
    return found


def rows():
    for stamp, (one, other) in enumerate(zip(A, B, strict=True)):
        yield 'A', stamp, one
        yield 'B', stamp, other


def correlation():
    return handles.Handle(
        indicators.Correlation, {'period': 3, 'symbols': ('A', 'B')}, None
    )


def test_two_symbols_move_when_both_have_closed():
    found = both(correlation(), rows())
    assert all(math.isnan(value) for _, value in found[:5])
    expected = [
        statistics.correlation(A[n : n + 3], B[n : n + 3]) for n in range(3)
    ]
    assert [value for _, value in found[5::2]] == pytest.approx(expected)
    # The first bar of a stamp changes nothing, so that no crossing is seen
    # twice; the second one has the value before in `previous`.
    assert found[6] == (found[5][1], found[5][1])
    assert found[7][0] == found[5][1]


def test_a_moment_that_one_of_them_lacks_is_left_out():
    gap = [*rows(), ('A', 90, 1000.0), ('B', 91, 1000.0)]
    found = both(correlation(), gap)
    assert found[-1][1] == found[-3][1]


def test_both_symbols_show_the_same_series():
    handle = correlation()
    both(handle, rows())
    assert handle['A'] is handle['B']
    assert handle.name == 'Correlation(3, A, B)'
    with pytest.raises(errors.StrategyError, match='A and B, not of C'):
        handle['C']


def test_a_bound_handle_takes_no_second_binding():
    options = {'period': 3, 'symbols': ('A', 'B')}
    with pytest.raises(errors.StrategyError, match="leave symbol='A' out"):
        handles.Handle(indicators.Correlation, options, 'A')


def test_what_is_of_two_symbols_has_one_speed():
    indicator = indicators.Correlation(3, ('A', 'B'))
    assert indicator.over_columns({}) is None
    found = indicator.over(np.array(A), np.array(B))
    stepped = [indicator.add(*pair) for pair in zip(A, B, strict=True)]
    assert found[2:].tolist() == stepped[2:]


def test_the_correlation_of_what_does_not_move_is_0():
    assert (
        indicators.Correlation(3, ('A', 'B')).over(
            np.array(A), np.full(5, 0.1)
        )[-1]
        == 0
    )


def test_the_ratio_is_unusual_when_one_runs_ahead():
    options = {'period': 4, 'symbols': ('A', 'B')}
    handle = handles.Handle(indicators.RatioZScore, options, None)
    bars = [
        (symbol, stamp, close)
        for stamp, ahead in enumerate([1.0, 1.0, 1.0, 1.5])
        for symbol, close in (('A', 10.0 * ahead), ('B', 20.0))
    ]
    found = both(handle, bars)
    assert found[-1][1] == pytest.approx(3**0.5)
    assert handle.name == 'RatioZScore(4, A, B)'


def test_a_ratio_to_a_volume_of_nothing_is_0():
    fields = ('volume', 'volume')
    indicator = indicators.RatioZScore(2, ('A', 'B'), fields)
    assert math.isnan(indicator.add(1.0, 2.0))
    assert indicator.add(1.0, 0.0) == -1.0


def test_other_fields_are_named():
    indicator = indicators.Correlation(3, ('A', 'B'), ('open', 'close'))
    assert indicator.name == 'Correlation(3, A, B, open, close)'
