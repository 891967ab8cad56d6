"""What a node does: it has strategies run here for an engine elsewhere.

It has a process for each stream that an engine opens, watches over it as the
engine would, and hands frames on in both directions. What a strategy runs
comes from the node's own configuration: an engine names it and gives its
parameters, and nothing else.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
import pathlib
from typing import Final

import msgspec

from sting.engine import clock
from sting.model import errors
from sting.model import specs
from sting.net import courier
from sting.net import presence
from sting.strategy import isolated
from sting.strategy import process
from sting.strategy import spawn
from sting.strategy import watched
from sting.strategy import wire

# Seconds without a word after which an engine is gone.
GONE_S: Final = 60.0
# Bytes of a strategy that may wait for its engine.
HELD: Final = 64 << 20

Say = Callable[[str], None]


class Relay(watched.Watched):
    """One process that runs one strategy for an engine elsewhere."""

    def __init__(
        self,
        spec: specs.StrategySpec,
        output: pathlib.Path,
        versions: pathlib.Path,
        carried: courier.Courier,
        over: Callable[[str], None],
    ) -> None:
        """Sets up a process that is not yet started.

        Args:
            spec: What to run.
            output: The file for what it prints.
            versions: Where copies of its code are kept.
            carried: The way to the engine.
            over: Told why it has ended; empty for in order.
        """
        super().__init__(spec, output, self._failed)
        self._versions = versions
        self._courier = carried
        self._over = over
        self._why = ''

    async def load(self, load: wire.Load) -> None:
        """Starts the process and has it load the strategy.

        Args:
            load: As the engine has it; what is of its machine is replaced.
        """
        try:
            await self._launch()
        except errors.StrategyError:
            # It was told, or nobody wants to hear it any more.
            return
        self._forward(
            msgspec.structs.replace(
                load,
                reference=self.spec.reference,
                search=spawn.search(),
                memory=self.spec.process.memory_mb << 20,
                output=str(self._output),
                versions=str(self._versions),
            ),
            process.START_S,
        )

    def tell(self, frame: wire.Told) -> None:
        """Hands it what the engine says."""
        patience = self.spec.process.deadline_ms / 1000
        if isinstance(frame, wire.Begin | wire.Adopt):
            patience = process.START_S
        elif isinstance(frame, wire.End):
            patience = process.GRACE_S
            self._ending = True
        self._forward(frame, patience)

    def _forward(self, frame: wire.Told, patience: float) -> None:
        if self._transport is not None and self.failure is None:
            self._questions.ask(patience)
            self._transport.write(wire.encode(frame))

    def _take(self, said: wire.Said) -> None:
        if self._courier.held > HELD:
            raise errors.StrategyError(
                f'its engine is behind: {self._courier.held:,} bytes wait'
            )
        self._questions.answered()
        self._courier.write(wire.encode(said))
        if isinstance(said, wire.Failed):
            self._why = said.detail
            self._ending = True

    def _failed(self, failure: watched.Failure) -> None:
        self._why = failure.detail
        self._courier.write(
            wire.encode(wire.Failed(failure.detail, failure.loading))
        )

    def _pump(self) -> None:
        """Has nothing that waits."""

    def _drop(self) -> None:
        """Has nothing that waits."""

    async def finish(self) -> None:
        """Waits for its end, and tells the engine."""
        await self.gone()
        self._courier.end()
        self._over(self._why)


class _Stream:
    """A stream of an engine, and what runs for it."""

    def __init__(
        self,
        name: str,
        send: Callable[[bytes], None],
        make: Callable[['_Stream', wire.Load], Relay | None],
    ) -> None:
        self.courier = courier.Courier(name, send, self._take)
        self.relay: Relay | None = None
        self.engine = name.partition('/')[0]
        self.task: asyncio.Task[None] | None = None
        self._reader = wire.Reader()
        self._make = make

    def _take(self, data: bytes) -> None:
        for body in self._reader.take(data):
            try:
                frame = wire.told(body)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                self.refuse(f'its node does not understand the engine: {error}')
                return
            if isinstance(frame, wire.Load):
                if self.relay is None:
                    self.relay = self._make(self, frame)
            elif self.relay is not None:
                self.relay.tell(frame)

    def refuse(self, why: str) -> None:
        """Tells the engine that nothing runs for it."""
        self.courier.write(wire.encode(wire.Failed(why, True)))
        self.courier.end()

    def kill(self) -> None:
        self.courier.close()
        if self.relay is not None:
            self.relay.kill()


class Host:
    """A node: runs strategies for whichever engine asks."""

    def __init__(
        self,
        name: str,
        bus: presence.Bus,
        subjects: presence.Subjects,
        known: Mapping[str, specs.StrategySpec],
        folder: pathlib.Path,
        *,
        say: Say = lambda _: None,
        beat_s: float = presence.BEAT_S,
        gone_s: float = GONE_S,
    ) -> None:
        """Sets up without connecting.

        Args:
            name: The node's.
            bus: Carries what is said.
            subjects: Where it is said.
            known: The strategies that may run here.
            folder: Where the files are that have what strategies print.
            say: Told what happens, in one line.
            beat_s: Seconds between two words that it is here.
            gone_s: Seconds without a word after which an engine is gone.
        """
        self.name = name
        self.id = presence.drawn(clock.LiveClock())
        self._bus = bus
        self._subjects = subjects
        self._known = dict(known)
        self._folder = folder
        self._say = say
        self._beat_s = beat_s
        self._gone_s = gone_s
        self._streams: dict[str, _Stream] = {}
        self._engine = ''
        self._heard = 0.0
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        bus.subscribe(subjects.told(self.id), self._hear)
        bus.subscribe(subjects.engine, self._hear_engine)
        bus.renewed = self.renew

    @property
    def running(self) -> tuple[str, ...]:
        """The strategies that run here now."""
        return tuple(
            each.relay.spec.name
            for each in self._streams.values()
            if each.relay is not None
        )

    async def start(self) -> None:
        """Begins to connect, and to say that it is here."""
        await self._bus.start()
        self._task = asyncio.create_task(self._run(), name='node')

    async def stop(self) -> None:
        """Ends all that runs here, and says so."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._end_all('the node ends')
        self._beat(leaves=True)
        await asyncio.gather(*self._tasks)
        await self._bus.stop()

    def _hear(self, data: bytes) -> None:
        piece = courier.read(data)
        if piece is None:
            return
        stream = self._streams.get(piece.stream)
        if stream is None and piece.number == 1:
            stream = self._open(piece.stream)
        if stream is not None:
            stream.courier.hear(piece)

    def _open(self, name: str) -> _Stream:
        subject = self._subjects.said(name.partition('/')[0])
        made = _Stream(
            name, lambda data: self._bus.publish(subject, data), self._make
        )
        self._streams[name] = made
        return made

    def _make(self, stream: _Stream, load: wire.Load) -> Relay | None:
        """Makes what an engine asks for, if it may run here."""
        known = self._known.get(load.name)
        if known is None:
            detail = (
                f'node {self.name} does not run {load.name!r}: nodes in its '
                'sting.yaml has it not'
            )
            self._say(detail)
            stream.refuse(detail)
            return None

        def over(why: str) -> None:
            self._say(f'{load.name} ended{": " if why else ""}{why}')

        relay = Relay(
            known,
            isolated.output_of(self._folder, load.name),
            self._folder / isolated.VERSIONS,
            stream.courier,
            over,
        )
        self._say(f'{load.name} starts')
        stream.task = asyncio.create_task(_carry_out(relay, load))
        self._tasks.add(stream.task)
        stream.task.add_done_callback(self._tasks.discard)
        return relay

    def _hear_engine(self, data: bytes) -> None:
        here = presence.read_here(data)
        if here is None:
            return
        now = asyncio.get_running_loop().time()
        if here.id != self._engine:
            if self._engine and now - self._heard < 4 * self._beat_s:
                return
            self._say('an engine is there')
            self._engine = here.id
        self._heard = now
        for name in tuple(self._streams):
            if name in here.streams:
                continue
            if self._streams[name].engine != here.id:
                self._streams[name].refuse(
                    f'node {self.name} works for another engine of the same '
                    'prefix and profile'
                )
            self._end(name)

    def _end(self, name: str) -> None:
        self._streams.pop(name).kill()

    def _end_all(self, why: str) -> None:
        if self._streams:
            self._say(f'{why}: {", ".join(self.running)} killed')
        for name in tuple(self._streams):
            self._end(name)

    def renew(self) -> None:
        """The connection is there, again perhaps: what was sent is lost."""
        self._say('connected')
        self._beat()
        for each in self._streams.values():
            each.courier.repeat()

    def _beat(self, *, leaves: bool = False) -> None:
        here = presence.Here(self.id, (), leaves)
        self._bus.publish(self._subjects.node(self.name), presence.encode(here))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._beat_s)
            self._beat()
            for each in tuple(self._streams.values()):
                each.courier.remind()
            if self._engine and loop.time() - self._heard > self._gone_s:
                self._engine = ''
                self._end_all(f'no engine was heard for {self._gone_s:g} s')


async def _carry_out(relay: Relay, load: wire.Load) -> None:
    await relay.load(load)
    await relay.finish()
