"""The emergency stop at Interactive Brokers where orders are kept.

The global cancel spares none, and a client may cancel only what it has placed
itself. So this goes over the connection that orders are sent on, one by one.
"""

import asyncio
import concurrent.futures
from typing import Final

from sting.broker import interface
from sting.broker.ibkr import record as records
from sting.broker.ibkr import trader as traders
from sting.engine import clock as clocks
from sting.net import loops

# Seconds until it gives up, and between two looks.
LIMIT_S: Final = 5.0
_APART_S: Final = 0.1
_NOTE: Final = (
    'cancelled one by one, to keep what protects positions: orders that were '
    'placed elsewhere are left alone'
)


class Single:
    """One pull of the stop that leaves some orders alone."""

    def __init__(
        self, trader: traders.Trader, client_id: int, keep: frozenset[str]
    ) -> None:
        """Prepares it.

        Args:
            trader: Cancels.
            client_id: The number of its connection.
            keep: Ids of orders that work on.
        """
        self._trader = trader
        self._client_id = client_id
        self._keep = keep
        self._clock = clocks.LiveClock()
        self._first: float | None = None

    def pull(self, thread: loops.LoopThread) -> interface.EmergencyReport:
        """Takes out what is not kept; from any thread.

        Args:
            thread: That of the connection.
        """
        began = self._clock.monotonic()
        named = {each.id for each in self._mine()}
        asked = thread.send(self._cancel(named))
        try:
            asked.result(LIMIT_S)
        except (
            concurrent.futures.TimeoutError,
            concurrent.futures.CancelledError,
        ):
            asked.cancel()
        unknown = {each.id for each in self._mine()}
        named |= unknown
        return interface.EmergencyReport(
            cancelled=tuple(sorted(named - unknown)),
            unknown=tuple(sorted(unknown)),
            first_s=None if self._first is None else self._first - began,
            note=_NOTE,
        )

    def _mine(self) -> list[records.Record]:
        """Gives what works, was sent from here, and is not kept."""
        return [
            each
            for each in self._trader.book.working()
            if each.id not in self._keep and each.client == self._client_id
        ]

    async def _cancel(self, named: set[str]) -> None:
        """Cancels until nothing of it works."""
        while mine := self._mine():
            named.update(each.id for each in mine)
            sent = [
                asyncio.create_task(self._trader.cancel(each.id))
                for each in mine
            ]
            # They leave in this turn, but for those that are limited.
            await asyncio.sleep(0)
            if self._first is None:
                self._first = self._clock.monotonic()
            # What fails is looked at again.
            await asyncio.gather(*sent, return_exceptions=True)
            await asyncio.sleep(_APART_S)
