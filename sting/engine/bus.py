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


class Lane(enum.IntEnum):
    """Who goes first."""

    STOP = 0
    REPORTS = 1
    ORDERS = 2
    MARKET = 3


Reply = Callable[[commands.CommandResult], None]


class Incoming(msgspec.Struct):
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
    return kind is _QUOTE or (kind is _BAR and not incoming.data.closed)


class _Queue:
    """One lane."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.slots: collections.deque[list[Incoming]] = collections.deque()
        self.newest: dict[str, list[Incoming]] = {}
        self.room = asyncio.Event()
        self.room.set()
        self.taken = 0
        self.replaced = 0
        self.blocked = 0

    def put(self, incoming: Incoming) -> None:
        if incoming.symbol:
            # Only the symbol's newest may be replaced, or order would change.
            slot = self.newest.get(incoming.symbol)
            if (
                slot is not None
                and slot[0].type is incoming.type
                and _replaceable(slot[0])
                and _replaceable(incoming)
            ):
                slot[0] = incoming
                self.replaced += 1
                return
        slot = [incoming]
        self.slots.append(slot)
        if incoming.symbol:
            self.newest[incoming.symbol] = slot
        if len(self.slots) >= self.limit:
            self.room.clear()

    def take(self, most: int) -> list[Incoming]:
        out = []
        for _ in range(min(most, len(self.slots))):
            slot = self.slots.popleft()
            incoming = slot[0]
            if self.newest.get(incoming.symbol) is slot:
                del self.newest[incoming.symbol]
            out.append(incoming)
        self.taken += len(out)
        if len(self.slots) < self.limit:
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
            if queue.slots:
                out += queue.take(most - len(out))
        if not any(queue.slots for queue in self._queues.values()):
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
                waiting=len(queue.slots),
                limit=queue.limit,
                taken=queue.taken,
                replaced=queue.replaced,
                blocked=queue.blocked,
            )
            for lane, queue in self._queues.items()
        )
