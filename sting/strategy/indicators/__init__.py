"""Indicators, under one name: `strategy.indicators.RSI`.

The names are imported here on purpose: this is the facade for users. sting's
own modules import the modules that define them.
"""

from sting.strategy.indicators.averages import EMA
from sting.strategy.indicators.averages import SMA
from sting.strategy.indicators.averages import WMA
from sting.strategy.indicators.base import Columns
from sting.strategy.indicators.base import FloatArray
from sting.strategy.indicators.base import Indicator
from sting.strategy.indicators.cross import crossed_above
from sting.strategy.indicators.cross import crossed_below
from sting.strategy.indicators.cross import crossings
from sting.strategy.indicators.momentum import ROC
from sting.strategy.indicators.momentum import RSI
from sting.strategy.indicators.pairs import Correlation
from sting.strategy.indicators.pairs import RatioZScore
from sting.strategy.indicators.ranges import Donchian
from sting.strategy.indicators.ranges import Stochastic
from sting.strategy.indicators.statistics import Deviation
from sting.strategy.indicators.statistics import Mean
from sting.strategy.indicators.statistics import Slope
from sting.strategy.indicators.statistics import ZScore
from sting.strategy.indicators.trend import ADX
from sting.strategy.indicators.trend import MACD
from sting.strategy.indicators.volatility import ATR
from sting.strategy.indicators.volatility import Bollinger
from sting.strategy.indicators.volatility import Keltner
from sting.strategy.indicators.volatility import Volatility
from sting.strategy.indicators.volume import OBV
from sting.strategy.indicators.volume import VWAP

__all__ = [
    'ADX',
    'ATR',
    'EMA',
    'MACD',
    'OBV',
    'ROC',
    'RSI',
    'SMA',
    'VWAP',
    'WMA',
    'Bollinger',
    'Columns',
    'Correlation',
    'Deviation',
    'Donchian',
    'FloatArray',
    'Indicator',
    'Keltner',
    'Mean',
    'RatioZScore',
    'Slope',
    'Stochastic',
    'Volatility',
    'ZScore',
    'crossed_above',
    'crossed_below',
    'crossings',
]
