"""The log's events for observers on other machines, over the bus."""

import asyncio
from collections.abc import AsyncGenerator
from collections.abc import Callable
from collections.abc import Sequence
import contextlib

import msgspec

from sting.engine import core
from sting.engine import subscribers
from sting.model import events
from sting.net import kept
from sting.net import postal
from sting.net import presence

NAME = 'observers'
FOLDER = 'published'
# Seconds until what did not work is tried again.
_AGAIN_S = 1.0
_encode = msgspec.json.Encoder().encode


def as_json(log: str, event: events.Event) -> bytes:
    """Gives an event as observers get it.

    Args:
        log: The id of the log.
        event: The event.
    """
    return _encode(
        {
            'log': log,
            'seq': event.seq,
            'timestamp': event.timestamp,
            'type': event.type.value,
            'source': event.source,
            'symbol': event.symbol,
            'cause': event.cause,
            'data': event.data,
        }
    )


class LostError(Exception):
    """The server has not any more what it had."""


class Publishing(core.Component):
    """Writes the log's events to the bus, in order and each once."""

    name = NAME

    def __init__(
        self,
        way: postal.Connection,
        subjects: presence.Subjects,
        log: str,
        days: float,
        subscribe: Callable[[subscribers.PageHandler], subscribers.Subscriber],
        alert: Callable[[str], None],
    ) -> None:
        """Sets up without connecting.

        Args:
            way: A connection of its own.
            subjects: Where they are written.
            log: The id of the log.
            days: So long the server keeps them.
            subscribe: Makes the subscriber to the log, given its handler.
            alert: Told what is wrong, once, and when it is well again.
        """
        self._way = way
        self._subjects = subjects
        self._log = log
        self._days = days
        self._writer = kept.Writer(way, subjects.stream, subjects.events('>'))
        self._subscriber = subscribe(self._take)
        self._alert = alert
        self._up = asyncio.Event()
        self._open = False
        self._last = 0
        self._wrong = ''
        way.renewed = self._renew

    @property
    def written(self) -> int:
        """Number of the last event that the server is known to have."""
        return max(self._last, self._writer.number)

    async def start(self) -> None:
        """Begins to connect; what was not written yet follows."""
        await self._way.start()
        await self._subscriber.start()

    async def stop(self) -> None:
        """Ends at once; what the server has not follows at the next start."""
        await self._subscriber.stop()
        await self._way.stop()

    def _go_behind(self, found: int) -> None:
        """Goes on behind what the server has, if that is less too.

        Raises:
            LostError: It is less; the log is read again from there.
        """
        known = max(self._last, self._subscriber.cursor)
        if not 0 < found < known:
            self._last = max(self._last, found)
            return
        self._last = self._writer.number = found
        self._subscriber.cursor = found
        raise LostError(
            f'the server has lost the events from {found + 1} to {known}; '
            'they are written again'
        )

    def _fitting(self, event: events.Event) -> bytes:
        """Gives an event as JSON; one too long for a message without data."""
        data = as_json(self._log, event)
        if len(data) > self._writer.room:
            data = as_json(self._log, msgspec.structs.replace(event, data=None))
        return data

    def _renew(self) -> None:
        self._up.set()
        self._writer.renew()

    async def _take(self, page: Sequence[events.Event]) -> None:
        """Writes events; returns once the server has all of them."""
        while page[-1].seq > self._last:
            await self._up.wait()
            try:
                if not self._open:
                    found = await self._writer.open(self._log, self._days)
                    self._go_behind(found)
                    self._open = True
                    continue
                await self._writer.put(
                    (
                        kept.Numbered(
                            event.seq,
                            self._subjects.events(event.symbol),
                            self._fitting(event),
                        )
                        for event in page
                        if event.seq > self._last
                    ),
                    self._log,
                )
            except kept.AwayError as error:
                self._open = False
                self._last = self.written
                if not self._wrong:
                    self._wrong = str(error)
                    self._alert(f'observers get no events: {error}')
                await asyncio.sleep(_AGAIN_S)
            else:
                self._last = page[-1].seq
                if self._wrong:
                    self._wrong = ''
                    self._alert('observers get events again')


async def follow(
    way: postal.Connection,
    subjects: presence.Subjects,
    symbols: tuple[str, ...],
    cursor: int,
    say: Callable[[str], None],
) -> AsyncGenerator[kept.Message, None]:
    """Gives events in order, each once, also over lost connections.

    Args:
        way: A connection that was started.
        subjects: Where they are.
        symbols: Of which; empty for all.
        cursor: The place of the last one that was taken; 0 for none.
        say: Told what is wrong, in one line.

    Yields:
        The events, as `as_json` has them.
    """
    up = asyncio.Event()
    way.renewed = up.set
    if way.connected:
        up.set()
    patterns = [subjects.events(each) for each in symbols or ('>',)]
    wrong = ''
    while True:
        await up.wait()
        found = kept.read(way, subjects.stream, patterns, cursor)
        try:
            async with contextlib.aclosing(found):
                async for message in found:
                    wrong = ''
                    cursor = message.cursor
                    yield message
        except kept.AwayError as error:
            if str(error) != wrong:
                wrong = str(error)
                say(wrong)
            await asyncio.sleep(_AGAIN_S)
