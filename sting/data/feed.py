"""Feeds: where bars come from while the engine runs."""

import abc
import asyncio
from collections.abc import AsyncIterator
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import itertools
import operator

import msgspec
import numpy as np

from sting.data import generate
from sting.data import sample
from sting.data import table
from sting.data import times
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.model import timeframes

Item = market.MarketData | market.Quote | market.Trade | market.DataIssue


class Status(msgspec.Struct, frozen=True):
    """How a feed is.

    Attributes:
        status: connected, degraded, failover, stale, closed, ...
        detail: One sentence for a person.
        source: The sources in use, the one with most symbols first.
    """

    status: str
    detail: str = ''
    source: str = ''


class Feed(abc.ABC):
    """Gives bars as they close.

    Attributes:
        name: Its name in the configuration.
        symbols: The instruments that it has, in alphabetical order.
        timeframe: Of its bars.
        generated: Its bars are made up, not observed.
    """

    name: str
    symbols: tuple[str, ...]
    timeframe: str = '1m'
    generated: bool = False

    @abc.abstractmethod
    def stream(self, after: Mapping[str, int]) -> AsyncIterator[Item]:
        """Gives the bars that are newer than those known, as time goes on.

        Args:
            after: The stamp of the newest bar known of each symbol. A symbol
                without one joins the others where they are.

        Returns:
            Bars in the order of their stamps, and what is wrong with them; it
            ends with the data.

        Raises:
            DataError: There is no data.
        """

    @abc.abstractmethod
    async def history(
        self, symbols: Sequence[str], count: int, after: Mapping[str, int]
    ) -> list[market.MarketData]:
        """Gives the bars that come before the first one of the stream.

        Args:
            symbols: The instruments wanted.
            count: How many bars of each, at most.
            after: As for the stream.

        Returns:
            Bars in the order of their stamps.

        Raises:
            DataError: There is no such symbol.
        """

    @property
    def has_past(self) -> bool:
        """Whether it knows bars from before; else only what is to come."""
        return True

    def status(self) -> Status | None:
        """Says how it is; None for one that has nothing to say of that."""
        return None

    def let_go(self) -> None:
        """Frees the memory of what it can read again."""
        return

    async def close(self) -> None:
        """Ends its connections, where it has any."""
        return


class DemoFeed(Feed):
    """Plays minutes made up from the sample's real days, day after day.

    A day is made when it comes, and all of its symbols' bars of one minute
    come at once.
    """

    generated = True

    def __init__(
        self,
        clock: clocks.Clock,
        *,
        symbols: Iterable[str] | None = None,
        start: str = '2012-06-01',
        interval_s: float = 1.0,
        seed: int = 0,
        name: str = 'demo',
    ) -> None:
        """Sets up the feed; nothing is read yet.

        Args:
            clock: Paces the bars.
            symbols: The instruments to play; None for all of the sample.
            start: The first day to play.
            interval_s: Seconds from one minute to the next.
            seed: Another one gives other minutes.
            name: Its name in the configuration.

        Raises:
            DataError: `start` is no date, `interval_s` is negative, or a symbol
                is not in the sample.
        """
        if not interval_s >= 0:
            raise errors.DataError(f'interval_s {interval_s} is negative')
        self.name = name
        self.symbols = tuple(sorted(set(symbols or sample.SYMBOLS)))
        _refuse_unknown(self.symbols, sample.SYMBOLS)
        self._clock = clock
        self._start = times.parse_moment(start)
        self._interval_s = interval_s
        self._seed = seed
        self._days: list[list[market.MarketData]] = []

    async def stream(
        self, after: Mapping[str, int]
    ) -> AsyncIterator[market.MarketData]:
        """Gives the minutes after those known, one every interval."""
        await self._load()
        seen = _positions(self.symbols, after, self._start)
        oldest = min(seen.values())
        waited = True
        for day in self._days:
            # A day's stamp is its close, and so that of its last minute.
            if day[0].timestamp <= oldest:
                continue
            bars = await asyncio.to_thread(generate.day, day, self._seed)
            for minute in _by_stamp(_newer(bars, seen)):
                if not waited:
                    await self._clock.sleep(self._interval_s)
                waited = False
                for bar in minute:
                    yield bar

    async def history(
        self, symbols: Sequence[str], count: int, after: Mapping[str, int]
    ) -> list[market.MarketData]:
        """Gives the minutes before the first one of the stream."""
        await self._load()
        _refuse_unknown(symbols, self.symbols)
        seen = _positions(self.symbols, after, self._start)
        limits = {name: seen[name] for name in symbols}
        return await asyncio.to_thread(self._before, limits, count)

    async def _load(self) -> None:
        """Reads the sample, once, as a list of bars for each day."""
        if not self._days:
            loaded = await asyncio.to_thread(sample.load, self.symbols)
            self._days = list(_by_stamp(loaded.table.rows()))

    def _before(
        self, limits: Mapping[str, int], count: int
    ) -> list[market.MarketData]:
        kept: dict[str, list[market.MarketData]] = {name: [] for name in limits}
        for day in reversed(self._days):
            wanted = [
                bar
                for bar in day
                if bar.symbol in kept and len(kept[bar.symbol]) < count
            ]
            if not wanted:
                if all(len(bars) >= count for bars in kept.values()):
                    break
                continue
            for bar in wanted:
                self._prepend(kept[bar.symbol], bar, limits[bar.symbol], count)
        bars = [bar for each in kept.values() for bar in each]
        return sorted(bars, key=_order)

    def _prepend(
        self,
        kept: list[market.MarketData],
        daily: market.MarketData,
        limit: int,
        count: int,
    ) -> None:
        """Puts the minutes of a day, up to a stamp, before those kept."""
        if daily.timestamp - timeframes.UNITS['d'] > limit:
            return
        minutes = generate.minutes(daily, self._seed).select(end=limit)
        kept[:0] = list(minutes.rows())[-(count - len(kept)) :]


