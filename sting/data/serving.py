"""What a node does for feeds: it asks and follows sources for an engine.

What it asks comes from the node's own configuration, with the node's own
keys: an engine names a source and instruments, and nothing else.
"""

import asyncio
from collections.abc import AsyncGenerator
from collections.abc import Callable
from collections.abc import Mapping
import contextlib
from typing import Final
from typing import cast

import msgspec

from sting.data.sources import base
from sting.data.sources import carriage
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.net import courier
from sting.net import monitor as monitors
from sting.net import presence

# Seconds without a word after which a reader is gone.
GONE_S: Final = 60.0
# Messages that wait for a reader: beyond the first number quotes and trades
# are left out, since newer ones follow; beyond the second nothing is kept.
TICKS: Final = 256
MOST: Final = 20_000


class _Stream:
    """What one reader asked for."""

    def __init__(
        self,
        name: str,
        send: Callable[[bytes], None],
        asked: Callable[['_Stream', bytes], None],
    ) -> None:
        self.reader = name.partition('/')[0]
        self.courier = courier.Courier(name, send, self._take)
        self.task: asyncio.Task[None] | None = None
        self._asked = asked

    def _take(self, data: bytes) -> None:
        if data and self.task is None:
            self._asked(self, data)

    def say(self, what: carriage.Given) -> None:
        self.courier.write(carriage.encode(what))

    def came(self, message: base.Message) -> None:
        """Hands on what a source gave, unless too much waits already.

        Raises:
            errors.SourceUnavailableError: It is not wanted any more.
        """
        waiting = self.courier.backlog
        closed = isinstance(message, market.MarketData) and message.closed
        if waiting >= TICKS and not closed:
            return
        if waiting >= MOST:
            raise errors.SourceUnavailableError(
                f'{waiting:,} messages wait for the engine'
            )
        self.say(carriage.came(message))

    def end(self) -> None:
        self.courier.close()
        if self.task is not None:
            self.task.cancel()


