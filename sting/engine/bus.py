"""The way into the engine: four lanes, bounded, in a fixed order.

What stops goes before what brokers report, that before orders and commands,
and those before market data. Inside a lane first in is first out, so that a
symbol's events keep their order there.
"""

import asyncio
import collections
from collections.abc import Callable
import enum
from typing import Any

import msgspec

from sting.model import commands
from sting.model import events
from sting.model import views
from sting.model import words


@words.direct
class Lane(enum.IntEnum):
    """Who goes first."""

    STOP = 0
    REPORTS = 1
    ORDERS = 2
    MARKET = 3


Reply = Callable[[commands.CommandResult], None]


class Incoming(msgspec.Struct, gc=False):
    """What wants to become an event.

    Attributes:
        type: What happened.
        data: The payload.
        source: Who says so.
        symbol: The instrument; empty where none is meant.
        cause: Number of the event that led to it; 0 for none.
        reply: Called in the engine's loop with the answer, once durable.
        refusal: Asked in the very step that would take it; what it gives is
            why that is not to be, and nothing is done.
    """

    type: events.EventType
    data: Any
    source: str
    symbol: str = ''
    cause: int = 0
    reply: Reply | None = None
    refusal: Callable[[], str] | None = None


LIMITS = {
    Lane.STOP: 1_000,
    Lane.REPORTS: 100_000,
    Lane.ORDERS: 100_000,
    Lane.MARKET: 100_000,
}

# Python 3.11 takes long to look a member of an enumeration up.
_BAR = events.EventType.MARKET_DATA
_QUOTE = events.EventType.QUOTE


def _replaceable(incoming: Incoming) -> bool:
    kind = incoming.type
    if kind is _BAR:
        return not incoming.data.closed
    return kind is _QUOTE


class _Queue:
    """One lane."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.waiting: collections.deque[Incoming] = collections.deque()
        # By symbol, what waits and may still be replaced.
        self.newest: dict[str, Incoming] = {}
        self.room = asyncio.Event()
        self.room.set()
        self.taken = 0
        self.replaced = 0
        self.blocked = 0

    def put(self, incoming: Incoming) -> None:
        if _replaceable(incoming):
            if self._replaces(incoming):
                return
        elif self.newest:
            # Only the symbol's newest may be replaced, or order would change.
            self.newest.pop(incoming.symbol, None)
        self.waiting.append(incoming)
        if len(self.waiting) >= self.limit:
            self.room.clear()

    def _replaces(self, incoming: Incoming) -> bool:
        """Puts what is newer in the place of what waits, if that may be."""
        symbol = incoming.symbol
        older = self.newest.get(symbol)
        if older is None or older.type is not incoming.type:
            if symbol:
                self.newest[symbol] = incoming
            return False
        older.data = incoming.data
        older.source = incoming.source
        older.cause = incoming.cause
        older.reply = incoming.reply
        older.refusal = incoming.refusal
        self.replaced += 1
        return True

    def take(self, most: int) -> list[Incoming]:
        pop = self.waiting.popleft
        out = [pop() for _ in range(min(most, len(self.waiting)))]
        if self.newest:
            for incoming in out:
                if self.newest.get(incoming.symbol) is incoming:
                    del self.newest[incoming.symbol]
        self.taken += len(out)
        if len(self.waiting) < self.limit:
            self.room.set()
        return out


class EventBus:
    """Collects what wants to happen and gives it out in lane order.

    It belongs to one event loop; `post` alone may be called from elsewhere.
    """

    def __init__(self, limits: dict[Lane, int] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._queues = {lane: _Queue((limits or LIMITS)[lane]) for lane in Lane}
        self._waiting = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    async def publish(self, lane: Lane, incoming: Incoming) -> None:
        """Puts something into a lane; waits while the lane is full.

        Args:
            lane: Which lane.
            incoming: What wants to become an event.
        """
        queue = self._queues[lane]
        if not queue.room.is_set():
            queue.blocked += 1
            while not queue.room.is_set():
                await queue.room.wait()
        self.put(lane, incoming)

    def put(self, lane: Lane, incoming: Incoming) -> None:
        """Puts something into a lane, full or not, from the bus's loop.

        For what may neither wait nor be lost: a broker's report, a stop.

        Args:
            lane: Which lane.
            incoming: What wants to become an event.
        """
        self._queues[lane].put(incoming)
        if not self._waiting.is_set():
            self._waiting.set()
            self._empty.clear()

    def post(self, lane: Lane, incoming: Incoming) -> None:
        """Does as `put`, from any thread.

        Args:
            lane: Which lane.
            incoming: What wants to become an event.
        """
        self._loop.call_soon_threadsafe(self.put, lane, incoming)

    async def take(self, most: int) -> list[Incoming]:
        """Takes what waits, the first lanes first; waits for at least one.

        Args:
            most: At most so many.

        Returns:
            One or more, in the order in which they are to be numbered.
        """
        await self.ready()
        return self.collect(most)

    async def ready(self) -> None:
        """Waits until something waits in a lane."""
        await self._waiting.wait()

    def collect(self, most: int) -> list[Incoming]:
        """Takes what waits now, the first lanes first.

        Args:
            most: At most so many.

        Returns:
            None or more, in the order in which they are to be numbered.
        """
        out: list[Incoming] = []
        for queue in self._queues.values():
            if queue.waiting:
                out += queue.take(most - len(out))
        if not any(queue.waiting for queue in self._queues.values()):
            self._waiting.clear()
            self._empty.set()
        return out

    async def empty(self) -> None:
        """Waits until nothing waits in any lane."""
        await self._empty.wait()

    def statistics(self) -> tuple[views.QueueRow, ...]:
        """Says how each lane is."""
        return tuple(
            views.QueueRow(
                name=lane.name.lower(),
                waiting=len(queue.waiting),
                limit=queue.limit,
                taken=queue.taken,
                replaced=queue.replaced,
                blocked=queue.blocked,
            )
            for lane, queue in self._queues.items()
        )
