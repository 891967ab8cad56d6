"""What is wrong and what is odd in bars, quotes and trades."""

from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from sting.data import table
from sting.model import market
from sting.model import timeframes

Columns = Mapping[str, table.FloatArray]
Fault = tuple[int, str]

# A longer silence is a night, a weekend or a holiday, not a hole.
_SESSION_BREAK = timeframes.UNITS['h'] * 4


def bar_fault(columns: Columns) -> Fault | None:
    """Finds the first malformed bar.

    Args:
        columns: open, high, low, close and volume, all finite.

    Returns:
        The row, counted from 0, and what is wrong with it; or None.
    """
    high, low = columns['high'], columns['low']
    checks = [
        *_not_positive(columns, ('open', 'high', 'low', 'close')),
        (high < low, 'high {high} is below low {low}'),
    ]
    for name in ('open', 'close'):
        price = columns[name]
        outside = (price > high) | (price < low)
        text = f'{name} {{{name}}} is outside low {{low}} and high {{high}}'
        checks.append((outside, text))
    checks.append((columns['volume'] < 0, 'volume {volume} is negative'))
    return _first(checks, columns)


def quote_fault(columns: Columns) -> Fault | None:
    """Finds the first malformed quote.

    Args:
        columns: bid, ask, bid_size and ask_size, all finite.

    Returns:
        The row, counted from 0, and what is wrong with it; or None.
    """
    checks = [
        *_not_positive(columns, ('bid', 'ask')),
        (columns['bid_size'] < 0, 'bid_size {bid_size} is negative'),
        (columns['ask_size'] < 0, 'ask_size {ask_size} is negative'),
    ]
    return _first(checks, columns)


def trade_fault(columns: Columns) -> Fault | None:
    """Finds the first malformed trade.

    Args:
        columns: price and size, all finite.

    Returns:
        The row, counted from 0, and what is wrong with it; or None.
    """
    checks = [
        *_not_positive(columns, ('price',)),
        (columns['size'] < 0, 'size {size} is negative'),
    ]
    return _first(checks, columns)


def oddities(bars: table.BarTable) -> Iterator[str]:
    """Says what looks odd in sound bars: holes and bars without volume.

    Args:
        bars: Any bars.

    Yields:
        One sentence each.
    """
    step = timeframes.length(bars.timeframe)
    found = [_Odd() for _ in bars.symbols]
    for rows in table.pieces(len(bars)):
        index, stamps = bars.symbol_index[rows], bars.timestamp[rows]
        volume = bars.volume[rows]
        if len(found) == 1:
            found[0].look(stamps, volume, step)
        else:
            for number in np.unique(index).tolist():
                own = index == number
                found[number].look(stamps[own], volume[own], step)
        bars.release()
    for name, odd in zip(bars.symbols, found, strict=True):
        if odd.idle:
            yield f'{name}: bars without volume: {odd.idle}'
        if odd.after is not None and 0 < step < timeframes.UNITS['d']:
            after = market.to_iso(odd.after)
            yield (
                f'{name}: bars missing: {odd.lacking}, the first after {after}'
            )


class _Odd:
    """What is odd in the bars of a symbol.

    Attributes:
        idle: Bars without volume.
        lacking: Bars that are missing; nights and weekends are none.
        after: The stamp before the first of these; None without one.
    """

    def __init__(self) -> None:
        self.idle = 0
        self.lacking = 0
        self.after: int | None = None
        self._last: list[int] = []

    def look(
        self, stamps: table.IntArray, volume: table.FloatArray, step: int
    ) -> None:
        """Takes the symbol's next bars."""
        self.idle += int((volume == 0).sum())
        stamps = np.concatenate((np.array(self._last, np.int64), stamps))
        self._last = [int(stamps[-1])]
        wait = np.diff(stamps)
        holes = np.flatnonzero((wait > step) & (wait < _SESSION_BREAK))
        if len(holes) and self.after is None:
            self.after = int(stamps[holes[0]])
        if step:
            self.lacking += int((wait[holes] // step - 1).sum())


def _not_positive(
    columns: Columns, names: tuple[str, ...]
) -> list[tuple[npt.NDArray[np.bool_], str]]:
    return [
        (columns[name] <= 0, f'{name} {{{name}}} is not above 0')
        for name in names
    ]


def _first(
    checks: list[tuple[npt.NDArray[np.bool_], str]], columns: Columns
) -> Fault | None:
    """The earliest row that fails a check, with the check's words."""
    found: Fault | None = None
    for failed, text in checks:
        if not failed.any():
            continue
        row = int(failed.argmax())
        if found is None or row < found[0]:
            found = row, text
    if found is None:
        return None
    row, text = found
    values = {name: f'{column[row]:g}' for name, column in columns.items()}
    return row, text.format(**values)
