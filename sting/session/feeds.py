"""Brings the bars of a feed to the engine."""

import asyncio
import pathlib

from sting import settings
from sting.data import calendars
from sting.data import feed as feed_lib
from sting.data import files
from sting.engine import board
from sting.engine import bus
from sting.engine import clock
from sting.engine import core
from sting.engine import state
from sting.model import errors
from sting.model import events
from sting.model import records
from sting.model import views

# Of each symbol; as many as a chart can show.
WARM_UP = board.BARS


def build(
    name: str,
    feed: settings.Feed,
    symbols: tuple[str, ...],
    time_source: clock.Clock,
    folder: pathlib.Path,
    calendar: str = calendars.DEFAULT,
) -> feed_lib.Feed:
    """Makes a feed of its configuration.

    Args:
        name: Its name.
        feed: What is configured.
        symbols: The instruments wanted.
        time_source: Paces it.
        folder: Where a relative path begins.
        calendar: The exchange whose sessions bare dates name.

    Returns:
        The feed.

    Raises:
        errors.DataError: Its data are missing or malformed.
    """
    if isinstance(feed, settings.DemoFeed):
        return feed_lib.DemoFeed(
            time_source,
            symbols=symbols,
            start=feed.start.isoformat(),
            interval_s=feed.interval_s,
            name=name,
        )
    path = feed.path if feed.path == 'sample' else str(folder / feed.path)
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
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to play behind the log's last bars."""
        self._task = asyncio.get_running_loop().create_task(
            self._run(), name=self.name
        )

    async def stop(self) -> None:
        """Plays no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._status == 'connected':
            self._tell('stopped', '')

    def row(self) -> views.LinkRow:
        """Says how the feed is."""
        age = (
            None if self._last is None else self._clock.monotonic() - self._last
        )
        return views.LinkRow(self._feed.name, self._status, self._detail, age)

    async def _run(self) -> None:
        detail = 'generated bars' if self._feed.generated else ''
        self._tell('connected', detail)
        try:
            async for bar in self._feed.stream(dict(self._system.last_bar)):
                self._last = self._clock.monotonic()
                await self._bus.publish(
                    bus.Lane.MARKET,
                    bus.Incoming(
                        events.EventType.MARKET_DATA,
                        bar,
                        self.name,
                        symbol=bar.symbol,
                    ),
                )
        except errors.StingError as error:
            self._tell('failed', str(error))
        # The boundary of the feed's task: one that ends for whatever reason
        # is never taken for one that is merely quiet.
        except Exception as error:  # noqa: BLE001
            self._tell('failed', f'{type(error).__name__}: {error}')
        else:
            self._tell('ended', 'there is no more data')

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
