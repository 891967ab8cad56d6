"""Where errands wait for their turn, and what keeps two from one order."""

import asyncio
import collections
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterable
import contextlib

import msgspec

from sting.engine import step
from sting.model import orders


class Ask(msgspec.Struct, frozen=True):
    """Ask again about the order of this id, if that is still open."""

    order_id: str


Errand = step.Place | step.Cancel | step.Replace
Turn = Errand | Ask


class Waiting(msgspec.Struct, frozen=True):
    """An errand that waits.

    Attributes:
        errand: What is to be done.
        since: When it came, seconds of the loop.
    """

    errand: Turn
    since: float


class Lane:
    """Errands that wait, first in, first out; questions go before orders."""

    def __init__(self) -> None:
        """Begins empty."""
        self._waiting: collections.deque[Waiting] = collections.deque()
        self._under_way = 0
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._note()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def head(self) -> Waiting | None:
        """What is next, which stays where it is; None where nothing waits."""
        return self._waiting[0] if self._waiting else None

    def put(self, errand: Turn) -> None:
        """Takes an errand; a question goes before all that is no question."""
        now = asyncio.get_running_loop().time()
        if isinstance(errand, Ask):
            self._waiting.appendleft(Waiting(errand, now))
        else:
            self._waiting.append(Waiting(errand, now))
        self._note()

    def pop(self) -> Turn:
        """Takes what is next; `done` says that it is done."""
        taken = self._waiting.popleft()
        self._under_way += 1
        self._note()
        return taken.errand

    def pop_group(
        self, belongs: Callable[[orders.Order], bool]
    ) -> list[orders.Order]:
        """Takes the orders that wait side by side at the head and belong.

        They are done together with what was taken before.

        Args:
            belongs: Whether one belongs to that.
        """
        taken: list[orders.Order] = []
        while self._waiting:
            errand = self._waiting[0].errand
            if not isinstance(errand, step.Place) or not belongs(errand.order):
                break
            self._waiting.popleft()
            taken.append(errand.order)
        self._note()
        return taken

    def take_out(self, order_id: str) -> bool:
        """Takes an order out that waits, with the changes of it.

        Returns:
            Whether it waited; if not, nothing is taken out.
        """
        mine = [
            one
            for one in self._waiting
            if isinstance(one.errand, step.Place | step.Replace)
            and one.errand.order.id == order_id
        ]
        if not any(isinstance(one.errand, step.Place) for one in mine):
            return False
        for one in mine:
            self._waiting.remove(one)
        self._note()
        return True

    def done(self) -> None:
        """Says that what was taken is done."""
        self._under_way -= 1
        self._note()

    async def filled(self) -> None:
        """Waits until something waits."""
        await self._filled.wait()

    async def idle(self) -> None:
        """Waits until nothing waits and nothing is under way."""
        await self._idle.wait()

    def _note(self) -> None:
        if self._waiting:
            self._filled.set()
        else:
            self._filled.clear()
        if self._waiting or self._under_way:
            self._idle.clear()
        else:
            self._idle.set()


class Locks:
    """One lock an order, kept only while somebody wants it.

    One conversation about an order at a time, or an answer could be older
    than what was sent of it meanwhile.
    """

    def __init__(self) -> None:
        """Begins with none."""
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def hold(self, order_ids: Iterable[str]) -> AsyncIterator[None]:
        """Holds the locks of some orders, however long that takes to get."""
        held: list[str] = []
        # In one order, or two that want the same would wait for each other.
        try:
            for order_id in sorted(order_ids):
                await self._take(order_id)
                held.append(order_id)
            yield
        finally:
            for order_id in held:
                self._locks[order_id][0].release()
                self._drop(order_id)

    async def _take(self, order_id: str) -> None:
        lock, wanted = self._locks.get(order_id, (asyncio.Lock(), 0))
        self._locks[order_id] = lock, wanted + 1
        try:
            await lock.acquire()
        except BaseException:
            self._drop(order_id)
            raise

    def _drop(self, order_id: str) -> None:
        lock, wanted = self._locks[order_id]
        if wanted == 1:
            del self._locks[order_id]
        else:
            self._locks[order_id] = lock, wanted - 1
