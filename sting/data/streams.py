"""The streams of several sources, read into one bounded queue."""

import asyncio
from collections.abc import AsyncGenerator
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
import contextlib
import functools
from typing import Final
from typing import cast

import msgspec

from sting.data import failover
from sting.data.sources import base
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.net import monitor as monitors

# Messages that wait to be looked at; beyond them a stream waits.
QUEUE: Final = 1000
# Seconds until a stream that was refused is tried again.
REFUSED_S: Final = 900.0

# What came, and the place of its source.
Came = tuple[int, base.Message]


class Streams:
    """Reads the streams of the sources that are in use.

    Attributes:
        queue: What came; None where there is something else to look at.
    """

    def __init__(
        self,
        sources: Sequence[base.DataSource],
        time_source: clocks.Clock,
        wanted: Callable[[], base.Subscription],
        told: Callable[[int, market.DataIssue], None],
        changed: Callable[[int, str | None], None],
    ) -> None:
        """Sets up; nothing is opened yet.

        Args:
            sources: Those that there are; a place is one's number among them.
            time_source: Tells the time.
            wanted: Gives what is subscribed to, when a stream is opened.
            told: Called with what a stream says is wrong with its data, and
                with clocks that differ, which are of no symbol.
            changed: Called when a stream breaks, with the reason, with an empty
                one when it is there again, and with None when it changed
                otherwise.
        """
        self.queue: asyncio.Queue[Came | None] = asyncio.Queue(QUEUE)
        self._sources = tuple(sources)
        self._clock = time_source
        self._wanted = wanted
        self._told = told
        self._changed = changed
        self._tasks: dict[int, asyncio.Task[None]] = {}
        # Streams that were refused, and until when.
        self._refused: dict[int, float] = {}
        self._lost: set[int] = set()
        # Those whose clock differs from this machine's.
        self._skewed: set[int] = set()
        self._monitors = [
            monitors.ConnectionMonitor(
                source.name,
                time_source,
                functools.partial(self._connection_changed, place),
            )
            for place, source in enumerate(self._sources)
        ]

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """What runs; it ends where a stream is refused or not needed."""
        return self._tasks.values()

    def works(self, place: int) -> bool:
        """Whether the stream of a source is there."""
        return self._monitors[place].works

    def reason(self, place: int) -> str:
        """Says what is wrong with a stream; empty for nothing."""
        return self._monitors[place].reason

    def wake(self) -> None:
        """Lets whoever reads the queue look around."""
        if not self.queue.full():
            self.queue.put_nowait(None)

    def tend(self, used: Collection[int]) -> None:
        """Opens the streams of some sources, and ends those of others.

        Args:
            used: The places of the sources in use.

        Raises:
            Exception: Whatever ended a stream by a fault of ours.
        """
        for place, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[place]
                self._ended(place, task)
        now = self._clock.monotonic()
        for place, source in enumerate(self._sources):
            running = self._tasks.get(place)
            if place not in used:
                if running is not None:
                    running.cancel()
            elif (
                running is None
                and base.Stream.BARS in source.capabilities.streams
                and self._refused.get(place, now) <= now
            ):
                self._tasks[place] = asyncio.create_task(self._follow(place))

    async def _follow(self, place: int) -> None:
        """Reads the stream of a source; it makes its connections anew."""
        watch = base.Watch(
            monitor=self._monitors[place],
            tell=functools.partial(self._told, place),
        )
        source, wanted = self._sources[place], self._wanted()
        # Not every one that has bars has quotes.
        wanted = msgspec.structs.replace(
            wanted, kinds=wanted.kinds & source.capabilities.streams
        )
        stream = cast(
            'AsyncGenerator[base.Message]', source.stream(wanted, watch)
        )
        async with contextlib.aclosing(stream):
            async for message in stream:
                await self.queue.put((place, message))

    def _ended(self, place: int, task: asyncio.Task[None]) -> None:
        """Takes the end of a stream: it was refused, or is not needed."""
        if task.cancelled():
            return
        try:
            task.result()
            why = f'{self._sources[place].name}: its stream has ended'
        except (errors.SourceError, errors.ConfigError) as error:
            why = str(error)
        self._refused[place] = self._clock.monotonic() + REFUSED_S
        self._break(place, why)

    def _connection_changed(self, place: int, change: monitors.Change) -> None:
        self._compare(place)
        if change.state in (monitors.Link.LOST, monitors.Link.SILENT):
            self._break(place, change.reason)
        elif change.state is monitors.Link.CONNECTED and place in self._lost:
            self._lost.discard(place)
            self._changed(place, '')
        else:
            self._changed(place, None)
        self.wake()

    def _compare(self, place: int) -> None:
        """Tells of clocks that differ, once until they agree again."""
        skewed = self._monitors[place].skewed
        if not skewed:
            self._skewed.discard(place)
        elif place not in self._skewed:
            self._skewed.add(place)
            said = f'{self._sources[place].name}: {skewed}'
            issue = market.DataIssue(
                '', self._clock.now(), failover.Issue.SKEW, said
            )
            self._told(place, issue)

    def _break(self, place: int, why: str) -> None:
        if place not in self._lost:
            self._lost.add(place)
            self._changed(place, why)
