"""Splits that bars show or do not show: raw and adjusted prices told apart."""

from collections.abc import Iterator
from collections.abc import Sequence
import datetime
import math

import numpy as np

from sting.data import actions
from sting.data import calendars
from sting.data import table
from sting.data.quality import rules
from sting.model import market
from sting.model import records
from sting.model import timeframes

_K = records.ActionKind
# Below this a split's jump is not to be told from a day's change.
_CLEAR = math.log(1.25)
# How near a jump has to be to a usual ratio, as a fraction.
_NEAR = 0.05
_SHOWN = 3


def applicable(
    bars: table.BarTable,
    found: Sequence[actions.Action],
    calendar: str = calendars.DEFAULT,
) -> tuple[tuple[actions.Action, ...], list[str]]:
    """Leaves out the splits that prices are adjusted for already.

    At a split of n for 1 a raw price opens near 1/n of the close before; an
    adjusted one opens near it. What lies nearer decides. A split too small
    for that goes by the symbol's others.

    Args:
        bars: As they are.
        found: Actions, in their order.
        calendar: The exchange's name in exchange_calendars.

    Returns:
        What is to be applied, and a sentence for each symbol with adjusted
        prices.

    Raises:
        errors.DataError: There is no such calendar, or it lacks the year.
    """
    kept, warnings = list(found), []
    for symbol, own in bars.split():
        mine = [
            each
            for each in found
            if each.symbol == symbol and each.kind is _K.SPLIT
        ]
        if not mine:
            continue
        part = bars.take(own)
        raw = [_is_raw(part, each, calendar) for each in mine]
        told = [each for each in raw if each is not None]
        others = all(told) if told else True
        gone = [
            each
            for each, is_raw in zip(mine, raw, strict=True)
            if not (others if is_raw is None else is_raw)
        ]
        if gone:
            kept = [each for each in kept if each not in gone]
            warnings.append(_told(symbol, gone, found))
    return tuple(kept), warnings


def _is_raw(
    bars: table.BarTable, split: actions.Action, calendar: str
) -> bool | None:
    """Whether prices show a split; None where that cannot be told."""
    at = actions.moment(split, calendar)
    row = int(np.searchsorted(bars.timestamp, at, 'right'))
    wanted = -math.log(split.value or 1.0)
    if not 0 < row < len(bars) or abs(wanted) < _CLEAR:
        return None
    jump = math.log(bars.open[row] / bars.close[row - 1])
    return abs(jump - wanted) < abs(jump)


def _told(
    symbol: str,
    gone: Sequence[actions.Action],
    found: Sequence[actions.Action],
) -> str:
    days = ', '.join(str(each.day) for each in gone[:_SHOWN])
    more = '' if len(gone) <= _SHOWN else f' and {len(gone) - _SHOWN} more'
    text = (
        f'{symbol}: the prices are adjusted for splits already, so those of '
        f'{days}{more} are not applied'
    )
    if any(e.symbol == symbol and e.kind is _K.DIVIDEND for e in found):
        text += (
            '; its dividends are, in full: take them out if the prices are '
            'adjusted for dividends too'
        )
    return text


def unexplained(
    bars: table.BarTable,
    found: Sequence[actions.Action] = (),
    calendar: str = calendars.DEFAULT,
) -> Iterator[str]:
    """Tells of jumps between two days that look like unadjusted splits.

    Args:
        bars: As they are.
        found: Actions that are known.
        calendar: The exchange's name in exchange_calendars.

    Yields:
        One sentence for each symbol with such jumps.

    Raises:
        errors.DataError: There is no such calendar, or it lacks the year.
    """
    for symbol, own in bars.split():
        before, after = _nights(bars, own)
        jump = np.log(bars.open[after] / bars.close[before])
        over = np.flatnonzero(np.abs(jump) > _CLEAR)
        bars.release()
        known = [
            actions.moment(each, calendar)
            for each in found
            if each.symbol == symbol and each.kind is not _K.DIVIDEND
        ]
        odd = []
        for night in over.tolist():
            first = bars.timestamp[before[night]]
            last = bars.timestamp[after[night]]
            nearest = -math.log(rules.split_ratio(float(jump[night])))
            explained = any(first <= each < last for each in known)
            if not explained and abs(jump[night] - nearest) < _NEAR:
                odd.append((int(last), nearest))
        if odd:
            yield _sentence(symbol, odd)


def _nights(
    bars: table.BarTable, own: table.RowArray | slice
) -> tuple[table.IntArray, table.IntArray]:
    """Gives a symbol's rows before and after each change of the day.

    No more than a piece of a large table is looked at together.
    """
    count = len(bars) if isinstance(own, slice) else len(own)
    before = [np.empty(0, np.int64)]
    after = [np.empty(0, np.int64)]
    for piece in table.pieces(count - 1):
        rows = np.arange(piece.start, piece.stop + 1)
        if not isinstance(own, slice):
            rows = own[rows]
        nights = np.flatnonzero(np.diff(bars.timestamp[rows] // timeframes.DAY))
        before.append(rows[nights])
        after.append(rows[nights + 1])
        bars.release()
    return np.concatenate(before), np.concatenate(after)


def _sentence(symbol: str, odd: Sequence[tuple[int, float]]) -> str:
    """Says where prices jump as at a split."""
    stamp, jump = odd[0]
    new = math.exp(-jump)
    ratio = f'{new:g}:1' if new > 1 else f'1:{1 / new:g}'
    day: datetime.date = market.to_datetime(stamp).date()
    more = f', and {len(odd) - 1} more' if len(odd) > 1 else ''
    return (
        f'{symbol}: the price jumps at {day} as at a split of {ratio}{more}; '
        'if it was one, name it with --actions'
    )
