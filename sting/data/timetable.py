"""When the bars of an exchange close, from a day on, a part at a time."""

from collections.abc import Iterator
import dataclasses

import numpy as np
import numpy.typing as npt

from sting.data import calendars
from sting.data import table
from sting.model import errors
from sting.model import market
from sting.model import timeframes

# Beyond this year files are not read.
_LAST = 2199


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some bars, one after the other.

    Attributes:
        stamps: When they close, nanoseconds since the epoch, UTC.
        share: What part of a session each is.
        first: Whether it is the first one of a session.
    """

    stamps: table.IntArray
    share: table.FloatArray
    first: npt.NDArray[np.bool_]


def parts(
    timeframe: str, calendar: str, start: int, count: int, size: int
) -> Iterator[Part]:
    """Gives when bars close.

    Args:
        timeframe: Their length, a day at most.
        calendar: The exchange's name in exchange_calendars, or 24/7.
        start: The first moment, nanoseconds since the epoch, UTC; the first
            bar is of the next session that opens then or later.
        count: How many bars.
        size: How many a part has at most.

    Raises:
        errors.DataError: There is no such timeframe or calendar, or the
            calendar ends before the last bar.
    """
    step = timeframes.length(timeframe)
    fault = timeframes.fault(timeframe)
    if fault or not 0 < step <= timeframes.DAY:
        raise errors.DataError(
            fault or f'bars of {timeframe} cannot be made up; use 1d or shorter'
        )
    size = min(size, count)
    made = (
        _always(step, start, count, size)
        if calendar == calendars.ALWAYS
        else _sessions(step, calendar, start, size)
    )
    left = count
    for part in made:
        if len(part.stamps) >= left:
            yield Part(part.stamps[:left], part.share[:left], part.first[:left])
            return
        left -= len(part.stamps)
        yield part
    raise errors.DataError(
        f'{count:,} bars of {timeframe} are more than {calendar} has from '
        f'{market.to_iso(start)[:10]} on; give fewer, more symbols, an '
        'earlier start, shorter bars or the calendar 24/7'
    )


def _always(step: int, start: int, count: int, size: int) -> Iterator[Part]:
    """Gives the bars of what never closes; its days begin at midnight."""
    first = -(-start // timeframes.DAY) * timeframes.DAY
    last = np.datetime64(f'{_LAST}-01-01', 'ns').astype(np.int64)
    most = min(count, (int(last) - first) // step)
    for done in range(0, most, size):
        number = np.arange(done, min(done + size, most))
        opens = first + number * step
        yield Part(
            opens + step,
            np.full(len(number), step / timeframes.DAY),
            opens % timeframes.DAY == 0,
        )


def _sessions(
    step: int, calendar: str, start: int, size: int
) -> Iterator[Part]:
    """Gives the bars of sessions; those in a break are left out."""
    hours = calendars.sessions(calendar, start)
    begin = int(np.searchsorted(hours.opens, start))
    kept: list[Part] = []
    held = 0
    for opens, closes in zip(
        hours.opens[begin:], hours.closes[begin:], strict=True
    ):
        kept.append(_session(step, opens, closes))
        held += len(kept[-1].stamps)
        if held >= size:
            yield from _cut(kept, size)
            kept, held = [], 0
    if kept:
        yield from _cut(kept, size)


def _session(step: int, opens: int, closes: int) -> Part:
    """Gives the bars of a session, as `Sessions.period` has them."""
    if step == timeframes.DAY:
        stamps = np.array([closes])
    else:
        stamps = np.minimum(
            np.arange(opens + step, closes + step, step), closes
        )
    share = np.diff(stamps, prepend=opens) / (closes - opens)
    return Part(stamps, share, np.arange(len(stamps)) == 0)


def _cut(kept: list[Part], size: int) -> Iterator[Part]:
    stamps = np.concatenate([each.stamps for each in kept])
    share = np.concatenate([each.share for each in kept])
    first = np.concatenate([each.first for each in kept])
    for start in range(0, len(stamps), size):
        rows = slice(start, start + size)
        yield Part(stamps[rows], share[rows], first[rows])
