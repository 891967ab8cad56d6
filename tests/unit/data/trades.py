"""Trades, quotes and sessions for the tests of bars made of them."""

from hypothesis import strategies as st
import numpy as np

from sting.data import table
from sting.model import market
from sting.model import sessions
from sting.model import timeframes

SECOND = timeframes.UNITS['s']
MINUTE = timeframes.UNITS['m']
DAY = timeframes.DAY


def trades(*rows, symbol='X'):
    """Trades of (stamp, price, size)."""
    return [market.Trade(symbol, *row) for row in rows]


def table_of(rows):
    """A table of trades or quotes, of one symbol or several, sorted."""
    quoted = isinstance(rows[0], market.Quote)
    names = tuple(sorted({row.symbol for row in rows}))
    rows = sorted(rows, key=lambda row: (row.timestamp, row.symbol))
    index = np.array([names.index(row.symbol) for row in rows], np.int32)
    stamps = np.array([row.timestamp for row in rows], np.int64)
    fields = (
        ('bid', 'ask', 'bid_size', 'ask_size')
        if quoted
        else (
            'price',
            'size',
        )
    )
    made = table.QuoteTable if quoted else table.TradeTable
    values = (np.array([getattr(row, each) for row in rows]) for each in fields)
    return made(names, index, stamps, *values)


@st.composite
def hours(draw):
    """Sessions of any lengths on days in a row or not, in 1972."""
    days = [draw(st.integers(800, 830))]
    for gap in draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)):
        days.append(days[-1] + gap)
    always = draw(st.booleans())
    opens, closes = [], []
    for each in days:
        begin = 0 if always else draw(st.sampled_from([810, 870])) * MINUTE
        length = DAY if always else draw(st.integers(1, 500)) * MINUTE
        opens.append(each * DAY + begin)
        closes.append(each * DAY + begin + length)
    return sessions.Sessions(
        calendar='TEST',
        days=(days[0] - 90, *days, days[-1] + 90),
        opens=(opens[0] - 90 * DAY, *opens, closes[-1] + 90 * DAY),
        closes=(opens[0] - 89 * DAY, *closes, closes[-1] + 91 * DAY),
    )


@st.composite
def moments(draw, when):
    """Moments on, beside and between the edges of sessions, sorted."""
    edges = [*when.opens[1:-1], *when.closes[1:-1]]
    near = st.builds(
        lambda edge, minutes, off: edge + minutes * MINUTE + off,
        st.sampled_from(edges),
        st.integers(-200, 200),
        st.sampled_from([0, 0, -1, 1, 7 * SECOND, 31 * SECOND]),
    )
    return sorted(draw(st.lists(near, min_size=1, max_size=40)))


PRICES = st.floats(0.01, 1e6)
SIZES = st.floats(0, 1e5) | st.integers(0, 500).map(float)


@st.composite
def cases(draw, symbols=('A', 'B')):
    """Sessions, and trades of several symbols."""
    when = draw(hours())
    rows = [
        market.Trade(
            draw(st.sampled_from(symbols)), stamp, draw(PRICES), draw(SIZES)
        )
        for stamp in draw(moments(when))
    ]
    return when, sorted(rows, key=lambda row: (row.timestamp, row.symbol))


def slow_end(when, step, stamp):
    """The end of the bar of a trade, edge by edge."""
    for place, close in enumerate(when.closes):
        opening = when.opens[place]
        again = when.opens[place + 1 : place + 2] == (close,)
        if stamp > close or (stamp == close and again):
            continue
        if stamp >= opening:
            end = opening + step
            while end < close and end <= stamp:
                end += step
            return min(end, close)
        end = opening
        while end - step > stamp:
            end -= step
        return end
    raise AssertionError(stamp)
