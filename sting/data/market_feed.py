"""A feed of real bars, as they close, of the sources that are configured."""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
from typing import Final

from sting.data import failover
from sting.data import feed
from sting.data import live
from sting.data import manager
from sting.data import table
from sting.data.sources import base
from sting.engine import clock as clocks
from sting.model import market

# Seconds for the bars from before; then those that were kept have to do.
HISTORY_S: Final = 20.0


class MarketFeed(feed.Feed):
    """Gives the bars of a `DataManager`, from those known on.

    What closed since the newest bar known is given first.
    """

    def __init__(
        self,
        data: manager.DataManager,
        symbols: Iterable[str],
        timeframe: str,
        time_source: clocks.Clock,
        *,
        name: str = 'market',
        patience_s: float = 10.0,
        history_s: float = HISTORY_S,
        ticks: Collection[base.Stream] = (),
    ) -> None:
        """Sets up the feed; nothing is asked yet.

        Args:
            data: Asks the sources; closed with the feed.
            symbols: The instruments.
            timeframe: Length of a bar, a day at most.
            time_source: Tells the time.
            name: Its name in the configuration.
            patience_s: Seconds after its close that a bar may take.
            history_s: Seconds that the bars from before may take.
            ticks: What it gives beside bars: quotes, trades, or both.
        """
        self.name = name
        self.symbols = tuple(sorted(symbols))
        self.timeframe = timeframe
        self._data = data
        self._clock = time_source
        self._patience_s = patience_s
        self._history_s = history_s
        self._ticks = ticks
        self._known: table.BarTable | None = None
        self._issues: list[market.DataIssue] = []
        self._live: live.Live | None = None

    def let_go(self) -> None:
        """Frees the memory of bars that are on the disk."""
        self._data.let_go()

    async def history(
        self, symbols: Sequence[str], count: int, after: Mapping[str, int]
    ) -> list[market.MarketData]:
        """Gives the bars before the first one of the stream.

        The sources are asked for all up to now: what is newer than what is
        known comes first in the stream.
        """
        now = self._clock.now()
        times = await self._data.schedule(self.timeframe)
        if not self._data.has_past(self.timeframe):
            return []
        start = times.before(times.newest(now), count) + 1
        asked = tuple(symbols), self.timeframe, start, now
        try:
            async with asyncio.timeout(self._history_s):
                found = await self._data.get_historical_data(*asked)
        except TimeoutError:
            found = await self._data.get_kept_data(*asked)
        self._known = found.bars
        self._issues = list(found.issues)
        self._issues += [
            market.DataIssue(
                name,
                now,
                failover.Issue.GAP.value,
                f'the bars from {market.to_iso(after[name])} to '
                f'{market.to_iso(start)} were missed and are left out',
            )
            for name in symbols
            if times.following(after.get(name, now)) < start
        ]
        return [
            bar
            for bar in found.bars.rows()
            if bar.timestamp <= after.get(bar.symbol, now)
        ]

    async def stream(
        self, after: Mapping[str, int]
    ) -> AsyncIterator[feed.Item]:
        """Gives the bars that were missed, and then those that close."""
        known, self._known = self._known, None
        issues, self._issues = self._issues, []
        last = dict(after)
        bars = [] if known is None else list(known.rows())
        for bar in bars:
            last[bar.symbol] = max(last.get(bar.symbol, 0), bar.timestamp)
        # This does not wait where the history was asked for, so that what
        # closed before is there before strategies start.
        self._live = await self._data.subscribe_real_time(
            self.symbols,
            self.timeframe,
            last,
            known=known,
            stale={
                issue.symbol: issue.detail
                for issue in issues
                if issue.issue == failover.Issue.STALE
            },
            patience_s=self._patience_s,
            ticks=self._ticks,
        )
        for issue in issues:
            yield issue
        for bar in bars:
            if bar.timestamp > after.get(bar.symbol, bar.timestamp):
                yield bar
        async with contextlib.aclosing(self._live.items()) as items:
            async for item in items:
                yield item

    @property
    def has_past(self) -> bool:
        """Whether a source has bars from before."""
        return self._data.has_past(self.timeframe)

    def status(self) -> feed.Status | None:
        """Says which sources are used, and what is wrong."""
        if self._live is None:
            names = ', '.join(each.name for each in self._data.sources)
            return feed.Status('connecting', names)
        return self._live.status()

    async def close(self) -> None:
        """Ends the sources' connections."""
        await self._data.close()
