"""A folder of bars in parts: a Parquet file a timeframe and symbol.

Its names say what is in it, as other programs read it too:
timeframe=1d/symbol=AAPL/bars.parquet.
"""

from collections.abc import Iterator
import pathlib
import urllib.parse

import numpy as np

from sting.data import calendars
from sting.data import files
from sting.data import outputs
from sting.data import raw
from sting.data import table
from sting.data import writer
from sting.model import errors
from sting.model import market


def place(folder: pathlib.Path, timeframe: str, symbol: str) -> pathlib.Path:
    """Gives the file of a symbol's bars."""
    frame, name = (
        urllib.parse.quote(each, safe='') for each in (timeframe, symbol)
    )
    return folder / f'timeframe={frame}' / f'symbol={name}' / 'bars.parquet'


def write(
    folder: pathlib.Path,
    bars: table.BarTable,
    calendar: str = calendars.DEFAULT,
    *,
    replace: bool = False,
) -> None:
    """Adds bars to a folder: all of them, or none.

    Args:
        folder: It is made where it is not there.
        bars: Of any symbols.
        calendar: The exchange whose sessions the bars of a day are.
        replace: A bar takes the place of another one that is there with the
            same stamp.

    Raises:
        errors.InputError: A file cannot be written.
        errors.DataError: A file that is there cannot be read, or has another
            bar with the same stamp.
    """
    outputs.write(_writes(folder, bars, calendar, replace=replace))


def _writes(
    folder: pathlib.Path,
    bars: table.BarTable,
    calendar: str,
    *,
    replace: bool,
) -> Iterator[tuple[pathlib.Path, outputs.Write]]:
    """Gives each file with what writes it."""
    for symbol in bars.symbols:
        path = place(folder, bars.timeframe, symbol)
        one = bars.of(symbol)
        if not len(one):
            continue
        if path.exists():
            old = files.read(path, calendar=calendar).table
            one = _joined(path, old, one, replace=replace)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise errors.InputError(
                f'cannot be written: {error.strerror}', path=path
            ) from None

        def save(fresh: pathlib.Path, one: table.BarTable = one) -> None:
            writer.save(fresh, one, calendar)

        yield path, save


def _joined(
    path: pathlib.Path,
    old: table.BarTable,
    new: table.BarTable,
    *,
    replace: bool,
) -> table.BarTable:
    """Puts the bars of one symbol together; equal ones are one."""
    _, of_old, of_new = np.intersect1d(
        old.timestamp, new.timestamp, return_indices=True
    )
    differs = np.zeros(len(of_old), bool)
    for name in raw.BARS:
        differs |= getattr(old, name)[of_old] != getattr(new, name)[of_new]
    if differs.any() and not replace:
        stamp = int(new.timestamp[of_new[np.argmax(differs)]])
        raise errors.DataError(
            f'{new.symbols[0]} has another bar stamped {market.to_iso(stamp)} '
            'here; --replace takes the new ones',
            path=path,
        )
    left = np.ones(len(old), bool)
    left[of_old] = False
    return table.BarTable.merge([old.take(left), new])
