"""A source that is asked and followed by a node, over the bus."""

import asyncio
from collections.abc import AsyncGenerator
from collections.abc import Callable
from collections.abc import Sequence
import contextlib
from typing import Final

import msgspec

from sting import version
from sting.data import actions
from sting.data import table
from sting.data.sources import base
from sting.data.sources import carriage
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.net import courier
from sting.net import monitor as monitors
from sting.net import presence

# Seconds until a stream that broke is asked for again.
AGAIN_S: Final = 1.0
# Messages that may wait to be taken here.
MOST: Final = 20_000
# Seconds without a word after which what a node follows is given up; the
# node itself does so too.
AWAY_S: Final = 60.0
# Words of a node in a row that do not name a stream, until it is given up.
UNNAMED: Final = 4


class _Stream:
    """One thing that was asked of the node."""

    def __init__(
        self, name: str, send: Callable[[bytes], None], *, lasts: bool
    ) -> None:
        self.courier = courier.Courier(name, send, self._take)
        # It goes on over a silence of the node.
        self.lasts = lasts
        self.unnamed = 0
        self._came: asyncio.Queue[carriage.Given] = asyncio.Queue()
        self._over = False

    def _take(self, data: bytes) -> None:
        try:
            self.put(carriage.given(data))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.fail(f'the node is not understood: {error}')

    def put(self, what: carriage.Given) -> None:
        if self._over:
            return
        if self._came.qsize() >= MOST:
            self.fail(f'{MOST:,} messages came and were not taken')
            return
        self._came.put_nowait(what)

    def fail(self, why: str) -> None:
        if not self._over:
            self._over = True
            self._came.put_nowait(carriage.Failed('unavailable', why))

    async def next(self) -> carriage.Given:
        return await self._came.get()


