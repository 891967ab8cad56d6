import math

import numpy as np
import pytest

from sting.model import errors
from sting.strategy import indicators
from sting.strategy.indicators import base

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('kind', 'options', 'message'),
    [
        ('RSI', {'period': 1}, 'RSI: period 1 must be at least 2'),
        ('ATR', {'period': 0}, 'ATR: period 0 must be at least 1'),
        ('ATR', {'period': 2.0}, 'period 2.0 must be an int, at least 1'),
        ('MACD', {'fast': 9, 'slow': 9}, 'slow 9 must be at least 10'),
        ('MACD', {'field': 'mid'}, "field 'mid' must be one of open, high"),
        ('Bollinger', {'period': 1}, 'period 1 must be at least 2'),
        ('Bollinger', {'width': 0}, 'width 0 must be a number above 0'),
        ('Bollinger', {'width': math.nan}, 'width nan must be a number'),
        ('Bollinger', {'field': 'mid'}, "field 'mid' must be one of"),
        ('Keltner', {'width': '2'}, "width '2' must be a number above 0"),
        ('Keltner', {'atr': 0}, 'atr 0 must be at least 1'),
        ('Donchian', {'period': -1}, 'period -1 must be at least 1'),
        ('Stochastic', {'smooth': 0}, 'smooth 0 must be at least 1'),
        ('ADX', {'period': 1}, 'period 1 must be at least 2'),
        ('Volatility', {'bars_per_year': True}, 'bars_per_year True must be'),
        ('VWAP', {'hour': 24}, 'VWAP: hour 24 must be from 0 to 23'),
        ('Deviation', {'period': 1}, 'period 1 must be at least 2'),
        ('Slope', {'period': 1}, 'period 1 must be at least 2'),
        ('ZScore', {'period': 1}, 'period 1 must be at least 2'),
        ('Correlation', {'period': 1}, 'period 1 must be at least 2'),
        ('Correlation', {}, r'give symbols=\(one, other\), or two fields'),
        ('Correlation', {'symbols': ('A',)}, 'must be two names'),
        ('Correlation', {'symbols': 'AB'}, "symbols 'AB' must be two names"),
        ('Correlation', {'symbols': ('A', 'A')}, 'must be two different'),
        ('Correlation', {'fields': ('close', 3)}, 'must be two names'),
        ('RatioZScore', {}, r'give symbols=\(one, other\)'),
    ],
)
def test_an_option_that_is_not_allowed_is_refused(kind, options, message):
    with pytest.raises(errors.StrategyError, match=message):
        getattr(indicators, kind)(**options)


@pytest.mark.parametrize(
    ('indicator', 'name'),
    [
        (indicators.MACD(), 'MACD(12, 26, 9)'),
        (indicators.MACD(field='open'), 'MACD(12, 26, 9, open)'),
        (indicators.Bollinger(20, 2.5), 'Bollinger(20, 2.5)'),
        (indicators.Bollinger(), 'Bollinger(20, 2)'),
        (indicators.SMA(1_000_000), 'SMA(1000000)'),
        (indicators.OBV(), 'OBV()'),
        (indicators.VWAP(), 'VWAP()'),
        (indicators.VWAP(22), 'VWAP(22)'),
    ],
)
def test_the_name_tells_the_options(indicator, name):
    assert indicator.name == name


def test_what_is_divided_by_nothing_is_nothing():
    assert base.ratio(3.0, 0.0) == 0.0
    found = base.ratio(np.array([3.0, 3.0]), np.array([0.0, 2.0]))
    assert found.tolist() == [0.0, 1.5]


def test_an_indicator_of_one_speed_has_no_columns():
    class Last(indicators.Indicator):
        name = 'last'

        def update(self, bar):
            return bar.close

    assert Last().over_columns({}) is None
    assert Last().over_lines({}) is None


def test_an_indicator_of_one_value_has_one_line():
    class Column(indicators.Indicator):
        name = 'column'

        def update(self, bar):
            return bar.close

        def over_columns(self, columns):
            return columns['close']

    (line,) = Column().over_lines({'close': np.array([1.0])})
    assert line.tolist() == [1.0]
