"""What every source of market data has to do: one suite for all.

    import pytest

    from sting.testing import sources

    @pytest.mark.parametrize('check', sources.CHECKS, ids=lambda c: c.__name__)
    async def test_it_is_a_source(check, case):
        await check(case)

`case` is a `sources.Case` of your source, before a service that has the bars
that the case names.
"""

from collections.abc import Awaitable
from collections.abc import Callable
import dataclasses

import numpy as np

from sting.data import table
from sting.data.sources import base
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import timeframes


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A source, and what the service behind it has.

    Attributes:
        source: The source.
        has: The closed bars that the service has, of two symbols or more, of
            one timeframe, more than one answer takes.
        clock: The source's; it stands after the last of the bars, and inside a
            bar of the first symbol that the service has and that is open.
        unknown: A symbol that the service does not have.
    """

    source: base.DataSource
    has: table.BarTable
    clock: clocks.Clock
    unknown: str

    def request(
        self,
        first: int | None = None,
        last: int | None = None,
        symbols: tuple[str, ...] | None = None,
    ) -> base.Request:
        """Asks for bars; for all that there are without arguments."""
        return base.Request(
            symbols=symbols or self.has.symbols,
            timeframe=self.has.timeframe,
            start=int(self.has.timestamp[0]) if first is None else first,
            end=self.clock.now() if last is None else last,
        )


Check = Callable[[Case], Awaitable[None]]


async def gives_all_closed_bars(case: Case) -> None:
    """All bars come, over however many answers, and none that is open."""
    _same(await case.source.get_bars(case.request()), case.has)


async def keeps_to_the_range(case: Case) -> None:
    """The first and the last stamp that are asked for are included."""
    stamps = np.unique(case.has.timestamp)
    first, last = int(stamps[len(stamps) // 3]), int(stamps[-3])
    found = await case.source.get_bars(case.request(first, last))
    _same(found, case.has.select(start=first, end=last))
    found = await case.source.get_bars(case.request(first + 1, last - 1))
    _same(found, case.has.select(start=first + 1, end=last - 1))


async def gives_one_symbol(case: Case) -> None:
    """Only the symbol that is asked for comes."""
    name = case.has.symbols[-1]
    found = await case.source.get_bars(case.request(symbols=(name,)))
    _same(found, case.has.of(name))


async def gives_nothing_where_there_is_nothing(case: Case) -> None:
    """A stretch without bars is no failure."""
    stamp = int(case.has.timestamp[0])
    found = await case.source.get_bars(case.request(stamp + 1, stamp + 2))
    if len(found):
        raise AssertionError(f'{len(found)} bars where there are none')


async def gives_nothing_of_the_future(case: Case) -> None:
    """What has not happened yet is no failure either."""
    now = case.clock.now()
    step = timeframes.length(case.has.timeframe)
    found = await case.source.get_bars(case.request(now + step, now + 9 * step))
    if len(found):
        raise AssertionError(f'{len(found)} bars of the future')


async def gives_the_same_again(case: Case) -> None:
    """Two equal requests have equal answers."""
    one = await case.source.get_bars(case.request())
    other = await case.source.get_bars(case.request())
    _same(one, other)


async def refuses_an_unknown_symbol(case: Case) -> None:
    """A symbol that is not there is a no, which names it, and not nothing."""
    try:
        await case.source.get_bars(case.request(symbols=(case.unknown,)))
    except errors.SourceRefusedError as error:
        if case.unknown not in str(error) and case.source.name not in str(
            error
        ):
            raise AssertionError(f'{error} names nothing') from None
        return
    raise AssertionError(f'{case.unknown} was not refused')


async def says_what_it_has(case: Case) -> None:
    """Its timeframes are some, and what it was asked for is one of them."""
    known = case.source.capabilities
    if not known.has(case.has.timeframe):
        raise AssertionError(
            f'it does not say that it has {case.has.timeframe}'
        )
    for timeframe in known.timeframes or ():
        timeframes.length(timeframe)


async def can_be_closed_twice(case: Case) -> None:
    """Closing ends its connections, and again does nothing."""
    await case.source.get_bars(case.request())
    await case.source.close()
    await case.source.close()


CHECKS: tuple[Check, ...] = (
    gives_all_closed_bars,
    keeps_to_the_range,
    gives_one_symbol,
    gives_nothing_where_there_is_nothing,
    gives_nothing_of_the_future,
    gives_the_same_again,
    refuses_an_unknown_symbol,
    says_what_it_has,
    can_be_closed_twice,
)


def _same(found: table.BarTable, wanted: table.BarTable) -> None:
    """Refuses bars that are not those wanted.

    Raises:
        AssertionError: Naming what differs.
    """
    for name in wanted.symbols:
        mine = (
            found.of(name)
            if name in found.symbols
            else table.BarTable.empty(name, found.timeframe)
        )
        other = wanted.of(name)
        if len(mine) != len(other):
            raise AssertionError(
                f'{name}: {len(mine)} bars instead of {len(other)}'
            )
        for column in ('timestamp', 'open', 'high', 'low', 'close', 'volume'):
            one, two = getattr(mine, column), getattr(other, column)
            if not np.array_equal(one, two):
                place = int(np.argmax(one != two))
                raise AssertionError(
                    f'{name}: {column} {one[place]} instead of {two[place]}'
                )
    extra = set(found.symbols) - set(wanted.symbols)
    if extra and any(len(found.of(name)) for name in extra):
        raise AssertionError(f'bars of {sorted(extra)}, which nobody asked for')
