"""Answers of services taken apart, with errors that name the place."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NoReturn

import numpy as np

from sting.data import calendars
from sting.data import stamps
from sting.data import table
from sting.model import errors


def broken(source: str, symbol: str, what: str) -> NoReturn:
    """Raises that an answer makes no sense.

    Raises:
        errors.SourceBodyError: Always.
    """
    raise errors.SourceBodyError(f'{source}: {symbol}: {what}')


def numbers(
    source: str, symbol: str, name: str, values: Sequence[Any]
) -> table.FloatArray:
    """Reads a column of numbers, which may be written as text.

    Args:
        source: The source, for errors.
        symbol: The instrument, for errors.
        name: The column, for errors.
        values: Numbers, texts of numbers, or None for what is missing.

    Returns:
        The numbers; NaN for what is missing.

    Raises:
        errors.SourceBodyError: One is neither.
    """
    try:
        # A bool is a number to numpy, and none to anybody else.
        if any(isinstance(each, bool) for each in values):
            raise ValueError
        return np.array(
            [np.nan if each is None else float(each) for each in values],
            np.float64,
        )
    except (TypeError, ValueError):
        broken(source, symbol, f'{name} has a value that is no number')


def moments(
    source: str, symbol: str, values: Sequence[Any], unit: int
) -> table.IntArray:
    """Reads a column of times, whole numbers since the epoch.

    Args:
        source: The source, for errors.
        symbol: The instrument, for errors.
        values: As they came.
        unit: How many nanoseconds one is.

    Returns:
        Nanoseconds since the epoch, UTC.

    Raises:
        errors.SourceBodyError: One is no whole number, or not of the years
            1900 to 2200, as where the unit is another.
    """
    for value in values:
        # A bool is an int to Python, and none to anybody else.
        if type(value) is not int:
            broken(source, symbol, f'the time {str(value)[:40]} is no number')
        if not stamps.EARLIEST <= value * unit <= stamps.LATEST:
            broken(source, symbol, f'the time {str(value)[:40]} cannot be')
    return np.array(values, np.int64) * unit


def closes(
    source: str, symbol: str, days: calendars.DateArray, calendar: str
) -> table.IntArray:
    """Gives the closes of sessions.

    Args:
        source: The source, for errors.
        symbol: The instrument, for errors.
        days: What has to be sessions.
        calendar: Of this exchange.

    Raises:
        errors.SourceBodyError: A day is none.
    """
    try:
        wrong = ~calendars.is_session(days, calendar)
    except errors.DataError as error:
        broken(source, symbol, str(error))
    if wrong.any():
        broken(
            source,
            symbol,
            f'{days[wrong][0]} is no session of {calendar}; name the calendar '
            'of its exchange',
        )
    return calendars.session_closes(days, calendar)


def single(
    source: str,
    symbol: str,
    timeframe: str,
    timestamp: table.IntArray,
    columns: Mapping[str, Sequence[Any]],
) -> table.BarTable:
    """Makes a table of one symbol's bars, in the order of their stamps.

    Bars without any price are none: services write them where nothing was
    traded.

    Args:
        source: The source, for errors.
        symbol: The instrument.
        timeframe: Length of a bar.
        timestamp: Closes, nanoseconds since the epoch, UTC.
        columns: open, high, low, close and volume, as they came.

    Raises:
        errors.SourceBodyError: A value is no number, or a column is shorter
            than the times.
    """
    read = {
        name: numbers(source, symbol, name, values)
        for name, values in columns.items()
    }
    for name, values in read.items():
        if len(values) != len(timestamp):
            broken(
                source,
                symbol,
                f'{len(timestamp)} times, but {len(values)} values of {name}',
            )
    prices = [read[name] for name in ('open', 'high', 'low', 'close')]
    traded = ~np.logical_and.reduce([np.isnan(each) for each in prices])
    kept = np.flatnonzero(traded)
    kept = kept[np.argsort(timestamp[kept], kind='stable')]
    return table.BarTable.single(
        symbol,
        timeframe,
        timestamp[kept],
        {name: values[kept] for name, values in read.items()},
    )
