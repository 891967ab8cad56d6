"""Moments: as text, and apart from each other."""

import datetime

import numpy as np

from sting.data import table
from sting.model import errors
from sting.model import timeframes


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
        whole += timeframes.DAY - 1
    return whole
