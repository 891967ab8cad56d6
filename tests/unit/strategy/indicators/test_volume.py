import math

import pytest

from sting.strategy import indicators
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

HOUR = 3_600_000_000_000


def test_obv_by_hand():
    balance = indicators.OBV()
    found = [
        balance.update(samples.bar(close, volume=volume))
        for close, volume in [(5.0, 10.0), (6.0, 3.0), (6.0, 9.0), (4.0, 20.0)]
    ]
    assert found == [10.0, 13.0, 13.0, -7.0]


def vwap(indicator, *rows):
    return [
        indicator.update(
            samples.bar(
                price, volume=volume, timestamp=int(hours * HOUR) + offset
            )
        )
        for hours, price, volume, offset in rows
    ]


def test_vwap_begins_anew_with_the_day():
    found = vwap(
        indicators.VWAP(),
        (1, 10.0, 1.0, 0),
        (2, 20.0, 3.0, 0),
        # The bar that closes at midnight belongs to the day before.
        (24, 10.0, 4.0, 0),
        (24, 30.0, 2.0, 1),
    )
    assert found == [10.0, 17.5, 13.75, 30.0]


def test_a_day_may_begin_at_another_hour():
    found = vwap(
        indicators.VWAP(22),
        (22, 10.0, 1.0, 0),
        (23, 20.0, 1.0, 0),
        (30, 40.0, 1.0, 0),
    )
    assert found == [10.0, 20.0, 30.0]


def test_vwap_is_nan_until_something_is_traded():
    found = vwap(
        indicators.VWAP(),
        (1, 10.0, 0.0, 0),
        (2, 20.0, 1.0, 0),
        (25, 20.0, 0.0, 0),
    )
    assert [math.isnan(value) for value in found] == [True, False, True]


def test_vwap_reads_high_low_and_close():
    bar = samples.bar(8.0, high=9.0, low=4.0)
    assert indicators.VWAP().update(bar) == 7.0
