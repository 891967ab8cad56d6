import statistics

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.strategy import indicators

pytestmark = pytest.mark.unit

WINDOWS = st.lists(
    st.floats(min_value=0.01, max_value=1e6), min_size=2, max_size=40
)


def last(kind, values):
    return kind(len(values)).over(np.array(values, np.float64))[-1]


@hypothesis.settings(deadline=None)
@hypothesis.given(WINDOWS)
def test_mean_and_deviation_are_those_of_the_library(values):
    mean, deviation = statistics.fmean(values), statistics.pstdev(values)
    assert last(indicators.Mean, values) == pytest.approx(mean, rel=1e-12)
    found = last(indicators.Deviation, values)
    assert found == pytest.approx(deviation, rel=1e-9, abs=1e-12 * mean)
    if deviation > 1e-6 * mean:
        assert last(indicators.ZScore, values) == pytest.approx(
            (values[-1] - mean) / deviation, rel=1e-6, abs=1e-9
        )


@hypothesis.settings(deadline=None)
@hypothesis.given(WINDOWS)
def test_the_slope_is_that_of_the_least_squares(values):
    slope = statistics.linear_regression(range(len(values)), values).slope
    assert last(indicators.Slope, values) == pytest.approx(
        slope, rel=1e-9, abs=1e-12 * max(values)
    )


@pytest.mark.parametrize(
    'kind', [indicators.Deviation, indicators.ZScore, indicators.Slope]
)
def test_equal_values_differ_by_exactly_nothing(kind):
    assert last(kind, [0.1] * 7) == 0


def test_the_z_score_has_the_sign_of_the_move():
    assert last(indicators.ZScore, [1.0, 1.0, 4.0]) == pytest.approx(2**0.5)
    assert last(indicators.ZScore, [4.0, 4.0, 1.0]) == pytest.approx(-(2**0.5))
