"""All indicators with options, and bars for them."""

from hypothesis import strategies as st
import numpy as np

from sting.strategy import indicators
from tests.unit.strategy import samples

FIELDS = ('open', 'high', 'low', 'close', 'volume')
DAY = 86_400_000_000_000
# Of one symbol; what is of two has one speed.
KINDS = [
    (indicators.SMA, {'period': 3}),
    (indicators.EMA, {'period': 3}),
    (indicators.WMA, {'period': 4}),
    (indicators.RSI, {'period': 3}),
    (indicators.ROC, {'period': 2}),
    (indicators.MACD, {'fast': 2, 'slow': 5, 'signal': 3}),
    (indicators.ADX, {'period': 3}),
    (indicators.ATR, {'period': 3}),
    (indicators.Volatility, {'period': 4}),
    (indicators.Bollinger, {'period': 3, 'width': 1.5}),
    (indicators.Keltner, {'period': 3, 'atr': 4, 'width': 1.5}),
    (indicators.Donchian, {'period': 5}),
    (indicators.Stochastic, {'period': 5, 'smooth': 3, 'signal': 2}),
    (indicators.OBV, {}),
    (indicators.VWAP, {'hour': 7}),
    (indicators.Mean, {'period': 3}),
    (indicators.Deviation, {'period': 4}),
    (indicators.ZScore, {'period': 4}),
    (indicators.Slope, {'period': 4}),
    (indicators.Correlation, {'period': 4, 'fields': ('close', 'volume')}),
]
IDS = [kind.__name__ for kind, _ in KINDS]

_ANY = st.floats(
    min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False
)
_PRICES = st.floats(min_value=0.5, max_value=2000.0)
_FEW = st.sampled_from([0.1, 0.3, 1.0, 1e300, 5e-324])


@st.composite
def columns(draw, max_size=60):
    """Any finite positive bars: also equal, huge and tiny ones."""
    size = draw(st.integers(min_value=0, max_value=max_size))
    values = draw(st.sampled_from([_ANY, _PRICES, _FEW, st.just(0.1)]))
    found = {
        field: np.array(
            draw(st.lists(values, min_size=size, max_size=size)), np.float64
        )
        for field in FIELDS
    }
    steps = draw(
        st.lists(
            st.integers(min_value=1, max_value=DAY),
            min_size=size,
            max_size=size,
        )
    )
    found['timestamp'] = np.cumsum(np.array(steps, np.int64))
    return found


def walk(size, seed=1):
    """A random walk of a price, with ranges and volumes."""
    draw = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(draw.normal(0, 0.01, size)))
    before = np.concatenate([[100.0], close[:-1]])
    reach = np.abs(draw.normal(0, 0.005, (2, size)))
    return {
        'timestamp': np.arange(1, size + 1, dtype=np.int64) * (DAY // 24),
        'open': before,
        'high': np.maximum(before, close) * (1 + reach[0]),
        'low': np.minimum(before, close) * (1 - reach[1]),
        'close': close,
        'volume': draw.integers(100, 10_000, size).astype(np.float64),
    }


def bars(table, symbol='X'):
    rows = zip(*(each.tolist() for each in table.values()), strict=True)
    for row in rows:
        named = dict(zip(table, row, strict=True))
        yield samples.bar(named.pop('close'), symbol=symbol, **named)


def step(indicator, table):
    """The lines that `update` gives, bar by bar."""
    found = []
    for bar in bars(table):
        main = indicator.update(bar)
        lines = indicator.values or (main,)
        assert samples.same(lines[0], main)
        found.append(lines)
    width = len(indicator.lines) or 1
    return np.array(found, np.float64).reshape(len(found), width).T
