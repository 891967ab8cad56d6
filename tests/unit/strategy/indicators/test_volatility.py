import math

import numpy as np
import pytest

from sting.strategy import indicators
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit


def test_atr_by_hand():
    atr = indicators.ATR(2)
    values = [
        atr.update(samples.bar(close, high=high, low=low))
        for high, low, close in [
            (11.0, 9.0, 10.0),
            (12.0, 10.0, 12.0),
            (16.0, 15.0, 15.0),
            (15.0, 10.0, 10.0),
        ]
    ]
    assert all(math.isnan(value) for value in values[:2])
    # True ranges: none, 2, 4 from the close before, 5.
    assert values[2:] == [3.0, 4.0]


def test_volatility_is_that_of_the_returns_in_a_year():
    volatility = indicators.Volatility(2, 100)
    values = [
        volatility.update(samples.bar(price)) for price in (100.0, 110.0, 99.0)
    ]
    assert all(math.isnan(value) for value in values[:2])
    assert values[2] == pytest.approx(0.1 * 10)


def test_bollinger_by_hand():
    bands = indicators.Bollinger(2, 3.0)
    assert math.isnan(bands.update(samples.bar(1.0)))
    assert bands.update(samples.bar(3.0)) == 2.0
    assert bands.values == (2.0, 5.0, -1.0)


def test_bands_of_equal_prices_have_no_width():
    bands = indicators.Bollinger(7)
    for _ in range(7):
        bands.update(samples.bar(0.1))
    assert bands.values == (0.1, 0.1, 0.1)


def test_keltner_is_an_ema_with_true_ranges_around_it():
    table = {
        'high': np.array([11.0, 12.0, 16.0, 15.0]),
        'low': np.array([9.0, 10.0, 15.0, 10.0]),
        'close': np.array([10.0, 12.0, 15.0, 10.0]),
    }
    middle, upper, lower = indicators.Keltner(2, 2, 1.5).over_lines(table)
    average = indicators.EMA(2).over(table['close'])
    reach = 1.5 * indicators.ATR(2).over_columns(table)
    assert middle[1:].tolist() == average[1:].tolist()
    assert np.isnan(upper[1])
    assert upper[2:].tolist() == (average + reach)[2:].tolist()
    assert lower[2:].tolist() == (average - reach)[2:].tolist()
