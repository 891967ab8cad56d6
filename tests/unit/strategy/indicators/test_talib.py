"""Held against TA-Lib, to 1e-9."""

import numpy as np
import pytest
import talib

from sting.strategy import indicators
from tests.unit.strategy.indicators import kinds

pytestmark = pytest.mark.unit

# What is ours, and what TA-Lib has for it, line by line; None for a line that
# it does not have.
PAIRS = [
    (indicators.SMA(10), lambda b: [talib.SMA(b['close'], 10)]),
    (indicators.EMA(10), lambda b: [talib.EMA(b['close'], 10)]),
    (indicators.WMA(10), lambda b: [talib.WMA(b['close'], 10)]),
    (indicators.Mean(10), lambda b: [talib.SMA(b['close'], 10)]),
    (indicators.RSI(14), lambda b: [talib.RSI(b['close'], 14)]),
    (indicators.RSI(2), lambda b: [talib.RSI(b['close'], 2)]),
    (indicators.ROC(5), lambda b: [talib.ROC(b['close'], 5)]),
    (indicators.MACD(), lambda b: talib.MACD(b['close'])),
    (indicators.MACD(3, 10, 4), lambda b: talib.MACD(b['close'], 3, 10, 4)),
    (
        indicators.ADX(),
        lambda b: [
            talib.ADX(b['high'], b['low'], b['close'], 14),
            talib.PLUS_DI(b['high'], b['low'], b['close'], 14),
            talib.MINUS_DI(b['high'], b['low'], b['close'], 14),
        ],
    ),
    (
        indicators.ATR(),
        lambda b: [talib.ATR(b['high'], b['low'], b['close'], 14)],
    ),
    (
        indicators.ATR(1),
        lambda b: [talib.TRANGE(b['high'], b['low'], b['close'])],
    ),
    (
        indicators.Bollinger(20, 2.5),
        lambda b: [
            talib.BBANDS(b['close'], 20, 2.5, 2.5)[n] for n in (1, 0, 2)
        ],
    ),
    (
        indicators.Donchian(20),
        lambda b: [
            talib.MIDPRICE(b['high'], b['low'], 20),
            talib.MAX(b['high'], 20),
            talib.MIN(b['low'], 20),
        ],
    ),
    (
        indicators.Stochastic(),
        lambda b: talib.STOCH(b['high'], b['low'], b['close'], 14, 3, 0, 3, 0),
    ),
    (indicators.OBV(), lambda b: [talib.OBV(b['close'], b['volume'])]),
    (indicators.Deviation(10), lambda b: [talib.STDDEV(b['close'], 10)]),
    (indicators.Slope(10), lambda b: [talib.LINEARREG_SLOPE(b['close'], 10)]),
    (
        indicators.Correlation(20, fields=('close', 'volume')),
        lambda b: [talib.CORREL(b['close'], b['volume'], 20)],
    ),
]


@pytest.mark.parametrize('seed', [1, 2, 3])
@pytest.mark.parametrize(
    ('ours', 'theirs'), PAIRS, ids=[ours.name for ours, _ in PAIRS]
)
def test_lines_are_talibs(ours, theirs, seed):
    table = kinds.walk(2000, seed)
    expected = theirs(table)
    lines = ours.over_lines(table)
    for line, other in zip(lines, expected, strict=True):
        # TA-Lib gives no line before it has all.
        known = ~np.isnan(other)
        assert known.sum() > 1900
        assert not np.isnan(line[known]).any()
        # Near 0 TA-Lib has the rounding error of the prices themselves.
        size = max(np.abs(other[known]).max(), table['close'].max())
        np.testing.assert_allclose(
            line[known], other[known], rtol=1e-9, atol=1e-12 * size
        )


@pytest.mark.parametrize(
    ('ours', 'theirs'), PAIRS, ids=[ours.name for ours, _ in PAIRS]
)
def test_both_have_the_first_value_at_the_same_bar(ours, theirs):
    table = kinds.walk(200)
    last = ours.over_lines(table)[-1]
    other = theirs(table)[-1]
    assert np.isnan(last).sum() == np.isnan(other).sum()


def test_prices_that_never_change_give_what_talib_gives():
    table = {name: np.full(60, 7.3) for name in kinds.FIELDS}
    flat = table['close']
    assert indicators.RSI(14).over(flat)[-1] == talib.RSI(flat, 14)[-1] == 0
    assert indicators.ADX(5).over_columns(table)[-1] == 0
    assert talib.ADX(flat, flat, flat, 5)[-1] == 0
    assert indicators.Stochastic().over_columns(table)[-1] == 0
    assert talib.STOCH(flat, flat, flat)[0][-1] == 0
    assert indicators.ROC(3).over(flat)[-1] == 0


def test_a_market_that_stands_still_leaves_no_noise():
    moving = kinds.walk(100)
    rest = np.full(5000, moving['close'][-1])
    table = {
        name: np.concatenate([column, rest]) for name, column in moving.items()
    }
    close = table['close']
    bars = table['high'], table['low'], close
    rsi = indicators.RSI(5).over(close)
    adx, plus, minus = indicators.ADX(5).over_lines(table)
    # While there are digits left, all is as in TA-Lib.
    np.testing.assert_allclose(
        rsi[:3000], talib.RSI(close, 5)[:3000], rtol=1e-9
    )
    np.testing.assert_allclose(
        adx[:3000], talib.ADX(*bars, 5)[:3000], rtol=1e-9
    )
    assert rsi[-1] == plus[-1] == minus[-1] == 0
    assert adx[-1] == adx[-2] > 0