class FileFeed(Feed):
    """Plays bars that were read before, at an even pace."""

    def __init__(
        self,
        clock: clocks.Clock,
        bars: table.BarTable,
        *,
        bars_per_s: float = 1.0,
        name: str = 'file',
    ) -> None:
        """Sets up the feed.

        Args:
            clock: Paces the bars.
            bars: What to play.
            bars_per_s: How many bars of each symbol a second; bars of one
                stamp come at once.
            name: Its name in the configuration.

        Raises:
            DataError: `bars_per_s` is not above 0.
        """
        if not bars_per_s > 0:
            raise errors.DataError(f'bars_per_s {bars_per_s} is not above 0')
        self.name = name
        self.symbols = bars.symbols
        self.timeframe = bars.timeframe
        self.generated = bars.generated
        self._clock = clock
        self._bars = bars
        self._bars_per_s = bars_per_s

    async def stream(
        self, after: Mapping[str, int]
    ) -> AsyncIterator[market.MarketData]:
        """Gives the bars after those known, so many a second."""
        seen = _positions(self.symbols, after, self._before_all())
        wait_s = 0.0
        for together in _by_stamp(_newer(self._bars, seen)):
            if wait_s:
                await self._clock.sleep(wait_s)
            wait_s = 1.0 / self._bars_per_s
            for bar in together:
                yield bar

    async def history(
        self, symbols: Sequence[str], count: int, after: Mapping[str, int]
    ) -> list[market.MarketData]:
        """Gives the bars before the first one of the stream."""
        _refuse_unknown(symbols, self.symbols)
        seen = _positions(self.symbols, after, self._before_all())
        bars: list[market.MarketData] = []
        for name in symbols:
            one = self._bars.of(name).select(end=seen[name])
            bars += one.last(count).rows()
        return sorted(bars, key=_order)

    def _before_all(self) -> int:
        return int(self._bars.timestamp[0]) - 1 if len(self._bars) else 0


def _order(bar: market.MarketData) -> tuple[int, str]:
    return bar.timestamp, bar.symbol


def _by_stamp(
    bars: Iterable[market.MarketData],
) -> Iterator[list[market.MarketData]]:
    stamp = operator.attrgetter('timestamp')
    for _, together in itertools.groupby(bars, stamp):
        yield list(together)


def _positions(
    symbols: Iterable[str], after: Mapping[str, int], start: int
) -> dict[str, int]:
    """The newest stamp known of each symbol, or where it is to begin."""
    known = [after[name] for name in symbols if name in after]
    begin = max(known, default=start)
    return {name: after.get(name, begin) for name in symbols}


def _newer(
    bars: table.BarTable, seen: Mapping[str, int]
) -> Iterator[market.MarketData]:
    """The bars with a stamp above the one known of their symbol."""
    rest = bars.select(start=min(seen.values()) + 1)
    known = np.array([seen[name] for name in rest.symbols], np.int64)
    yield from rest.take(rest.timestamp > known[rest.symbol_index]).rows()


def _refuse_unknown(symbols: Iterable[str], known: Sequence[str]) -> None:
    for name in symbols:
        if name not in known:
            raise errors.DataError(
                f'no symbol {name!r} in the feed; there are: '
                + ', '.join(known)
            )
