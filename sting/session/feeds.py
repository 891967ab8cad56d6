"""Brings the bars of a feed to the engine."""

import asyncio
from collections.abc import AsyncGenerator
import contextlib
from typing import cast

from sting import settings
from sting.data import calendars
from sting.data import feed as feed_lib
from sting.data import files
from sting.data import logged
from sting.engine import board
from sting.engine import bus
from sting.engine import clock
from sting.engine import core
from sting.engine import state
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import records
from sting.model import timeframes
from sting.model import views
from sting.session import issues

# Of each symbol; as many as a chart can show.
WARM_UP = board.BARS

# How a feed is that gives nothing any more, or nothing yet.
_OVER = frozenset({'stopped', 'ended', 'failed'})
_KINDS = {
    market.MarketData: events.EventType.MARKET_DATA,
    market.Quote: events.EventType.QUOTE,
    market.Trade: events.EventType.TRADE,
    market.DataIssue: events.EventType.DATA_ISSUE,
}


def clock_of(feed: settings.Feed) -> clock.Clock:
    """Gives the clock of an engine with such a feed.

    Args:
        feed: What is configured.

    Returns:
        The machine's for a market; for what is played that of the bars.
    """
    if isinstance(feed, settings.MarketFeed):
        return clock.LiveClock()
    return clock.MarketClock()


def build(
    name: str,
    config: settings.Settings,
    symbols: tuple[str, ...],
    time_source: clock.Clock,
    home: settings.Home,
    calendar: str = calendars.DEFAULT,
    profile: str = '',
) -> feed_lib.Feed:
    """Makes a feed of its configuration.

    Args:
        name: Its name.
        config: What is configured.
        symbols: The instruments wanted.
        time_source: Paces it.
        home: Where a relative path begins, and bars are kept.
        calendar: The exchange whose sessions count.
        profile: Whose own keys come first.

    Returns:
        The feed.

    Raises:
        errors.ConfigError: A source has no key.
        errors.DataError: Its data are missing or malformed.
    """
    feed = config.feeds[name]
    if isinstance(feed, settings.DemoFeed):
        return feed_lib.DemoFeed(
            time_source,
            symbols=symbols,
            start=feed.start.isoformat(),
            interval_s=feed.interval_s,
            name=name,
        )
    if isinstance(feed, settings.MarketFeed):
        # What talks to others takes long to load.
        from sting.session import markets  # noqa: PLC0415

        return markets.build(
            name, feed, config, symbols, time_source, home, calendar, profile
        )
    path = feed.path if feed.path == 'sample' else str(home.config / feed.path)
    loaded = files.read(
        [path],
        symbols=symbols,
        timeframe=feed.timeframe,
        stamp=feed.stamp,
        calendar=calendar,
    )
    return feed_lib.FileFeed(
        time_source, loaded.table, bars_per_s=feed.bars_per_s, name=name
    )


