import hypothesis
import numpy as np
import pytest

from sting.data import raw
from sting.data import validator
from tests.unit.data import tables

pytestmark = pytest.mark.unit


def columns(bars):
    return {name: getattr(bars, name).copy() for name in raw.BARS}


@hypothesis.given(tables.bar_tables())
def test_sound_bars_have_no_fault(bars):
    assert validator.bar_fault(columns(bars)) is None


@hypothesis.given(tables.bar_tables())
def test_a_close_above_the_high_is_found(bars):
    values = columns(bars)
    row = len(bars) // 2
    values['close'][row] = np.nextafter(values['high'][row], np.inf)
    fault = validator.bar_fault(values)
    assert fault is not None
    assert fault[0] == row
    assert fault[1].startswith('close')


def test_the_earliest_of_several_faults_is_named():
    values = columns(tables.flat(range(3)))
    values['open'][2] = -1
    values['volume'][1] = -1
    assert validator.bar_fault(values) == (1, 'volume -1 is negative')


def test_quotes_need_prices_above_0():
    one = np.ones(2)
    values = {'bid': one, 'ask': one * 0, 'bid_size': one, 'ask_size': one}
    assert validator.quote_fault(values) == (0, 'ask 0 is not above 0')


def test_trades_need_sizes_of_0_or_more():
    values = {'price': np.ones(2), 'size': np.array([0.0, -1.0])}
    assert validator.trade_fault(values) == (1, 'size -1 is negative')


def test_a_night_is_no_hole():
    bars = tables.flat([0, 1, 2, 17 * 60, 17 * 60 + 1])
    assert list(validator.oddities(bars)) == []


def test_days_have_no_holes():
    bars = tables.flat([0, 1, 5], timeframe='1d')
    assert list(validator.oddities(bars)) == []


def test_missing_minutes_are_counted():
    assert list(validator.oddities(tables.flat([0, 1, 4, 6]))) == [
        'A: bars missing: 3, the first after 2013-03-01T17:01:00Z'
    ]
