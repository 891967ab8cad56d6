"""Holds what the stream told of orders against what is listed."""

from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any
from typing import Final

from sting.broker.alpaca import book as books
from sting.engine import clock as clocks
from sting.net import monitor as monitors

# Seconds that the stream may be behind the list of orders.
BEHIND_S: Final = 2.0
# So many times as seldom it is looked whether a message among others was lost.
_SELDOM: Final = 2.0

Working = Callable[[], Awaitable[list[tuple[Any, str]]]]


class Comparison:
    """Finds out when the stream has left something out.

    Attributes:
        every_s: Seconds without a word of it, while orders work, after which
            they are looked up.
    """

    def __init__(
        self,
        book: books.Book,
        monitor: monitors.ConnectionMonitor,
        time_source: clocks.Clock,
        every_s: float,
    ) -> None:
        """Sets it up; `begin` says that there is a stream.

        Args:
            book: What was told.
            monitor: Of the connection.
            time_source: Measures, and waits.
            every_s: Seconds of quiet after which it is looked.
        """
        self.every_s = every_s
        self._book = book
        self._monitor = monitor
        self._clock = time_source
        self._heard = self._looked = 0.0

    def begin(self) -> None:
        """Says that a stream begins, and that all before it is known."""
        self._heard = self._looked = self._clock.monotonic()

    def hear(self) -> None:
        """Says that it spoke."""
        self._heard = self._clock.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether it is time to look."""
        now = self._clock.monotonic()
        quiet = now - max(self._heard, self._looked) >= self.every_s
        # One message may be lost among many, too.
        seldom = now - self._looked >= _SELDOM * self.every_s
        return self._monitor.works and (quiet or seldom)

    async def look(self, working: Working) -> list[str]:
        """Looks once, and once more for what differs.

        Args:
            working: Asks for the orders that work, with our ids.

        Returns:
            The orders of which the stream did not tell all.

        Raises:
            errors.BrokerUnknownError: No answer.
        """
        self._looked = self._clock.monotonic()
        if not self._book.working(there=True):
            return []
        first = await self._missed(working)
        if not first:
            return []
        # It may have been on its way.
        await self._clock.sleep(BEHIND_S)
        if not self._monitor.works:
            return []
        now = await self._missed(working)
        return [name for name, what in first.items() if now.get(name) == what]

    async def _missed(self, working: Working) -> dict[str, object]:
        """Gives the orders of which not all was told.

        Returns:
            By our id, as it is listed; empty where it is not any more.
        """
        found = {name: each for each, name in await working()}
        return {
            order_id: found[order_id].model_dump() if order_id in found else ''
            for order_id in self._book.working(there=True)
            if order_id not in found
            or not self._book.is_told(found[order_id], order_id)
        }