class FeedComponent(core.Component):
    """Plays a feed into the market lane, and says how it is."""

    def __init__(
        self,
        feed: feed_lib.Feed,
        event_bus: bus.EventBus,
        system: state.SystemState,
        time_source: clock.Clock,
    ) -> None:
        """Sets up the way from one feed.

        Args:
            feed: Gives the bars.
            event_bus: Takes them.
            system: Knows the last bar of each symbol.
            time_source: Measures how long ago the last bar came.
        """
        self.name = f'feed:{feed.name}'
        self._feed = feed
        self._bus = event_bus
        self._system = system
        self._clock = time_source
        self._status = 'stopped'
        self._detail = ''
        self._last: float | None = None
        # The second of the item after which it was last asked how it is.
        self._looked_at = 0
        self._warnings = issues.Warnings(self.name)
        # The newest bar of each symbol that is in the lane, or was.
        self._put: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to play behind the log's last bars."""
        self._task = asyncio.get_running_loop().create_task(
            self._run(), name=self.name
        )

    async def stop(self) -> None:
        """Plays no more."""
        await self._leave()
        if self._status not in _OVER:
            self._tell('stopped', '')

    async def change(self, feed: feed_lib.Feed) -> None:
        """Plays another feed from where this one is.

        Args:
            feed: It; the one before is closed first, since some services
                take one connection of a user.
        """
        runs = self._task is not None
        await self._leave()
        self._feed = feed
        if runs:
            await self.start()

    def reached(self) -> dict[str, int]:
        """Gives the stamp of the newest bar of each symbol that came."""
        known = dict(self._system.last_bar)
        for symbol, stamp in self._put.items():
            known[symbol] = max(stamp, known.get(symbol, stamp))
        return known

    async def _leave(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._feed.close()

    def row(self) -> views.LinkRow:
        """Says how the feed is."""
        age = (
            None if self._last is None else self._clock.monotonic() - self._last
        )
        now = None if self._status in _OVER else self._feed.status()
        if now is None:
            return views.LinkRow(
                self._feed.name, self._status, self._detail, age
            )
        return views.LinkRow(
            self._feed.name,
            now.status,
            now.detail,
            age,
            source=now.source,
            usual_s=timeframes.length(self._feed.timeframe)
            / market.NANOSECONDS,
        )

    async def _run(self) -> None:
        detail = logged.GENERATED if self._feed.generated else ''
        self._status = 'starting'
        self._look(detail)
        try:
            stream = cast(
                'AsyncGenerator[feed_lib.Item]',
                self._feed.stream(self.reached()),
            )
            # One that is stopped while an item of it waits for its turn would
            # not be told that nobody reads it.
            async with contextlib.aclosing(stream):
                async for item in stream:
                    await self._take(item)
        except errors.StingError as error:
            await self._fail(str(error))
        # The boundary of the feed's task: one that ends for whatever reason
        # is never taken for one that is merely quiet.
        except Exception as error:  # noqa: BLE001
            await self._fail(f'{type(error).__name__}: {error}')
        else:
            self._tell('ended', 'there is no more data')

    async def _fail(self, why: str) -> None:
        """Tells that prices are not followed any more, of each of them."""
        self._tell('failed', why)
        now = self._clock.now()
        for symbol in self._feed.symbols:
            issue = market.DataIssue(
                symbol, now, market.STALE, f'{self.name} failed: {why}'
            )
            await self._bus.publish(
                bus.Lane.MARKET,
                bus.Incoming(
                    events.EventType.DATA_ISSUE,
                    issue,
                    self.name,
                    symbol=symbol,
                ),
            )

    async def _take(self, item: feed_lib.Item) -> None:
        """Puts what came into the lane of the market."""
        if isinstance(item, market.DataIssue):
            self._warn(item)
        else:
            self._last = self._clock.monotonic()
        await self._bus.publish(
            bus.Lane.MARKET,
            bus.Incoming(
                _KINDS[type(item)], item, self.name, symbol=item.symbol
            ),
        )
        if isinstance(item, market.MarketData) and item.closed:
            self._put[item.symbol] = item.timestamp
        if isinstance(item, market.DataIssue):
            self._look()
        elif item.timestamp // market.NANOSECONDS != self._looked_at:
            # Not for each of them: it takes the longer the more symbols.
            self._looked_at = item.timestamp // market.NANOSECONDS
            self._look()

    def _look(self, detail: str = '') -> None:
        """Tells of a change of the feed's status."""
        now = self._feed.status() or feed_lib.Status('connected', detail)
        if now.status != self._status:
            self._tell(now.status, now.detail)

    def _warn(self, issue: market.DataIssue) -> None:
        """Tells a person of what is wrong with the data."""
        alert = self._warnings.of(issue, self._clock.monotonic())
        if alert is not None:
            self._bus.put(
                bus.Lane.REPORTS,
                bus.Incoming(events.EventType.RISK_ALERT, alert, self.name),
            )

    def _tell(self, status: str, detail: str) -> None:
        self._status = status
        self._detail = detail
        self._bus.put(
            bus.Lane.REPORTS,
            bus.Incoming(
                events.EventType.SYSTEM_STATUS,
                records.SystemStatus(
                    component=self.name, status=status, detail=detail
                ),
                self.name,
            ),
        )