class CarriedSource(base.DataSource):
    """Has a node ask a source, and follow it.

    What is asked, and what comes, goes through a `courier` each: a server
    that goes away and comes back costs a pause. A node that is not heard is
    a source that is not there.
    """

    def __init__(
        self,
        name: str,
        node: str,
        bus: presence.Bus,
        subjects: presence.Subjects,
        capabilities: base.Capabilities,
        *,
        lost_s: float,
        beat_s: float = presence.BEAT_S,
    ) -> None:
        """Sets up without connecting.

        Args:
            name: The source's name in the configuration, here and there.
            node: The node's name.
            bus: A connection of its own.
            subjects: Where things are said.
            capabilities: What the source can do.
            lost_s: Seconds without a word until the node is lost.
            beat_s: Seconds between two words of ours.
        """
        self.name = name
        self.capabilities = capabilities
        self.id = presence.drawn(clocks.LiveClock())
        self._node = node
        self._bus = bus
        self._subjects = subjects
        self._lost_s = lost_s
        self._beat_s = beat_s
        self._desk = ''
        self._heard = 0.0
        # Why the node is not there, where it was there; else empty.
        self._silent = ''
        self._other = ''
        self._bus_why = ''
        self._drawn = 0
        self._streams: dict[str, _Stream] = {}
        # Told of the node: what is wrong with it, and an empty text when it
        # is there again.
        self._told: list[Callable[[str], None]] = []
        self._here = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        bus.subscribe(subjects.said(self.id), self._hear)
        bus.subscribe(subjects.desk(node), self._hear_desk)
        bus.renewed = self._renew

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives closed bars of the past; see the interface."""
        rows = []
        async with self._asking(carriage.Ask(self.name, request)) as stream:
            while not isinstance(said := await _next(stream), carriage.Done):
                if isinstance(said, carriage.Rows):
                    rows.append(said)
        return carriage.join(rows, request.timeframe)

    async def get_actions(
        self, symbols: Sequence[str], start: int
    ) -> tuple[actions.Action, ...]:
        """Gives splits and dividends; see the interface."""
        found: list[actions.Action] = []
        asked = carriage.AskActions(self.name, (*symbols,), start)
        async with self._asking(asked) as stream:
            while not isinstance(said := await _next(stream), carriage.Done):
                if isinstance(said, carriage.Actions):
                    found += said.found
        return tuple(found)

    async def stream(
        self, wanted: base.Subscription, watch: base.Watch
    ) -> AsyncGenerator[base.Message]:
        """Gives what happens, as it happens; see the interface."""
        monitor = watch.monitor
        after = dict(wanted.after)
        link: carriage.Link | None = None

        def told(why: str) -> None:
            if why:
                monitor.lost(why)
            elif link is not None:
                _turn(monitor, link)

        self._told.append(told)
        try:
            while not self._closed:
                asked = carriage.Follow(
                    self.name, msgspec.structs.replace(wanted, after=after)
                )
                try:
                    async with self._asking(asked) as opened:
                        while True:
                            said = await _next(opened)
                            if isinstance(said, carriage.Link):
                                link = said
                                _turn(monitor, said)
                            elif isinstance(said, carriage.Wrong):
                                watch.tell(said.issue)
                            elif isinstance(said, carriage.Came) and _is_new(
                                said.message, after
                            ):
                                monitor.heard(said.message.symbol)
                                yield said.message
                except errors.SourceUnavailableError as error:
                    link = None
                    if not self._closed:
                        monitor.lost(str(error))
                        await asyncio.sleep(AGAIN_S)
                        monitor.reconnecting()
        finally:
            self._told.remove(told)
            monitor.closed()

    async def close(self) -> None:
        """Ends its connection, and what is followed."""
        self._closed = True
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for name in tuple(self._streams):
            self._drop(name)
        self._beat()
        await self._bus.stop()

    @contextlib.asynccontextmanager
    async def _asking(self, asked: carriage.Asked) -> AsyncGenerator[_Stream]:
        """Opens a stream to the node, once that is there.

        Raises:
            errors.SourceUnavailableError: It is not there.
        """
        if self._closed:
            raise errors.SourceUnavailableError(f'{self.name} was closed')
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=self.id)
            await self._bus.start()
        try:
            async with asyncio.timeout(self._lost_s):
                await self._here.wait()
        except TimeoutError:
            raise errors.SourceUnavailableError(
                f'{self.name}: {self._silent or self._away()}'
            ) from None
        self._drawn += 1
        name = f'{self.id}/{self._drawn}'
        subject = self._subjects.told(self._desk)
        made = _Stream(
            name,
            lambda data: self._bus.publish(subject, data),
            lasts=isinstance(asked, carriage.Follow),
        )
        self._streams[name] = made
        # Or the node could take it for one that was given up.
        self._beat()
        made.courier.write(carriage.encode(asked))
        try:
            yield made
        finally:
            if name in self._streams:
                self._drop(name)
                self._beat()

    def _drop(self, name: str) -> None:
        stream = self._streams.pop(name)
        stream.courier.close()
        stream.fail('it was closed')

    def _away(self) -> str:
        """Says why the node is not there."""
        return self._other or f'node {self._node} is not heard{self._bus_why}'

    # What comes through the bus.

    def bus_changed(self, up: bool, why: str) -> None:
        """Takes whether there is a connection, and what was wrong."""
        self._bus_why = '' if up else f'; the bus: {why}'

    def _hear(self, data: bytes) -> None:
        piece = courier.read(data)
        if piece is not None and piece.stream in self._streams:
            self._streams[piece.stream].courier.hear(piece)

    def _hear_desk(self, data: bytes) -> None:
        here = presence.read_here(data)
        if here is None:
            return
        now = asyncio.get_running_loop().time()
        if here.version != version.__version__:
            self._other = (
                f'node {self._node} has sting {here.version}, the engine '
                f'{version.__version__}'
            )
            return
        if self._desk and here.id != self._desk:
            if now - self._heard < min(self._lost_s, 4 * self._beat_s):
                # Both say so, and one of them was here first.
                return
            self._forget(f'node {self._node} was started anew')
        if here.leaves:
            if here.id == self._desk:
                self._forget(f'node {self._node} was ended')
            return
        self._other = ''
        self._desk, self._heard = here.id, now
        self._here.set()
        for name, stream in self._streams.items():
            stream.unnamed = 0 if name in here.streams else stream.unnamed + 1
            if stream.unnamed >= UNNAMED:
                stream.fail(f'node {self._node} does not hear the engine')
        if self._silent:
            self._silent = ''
            self._tell('')

    def _forget(self, why: str) -> None:
        """Gives up what the node did; it is not at it any more."""
        self._desk = ''
        self._here.clear()
        self._silent = why
        self._tell(why)
        for stream in self._streams.values():
            stream.fail(why)

    def _tell(self, why: str) -> None:
        for told in self._told:
            told(f'{self.name}: {why}' if why else '')

    def _renew(self) -> None:
        """The connection is there, again perhaps: what was sent is lost."""
        self._beat()
        for each in self._streams.values():
            each.courier.repeat()

    def _beat(self) -> None:
        here = presence.Here(self.id, tuple(self._streams))
        self._bus.publish(self._subjects.readers, presence.encode(here))

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
            self._heard += max(0.0, now - looked - 2 * self._beat_s)
            looked = now
            silent = now - self._heard
            if not self._desk:
                continue
            if silent > AWAY_S:
                self._forget(self._away())
            elif silent > self._lost_s and not self._silent:
                self._here.clear()
                self._silent = self._away()
                self._tell(self._silent)
                for stream in self._streams.values():
                    if not stream.lasts:
                        stream.fail(self._silent)


async def _next(stream: _Stream) -> carriage.Given:
    """Gives what the node says next.

    Raises:
        errors.SourceError: It failed.
    """
    said = await stream.next()
    if isinstance(said, carriage.Failed):
        raise said.error()
    return said


def _turn(monitor: monitors.ConnectionMonitor, link: carriage.Link) -> None:
    """Has a connection here be as the source's is there."""
    works = (monitors.Link.CONNECTED, monitors.Link.RECONCILING)
    if link.state in works:
        monitor.connected()
    elif link.state == monitors.Link.DEGRADED:
        if not monitor.works:
            monitor.connected()
        monitor.complain('source', link.reason)
    elif link.state == monitors.Link.SILENT:
        monitor.silent(link.reason)
    elif link.state == monitors.Link.LOST:
        monitor.lost(link.reason)
    elif link.state == monitors.Link.RECONNECTING:
        monitor.reconnecting()


def _is_new(message: base.Message, after: dict[str, int]) -> bool:
    """Says whether it was not given yet, and takes it down."""
    if not isinstance(message, market.MarketData) or not message.closed:
        return True
    if message.timestamp <= after.get(message.symbol, 0):
        return False
    after[message.symbol] = message.timestamp
    return True
