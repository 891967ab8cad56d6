"""A strategy's process on another node, seen from the engine."""

import asyncio
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any
from typing import Protocol

from sting.model import errors
from sting.model import specs
from sting.net import courier
from sting.strategy import host
from sting.strategy import process
from sting.strategy import questions
from sting.strategy import watched
from sting.strategy import wire

Say = Callable[[bool, str], None]


class Nodes(Protocol):
    """What opens ways to nodes; see `nodes.Nodes`."""

    async def open(self, asker: 'Remote') -> courier.Courier:
        """Opens a way."""
        ...

    def close(self, stream: str) -> None:
        """Closes it."""
        ...


class _Unhurried(questions.Questions):
    """Questions that may take as long as they take.

    How long a strategy takes is watched where it runs; how long a node is
    away, by `nodes`.
    """

    def watch(self) -> None:
        """Looks at nothing."""


class _Way(asyncio.WriteTransport):
    """Has a process written to through a courier."""

    def __init__(self, carried: courier.Courier) -> None:
        super().__init__()
        self._courier = carried

    def write(self, data: Any) -> None:
        self._courier.write(bytes(data))

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b''.join(list_of_data))

    def close(self) -> None:
        self._courier.close()


class Remote(process.Process):
    """One process that runs one strategy elsewhere.

    What it answers is held to the same bounds here as what a process on this
    machine answers. `spawn` waits until the node is here.

    Attributes:
        at: The drawn name of its node's start; empty before one was found.
        told: Told whether the node is heard, and a line for a person.
    """

    def __init__(
        self,
        spec: specs.StrategySpec,
        *,
        nodes: Nodes,
        late_s: float,
        **fields: Any,
    ) -> None:
        """Sets up a process that is not yet started.

        Args:
            spec: What to run.
            nodes: Has the way to its node.
            late_s: Seconds after which what it wants is too late.
            **fields: As `process.Process` takes them.
        """
        super().__init__(spec, **fields)
        self.at = ''
        self.told: Say = lambda _heard, _why: None
        self._nodes = nodes
        self._late_s = late_s
        self._questions = _Unhurried(self._ask_where)
        self._courier: courier.Courier | None = None
        self._given: dict[int, float] = {}

    @property
    def ended(self) -> bool:
        """Whether it was killed or given up."""
        return self._killed

    async def _launch(self) -> None:
        """Has the node start the process, in which nothing is loaded."""
        if self._ending:
            raise errors.StrategyError('killed before it was started')
        self._gone.clear()
        self._courier = await self._nodes.open(self)
        if self._killed:
            self._courier.close()
            raise errors.StrategyError('killed before it was loaded')
        self._transport = _Way(self._courier)

    def kill(self) -> None:
        """Has it killed, there; here it is gone at once."""
        super().kill()
        if self._courier is not None:
            self._courier.close()
        self._nodes.close('' if self._courier is None else self._courier.stream)
        self._gone.set()

    def tell(self, seq: int, frame: bytes) -> None:
        """Hands it an event; see `Process`."""
        if self.failure is None and len(self._waiting) >= host.WAITING:
            # It could answer neither before its node came nor while it was
            # lost, which is not its own fault.
            self._abandon(f'its node is behind: {host.WAITING} events wait')
            return
        self._given[seq] = asyncio.get_running_loop().time()
        super().tell(seq, frame)

    def overdue(self, seq: int) -> bool:
        """Whether an answer comes too late to act on; see `Process`."""
        given = self._given.pop(seq, None)
        if given is None:
            return False
        return asyncio.get_running_loop().time() - given > self._late_s

    # What `nodes` tells.

    def take(self, data: bytes) -> None:
        """Takes what it sent; b'' is its end."""
        if data:
            self.data_received(data)
            return
        if not self._ending:
            self._give_up('its process ended by itself')
        self._questions.refuse('gone')
        if not self._killed:
            self.kill()

    def hear(self, piece: courier.Piece) -> None:
        """Takes a message of its node."""
        if self._courier is not None:
            self._courier.hear(piece)

    def repeat(self) -> None:
        """Sends again what may be lost."""
        if self._courier is not None:
            self._courier.repeat()

    def remind(self) -> None:
        """Sends again what was not confirmed for a while."""
        if self._courier is not None:
            self._courier.remind()

    def miss(self, why: str) -> None:
        """Its node is not heard."""
        self.told(False, why)

    def found(self, why: str) -> None:
        """Its node is heard again."""
        self.told(True, why)

    def abandon(self, why: str) -> None:
        """Gives it up: it does not run on its node any more."""
        self._abandon(why)

    def _abandon(self, why: str) -> None:
        if self._ending:
            # It is being stopped, which it is now.
            self.kill()
        if self.failure is not None or self._killed:
            return
        self.failure = watched.Failure(detail=why, away=True)
        self._questions.refuse(why)
        self.kill()
        self._close()
        self._fail(self.failure)

    def _take(self, said: wire.Said) -> None:
        super()._take(said)
        if isinstance(said, wire.Answer):
            self._given.pop(said.seq, None)
