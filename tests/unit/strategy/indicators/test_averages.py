import math

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.model import errors
from sting.strategy import indicators
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

PRICES = st.lists(
    st.floats(min_value=1e-3, max_value=1e6), min_size=0, max_size=120
)


def step(kind, prices, period):
    indicator = kind(period)
    return [indicator.update(samples.bar(price)) for price in prices]


@hypothesis.settings(deadline=None)
@hypothesis.given(PRICES, st.integers(min_value=1, max_value=40))
def test_sma_is_the_mean_of_the_window(prices, period):
    for at, value in enumerate(step(indicators.SMA, prices, period)):
        if at + 1 < period:
            assert math.isnan(value)
        else:
            window = prices[at + 1 - period : at + 1]
            assert value == pytest.approx(
                math.fsum(window) / period, rel=1e-9, abs=1e-6
            )


def test_sma_by_hand():
    values = step(indicators.SMA, [1.0, 2.0, 3.0, 4.0, 8.0], 3)
    assert all(math.isnan(value) for value in values[:2])
    assert values[2:] == [2.0, 3.0, 5.0]


def test_ema_by_hand():
    values = step(indicators.EMA, [1.0, 2.0, 3.0, 4.0, 8.0], 3)
    assert all(math.isnan(value) for value in values[:2])
    # The mean of 1, 2 and 3, then half of the way to each new price.
    assert values[2:] == [2.0, 3.0, 5.5]


def test_wma_by_hand():
    values = step(indicators.WMA, [1.0, 2.0, 4.0, 8.0], 3)
    assert all(math.isnan(value) for value in values[:2])
    expected = [(1 + 2 * 2 + 3 * 4) / 6, (2 + 2 * 4 + 3 * 8) / 6]
    assert values[2:] == pytest.approx(expected)


@pytest.mark.parametrize('kind', [indicators.WMA, indicators.Mean])
def test_what_is_added_up_anew_forgets_huge_values(kind):
    values = step(kind, [1e300, 1e300, 0.1, 0.1, 0.1], 3)
    assert values[-1] == 0.1


@pytest.mark.parametrize('kind', [indicators.SMA, indicators.EMA])
def test_a_value_can_be_added_without_a_bar(kind):
    indicator = kind(2)
    assert math.isnan(indicator.add(1.0))
    assert indicator.add(2.0) == 1.5


def test_another_field_is_averaged_and_named():
    indicator = indicators.SMA(1, 'high')
    assert indicator.name == 'SMA(1, high)'
    assert indicator.update(samples.bar(1.0, high=7.0)) == 7.0


def test_the_name_tells_the_period():
    assert indicators.EMA(12).name == 'EMA(12)'


@pytest.mark.parametrize(
    ('period', 'field', 'message'),
    [
        (0, 'close', 'period 0 must be at least 1'),
        (2.5, 'close', 'period 2.5 must be an int'),
        (True, 'close', 'period True must be an int'),
        (2, 'middle', "field 'middle' must be one of open, high"),
    ],
)
def test_what_makes_no_average_is_refused(period, field, message):
    with pytest.raises(errors.StrategyError, match=message):
        indicators.SMA(period, field)
