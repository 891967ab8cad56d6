"""DataCache: bars of the past, asked of a source once."""

import asyncio
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
import threading
from typing import Final

import cachetools
import numpy as np

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


@dataclasses.dataclass(slots=True)
class _Known:
    """What is known of a symbol in the stretch of a request.

    Attributes:
        symbol: The instrument.
        ranges: Where it is known.
        parts: The bars there.
    """

    symbol: str
    ranges: ranges_lib.Ranges
    parts: list[table.BarTable]


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

    async def get(
        self,
        source: base.DataSource,
        request: base.Request,
        *,
        hold: bool = False,
    ) -> Answer:
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
            now = self._clock.now()
            settled = self._settled(request.timeframe, now)
            lasting = source.capabilities.lasting
            known = {
                name: _Known(name, (), [])
                if lasting
                else await asyncio.to_thread(
                    self._known, source.name, name, request, settled, now
                )
                for name in request.symbols
            }
            fetched = 0
            error: errors.SourceError | None = None
            restated: dict[str, str] = {}
            if source.capabilities.adjusted and not lasting:
                missing = _missing(source, request, known, settled, now)
                wanted = {name for asked in missing for name in asked.symbols}
                try:
                    for name in request.symbols if hold else sorted(wanted):
                        asked_for, why = await self._hold(
                            source,
                            name,
                            request.timeframe,
                            settled // timeframes.DAY,
                        )
                        fetched += asked_for
                        if why:
                            restated[name] = why
                            known[name] = _Known(name, (), [])
                except errors.SourceError as failed:
                    error = failed
            all_asked = list(_missing(source, request, known, settled, now))
            for asked in all_asked:
                if error is not None:
                    break
                try:
                    bars = await source.get_bars(asked)
                except errors.SourceError as failed:
                    error = failed
                    break
                fetched += 1
                if self._answered is not None:
                    self._answered(1, len(all_asked))
                split = _by_symbol(asked, bars)
                for name, mine in split.items():
                    known[name].parts.append(
                        mine.select(start=request.start, end=request.end)
                    )
                if not lasting:
                    await asyncio.to_thread(
                        self._keep, source.name, asked, split, settled, now
                    )
        found = table.BarTable.merge(
            [
                _behind(
                    table.BarTable.empty(name, request.timeframe), *each.parts
                )
                for name, each in known.items()
            ],
            # The rules say what becomes of repeats.
            checked=False,
        )
        if error is not None and not len(found):
            raise error
        return Answer(found, error is not None, error, fetched, restated)

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
    ) -> _Known:
        """Looks up what is known of a symbol, in memory and on the disk."""
        found = _Known(symbol, (), [])
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
            bars = _behind(old.take(np.flatnonzero(outside)), bars)
        month = stores.Month(bars, ranges_lib.union([*known, (first, last)]))
        self._remember(key, month)
        try:
            self._store.write(key, month)
            self._void.discard(key)
        except errors.InputError as error:
            warn, self._warn = self._warn, None
            if warn is not None:
                warn(f'bars are not kept: {error}')


def _missing(
    source: base.DataSource,
    request: base.Request,
    known: Mapping[str, _Known],
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


def _by_symbol(
    asked: base.Request, bars: table.BarTable
) -> dict[str, table.BarTable]:
    """Gives the bars of each symbol that was asked for, also where none are."""
    return {
        name: bars.of(name)
        if name in bars.symbols
        else table.BarTable.empty(name, asked.timeframe)
        for name in asked.symbols
    }


def _behind(*parts: table.BarTable) -> table.BarTable:
    """Puts bars of one symbol together, in the order of their stamps."""
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
