"""What is kept of market data on the disk, for a listing."""

from collections.abc import Iterator
import dataclasses
import itertools
import pathlib
from typing import Any

from sting.data import store as stores
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
