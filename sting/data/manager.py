"""DataManager: every source of market data through one door."""

import asyncio
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Final

from sting.data import answering
from sting.data import cache as caches
from sting.data import calendars
from sting.data import failover
from sting.data import live
from sting.data import schedule as schedules
from sting.data import table
from sting.data.quality import tables
from sting.data.quality import validator
from sting.data.sources import base
from sting.data.sources import renamed
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.model import timeframes

# Bars that the newest one is looked for in: the last of them may lack where
# nothing was traded.
_RECENT: Final = 20


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class History:
    """Bars of the past, and how they came.

    Attributes:
        bars: Those that the rules leave, of all symbols.
        sources: Where the bars of each symbol are from; empty where no source
            gave any and none were kept.
        stale: Symbols whose sources failed: what there is was kept before.
        issues: What went wrong, as strategies are told.
        findings: What the rules found.
    """

    bars: table.BarTable
    sources: Mapping[str, str]
    stale: frozenset[str]
    issues: tuple[market.DataIssue, ...]
    findings: tuple[validator.Finding, ...]


class DataManager:
    """Gives bars of several sources, the first one that has them.

    A source that fails, that lacks the newest bar, or whose bars the rules
    reject is left for the next one, for each symbol and timeframe by itself;
    it is tried again after a while, and used again when it works. Where all
    fail, what was kept of before is given, and marked.

    Attributes:
        sources: In the order of preference.
        calendar: The exchange whose sessions count, or 24/7.
    """

    def __init__(
        self,
        sources: Sequence[base.DataSource],
        cache: caches.DataCache,
        time_source: clocks.Clock,
        *,
        calendar: str = calendars.DEFAULT,
        rules: Mapping[str, str] | None = None,
        parallel: int = failover.PARALLEL,
    ) -> None:
        """Sets up the sources; nothing is asked yet.

        Args:
            sources: At least one, in the order of preference.
            cache: Keeps what came, for the same calendar.
            time_source: Tells which bars are due.
            calendar: The exchange whose sessions count, or 24/7.
            rules: What is done about odd bars, laid over the defaults.
            parallel: Requests that one source is asked at once, at most.

        Raises:
            errors.ConfigError: There is no source, two have one name, or the
                rules make no sense.
        """
        names = [source.name for source in sources]
        if not names or len(set(names)) < len(names):
            raise errors.ConfigError(
                f'sources {names}: name at least one, and each once'
            )
        self.sources = tuple(sources)
        self.calendar = calendar
        self._cache = cache
        self._clock = time_source
        self._actions = dict(rules or {})
        self._schedules: dict[str, schedules.Schedule] = {}
        self._rules = validator.DataValidator(rules)
        self._failover = failover.Failover(
            sources, time_source, parallel=parallel
        )

    def let_go(self) -> None:
        """Frees the memory of bars that are on the disk."""
        self._cache.let_go()

    async def close(self) -> None:
        """Ends the sources' connections."""
        for source in self.sources:
            await source.close()

    async def get_historical_data(
        self, symbols: Iterable[str], timeframe: str, start: int, end: int
    ) -> History:
        """Gives bars of the past, from the cache as far as it has them.

        Args:
            symbols: The instruments.
            timeframe: Length of a bar.
            start: The first stamp wanted, nanoseconds since the epoch, UTC. A
                bar is stamped with its close.
            end: The last stamp wanted.

        Returns:
            The bars; of a symbol without any it tells why.

        Raises:
            errors.DataError: It asks for nothing, or for bars that no source
                has.
        """
        self._refuse_timeframe(timeframe)
        wants = _wants(symbols, timeframe, start, end)
        return await self._history(self._failover, wants, timeframe)

    async def get_kept_data(
        self, symbols: Iterable[str], timeframe: str, start: int, end: int
    ) -> History:
        """Gives what the cache has, without asking anybody.

        Args:
            symbols: The instruments.
            timeframe: Length of a bar.
            start: The first stamp wanted, nanoseconds since the epoch, UTC.
            end: The last stamp wanted.

        Returns:
            As `get_historical_data`; all of it is stale.

        Raises:
            errors.DataError: As `get_historical_data`.
        """
        self._refuse_timeframe(timeframe)
        nobody = failover.Failover(
            [_unasked(each) for each in self.sources], self._clock
        )
        wants = _wants(symbols, timeframe, start, end)
        return await self._history(nobody, wants, timeframe)

    async def get_market_data(
        self, symbols: Iterable[str], timeframe: str
    ) -> dict[str, market.MarketData]:
        """Gives the newest closed bar of each symbol.

        A source that lacks the bar that closed last counts as failed, if
        another one has it.

        Args:
            symbols: The instruments.
            timeframe: Length of a bar, a day at most.

        Returns:
            By symbol; one without a bar is not in it.

        Raises:
            errors.DataError: As `get_historical_data`.
        """
        names = tuple(dict.fromkeys(symbols))
        now = self._clock.now()
        times = await self.schedule(timeframe)
        due = times.newest(now)
        start = times.before(due, _RECENT) + 1
        wants = [failover.Want(name, start, now, due) for name in names]
        found = await self._history(self._failover, wants, timeframe)
        return {bar.symbol: bar for bar in found.bars.rows()}

    async def subscribe_real_time(
        self,
        symbols: Iterable[str],
        timeframe: str,
        after: Mapping[str, int] | None = None,
        *,
        known: table.BarTable | None = None,
        stale: Mapping[str, str] | None = None,
        patience_s: float = 10.0,
        ticks: Collection[base.Stream] = (),
    ) -> live.Live:
        """Follows bars as they close.

        Args:
            symbols: The instruments.
            timeframe: Length of a bar, a day at most.
            after: The stamp of the newest bar known of each; one without it
                begins with the bar that closes next.
            known: Bars from before, for rules that look back.
            stale: Symbols of which no source gave bars so far, and why.
            patience_s: Seconds after its close that a bar may take; then the
                next source is asked.
            ticks: Quotes, trades, or both, where a source has them.

        Returns:
            What is to be read: `async for item in followed.items()`.

        Raises:
            errors.DataError: No source has such bars.
        """
        return live.Live(
            symbols,
            after or {},
            self._failover,
            await self.schedule(timeframe),
            self._clock,
            rules=self._actions,
            patience_s=patience_s,
            known=known,
            stale=stale,
            ticks=ticks,
        )

    async def schedule(self, timeframe: str) -> schedules.Schedule:
        """Gives when bars of a timeframe are due.

        Args:
            timeframe: Length of a bar, a day at most.

        Raises:
            errors.DataError: No source has such bars.
        """
        if not any(
            base.Stream.BARS in each.capabilities.streams
            for each in self.sources
        ):
            self._refuse_timeframe(timeframe)
        made = self._schedules.get(timeframe)
        if made is None:
            wanted = self.calendar, timeframe, self._clock.now()
            if self.calendar == calendars.ALWAYS:
                made = schedules.Schedule.build(*wanted)
            else:
                # The first one of an exchange takes seconds.
                made = await asyncio.to_thread(
                    schedules.Schedule.build, *wanted
                )
            self._schedules[timeframe] = made
        return made

    def has_past(self, timeframe: str) -> bool:
        """Whether a source has bars of the past of this timeframe."""
        return any(each.capabilities.has(timeframe) for each in self.sources)

    def _refuse_timeframe(self, timeframe: str) -> None:
        if self.has_past(timeframe):
            return
        known: set[str] = set()
        for each in self.sources:
            known |= each.capabilities.timeframes or set()
        able = ', '.join(sorted(known, key=timeframes.length))
        names = ', '.join(each.name for each in self.sources)
        raise errors.DataError(
            f'{names}: no bars of {timeframe}; there are {able or "none"}'
        )

    async def _history(
        self,
        asked: failover.Failover,
        wants: Sequence[failover.Want],
        timeframe: str,
    ) -> History:
        now = self._clock.now()
        # The first of an exchange takes seconds.
        await asyncio.to_thread(tables.hours_of, self.calendar, now, now)
        found = await asked.ask(wants, timeframe, self._get, self._check)
        return History(
            bars=table.BarTable.merge([each.verdict.bars for each in found]),
            sources={each.symbol: each.source for each in found},
            stale=frozenset(each.symbol for each in found if each.stale),
            issues=tuple(issue for each in found for issue in each.issues(now)),
            findings=tuple(f for each in found for f in each.verdict.findings),
        )

    async def _get(
        self, source: base.DataSource, request: base.Request
    ) -> answering.Answer:
        """Asks a source through the cache, which keeps bars by its names.

        By ours those of two profiles that name two instruments alike would be
        taken for each other's.
        """
        if not isinstance(source, renamed.RenamedSource):
            return await self._cache.get(source, request)
        answer = await self._cache.get(source.source, source.theirs(request))
        return dataclasses.replace(
            answer,
            bars=source.ours(answer.bars),
            restated={
                source.our(name): why for name, why in answer.restated.items()
            },
        )

    def _check(self, symbol: str, bars: table.BarTable) -> failover.Verdict:
        """Holds the bars of a symbol against the rules."""
        checked = tables.check(
            bars, self.calendar, self._rules, self._clock.now()
        )
        return failover.Verdict(
            checked.bars,
            checked.findings,
            tables.words(tables.wrong(checked.findings)),
        )


class _Unasked(base.DataSource):
    """Stands for a source that is not to be asked now."""

    def __init__(self, source: base.DataSource) -> None:
        self.name = source.name
        self.capabilities = source.capabilities

    async def get_bars(self, request: base.Request) -> table.BarTable:
        raise errors.SourceUnavailableError(
            f'{self.name} did not answer in time'
        )

    async def close(self) -> None:
        pass


def _unasked(source: base.DataSource) -> base.DataSource:
    if isinstance(source, renamed.RenamedSource):
        return source.over(_Unasked(source.source))
    return _Unasked(source)


def _wants(
    symbols: Iterable[str], timeframe: str, start: int, end: int
) -> list[failover.Want]:
    """Makes wishes of one stretch; refuses those that make no sense."""
    names = tuple(dict.fromkeys(symbols))
    base.Request(symbols=names, timeframe=timeframe, start=start, end=end)
    return [failover.Want(name, start, end) for name in names]
