import math

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.strategy import indicators
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit


def test_the_channel_has_the_bar_that_has_just_closed():
    channel = indicators.Donchian(2)
    assert math.isnan(channel.update(samples.bar(5.0, high=9.0, low=4.0)))
    assert channel.update(samples.bar(5.0, high=7.0, low=3.0)) == 6.0
    assert channel.values == (6.0, 9.0, 3.0)
    channel.update(samples.bar(5.0, high=6.0, low=5.0))
    assert channel.values == (5.0, 7.0, 3.0)


@hypothesis.settings(deadline=None)
@hypothesis.given(
    st.lists(st.floats(min_value=0.1, max_value=1e9), max_size=50),
    st.integers(min_value=1, max_value=60),
)
def test_extremes_are_those_of_each_window(prices, period):
    column = np.array(prices, np.float64)
    table = {'high': column, 'low': column}
    _, upper, lower = indicators.Donchian(period).over_lines(table)
    for end in range(period, len(prices) + 1):
        window = prices[end - period : end]
        assert (upper[end - 1], lower[end - 1]) == (max(window), min(window))
    assert np.isnan(upper[: period - 1]).all()


def test_stochastic_by_hand():
    place = indicators.Stochastic(2, 1, 2)
    place.update(samples.bar(5.0, high=6.0, low=4.0))
    assert place.update(samples.bar(5.0, high=8.0, low=4.0)) == 25.0
    assert math.isnan(place.values[1])
    place.update(samples.bar(8.0, high=8.0, low=6.0))
    assert place.values == (100.0, 62.5)


def test_stochastic_of_a_close_far_out_of_its_range_warns_of_nothing():
    table = {
        'high': np.array([1.0, 1.0]),
        'low': np.array([0.5, 0.5]),
        'close': np.array([1.0, 9e305]),
    }
    k, _ = indicators.Stochastic(2, 1, 1).over_lines(table)
    assert not math.isfinite(k[-1])
