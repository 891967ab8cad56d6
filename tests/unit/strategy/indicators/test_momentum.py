import math

import numpy as np
import pytest

from sting.strategy import indicators

pytestmark = pytest.mark.unit


def test_rsi_by_hand():
    rsi = indicators.RSI(2)
    values = [rsi.add(value) for value in (10.0, 11.0, 10.5, 12.5, 12.5)]
    assert all(math.isnan(value) for value in values[:2])
    # Rises of 1 and falls of 0.5 in two changes; then a rise of 2; then none.
    assert values[2] == pytest.approx(100 * 1 / 1.5)
    assert values[3] == pytest.approx(100 * 1.25 / (1.25 + 0.125))
    assert values[4] == values[3]


def test_rsi_is_100_when_prices_only_rise_and_0_when_they_only_fall():
    rising = np.arange(1.0, 30.0)
    assert indicators.RSI(5).over(rising)[-1] == 100
    assert indicators.RSI(5).over(rising[::-1].copy())[-1] == 0


def test_roc_is_in_per_cent():
    roc = indicators.ROC(2)
    values = [roc.add(value) for value in (10.0, 20.0, 15.0)]
    assert values[2] == 50.0


def test_roc_of_a_volume_of_nothing_is_0():
    assert indicators.ROC(1).over(np.array([0.0, 5.0]))[1] == 0
