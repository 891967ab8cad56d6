"""How far each round trip was against its entry, and in its favour.

Maximum adverse and favourable excursion, Sweeney (1996). They are taken from
the bars' columns after the run, so that a bar costs the run nothing.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

import numpy as np
import numpy.typing as npt

from sting.backtest import trades
from sting.data import actions
from sting.data import calendars
from sting.data import table
from sting.model import orders
from sting.model import records

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# So many are looked at together.
_TRIPS = 1_000


def measured(
    trips: trades.TradeTable,
    bars: table.BarTable,
    found: Sequence[actions.Action] = (),
    calendar: str = calendars.DEFAULT,
) -> trades.TradeTable:
    """Adds the excursions of round trips.

    The bars from the one that was entered on to the one before the last exit
    count whole; the bar of the last exit counts with the exit's price alone.
    A bar that was entered inside, not at its open, counts whole against the
    trip and with its close alone in favour: what came first is not known, and
    the worse is taken.

    Args:
        trips: The round trips, in the order in which they ended.
        bars: What the run was given.
        found: Corporate actions of the run; over a split all counts in the
            units at the trip's end.
        calendar: The exchange's name in exchange_calendars.

    Returns:
        The same with `mae` and `mfe`.
    """
    mae = np.zeros(len(trips))
    mfe = np.zeros(len(trips))
    alone = len(bars.symbols) == 1
    names = np.array(() if alone else trips.symbol)
    for symbol, rows in bars.split():
        own = np.flatnonzero(names == symbol)
        if alone or len(own):
            picked = trips if alone else trips.take(own)
            mine = [
                each
                for each in actions.of_kind(found, records.ActionKind.SPLIT)
                if each.symbol == symbol
            ]
            if mine:
                picked, part = _fitted(picked, bars.take(rows), mine, calendar)
            else:
                part = _needed(bars, rows)
            for some in _some(len(picked)):
                there = some if alone else own[some]
                mae[there], mfe[there] = _of_some(picked, some, part)
                part.release()
    return dataclasses.replace(trips, mae=mae, mfe=mfe)


def _needed(
    bars: table.BarTable, rows: table.RowArray | slice
) -> table.BarTable:
    """Gives rows without the columns that trips are not measured on.

    Of a large table all of them would be much memory.
    """
    if isinstance(rows, slice):
        return bars.take(rows)
    close = bars.close[rows]
    return dataclasses.replace(
        bars,
        timestamp=bars.timestamp[rows],
        open=close,
        high=bars.high[rows],
        low=bars.low[rows],
        close=close,
        volume=close,
    )


def _fitted(
    trips: trades.TradeTable,
    bars: table.BarTable,
    found: Sequence[actions.Action],
    calendar: str,
) -> tuple[trades.TradeTable, table.BarTable]:
    """Gives trips and bars in the units of the last bar."""
    made = actions.factors(bars, found, calendar)
    scale = made.price[made.place(trips.exit_time)]
    fitted = dataclasses.replace(
        trips,
        entry_price=trips.entry_price * scale,
        exit_price=trips.exit_price * scale,
    )
    return fitted, actions.adjusted(
        bars, found, actions.View.BACK, calendar=calendar
    )


def _some(count: int) -> Iterator[slice]:
    """Gives round trips, as many as are looked at together."""
    for start in range(0, count, _TRIPS):
        yield slice(start, min(start + _TRIPS, count))


def _of_some(
    trips: trades.TradeTable, some: slice, bars: table.BarTable
) -> tuple[FloatArray, FloatArray]:
    """Gives the excursions of some of one symbol's round trips."""
    first = np.searchsorted(bars.timestamp, trips.entry_time[some])
    end = np.searchsorted(bars.timestamp, trips.exit_time[some])
    inside = (~trips.at_open[some]) & (first < end)
    after = first + inside
    entry, leave = trips.entry_price[some], trips.exit_price[some]
    close = np.where(
        inside, bars.close[np.minimum(first, len(bars) - 1)], entry
    )
    long = np.array([side is orders.OrderSide.BUY for side in trips.side[some]])
    best = np.where(
        long,
        _extremes(np.maximum, bars.high, after, end, leave),
        -_extremes(np.minimum, bars.low, after, end, leave),
    )
    worst = np.where(
        long,
        _extremes(np.minimum, bars.low, first, end, leave),
        -_extremes(np.maximum, bars.high, first, end, leave),
    )
    sign = np.where(long, 1.0, -1.0)
    best = np.maximum(best, sign * close)
    return (
        np.minimum((worst - sign * entry) / entry, 0.0),
        np.maximum((best - sign * entry) / entry, 0.0),
    )


def _extremes(
    pick: np.ufunc,
    values: FloatArray,
    first: IntArray,
    end: IntArray,
    exits: FloatArray,
) -> FloatArray:
    """Gives the extreme from each first up to its end, and of the exit."""
    # A part of a large table: trips come by their ends.
    low, high = int(first.min()), int(end.max())
    # reduceat wants places inside the array and takes one value for none.
    padded = np.append(values[low:high], 0.0)
    places = np.stack((first, end), axis=1).ravel() - low
    found = pick.reduceat(padded, places)[::2]
    return np.where(first < end, pick(found, exits), exits)
