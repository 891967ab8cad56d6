"""Bars of an event log: what a session was given, to be played again."""

import array
import pathlib
from typing import Final

import numpy as np

from sting.data import table
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import timeframes

_SQLITE: Final = b'SQLite format 3\0'
# How a feed whose bars are made up is connected.
GENERATED: Final = 'generated bars'


def is_log(path: str | pathlib.Path) -> bool:
    """Whether a file is a database, and so meant as an event log.

    Args:
        path: Any file; one that cannot be read is none.
    """
    try:
        with pathlib.Path(path).open('rb') as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except (OSError, ValueError):
        return False


def read(path: pathlib.Path, timeframe: str | None = None) -> table.BarTable:
    """Reads the closed bars of a log; of two of one stamp, the later one.

    Args:
        path: The log, which an engine may be writing.
        timeframe: Length of a bar; None where the log has bars of one length.

    Raises:
        errors.DataError: It is no log, cannot be read, or has no such bars.
    """
    # It imports sqlite3, and few data are a log.
    from sting.engine import reader  # noqa: PLC0415

    try:
        by_frame = _read(path)
        states = reader.payloads(path, events.EventType.SYSTEM_STATUS)
        generated = any(each.detail == GENERATED for each in states)
    except errors.JournalError as error:
        raise errors.DataError(str(error)) from None
    if not by_frame:
        raise errors.DataError('the log has no bars', path=path)
    known = ' and '.join(sorted(by_frame))
    if timeframe is None and len(by_frame) > 1:
        raise errors.DataError(
            f'the log has bars of {known}; name one with timeframe', path=path
        )
    frame = timeframe or known
    if frame not in by_frame:
        raise errors.DataError(
            f'the log has no bars of {frame}, but of {known}', path=path
        )
    return by_frame[frame].table(frame, generated)


class _Bars:
    """Bars of one timeframe, as they are read."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._index = array.array('i')
        self._stamps = array.array('q')
        self._values = array.array('d')

    def add(self, bar: market.MarketData) -> None:
        place = self._names.setdefault(bar.symbol, len(self._names))
        self._index.append(place)
        self._stamps.append(bar.timestamp)
        self._values.extend(
            (bar.open, bar.high, bar.low, bar.close, bar.volume)
        )

    def table(self, timeframe: str, generated: bool) -> table.BarTable:
        """Gives them sorted, the last one of each symbol and stamp."""
        names = sorted(self._names)
        place = np.empty(len(names), np.int32)
        for number, name in enumerate(names):
            place[self._names[name]] = number
        index = place[np.frombuffer(self._index, np.int32)]
        stamps = np.frombuffer(self._stamps, np.int64)
        values = np.frombuffer(self._values, np.float64).reshape(-1, 5)
        # Equal ones stay in the order in which they came.
        order = np.lexsort((index, stamps))
        index, stamps, values = index[order], stamps[order], values[order]
        last = np.append((np.diff(stamps) != 0) | (np.diff(index) != 0), True)
        opening, high, low, close, volume = values[last].T.copy()
        return table.BarTable(
            tuple(names),
            index[last],
            stamps[last],
            opening,
            high,
            low,
            close,
            volume,
            timeframe,
            generated,
        )


def _read(path: pathlib.Path) -> dict[str, _Bars]:
    from sting.engine import reader  # noqa: PLC0415 - as in `read`

    found: dict[str, _Bars] = {}
    for bar in reader.payloads(path, events.EventType.MARKET_DATA):
        if bar.closed and not timeframes.fault(bar.timeframe):
            found.setdefault(bar.timeframe, _Bars()).add(bar)
    return found
