import numpy as np
import pytest

from sting.strategy import indicators

pytestmark = pytest.mark.unit


def test_macd_by_hand():
    close = {'close': np.array([1.0, 2.0, 4.0, 8.0])}
    macd, signal, histogram = indicators.MACD(1, 2, 2).over_lines(close)
    slow = [1.5, 1.5 + (4 - 1.5) * 2 / 3]
    slow.append(slow[1] + (8 - slow[1]) * 2 / 3)
    expected = [2 - slow[0], 4 - slow[1], 8 - slow[2]]
    assert macd[1:].tolist() == pytest.approx(expected)
    mean = (expected[0] + expected[1]) / 2
    last = mean + (expected[2] - mean) * 2 / 3
    assert np.isnan(signal[1])
    assert signal[2:].tolist() == pytest.approx([mean, last])
    assert histogram[3] == pytest.approx(expected[2] - last)


def test_adx_is_100_in_a_trend_without_a_step_back():
    steps = np.arange(1.0, 60.0)
    rising = {'high': steps + 1, 'low': steps, 'close': steps + 0.5}
    adx, plus, minus = indicators.ADX(5).over_lines(rising)
    assert (adx[-1], minus[-1]) == (100, 0)
    assert plus[-1] > 50
