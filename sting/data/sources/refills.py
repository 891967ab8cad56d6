"""What a stream missed, asked of the same source's bars of the past."""

import asyncio
from collections.abc import Mapping
from typing import Final

from sting.data import table
from sting.data.sources import base
from sting.engine import clock as clocks
from sting.model import errors

# Requests at a time.
AT_ONCE: Final = 8


def own(source: base.DataSource, time_source: clocks.Clock) -> base.Refill:
    """Makes a refill of a source's own bars of the past.

    Symbols are asked for as many at a time as the source takes, and several
    requests together. Where some fail, the others' bars are given: what is
    still missing shows at the next bar.

    Args:
        source: The source.
        time_source: Tells up to when.
    """

    async def refill(
        symbols: tuple[str, ...], timeframe: str, after: Mapping[str, int]
    ) -> table.BarTable:
        turns = asyncio.Semaphore(AT_ONCE)

        async def part(some: tuple[str, ...]) -> table.BarTable:
            start = min(after[name] for name in some) + 1
            async with turns:
                return await source.get_bars(
                    base.Request(
                        symbols=some,
                        timeframe=timeframe,
                        start=start,
                        end=max(start, time_source.now()),
                    )
                )

        size = source.capabilities.batch
        parts = [
            part(symbols[at : at + size]) for at in range(0, len(symbols), size)
        ]
        return _joined(await asyncio.gather(*parts, return_exceptions=True))

    return refill


def _joined(found: list[table.BarTable | BaseException]) -> table.BarTable:
    """Joins what came.

    Raises:
        BaseException: As all requests did, or one in a way that no source has.
    """
    tables = []
    faults = []
    for each in found:
        if isinstance(each, table.BarTable):
            tables.append(each)
        elif isinstance(each, errors.SourceError):
            faults.append(each)
        else:
            raise each
    if not tables:
        raise faults[0]
    return table.BarTable.merge(tables)
