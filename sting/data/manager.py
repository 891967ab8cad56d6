"""DataManager: every source of market data through one door."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Final

from sting.data import cache as caches
from sting.data import calendars
from sting.data import failover
from sting.data import schedule as schedules
from sting.data import table
from sting.data.quality import tables
from sting.data.quality import validator
from sting.data.sources import base
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
        self._rules = validator.DataValidator(rules)
        self._failover = failover.Failover(
            sources, time_source, parallel=parallel
        )

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
        names = tuple(dict.fromkeys(symbols))
        base.Request(symbols=names, timeframe=timeframe, start=start, end=end)
        self._refuse_timeframe(timeframe)
        wants = [failover.Want(name, start, end) for name in names]
        return await self._history(wants, timeframe)

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
        self._refuse_timeframe(timeframe)
        now = self._clock.now()
        times = schedules.Schedule.build(self.calendar, timeframe, now)
        due = times.newest(now)
        start = times.before(due, _RECENT) + 1
        base.Request(symbols=names, timeframe=timeframe, start=start, end=now)
        found = await self._history(
            [failover.Want(name, start, now, due) for name in names], timeframe
        )
        return {bar.symbol: bar for bar in found.bars.rows()}

    def _refuse_timeframe(self, timeframe: str) -> None:
        if any(each.capabilities.has(timeframe) for each in self.sources):
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
        self, wants: Sequence[failover.Want], timeframe: str
    ) -> History:
        now = self._clock.now()
        found = await self._failover.ask(
            wants, timeframe, self._cache.get, self._check
        )
        return History(
            bars=table.BarTable.merge([each.verdict.bars for each in found]),
            sources={each.symbol: each.source for each in found},
            stale=frozenset(each.symbol for each in found if each.stale),
            issues=tuple(issue for each in found for issue in each.issues(now)),
            findings=tuple(f for each in found for f in each.verdict.findings),
        )

    def _check(self, symbol: str, bars: table.BarTable) -> failover.Verdict:
        """Holds the bars of a symbol against the rules."""
        checked = tables.check(
            bars, self.calendar, self._rules, self._clock.now()
        )
        return failover.Verdict(
            checked.bars, checked.findings, tables.words(checked.wrong)
        )
