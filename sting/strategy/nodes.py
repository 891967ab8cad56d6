"""Strategies on other nodes, seen from the engine.

A node has a process for each strategy, as the engine would; here a `Remote`
stands for it. What is said in between are the same frames, through a
`courier`, so a connection or a server that goes away and comes back costs a
pause and nothing else. A node that is away for long, or is started anew, has
lost its processes: then the strategy has failed and is started again where
its saved state was, with what it missed read from the log.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
import functools
from typing import Any

from sting import version
from sting.engine import clock
from sting.engine import core
from sting.net import courier
from sting.net import presence
from sting.strategy import remote


class Node:
    """What is known of a node.

    Attributes:
        name: Its name.
        id: The name that was drawn at its start; empty while it is away.
        heard: When it was heard last, by the loop's time.
        lost: It was not heard for a while, and that was told.
        other: Its version, where that is another one and that was told.
        rival: Another of its name that was heard; empty for none.
        two: That there are two was told.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.id = ''
        self.heard = 0.0
        self.lost = False
        self.other = ''
        self.rival = ''
        self.two = False


class Nodes(core.Component):
    """The nodes of an engine, and what runs there."""

    name = 'nodes'

    def __init__(
        self,
        bus: presence.Bus,
        subjects: presence.Subjects,
        node_of: Mapping[str, str],
        *,
        lost_s: float,
        away_s: float,
        late_s: float,
        alert: Callable[[str], None] = lambda _: None,
        beat_s: float = presence.BEAT_S,
    ) -> None:
        """Sets up without connecting.

        Args:
            bus: Carries what is said.
            subjects: Where it is said.
            node_of: The node of each strategy that is on one.
            lost_s: Seconds without a word until a node is lost.
            away_s: And until what ran there has failed.
            late_s: Seconds after which what a strategy wants is too late.
            alert: Told what a person should know.
            beat_s: Seconds between two words of ours.
        """
        self.id = presence.drawn(clock.LiveClock())
        self._bus = bus
        self._subjects = subjects
        self._node_of = dict(node_of)
        self._nodes = {each: Node(each) for each in set(node_of.values())}
        self._lost_s = lost_s
        self._away_s = away_s
        self._late_s = late_s
        self._alert = alert
        self._beat_s = beat_s
        self._drawn = 0
        # Another engine where we are: its name, and when it was heard first.
        self._rival = ('', 0.0)
        self._open: dict[str, remote.Remote] = {}
        self._arrivals: list[tuple[str, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None
        bus.subscribe(subjects.said(self.id), self._hear)
        for each in self._nodes:
            bus.subscribe(
                subjects.node(each), functools.partial(self._hear_node, each)
            )
        bus.subscribe(subjects.engine, self._hear_engine)
        bus.renewed = self._renew

    async def start(self) -> None:
        """Begins to connect, and to look who is here."""
        await self._bus.start()
        self._task = asyncio.create_task(self._run(), name='nodes')

    async def stop(self) -> None:
        """Ends all that runs elsewhere for this engine."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for each in tuple(self._open.values()):
            each.kill()
        self._beat()
        await self._bus.stop()

    def has(self, strategy: str) -> bool:
        """Whether a strategy is to run on another node."""
        return strategy in self._node_of

    def make(self, spec: Any, **fields: Any) -> remote.Remote:
        """Makes what stands here for a process there.

        Args:
            spec: The strategy.
            **fields: As `process.Process` takes them.
        """
        return remote.Remote(spec, nodes=self, late_s=self._late_s, **fields)

    # What a Remote asks for.

    def node(self, strategy: str) -> str:
        """Gives the name of a strategy's node."""
        return self._node_of[strategy]

    async def open(self, asker: remote.Remote) -> courier.Courier:
        """Opens a way to a strategy's node; waits until that is here.

        Args:
            asker: Has the way.
        """
        node = self._nodes[self.node(asker.spec.name)]
        while not node.id and not asker.ended:
            arrival = asyncio.get_running_loop().create_future()
            self._arrivals.append((node.name, arrival))
            await arrival
        self._drawn += 1
        stream = f'{self.id}/{self._drawn}'
        asker.at = node.id
        subject = self._subjects.told(node.id)
        made = courier.Courier(
            stream,
            functools.partial(self._bus.publish, subject),
            asker.take,
        )
        if not asker.ended:
            self._open[stream] = asker
            # Or the node could take it for one that was given up.
            self._beat()
        return made

    def close(self, stream: str) -> None:
        """Has the node end what it runs for a stream.

        Args:
            stream: Its name; empty where none was opened.
        """
        if self._open.pop(stream, None) is not None:
            self._beat()
        self._wake('')

    def _wake(self, node: str) -> None:
        """Has those look again who wait for a node, or for any."""
        waiting, self._arrivals = self._arrivals, []
        for wanted, arrival in waiting:
            if node in ('', wanted):
                if not arrival.done():
                    arrival.set_result(None)
            else:
                self._arrivals.append((wanted, arrival))

    # What comes through the bus.

    def _hear(self, data: bytes) -> None:
        piece = courier.read(data)
        if piece is not None and piece.stream in self._open:
            self._open[piece.stream].hear(piece)

    def _hear_node(self, name: str, data: bytes) -> None:
        here = presence.read_here(data)
        if here is None:
            return
        node, now = self._nodes[name], asyncio.get_running_loop().time()
        if here.version != version.__version__:
            if here.version != node.other:
                node.other = here.version
                self._alert(
                    f'node {name} has sting {here.version}, the engine '
                    f'{version.__version__}; nothing runs there until they are '
                    'the same'
                )
            return
        if node.id and here.id != node.id:
            if now - node.heard < min(self._lost_s, 4 * self._beat_s):
                # Both say so, and one of them was here first.
                node.rival = here.id
                return
            self._forget(node, f'node {name} was started anew')
        if here.leaves:
            if node.id == here.id:
                self._forget(node, f'node {name} was ended')
            return
        if node.rival and node.id and not node.two:
            # The first one is here still, so it was not started anew.
            node.two = True
            self._alert(
                f'two nodes are called {name}; only the one that was here '
                'first is used'
            )
        came = not node.id
        node.id, node.heard = here.id, now
        if node.lost:
            node.lost = False
            self._alert(f'node {name} is back')
            for each in self._at(node):
                each.found(f'node {name} is back')
        if came:
            self._wake(name)

    def _hear_engine(self, data: bytes) -> None:
        """Hears ourselves, and nobody else if all is well."""
        here = presence.read_here(data)
        if here is None or here.id == self.id:
            return
        now = asyncio.get_running_loop().time()
        rival, since = self._rival
        if here.id != rival:
            self._rival = (here.id, now)
        # One that just ended may be heard once more.
        elif since and now - since > 2 * self._beat_s:
            self._rival = (rival, 0.0)
            self._alert(
                'another engine uses the same prefix and profile on the bus; '
                'a node works for one of them alone'
            )

    def _at(self, node: Node) -> list[remote.Remote]:
        return [each for each in self._open.values() if each.at == node.id]

    def _forget(self, node: Node, why: str) -> None:
        """Lets what ran on a node fail; what it ran is not there any more."""
        ran = self._at(node)
        node.id = ''
        node.lost = False
        self._alert(why)
        for each in ran:
            each.abandon(why)

    def _renew(self) -> None:
        """The connection is there, again perhaps: what was sent is lost."""
        self._beat()
        for each in tuple(self._open.values()):
            each.repeat()

    def _beat(self) -> None:
        here = presence.Here(self.id, tuple(self._open))
        self._bus.publish(self._subjects.engine, presence.encode(here))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while True:
            await asyncio.sleep(self._beat_s)
            self._beat()
            for each in tuple(self._open.values()):
                each.remind()
            now = loop.time()
            # What this loop was late nobody could be heard in.
            late, looked = max(0.0, now - looked - 2 * self._beat_s), now
            for node in self._nodes.values():
                node.heard += late
                self._look(node, now)

    def _look(self, node: Node, now: float) -> None:
        if not node.id:
            return
        silent = now - node.heard
        if silent > self._away_s:
            self._forget(node, f'node {node.name} is away for {silent:.0f} s')
        elif silent > self._lost_s and not node.lost:
            node.lost = True
            why = f'node {node.name} is lost: not heard for {silent:.0f} s'
            self._alert(why)
            for each in self._at(node):
                each.miss(why)
