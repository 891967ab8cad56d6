"""Bars of a longer timeframe."""

import itertools

import pytest

from sting.model import market
from tui.charts import frames

pytestmark = pytest.mark.unit

MINUTE = 60 * market.NANOSECONDS


def bar(minute, close, **more):
    values = {'open': close - 1, 'high': close + 2, 'low': close - 2} | more
    return market.MarketData(
        symbol='AAPL',
        timestamp=minute * MINUTE,
        close=close,
        volume=10.0,
        **values,
    )


def test_a_period_is_of_time_or_none():
    assert frames.period('5m') == 5 * MINUTE
    assert frames.period('1d') == 24 * 60 * MINUTE
    assert frames.period('tick:100') == 0


def test_longer_ones_are_whole_multiples():
    assert frames.longer('1m') == ('1m', '5m', '15m', '30m', '1h', '4h', '1d')
    assert frames.longer('15m') == ('15m', '30m', '1h', '4h', '1d')
    assert frames.longer('1d') == ('1d',)
    assert frames.longer('tick:100') == ('tick:100',)


def test_bars_of_five_minutes_are_those_of_their_minutes():
    bars = [bar(minute, 100.0 + minute) for minute in range(4, 12)]
    found = frames.grouped(bars, '5m')
    assert [each.timestamp // MINUTE for each in found] == [5, 10, 15]
    whole = found[1]
    assert (whole.open, whole.close) == (105.0, 110.0)
    assert (whole.high, whole.low, whole.volume) == (112.0, 104.0, 50.0)
    assert [each.closed for each in found] == [True, True, False]
    assert {each.timeframe for each in found} == {'5m'}


def test_their_own_are_left_as_they_are():
    bars = [bar(1, 100.0)]
    assert frames.grouped(bars, '1m') is bars
    assert frames.grouped([], '5m') == []


def test_no_volume_is_lost():
    bars = [bar(minute, 100.0) for minute in range(1, 500, 7)]
    for timeframe in frames.longer('1m'):
        found = frames.grouped(bars, timeframe)
        assert sum(each.volume for each in found) == 10.0 * len(bars)
        stamps = [each.timestamp for each in found]
        assert all(a < b for a, b in itertools.pairwise(stamps))
