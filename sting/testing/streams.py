"""What every stream of bars has to do: one suite for all.

    import pytest

    from sting.testing import streams

    @pytest.mark.parametrize('check', streams.CHECKS, ids=lambda c: c.__name__)
    async def test_it_streams(check, case):
        await check(case)

`case` is a `streams.Case` of your source, before a service of yours that says
what it is told to.
"""

import abc
import asyncio
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
from typing import Final

import msgspec

from sting.data import table
from sting.data.sources import base
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.net import monitor as monitors

# Seconds until what has to come is given up.
PATIENCE_S: Final = 30.0


class Service(abc.ABC):
    """A service that streams, and does as it is told."""

    @abc.abstractmethod
    async def say(self, bar: market.MarketData) -> None:
        """Tells of a closed bar, once somebody is subscribed."""

    @abc.abstractmethod
    async def nonsense(self) -> None:
        """Says what nobody can read, once somebody is subscribed."""

    @abc.abstractmethod
    async def drop(self) -> None:
        """Breaks its connections, once somebody is subscribed, wordlessly."""

    @abc.abstractmethod
    def connections(self) -> int:
        """Counts the connections that there are."""


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A source, and the service that it listens to.

    Attributes:
        source: The source.
        service: What it listens to.
        clock: The source's; it stands after the last of the bars.
        bars: Closed bars of one symbol, one behind the other, four or more.
    """

    source: base.DataSource
    service: Service
    clock: clocks.Clock
    bars: Sequence[market.MarketData]


Check = Callable[[Case], Awaitable[None]]


async def gives_each_bar_once_and_in_order(case: Case) -> None:
    """Double and late bars do not pass."""
    one, two, three, *_ = case.bars
    async with _reading(case) as reader:
        for bar in (one, one, two, one, two, three):
            await case.service.say(bar)
        await reader.takes(one, two, three)


async def begins_behind_what_is_known(case: Case) -> None:
    """What closed since the newest bar known comes first."""
    one, two, three, four, *_ = case.bars
    async with _reading(case, known=(two, three), after=one) as reader:
        await reader.takes(two, three)
        await case.service.say(four)
        await reader.takes(four)


async def loses_no_bar_over_a_drop(case: Case) -> None:
    """It comes back, is subscribed again, and what was missed comes first."""
    one, two, three, four, *_ = case.bars
    async with _reading(case, known=(two, three), after=one) as reader:
        await reader.takes(two, three)
        reader.known = (*reader.known, four)
        await case.service.drop()
        await reader.takes(four)
    states = [str(each.state) for each in reader.changes]
    _same(states[:4], ['connected', 'lost', 'reconnecting', 'connected'])


async def tells_of_a_revised_bar(case: Case) -> None:
    """A bar that was given and comes with other figures does not pass."""
    one, two, *_ = case.bars
    async with _reading(case) as reader:
        await case.service.say(one)
        await reader.takes(one)
        await case.service.say(msgspec.structs.replace(one, volume=1.0))
        await case.service.say(two)
        await reader.takes(two)
        _same([each.issue for each in reader.issues], ['revised'])


async def leaves_out_what_cannot_be(case: Case) -> None:
    """A price of zero, or a bar of the future, does not pass."""
    one, *_ = case.bars
    future = one.timestamp + 10 * (case.clock.now() - one.timestamp)
    # On a minute, as its services tell of them.
    future -= (future - one.timestamp) % (60 * market.NANOSECONDS)
    async with _reading(case) as reader:
        await case.service.say(msgspec.structs.replace(one, low=0.0))
        await case.service.say(msgspec.structs.replace(one, timestamp=future))
        await case.service.say(one)
        await reader.takes(one)
        _same([each.issue for each in reader.issues], ['rejected', 'future'])


async def survives_nonsense(case: Case) -> None:
    """What makes no sense is told of, and what follows is read."""
    one, *_ = case.bars
    async with _reading(case) as reader:
        await case.service.nonsense()
        await case.service.say(one)
        await reader.takes(one)
    _same([str(each.state) for each in reader.changes][1], 'degraded')


async def ends_with_its_reader(case: Case) -> None:
    """Who reads no more leaves no connection behind."""
    async with _reading(case) as reader:
        await case.service.say(case.bars[0])
        await reader.takes(case.bars[0])
    await _until(lambda: case.service.connections() == 0)
    _same(str(reader.changes[-1].state), 'closed')


async def ends_with_its_source(case: Case) -> None:
    """Closing the source ends its streams."""
    async with _reading(case) as reader:
        await case.service.say(case.bars[0])
        await reader.takes(case.bars[0])
        await case.source.close()
        await _until(lambda: reader.ended)
    await _until(lambda: case.service.connections() == 0)


async def refuses_a_length_that_it_lacks(case: Case) -> None:
    """Bars of 11 seconds are a no, and not silence."""
    wanted = base.Subscription(symbols=(case.bars[0].symbol,), timeframe='11s')
    watch = base.Watch(monitor=monitors.ConnectionMonitor('it', case.clock))
    try:
        async for _ in case.source.stream(wanted, watch):
            break
    except errors.SourceRefusedError:
        return
    raise AssertionError('bars of 11 s were not refused')


async def says_what_it_streams(case: Case) -> None:
    """Bars are among what it streams."""
    _same(base.Stream.BARS in case.source.capabilities.streams, True)


CHECKS: tuple[Check, ...] = (
    gives_each_bar_once_and_in_order,
    begins_behind_what_is_known,
    loses_no_bar_over_a_drop,
    tells_of_a_revised_bar,
    leaves_out_what_cannot_be,
    survives_nonsense,
    ends_with_its_reader,
    ends_with_its_source,
    refuses_a_length_that_it_lacks,
    says_what_it_streams,
)


class _Reader:
    """Reads a stream in a task, and keeps what it gives and tells.

    Attributes:
        known: The bars of the past that are there to be asked for.
        changes: How the connection was.
        issues: What was wrong with the data.
        ended: The stream gave all that it has.
    """

    def __init__(
        self, case: Case, known: tuple[market.MarketData, ...]
    ) -> None:
        self.known = known
        self.changes: list[monitors.Change] = []
        self.issues: list[market.DataIssue] = []
        self.ended = False
        self._case = case
        self._found: asyncio.Queue[base.Message] = asyncio.Queue()

    async def read(self, after: market.MarketData | None) -> None:
        """Reads until the stream ends or the task is cancelled."""
        first = self._case.bars[0]
        stream = self._case.source.stream(
            base.Subscription(
                symbols=(first.symbol,),
                timeframe=first.timeframe,
                after={} if after is None else {after.symbol: after.timestamp},
            ),
            base.Watch(
                monitor=monitors.ConnectionMonitor(
                    'it', self._case.clock, self.changes.append
                ),
                refill=self._refill,
                tell=self.issues.append,
            ),
        )
        async for message in stream:
            if isinstance(message, market.MarketData) and message.closed:
                self._found.put_nowait(message)
        self.ended = True

    async def takes(self, *bars: market.MarketData) -> None:
        """Refuses a stream that does not give these next.

        Raises:
            AssertionError: Naming what came.
        """
        async with asyncio.timeout(PATIENCE_S):
            found = [await self._found.get() for _ in bars]
        _same(found, list(bars))

    async def _refill(
        self, symbols: tuple[str, ...], timeframe: str, after: Mapping[str, int]
    ) -> table.BarTable:
        (symbol,) = symbols
        bars = [bar for bar in self.known if bar.timestamp > after[symbol]]
        return table.BarTable.single(
            symbol,
            timeframe,
            [bar.timestamp for bar in bars],
            {
                name: [getattr(bar, name) for bar in bars]
                for name in ('open', 'high', 'low', 'close', 'volume')
            },
        )


@contextlib.asynccontextmanager
async def _reading(
    case: Case,
    known: tuple[market.MarketData, ...] = (),
    after: market.MarketData | None = None,
) -> AsyncIterator[_Reader]:
    reader = _Reader(case, known)
    task = asyncio.create_task(reader.read(after))
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


def _same(found: object, wanted: object) -> None:
    """Refuses what is not wanted.

    Raises:
        AssertionError: With both.
    """
    if found != wanted:
        raise AssertionError(f'{found} instead of {wanted}')
