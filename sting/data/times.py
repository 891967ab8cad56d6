"""Timeframes and moments, as text and as nanoseconds."""

import datetime
import re

import numpy as np

from sting.data import table
from sting.model import errors
from sting.model import market

UNITS = {
    's': market.NANOSECONDS,
    'm': 60 * market.NANOSECONDS,
    'h': 3600 * market.NANOSECONDS,
    'd': 86400 * market.NANOSECONDS,
}
_TIMEFRAME = re.compile(r'([1-9][0-9]{0,5})([smhd])')


def timeframe_ns(timeframe: str) -> int:
    """Gives a timeframe's length in nanoseconds.

    Args:
        timeframe: A number and s, m, h or d: '1m', '1d'.

    Raises:
        DataError: It is no timeframe.
    """
    found = _TIMEFRAME.fullmatch(timeframe)
    if found is None:
        raise errors.DataError(
            f'{timeframe!r} is no timeframe; write a number and s, m, h or d, '
            "such as '1m' or '1d'"
        )
    return int(found[1]) * UNITS[found[2]]


def name_timeframe(step: int) -> str | None:
    """Names a length: the largest unit that divides it.

    Args:
        step: Nanoseconds, above 0.

    Returns:
        '5m', '1d', ...; None when it is no whole number of seconds.
    """
    for unit in reversed(UNITS):
        count, rest = divmod(step, UNITS[unit])
        if rest == 0 and count > 0:
            return f'{count}{unit}'
    return None


def common_step(
    timestamp: table.IntArray, symbol_index: table.IndexArray
) -> int | None:
    """Finds the most common time between two rows of one symbol.

    Args:
        timestamp: Nanoseconds, sorted.
        symbol_index: The symbols' numbers.

    Returns:
        Nanoseconds, the shortest if several are as common; None when no
        symbol has two rows.
    """
    order = np.argsort(symbol_index, kind='stable')
    names = symbol_index[order]
    steps = np.diff(timestamp[order])[np.diff(names) == 0]
    steps = steps[steps > 0]
    if not len(steps):
        return None
    values, counts = np.unique(steps, return_counts=True)
    return int(values[int(np.argmax(counts))])


def parse_moment(text: str, *, last: bool = False) -> int:
    """Reads a date or a moment.

    Args:
        text: ISO 8601: '2013-03-01' or '2013-03-01T14:30:00Z'; UTC if no
            zone is given.
        last: A date means its last nanosecond, not its first.

    Returns:
        Nanoseconds since the epoch, UTC.

    Raises:
        DataError: It is neither.
    """
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise errors.DataError(
            f'{text!r} is no date; write 2013-03-01 or 2013-03-01T14:30:00Z'
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    since = moment - datetime.datetime.fromtimestamp(0, tz=datetime.UTC)
    whole = since // datetime.timedelta(microseconds=1) * 1000
    if last and len(text) <= len('2013-03-01'):
        whole += UNITS['d'] - 1
    return whole