class Desk:
    """Serves sources to whichever engine asks."""

    def __init__(
        self,
        node: str,
        bus: presence.Bus,
        subjects: presence.Subjects,
        sources: Mapping[str, base.DataSource],
        time_source: clocks.Clock,
        *,
        say: Callable[[str], None] = lambda _: None,
        beat_s: float = presence.BEAT_S,
        gone_s: float = GONE_S,
    ) -> None:
        """Sets up without asking anything.

        Args:
            node: The node's name.
            bus: Carries what is said; whoever has it starts and stops it.
            subjects: Where it is said.
            sources: What may be asked, by name.
            time_source: Stamps how their connections are.
            say: Told what happens, in one line.
            beat_s: Seconds between two words that it is here.
            gone_s: Seconds without a word after which a reader is gone.
        """
        self.id = presence.drawn(clocks.LiveClock())
        self._subject = subjects.desk(node)
        self._subjects = subjects
        self._bus = bus
        self._sources = dict(sources)
        self._clock = time_source
        self._say = say
        self._beat_s = beat_s
        self._gone_s = gone_s
        self._streams: dict[str, _Stream] = {}
        self._readers: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None
        bus.subscribe(subjects.told(self.id), self._hear)
        bus.subscribe(subjects.readers, self._hear_reader)

    async def start(self) -> None:
        """Begins to say that it is here."""
        self._task = asyncio.create_task(self._run(), name='desk')

    async def stop(self) -> None:
        """Ends all that is asked and followed, and says so."""
        tasks = [each.task for each in self._streams.values() if each.task]
        if self._task is not None:
            tasks.append(self._task)
        for name in tuple(self._streams):
            self._end(name)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._beat(leaves=True)
        for source in self._sources.values():
            await source.close()

    def renew(self) -> None:
        """The connection is there, again perhaps: what was sent is lost."""
        self._beat()
        for each in self._streams.values():
            each.courier.repeat()

    def _hear(self, data: bytes) -> None:
        piece = courier.read(data)
        if piece is None:
            return
        stream = self._streams.get(piece.stream)
        if stream is None and piece.number == 1:
            subject = self._subjects.said(piece.stream.partition('/')[0])
            stream = self._streams[piece.stream] = _Stream(
                piece.stream,
                lambda said: self._bus.publish(subject, said),
                self._begin,
            )
            self._readers.setdefault(
                stream.reader, asyncio.get_running_loop().time()
            )
        if stream is not None:
            stream.courier.hear(piece)

    def _hear_reader(self, data: bytes) -> None:
        here = presence.read_here(data)
        if here is None:
            return
        self._readers[here.id] = asyncio.get_running_loop().time()
        for name, stream in tuple(self._streams.items()):
            if stream.reader == here.id and name not in here.streams:
                self._end(name)

    def _end(self, name: str) -> None:
        self._streams.pop(name).end()

    def _begin(self, stream: _Stream, data: bytes) -> None:
        stream.task = asyncio.create_task(self._answer(stream, data))

    async def _answer(self, stream: _Stream, data: bytes) -> None:
        """Does what is asked, and says what came of it."""
        try:
            await self._do(stream, carriage.asked(data))
        except errors.SourceError as error:
            stream.say(carriage.failed(error))
        except (
            errors.StingError,
            msgspec.MsgspecError,
            UnicodeDecodeError,
        ) as error:
            stream.say(carriage.Failed('refused', str(error)))
        # Whatever a source does, whoever asked has to hear of it.
        except Exception as error:  # noqa: BLE001
            self._say(f'{type(error).__name__}: {error}')
            stream.say(
                carriage.Failed(
                    'unavailable', f'{type(error).__name__}: {error}'
                )
            )

    async def _do(self, stream: _Stream, asked: carriage.Asked) -> None:
        source = self._sources.get(asked.source)
        if source is None:
            raise errors.SourceRefusedError(
                f'this node has no source {asked.source!r} in its sting.yaml'
            )
        if isinstance(asked, carriage.Follow):
            await self._follow(stream, source, asked.wanted)
            return
        if isinstance(asked, carriage.AskActions):
            found = await source.get_actions(asked.symbols, asked.start)
            for at in range(0, len(found), carriage.PAGE):
                stream.say(carriage.Actions(found[at : at + carriage.PAGE]))
        else:
            for page in carriage.pages(await source.get_bars(asked.request)):
                stream.say(page)
        stream.say(carriage.Done())

    async def _follow(
        self,
        stream: _Stream,
        source: base.DataSource,
        wanted: base.Subscription,
    ) -> None:
        self._say(f'{source.name}: followed, {len(wanted.symbols)} symbols')

        def changed(change: monitors.Change) -> None:
            stream.say(carriage.Link(change.state.value, change.reason))

        watch = base.Watch(
            monitor=monitors.ConnectionMonitor(
                source.name, self._clock, changed
            ),
            tell=lambda issue: stream.say(carriage.Wrong(issue)),
        )
        items = cast(
            'AsyncGenerator[base.Message]', source.stream(wanted, watch)
        )
        try:
            async with contextlib.aclosing(items):
                async for message in items:
                    stream.came(message)
        finally:
            self._say(f'{source.name}: not followed any more')
        raise errors.SourceUnavailableError(
            f'{source.name}: its stream has ended'
        )

    def _beat(self, *, leaves: bool = False) -> None:
        here = presence.Here(self.id, tuple(self._streams), leaves)
        self._bus.publish(self._subject, presence.encode(here))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while True:
            await asyncio.sleep(self._beat_s)
            self._beat()
            for each in tuple(self._streams.values()):
                each.courier.remind()
            now = loop.time()
            # What this loop was late nobody could be heard in.
            late, looked = max(0.0, now - looked - 2 * self._beat_s), now
            for reader in tuple(self._readers):
                self._readers[reader] += late
                if now - self._readers[reader] > self._gone_s:
                    self._forget(reader)

    def _forget(self, reader: str) -> None:
        del self._readers[reader]
        for name, stream in tuple(self._streams.items()):
            if stream.reader == reader:
                self._say(f'an engine was not heard for {self._gone_s:g} s')
                self._end(name)
