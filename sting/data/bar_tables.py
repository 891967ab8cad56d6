"""Bars made of whole tables: of trades, of quotes or of shorter bars.

They are those that `bars` and, of shorter bars, `strategy.resample` make of
the same rows one by one, bit for bit; numpy does what is done for each row.
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses

import numpy as np
import numpy.typing as npt

from sting.data import bars as bars_lib
from sting.data import table
from sting.model import errors
from sting.model import sessions as hours
from sting.model import timeframes

Rows = table.BarTable | table.QuoteTable | table.TradeTable

# How many rows are looked at for the end of a bar that is like the one before.
_AHEAD = 16


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    """What came of it.

    Attributes:
        bars: Of all symbols that have one.
        left: By symbol, how many rows at the beginning or the end are in no
            bar, since theirs is not whole.
    """

    bars: table.BarTable
    left: Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class _Column:
    """The rows of one symbol, as bars.

    Attributes:
        stamp: When each is known, nanoseconds UTC.
        open: First prices.
        high: Highest prices.
        low: Lowest prices.
        close: Last prices.
        volume: Units traded.
    """

    stamp: table.IntArray
    open: table.FloatArray
    high: table.FloatArray
    low: table.FloatArray
    close: table.FloatArray
    volume: table.FloatArray


@dataclasses.dataclass(frozen=True, slots=True)
class _Cut:
    """Where bars begin and end.

    Attributes:
        starts: The first row of each.
        stops: The row after the last of each.
        stamp: When each closes, nanoseconds UTC.
    """

    starts: table.IntArray
    stops: table.IntArray
    stamp: table.IntArray


def build(
    rows: Rows, timeframe: str, sessions: hours.Sessions | None = None
) -> Made:
    """Makes bars of trades, quotes or shorter bars.

    Of trades and quotes, the first and the last bar of time have what there
    is of them. Of shorter bars, only whole ones are made; bars that end with
    what is traded are whole always.

    Args:
        rows: Sorted, as tables are. Of quotes, the mid is the price.
        timeframe: Of the bars to make: '5m', '1d', 'tick:100', ...
        sessions: When the exchange trades; only bars of time need it.

    Raises:
        errors.DataError: Such bars cannot be made of these rows, none is
            whole, or a row is of a year without sessions.
    """
    finer = rows.timeframe if isinstance(rows, table.BarTable) else ''
    bars_lib.check(
        timeframe,
        priced=isinstance(rows, table.QuoteTable),
        counted=not finer,
    )
    cut_of = _cutter(timeframe, finer, sessions)
    made, left = [], {}
    for symbol, picked in rows.split():
        column = _column(rows.take(picked))
        cut = cut_of(column)
        left[symbol] = len(column.stamp) - int((cut.stops - cut.starts).sum())
        if len(cut.stamp):
            made.append(_bars(symbol, timeframe, column, cut))
    if not made:
        raise errors.DataError(
            f'the data have no whole bar of {timeframe}; give more of them'
        )
    bars = table.BarTable.merge(made)
    generated = isinstance(rows, table.BarTable) and rows.generated
    return Made(dataclasses.replace(bars, generated=generated), left)


def _cutter(
    timeframe: str, finer: str, sessions: hours.Sessions | None
) -> Callable[[_Column], _Cut]:
    """Gives what says where bars begin and end."""
    ends = timeframes.traded(timeframe)
    if ends is not None:
        return lambda column: _by_sum(column, ends)
    if sessions is None:
        raise errors.DataError(
            f'bars of {timeframe} need the hours of an exchange'
        )
    if not finer:
        return lambda column: _of_time(column, timeframe, sessions)
    fault = timeframes.mismatch(timeframe, finer)
    if fault:
        raise errors.DataError(fault)
    return lambda column: _of_bars(column, timeframe, finer, sessions)


def _column(rows: Rows) -> _Column:
    stamp = rows.timestamp
    if isinstance(rows, table.BarTable):
        return _Column(
            stamp, rows.open, rows.high, rows.low, rows.close, rows.volume
        )
    if isinstance(rows, table.TradeTable):
        price, size = rows.price, rows.size
    else:
        price, size = (rows.bid + rows.ask) / 2, np.zeros(len(rows))
    return _Column(stamp, price, price, price, price, size)


def _of_time(column: _Column, timeframe: str, sessions: hours.Sessions) -> _Cut:
    """Cuts trades or quotes where bars of time end."""
    stamps = column.stamp
    starts, stops, closes = [], [], []
    row = 0
    while row < len(stamps):
        _, end, closing = bars_lib.span(sessions, timeframe, int(stamps[row]))
        starts.append(row)
        row = int(np.searchsorted(stamps, end + closing))
        stops.append(row)
        closes.append(end)
    return _cut(starts, stops, closes)


def _of_bars(
    column: _Column, timeframe: str, finer: str, sessions: hours.Sessions
) -> _Cut:
    """Cuts shorter bars where whole longer ones end."""
    step = timeframes.length(finer)
    moments = column.stamp
    if step >= timeframes.DAY:
        # A day may be stamped later than its session closes: at midnight.
        moments = np.array(
            [sessions.last_close(each) for each in moments.tolist()], np.int64
        )
    starts, stops, closes = [], [], []
    row, ended = 0, None
    while row < len(moments):
        moment = int(moments[row])
        opens, end = sessions.period(timeframe, moment)
        whole = ended is not None or moment - step <= opens
        if ended is not None and end <= ended:
            _, end = sessions.period(timeframe, ended + 1)
        stop = int(np.searchsorted(moments, end))
        complete = stop < len(moments)
        if complete and moments[stop] == end:
            # The next one begins behind it, also where it has its moment.
            stop += 1
        if complete and whole:
            starts.append(row)
            stops.append(stop)
            closes.append(max(end, int(column.stamp[stop - 1])))
        row, ended = stop, end
    return _cut(starts, stops, closes)


def _by_sum(column: _Column, ends: timeframes.Traded) -> _Cut:
    """Cuts rows where the sum of what is traded is reached."""
    if ends.kind == 'tick':
        size = int(ends.size)
        stops = np.arange(size, len(column.stamp) + 1, size)
    else:
        amount = column.volume
        if ends.kind == 'dollar':
            amount = column.close * column.volume
        stops = _full(amount, bars_lib.enough(ends.size))
    starts = np.concatenate(([0], stops[:-1]))[: len(stops)]
    last = column.stamp[stops - 1]
    # Never two of one moment: each is a nanosecond after the other at least.
    order = np.arange(len(last))
    stamp = np.maximum.accumulate(last - order) + order
    return _cut(starts, stops, stamp)


def _full(amount: table.FloatArray, full: float) -> table.IntArray:
    """Finds the rows behind those that make a sum, from nothing each time."""
    stops: list[int] = []
    row, ahead = 0, _AHEAD
    while row < len(amount):
        # Sums are of the bar alone: those of all rows are rounded otherwise.
        sums = np.cumsum(amount[row : row + ahead])
        place = int(np.searchsorted(sums, full))
        if place < len(sums):
            row += place + 1
            stops.append(row)
            ahead = 2 * place + _AHEAD
        elif row + ahead >= len(amount):
            break
        else:
            ahead *= 2
    return np.array(stops, np.int64)


def _cut(
    starts: npt.ArrayLike, stops: npt.ArrayLike, stamp: npt.ArrayLike
) -> _Cut:
    return _Cut(
        *(np.asarray(each, np.int64) for each in (starts, stops, stamp))
    )


def _bars(
    symbol: str, timeframe: str, column: _Column, cut: _Cut
) -> table.BarTable:
    """Makes the bars of a symbol, at least one."""
    # Rows before the first bar and behind the last are in none.
    used = slice(int(cut.starts[0]), int(cut.stops[-1]))
    places = cut.starts - used.start
    number = np.repeat(np.arange(len(places)), cut.stops - cut.starts)
    return table.BarTable.single(
        symbol,
        timeframe,
        cut.stamp,
        {
            'open': column.open[cut.starts],
            'high': np.maximum.reduceat(column.high[used], places),
            'low': np.minimum.reduceat(column.low[used], places),
            'close': column.close[cut.stops - 1],
            # One after the other, as they are added when they come.
            'volume': np.bincount(number, column.volume[used]),
        },
    )
