"""What is kept of market data on the disk, for a listing."""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import itertools
import pathlib
from typing import Any

from sting.data import ranges as ranges_lib
from sting.data import store as stores
from sting.data import table
from sting.model import errors
from sting.model import market


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """The bars of one source, symbol and timeframe.

    Attributes:
        source: The source's name.
        symbol: The instrument.
        timeframe: Length of a bar.
        bars: How many there are.
        first: The first stamp, nanoseconds since the epoch, UTC; 0 without.
        last: The last one.
        size: Bytes on the disk.
        changed: When a file of it was last written, like the stamps.
        damaged: Files that were found damaged, this time or before.
    """

    source: str
    symbol: str
    timeframe: str
    bars: int
    first: int
    last: int
    size: int
    changed: int
    damaged: int

    def to_json(self) -> dict[str, Any]:
        """Gives it as JSON has it, its moments as ISO 8601 in UTC."""
        fields = dataclasses.asdict(self)
        for name in ('first', 'last', 'changed'):
            moment = fields[name]
            fields[name] = market.to_iso(moment) if moment else None
        return fields


def rows(folder: pathlib.Path) -> Iterator[Row]:
    """Gives what is kept in a folder.

    Every file is read and held against its digest.

    Args:
        folder: Of a `store.BarStore`.
    """
    store = stores.BarStore(folder)

    def subject(entry: stores.Entry) -> tuple[str, str, str]:
        return entry.key.source, entry.key.symbol, entry.key.timeframe

    for named, files in itertools.groupby(store.entries(), subject):
        entries = list(files)
        months = [store.read(entry.key) for entry in entries]
        stamps = [
            month.bars.timestamp
            for month in months
            if month is not None and len(month.bars)
        ]
        place = entries[0].path.parent
        yield Row(
            *named,
            bars=sum(map(len, stamps)),
            first=min((int(each[0]) for each in stamps), default=0),
            last=max((int(each[-1]) for each in stamps), default=0),
            size=sum(entry.size for entry in entries),
            changed=max(entry.changed for entry in entries),
            damaged=sum(1 for _ in place.glob(f'*{stores.CORRUPT}')),
        )


def bars(
    folder: pathlib.Path,
    source: str,
    timeframe: str,
    symbols: Sequence[str] = (),
) -> tuple[table.BarTable, dict[str, ranges_lib.Ranges]]:
    """Gives the bars that are kept of a source.

    Args:
        folder: Of a `store.BarStore`.
        source: The source's name.
        timeframe: Length of a bar.
        symbols: The instruments; empty for all that are kept.

    Returns:
        The bars, and for each symbol where they are known.

    Raises:
        errors.DataError: Nothing is kept of that, or a file is damaged.
    """
    store = stores.BarStore(folder)
    there = [entry.key for entry in store.entries()]
    of_it = [
        key
        for key in there
        if (key.source, key.timeframe) == (source, timeframe)
    ]
    if not of_it:
        known = sorted({f'{key.timeframe} of {key.source}' for key in there})
        raise errors.DataError(
            f'no bars of {timeframe} are kept of {source}; there are: '
            + (', '.join(known) or 'none')
        )
    names = sorted({key.symbol for key in of_it})
    for name in symbols:
        if name not in names:
            raise errors.DataError(
                f'no bars of {name} are kept; there are: {", ".join(names)}'
            )
    parts = []
    known_of: dict[str, ranges_lib.Ranges] = {}
    for key in of_it:
        if symbols and key.symbol not in symbols:
            continue
        month = store.read(key)
        if month is None:
            raise errors.DataError(
                f'the bars of {key.symbol} of {key.month} are damaged; fetch '
                'them again'
            )
        parts.append(month.bars)
        known_of[key.symbol] = ranges_lib.union(
            [*known_of.get(key.symbol, ()), *month.known]
        )
    return table.BarTable.merge(parts), known_of
