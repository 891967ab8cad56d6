"""What the columns of a file are: numbers, symbols, a timeframe."""

import dataclasses
import pathlib

import numpy as np

from sting.data import raw
from sting.data import stamps
from sting.data import table
from sting.data import times
from sting.model import errors
from sting.model import timeframes


def columns(
    file: raw.RawFile, needed: tuple[str, ...]
) -> dict[str, table.FloatArray]:
    """Gives the columns of numbers that are needed."""
    if not any(name in file.columns for name in raw.TIMES):
        raise file.missing('timestamp')
    for name in needed:
        if name not in file.columns:
            raise file.missing(name)
    return {name: file.numbers(name) for name in needed}


def symbols_of(
    file: raw.RawFile, wanted: tuple[str, ...] | None
) -> tuple[tuple[str, ...], table.IndexArray]:
    """Gives the file's symbols in alphabetical order, and each row's."""
    said = file.said.get('symbol')
    if said is not None and not raw.is_symbol(said):
        raise errors.DataError(
            f'{raw.show(said)}, the name of its folder, is no symbol',
            path=file.path,
        )
    if 'symbol' in file.columns:
        names, index = file.symbols()
        if said is not None and names != (said,):
            row = int(np.argmax(np.array(names)[index] != said))
            raise file.fault(
                row,
                f'symbol is {names[index[row]]}, and the name of its folder '
                f'says {said}',
            )
        return names, index
    stem = pathlib.Path(file.path).stem
    if said is not None:
        name = said
    elif wanted is None or (len(wanted) > 1 and stem in wanted):
        name = stem
    elif len(wanted) == 1:
        name = wanted[0]
    else:
        raise errors.DataError(
            'the file has no column symbol, so exactly one symbol must be '
            f'named for it, not {len(wanted)}',
            path=file.path,
        )
    return (name,), np.zeros(len(file), np.int32)


def timeframe_of(
    file: raw.RawFile,
    how: stamps.Reading,
    moments: stamps.Moments,
    timestamp: table.IntArray,
    index: table.IndexArray,
) -> str:
    """Takes the timeframe that was given, or infers it."""
    how = said_with(file, how)
    told = said(file, how)
    if moments.sessions:
        return _session_timeframe(file, told or how.timeframe)
    if told is not None:
        return told
    return named(times.common_step(timestamp, index), file.path, how)


def said_with(file: raw.RawFile, how: stamps.Reading) -> stamps.Reading:
    """Adds the timeframe that the name of a file's folder says.

    Args:
        file: The file.
        how: What was given; it counts before the name.

    Raises:
        DataError: It says none that there is.
    """
    said = file.said.get('timeframe')
    if how.timeframe is not None or said is None:
        return how
    fault = timeframes.fault(said)
    if fault:
        raise errors.DataError(
            f'the name of its folder: {fault}', path=file.path
        )
    return dataclasses.replace(how, timeframe=said)


def said(file: raw.RawFile, how: stamps.Reading) -> str | None:
    """Gives the timeframe that a file says its bars have; None without one.

    Args:
        file: It.
        how: What was given.

    Raises:
        DataError: That is another one.
    """
    told = file.timeframe()
    if (
        told is not None
        and how.timeframe is not None
        and not _same(told, how.timeframe)
    ):
        raise errors.DataError(
            f'the file says that its bars are of {told}, not of '
            f'{how.timeframe}; leave timeframe out',
            path=file.path,
        )
    return told


def _same(one: str, other: str) -> bool:
    """Whether timeframes mean the same bars: 60m and 1h do."""
    length = timeframes.length(one)
    if not length:
        # Bars of ticks and of volume both have none.
        return one == other
    return length == timeframes.length(other)


def named(step: int | None, path: str, how: stamps.Reading) -> str:
    """Takes the timeframe that was given, or that of a step.

    Args:
        step: The most common time between two rows, nanoseconds; None where
            there are no two.
        path: The file.
        how: What was given.

    Raises:
        DataError: There is neither, or they do not go together.
    """
    inferred = None if step is None else timeframes.name(step)
    if how.timeframe is None:
        if inferred is None:
            raise errors.DataError(
                'the length of a bar does not show in the file; '
                "name it, such as timeframe '1m'",
                path=path,
            )
        return inferred
    if step is not None and step < timeframes.length(how.timeframe):
        raise errors.DataError(
            f'bars of {how.timeframe} cannot be {step / 1e9:g} s apart; '
            'name the length that they have',
            path=path,
        )
    return how.timeframe


def _session_timeframe(file: raw.RawFile, given: str | None) -> str:
    if given is not None and not given.endswith(('d', 'w')):
        raise errors.DataError(
            f'the file has days, not bars of {given}; leave timeframe out',
            path=file.path,
        )
    return given or '1d'
