"""Tables and files of bars that the tests of market data share."""

from hypothesis import strategies as st
import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from sting.data import raw
from sting.data import table
from sting.data import times
from sting.model import timeframes

MINUTE = timeframes.UNITS['m']
NOON = times.parse_moment('2013-03-01T17:00:00Z')
HEADER = 'timestamp,open,high,low,close,volume'

_PRICES = st.floats(0.01, 1e6, allow_nan=False)


@st.composite
def bar_tables(draw, symbols=('A', 'B', 'C'), min_size=1):
    """Bars of one minute each, at most one of a symbol and minute."""
    places = draw(
        st.sets(
            st.tuples(st.integers(0, 50), st.integers(0, len(symbols) - 1)),
            min_size=min_size,
            max_size=30,
        )
    )
    rows = [
        (*sorted(draw(st.tuples(_PRICES, _PRICES, _PRICES, _PRICES))), volume)
        for volume in draw(
            st.lists(
                st.integers(0, 10**9),
                min_size=len(places),
                max_size=len(places),
            )
        )
    ]
    return make(sorted(places), rows, symbols)


def make(places, rows, symbols=('A',), timeframe='1m', generated=False):
    """Makes bars: their places, and low, open, close, high, volume of each."""
    values = np.array(rows, np.float64).reshape(len(places), 5)
    return table.BarTable(
        tuple(symbols),
        np.array([symbol for _, symbol in places], np.int32),
        np.array([NOON + minute * MINUTE for minute, _ in places], np.int64),
        open=values[:, 1],
        high=values[:, 3],
        low=values[:, 0],
        close=values[:, 2],
        volume=values[:, 4],
        timeframe=timeframe,
        generated=generated,
    )


def flat(minutes, price=10.0, symbol='A', timeframe='1m'):
    """Makes bars of one symbol that stand still."""
    rows = [(price, price, price, price, 1.0)] * len(minutes)
    return make([(each, 0) for each in minutes], rows, (symbol,), timeframe)


def arrow(bars):
    """Turns bars into a table for a file, stamped with their openings."""
    step = timeframes.length(bars.timeframe)
    stamp = pa.array(bars.timestamp - step, pa.timestamp('ns', 'UTC'))
    names = [bars.symbols[each] for each in bars.symbol_index]
    numbers = {name: pa.array(getattr(bars, name)) for name in raw.BARS}
    return pa.table({'symbol': names, 'timestamp': stamp, **numbers})


def write(bars, path):
    """Writes bars as CSV or Parquet, by the path's name."""
    if path.suffix == '.csv':
        arrow_csv.write_csv(arrow(bars), path)
    else:
        parquet.write_table(arrow(bars), path)


def text(path, *lines, header=HEADER):
    """Writes a CSV file line by line."""
    path.write_text('\n'.join([header, *lines]) + '\n')
    return path
