"""A request of bars of the past while it is answered."""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses

import numpy as np

from sting.data import ranges as ranges_lib
from sting.data import table
from sting.data.sources import base
from sting.model import errors


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """Bars, and where they are from.

    Attributes:
        bars: What was asked for.
        stale: The source failed, and this is what was known before.
        error: Why it failed; None where it did not.
        fetched: How many requests it was asked.
        restated: By symbol, why what was kept of it is not used any more.
    """

    bars: table.BarTable
    stale: bool = False
    error: errors.SourceError | None = None
    fetched: int = 0
    restated: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True)
class Known:
    """What is known of a symbol in the stretch of a request.

    Attributes:
        symbol: The instrument.
        ranges: Where it is known.
        parts: The bars there.
    """

    symbol: str
    ranges: ranges_lib.Ranges
    parts: list[table.BarTable]


@dataclasses.dataclass(slots=True)
class Work:
    """A request that is answered.

    Attributes:
        source: Who is asked for what is missing.
        request: What is wanted.
        settled: The last moment whose bars will not change any more.
        now: The time of the request.
        known: By symbol, what is known of it so far.
        fetched: How many requests the source was asked.
        error: Why it failed.
        restated: By symbol, why what was kept of it is not used any more.
    """

    source: base.DataSource
    request: base.Request
    settled: int
    now: int
    known: dict[str, Known]
    fetched: int = 0
    error: errors.SourceError | None = None
    restated: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def restates(self) -> bool:
        """Whether prices of the past may become other ones."""
        able = self.source.capabilities
        return able.adjusted and not able.lasting

    @property
    def missing(self) -> Iterator[base.Request]:
        """What is still to be asked for."""
        return _missing(
            self.source, self.request, self.known, self.settled, self.now
        )

    def answer(self) -> Answer:
        """Gives what is known by now.

        Raises:
            errors.SourceError: As the source did, where nothing is known.
        """
        found = table.BarTable.merge(
            [
                joined(
                    table.BarTable.empty(name, self.request.timeframe),
                    *each.parts,
                )
                for name, each in self.known.items()
            ],
            # The rules say what becomes of repeats.
            checked=False,
        )
        if self.error is not None and not len(found):
            raise self.error
        return Answer(
            found,
            self.error is not None,
            self.error,
            self.fetched,
            self.restated,
        )


def _missing(
    source: base.DataSource,
    request: base.Request,
    known: Mapping[str, Known],
    settled: int,
    now: int,
) -> Iterator[base.Request]:
    """Gives what is to be asked for.

    Of a session that is open it is asked for all at once.
    """
    wanted: dict[tuple[int, int], list[str]] = {}
    end = min(request.end, max(now, request.start))
    for symbol, have in known.items():
        gaps = ranges_lib.lacking(have.ranges, request.start, end)
        gaps = ranges_lib.union(
            (min(first, settled + 1), last) if last > settled else (first, last)
            for first, last in gaps
        )
        for gap in gaps:
            wanted.setdefault(gap, []).append(symbol)
    batch = source.capabilities.batch
    for (first, last), symbols in wanted.items():
        for at in range(0, len(symbols), batch):
            yield base.Request(
                symbols=tuple(symbols[at : at + batch]),
                timeframe=request.timeframe,
                start=first,
                end=last,
            )


def by_symbol(
    asked: base.Request, bars: table.BarTable
) -> dict[str, table.BarTable]:
    """Gives the bars of each symbol that was asked for, also where none are.

    Args:
        asked: What was asked for.
        bars: What came.
    """
    return {
        name: bars.of(name)
        if name in bars.symbols
        else table.BarTable.empty(name, asked.timeframe)
        for name in asked.symbols
    }


def joined(*parts: table.BarTable) -> table.BarTable:
    """Puts bars of one symbol together, in the order of their stamps.

    Args:
        parts: One or more, in any order.
    """
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ('timestamp', 'open', 'high', 'low', 'close', 'volume')
    }
    order = np.argsort(columns['timestamp'], kind='stable')
    columns = {name: column[order] for name, column in columns.items()}
    stamps = columns.pop('timestamp')
    return table.BarTable.single(
        parts[0].symbols[0], parts[0].timeframe, stamps, columns
    )
