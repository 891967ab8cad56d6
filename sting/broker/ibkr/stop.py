"""The emergency stop at Interactive Brokers: a second connection, made before.

It has a thread and a client id of its own. Pulled, it asks for everything that
works and sends the global cancel in one go, which takes out orders that were
placed elsewhere too. Then it looks until nothing works any more.
"""

import asyncio
from collections.abc import Callable
import concurrent.futures
import threading
from typing import Any
from typing import Final

from sting.broker import interface
from sting.broker.ibkr import ears
from sting.broker.ibkr import names
from sting.broker.ibkr import record as records
from sting.broker.ibkr import session as sessions
from sting.engine import clock as clocks
from sting.model import errors
from sting.net import loops

# Seconds until it gives up, and between two looks.
LIMIT_S: Final = 5.0
_APART_S: Final = 0.1
_GATE_S: Final = 1.0
# A warm second client can cancel in no other way.
_NOTE: Final = (
    'the global cancel takes out every order of the account, those placed '
    'elsewhere too'
)


class Stop:
    """The connection of the emergency stop.

    Attributes:
        gate: Held while an order leaves and while the cancel does, so that
            none slips in behind it.
    """

    def __init__(
        self, place: sessions.Place, lost: Callable[[str], None]
    ) -> None:
        """Sets it up; nothing is connected yet.

        Args:
            place: Where the gateway is.
            lost: Told that the connection is gone; in any thread.
        """
        self.gate = threading.Lock()
        self._place = place
        self._lost = lost
        self._clock = clocks.LiveClock()
        # When the global cancel of the last pull left.
        self._sent: float | None = None
        self._thread: loops.LoopThread | None = None
        self._session: sessions.Session | None = None

    async def open(self) -> None:
        """Connects where it is not connected.

        Raises:
            errors.BrokerUnknownError: There is no connection to be had.
        """
        await asyncio.wrap_future(self._begun().send(self._connected()))

    async def close(self) -> str:
        """Ends the connection and the thread.

        Returns:
            What did not end, for a person; empty where everything did.
        """
        thread, self._thread = self._thread, None
        return '' if thread is None else await thread.finish(self._end())

    def pull(
        self, working: Callable[[], list[records.Record]]
    ) -> interface.EmergencyReport:
        """Takes everything out; from any thread.

        Args:
            working: Gives the orders that we know to work.
        """
        began, self._sent = self._clock.monotonic(), None
        known = working()
        for each in known:
            each.leaving = True
        before = {each.id for each in known}
        seen: set[str] = set()
        left = set(before)
        # Without it too, when an order hangs on its way.
        held = self.gate.acquire(timeout=_GATE_S)
        try:
            begun = threading.Event()
            asked = self._begun().send(
                self._cancel(working, known, begun, seen, left)
            )
            begun.wait(_GATE_S)
        finally:
            if held:
                self.gate.release()
        try:
            asked.result(LIMIT_S)
        except (errors.BrokerError, concurrent.futures.TimeoutError):
            asked.cancel()
        named = before | seen
        unknown = named & left
        return interface.EmergencyReport(
            cancelled=tuple(sorted(named - unknown)),
            unknown=tuple(sorted(unknown)),
            first_s=None if self._sent is None else self._sent - began,
            note='' if self._sent is None else _NOTE,
        )

    def hear_order(self, contract: Any, order: Any, state: Any) -> None:
        """An order as it stands; what is asked for is enough."""

    def hear_status(self, told: ears.Status) -> None:
        """Where an order stands; what is asked for is enough."""

    def hear_execution(self, contract: Any, execution: Any) -> None:
        """A trade: of no interest here."""

    def hear_fee(self, report: Any) -> None:
        """What a trade cost: of no interest here."""

    def hear_error(self, number: int, code: int, said: str) -> None:
        """An error: what works is asked for anyway."""

    def hear_wrong(self, topic: str, reason: str) -> None:
        """Something is wrong with what comes: told on the other connection."""

    def hear_loss(self, reason: str) -> None:
        """The connection broke."""
        self._lost(f'the connection of the emergency stop: {reason}')

    async def _cancel(
        self,
        working: Callable[[], list[records.Record]],
        known: list[records.Record],
        begun: threading.Event,
        seen: set[str],
        left: set[str],
    ) -> None:
        """Cancels until nothing works; `left` is what is not known to be out.

        What was sent and not answered may still be on its way, so that it
        counts as out only when it was seen, or has ended.
        """
        try:
            session = await self._connected()
            client = session.client

            def send(_number: int) -> None:
                client.reqAllOpenOrders()
                client.reqGlobalCancel()
                self._sent = self._clock.monotonic()
                begun.set()

            found = await session.ask(send, 'open orders', ears.OPEN)
        finally:
            begun.set()
        seen.update(names.working(found, known))
        left.update(seen)
        while True:
            found = await session.ask(
                lambda _: client.reqAllOpenOrders(),
                'open orders',
                ears.OPEN,
            )
            there = names.working(found, known)
            seen.update(there)
            doubtful = {each.id for each in working() if not each.taken}
            left.clear()
            left.update(there | (doubtful - seen))
            if not left:
                return
            await asyncio.sleep(_APART_S)
            client.reqGlobalCancel()

    async def _connected(self) -> sessions.Session:
        if self._session is None or not self._session.alive:
            session = sessions.Session(self._place, self)
            await session.open()
            self._session = session
        return self._session

    async def _end(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _begun(self) -> loops.LoopThread:
        if self._thread is None:
            self._thread = loops.LoopThread('ibkr stop')
        return self._thread
