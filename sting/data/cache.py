"""DataCache: bars of the past, asked of a source once."""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
import contextlib
import dataclasses
import threading
from typing import Final

import cachetools
import numpy as np

from sting.data import answering
from sting.data import calendars
from sting.data import ranges as ranges_lib
from sting.data import store as stores
from sting.data import table
from sting.data.sources import base
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.model import timeframes

MEMORY: Final = 256 * 2**20
# A source may have bars so late, nanoseconds: what it lacks after its newest
# one is asked for again until then.
LAG: Final = timeframes.DAY
# The smallest stock dividends are some per cent; what a source rounds, or
# mends in a close, is less.
_SAME: Final = 0.005


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Open:
    """The bars of a session that is open.

    Attributes:
        until: When they are to be asked for again.
        first: From where on they were asked for.
        last: Up to where.
        bars: What came.
    """

    until: int
    first: int
    last: int
    bars: table.BarTable


class DataCache:
    """Bars of the past, in memory and on the disk.

    Only what is missing is asked for. Bars of sessions that have closed are
    kept for good; those of a session that is open are asked for again when
    they are older than one of them is long, and never written. A failure to
    write costs the next start a request and nothing else.

    A source whose prices are adjusted gives other ones for the past after a
    split. Before it is asked for more, its newest bar that is kept is asked
    for again, once a day: where that is another one now, all
    that is kept of the symbol and timeframe is put aside, and asked for anew.
    """

    def __init__(
        self,
        store: stores.BarStore,
        time_source: clocks.Clock,
        *,
        calendar: str = calendars.DEFAULT,
        memory: int = MEMORY,
        warn: Callable[[str], None] | None = None,
        answered: Callable[[int, int], None] | None = None,
    ) -> None:
        """Sets up a cache.

        Args:
            store: On the disk.
            time_source: Tells which sessions have closed.
            calendar: The exchange whose sessions count, or 24/7.
            memory: Bytes of bars kept in memory, at most.
            warn: Told once when the disk does not take what is to be kept, and
                each time that prices of the past have become other ones.
            answered: Told of each answer of a source: 1, and how many there
                will be in all.
        """
        self._store = store
        self._clock = time_source
        self._calendar = calendar
        self._months: cachetools.LRUCache[stores.Key, stores.Month] = (
            cachetools.LRUCache(memory, lambda month: month.nbytes)
        )
        self._open: dict[tuple[str, str, str], _Open] = {}
        self._locks: dict[tuple[str, str, str], asyncio.Lock] = {}
        # When what is kept of adjusted prices was last held against them.
        self._held: dict[tuple[str, str, str], int] = {}
        # Files of before a split that could not be moved away.
        self._void: set[stores.Key] = set()
        # Months are looked up in threads.
        self._lock = threading.Lock()
        self._warn = warn
        self._answered = answered
        self._told = warn

    def let_go(self) -> None:
        """Forgets what is on the disk as well."""
        with self._lock:
            self._months.clear()

    async def get(
        self,
        source: base.DataSource,
        request: base.Request,
        *,
        hold: bool = False,
    ) -> answering.Answer:
        """Gives bars, asking the source for what is missing.

        Args:
            source: Where they are from.
            request: What is wanted.
            hold: Hold what is kept of adjusted prices against the source also
                where nothing is missing.

        Returns:
            The bars; where the source fails, those that are known, if any.

        Raises:
            errors.SourceError: As the source does, where nothing is known.
        """
        async with contextlib.AsyncExitStack() as held:
            # One at a time for a symbol, so that nothing is asked for twice;
            # in one order, so that nobody waits for ever.
            for name in sorted(request.symbols):
                key = source.name, request.timeframe, name
                lock = self._locks.setdefault(key, asyncio.Lock())
                await held.enter_async_context(lock)
            work = await self._look_up(source, request)
            try:
                if work.restates:
                    await self._hold_all(work, all_of_them=hold)
                await self._ask(work)
            except errors.SourceError as failed:
                work.error = failed
        return work.answer()

    async def _look_up(
        self, source: base.DataSource, request: base.Request
    ) -> answering.Work:
        """Finds what is known of a request."""
        now = self._clock.now()
        settled = self._settled(request.timeframe, now)
        lasting = source.capabilities.lasting
        known = {
            name: answering.Known(name, (), [])
            if lasting
            else await asyncio.to_thread(
                self._known, source.name, name, request, settled, now
            )
            for name in request.symbols
        }
        return answering.Work(source, request, settled, now, known)

    async def _hold_all(
        self, work: answering.Work, *, all_of_them: bool
    ) -> None:
        """Holds what is kept against the source, before it is asked for more.

        Raises:
            errors.SourceError: It cannot say.
        """
        names = list(work.request.symbols)
        if not all_of_them:
            names = sorted({n for asked in work.missing for n in asked.symbols})
        day = work.settled // timeframes.DAY
        for name in names:
            asked_for, why = await self._hold(
                work.source, name, work.request.timeframe, day
            )
            work.fetched += asked_for
            if why:
                work.restated[name] = why
                work.known[name] = answering.Known(name, (), [])

    async def _ask(self, work: answering.Work) -> None:
        """Asks for what is missing, and keeps it.

        Raises:
            errors.SourceError: As the source does.
        """
        request = work.request
        missing = list(work.missing)
        for asked in missing:
            bars = await work.source.get_bars(asked)
            work.fetched += 1
            if self._answered is not None:
                self._answered(1, len(missing))
            split = answering.by_symbol(asked, bars)
            for name, mine in split.items():
                work.known[name].parts.append(
                    mine.select(start=request.start, end=request.end)
                )
            if not work.source.capabilities.lasting:
                await asyncio.to_thread(
                    self._keep,
                    work.source.name,
                    asked,
                    split,
                    work.settled,
                    work.now,
                )

    async def _hold(
        self,
        source: base.DataSource,
        symbol: str,
        timeframe: str,
        day: int,
    ) -> tuple[int, str]:
        """Holds what is kept of a symbol against its source, once a day.

        Returns:
            How many requests it took, and how they differ: then what was kept
            is put aside. Empty where they do not.

        Raises:
            errors.SourceUnavailableError: The source cannot say.
        """
        key = source.name, symbol, timeframe
        if self._held.get(key) == day:
            return 0, ''
        kept = await asyncio.to_thread(self._newest, *key)
        if kept is None:
            self._held[key] = day
            return 0, ''
        try:
            found = await source.get_bars(
                base.Request(
                    symbols=(symbol,),
                    timeframe=timeframe,
                    start=kept.timestamp,
                    end=kept.timestamp,
                )
            )
        except errors.SourceRefusedError:
            # Some give short bars of the last days alone.
            self._held[key] = day
            return 1, ''
        self._held[key] = day
        ratio = found.close[-1] / kept.close if len(found) else 1.0
        if abs(ratio - 1) < _SAME:
            return 1, ''
        await asyncio.to_thread(self._put_aside, *key)
        why = (
            f'{source.name} {symbol}: the close of '
            f'{market.to_iso(kept.timestamp)} was {kept.close:g} and is '
            f'{found.close[-1]:g} now, as after a split; the bars of '
            f'{timeframe} that were kept are put aside and fetched again'
        )
        if self._told is not None:
            self._told(why)
        return 1, why

    def _newest(
        self, source: str, symbol: str, timeframe: str
    ) -> market.MarketData | None:
        """Gives the newest bar that is kept on the disk."""
        for key in reversed(self._store.keys(source, symbol, timeframe)):
            month = self._month(key)
            if month is not None and len(month.bars):
                return next(month.bars.last(1).rows())
        return None

    def _put_aside(self, source: str, symbol: str, timeframe: str) -> None:
        """Forgets what is kept of a symbol and timeframe."""
        for key in self._store.keys(source, symbol, timeframe):
            with self._lock:
                self._months.pop(key, None)
            if not self._store.put_aside(key):
                self._void.add(key)
        self._open.pop((source, symbol, timeframe), None)

    def _settled(self, timeframe: str, now: int) -> int:
        """Gives the last moment whose bars will not change any more."""
        if self._calendar == calendars.ALWAYS:
            step = timeframes.length(timeframe)
            return now // step * step - step
        return calendars.sessions(self._calendar, now).last_close(now)

    def _known(
        self,
        source: str,
        symbol: str,
        request: base.Request,
        settled: int,
        now: int,
    ) -> answering.Known:
        """Looks up what is known of a symbol, in memory and on the disk."""
        found = answering.Known(symbol, (), [])
        ranges: list[tuple[int, int]] = []
        last = min(request.end, settled)
        for name, begin, end in ranges_lib.by_month(request.start, last):
            month = self._month(
                stores.Key(source, symbol, request.timeframe, name)
            )
            if month is None:
                continue
            for first, until in ranges_lib.common(month.known, begin, end):
                ranges.append((first, until))
                found.parts.append(month.bars.select(start=first, end=until))
        held = self._open.get((source, symbol, request.timeframe))
        newest = min(request.end, now)
        if (
            held is not None
            and now < held.until
            and held.first == settled + 1
            and newest <= held.last
        ):
            first = max(request.start, held.first)
            ranges.append((first, max(request.end, first)))
            found.parts.append(held.bars.select(start=first, end=request.end))
        found.ranges = ranges_lib.union(ranges)
        return found

    def _month(self, key: stores.Key) -> stores.Month | None:
        with self._lock:
            month = self._months.get(key)
        if month is None and key not in self._void:
            month = self._store.read(key)
            if month is not None:
                self._remember(key, month)
        return month

    def _remember(self, key: stores.Key, month: stores.Month) -> None:
        with self._lock:
            self._months.pop(key, None)
            if month.nbytes <= self._months.maxsize:
                self._months[key] = month

    def _keep(
        self,
        source: str,
        asked: base.Request,
        bars: Mapping[str, table.BarTable],
        settled: int,
        now: int,
    ) -> None:
        """Keeps what came: what is settled for good, the rest for a bar."""
        for symbol, mine in bars.items():
            newest = int(mine.timestamp[-1]) if len(mine) else 0
            last = min(asked.end, settled, max(newest, now - LAG))
            for name, first, until in ranges_lib.by_month(asked.start, last):
                key = stores.Key(source, symbol, asked.timeframe, name)
                part = mine.select(start=first, end=until)
                self._extend(key, part, first, until)
            if asked.end > settled:
                self._open[source, symbol, asked.timeframe] = _Open(
                    until=now + timeframes.length(asked.timeframe),
                    first=settled + 1,
                    last=min(asked.end, now),
                    bars=mine.select(start=settled + 1),
                )

    def _extend(
        self, key: stores.Key, bars: table.BarTable, first: int, last: int
    ) -> None:
        """Adds what is known of a stretch to its month."""
        month = self._month(key)
        known: ranges_lib.Ranges = ()
        if month is not None:
            known = month.known
            old = month.bars
            outside = (old.timestamp < first) | (old.timestamp > last)
            bars = answering.joined(old.take(np.flatnonzero(outside)), bars)
        month = stores.Month(bars, ranges_lib.union([*known, (first, last)]))
        self._remember(key, month)
        try:
            self._store.write(key, month)
            self._void.discard(key)
        except errors.InputError as error:
            warn, self._warn = self._warn, None
            if warn is not None:
                warn(f'bars are not kept: {error}')
