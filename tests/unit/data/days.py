"""Daily bars of New York, for tests of what happens between sessions."""

import datetime

import numpy as np

from sting.data import calendars
from sting.data import table

FIRST = datetime.date(2020, 9, 14)


def session(number):
    """The date of a session, counted from the Monday of FIRST."""
    weeks, day = divmod(number, 5)
    return FIRST + datetime.timedelta(days=7 * weeks + day)


def bars(symbol, *rows):
    """Bars of (open, close[, volume]) on sessions one after another.

    A row that is None leaves its session out.
    """
    kept = [(at, row) for at, row in enumerate(rows) if row is not None]
    dates = np.array([session(at) for at, _ in kept], 'datetime64[D]')
    values = np.array(
        [(*row[:2], row[2] if len(row) > 2 else 1e6) for _, row in kept],
        np.float64,
    )
    first, last, volume = values.T.copy()
    return table.BarTable(
        (symbol,),
        np.zeros(len(kept), np.int32),
        calendars.session_closes(dates),
        open=first,
        high=np.maximum(first, last),
        low=np.minimum(first, last),
        close=last,
        volume=volume,
    )


def flat(symbol, *prices):
    """Bars that stand still at these prices."""
    return bars(
        symbol, *(None if each is None else (each, each) for each in prices)
    )
