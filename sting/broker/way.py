"""The way to one broker: two lanes and a connection."""

import asyncio
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Coroutine
from collections.abc import Mapping
from typing import Any
from typing import Final

from sting.broker import answers
from sting.broker import errands
from sting.broker import interface
from sting.broker import lanes
from sting.broker import link as links
from sting.engine import clock as clocks
from sting.engine import latency
from sting.engine import step
from sting.model import market
from sting.model import orders

_S = orders.OrderStatus

# How long to wait before a question is asked again: at first, and at most.
FIRST_S = 1.0
MOST_S = 60.0
_DOUBLINGS: Final = 10

# Cancels under way together. They do not wait for each other's answers, and
# leave the broker room for other questions.
ABREAST: Final = 8


class Way:
    """Takes errands to one broker.

    Orders and changes go one after the other. Cancels have a lane of their
    own and never wait behind them; the cancel of an order that still waits
    takes it out. Orders wait for a connection, but not for long; cancels do
    for ever.

    Attributes:
        link: The connection.
    """

    def __init__(
        self,
        broker: interface.BrokerInterface,
        sink: interface.Sink,
        halted: interface.Halted,
        *,
        time_source: clocks.Clock,
        policy: links.Policy,
        instruments: Mapping[str, market.Instrument],
        told: links.Told,
        reconciled: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Sets up the way; see `manager.BrokerManager`."""
        self._broker = broker
        self._sink = sink
        self._halted = halted
        self._reconciled = reconciled
        self.link = links.BrokerLink(
            broker, self._connect, self._reconcile, policy, told
        )
        self._errands = errands.Errands(
            broker,
            sink,
            self.link,
            time_source,
            policy,
            instruments,
            self._ask_later,
            self._ask_no_more,
        )
        self._orders = lanes.Lane()
        self._cancels = lanes.Lane()
        self._locks = lanes.Locks()
        # By order: how often a question was asked in vain, and when again.
        self._tries: dict[str, int] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def name(self) -> str:
        """The broker's name."""
        return self._broker.name

    @property
    def waiting(self) -> int:
        """How many errands wait."""
        return len(self._orders) + len(self._cancels)

    @property
    def took(self) -> latency.Recent:
        """The seconds until the broker's last answers."""
        return self._errands.took

    def know(self, ledger: errands.Ledger) -> None:
        """Learns what the log says; before `run`."""
        self._errands.know(ledger)

    async def run(self) -> None:
        """Keeps the connection, sends and asks, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run())
            group.create_task(self._run_orders())
            group.create_task(self._run_cancels())

    async def drain(self) -> None:
        """Waits until all is sent that waits."""
        await self._orders.idle()
        await self._cancels.idle()

    async def close(self) -> None:
        """Disconnects; what is not answered is asked after the next start."""
        for timer in self._timers.values():
            timer.cancel()
        await self.link.close()

    def emergency_cancel_all(
        self, keep: Collection[str] = ()
    ) -> interface.EmergencyReport:
        """Takes all orders out at the broker, from any thread.

        Args:
            keep: Ids of those that work on.
        """
        if not keep:
            # One of another package may not know how to keep any.
            return self._broker.emergency_cancel_all()
        return self._broker.emergency_cancel_all(keep)

    def send(self, errand: lanes.Errand) -> None:
        """Takes an errand whose intent is durable; never waits."""
        order = errand.order
        if not isinstance(errand, step.Cancel):
            self._orders.put(errand)
        elif self._orders.take_out(order.id):
            self._report(order, _S.CANCELLED, answers.NEVER_SENT)
        else:
            self._errands.open[order.id] = errand
            self._cancels.put(errand)

    # Orders.

    async def _run_orders(self) -> None:
        while True:
            await self._orders.filled()
            head = self._orders.head
            if head is None:
                continue
            if not self.link.ready:
                await self._wait(head)
                continue
            self._orders.pop()
            try:
                await self._carry_out(head.errand)
            finally:
                self._orders.done()

    async def _wait(self, head: lanes.Waiting) -> None:
        """Waits for the connection, as long as the first errand does."""
        errand = head.errand
        now = asyncio.get_running_loop().time()
        rest = self.link.deadline(head.since) - now
        if isinstance(errand, lanes.Ask):
            # The reconciliation asks; if it does not, the next turn does.
            self._ask_in(FIRST_S, errand.order_id)
        elif rest > 0:
            await self.link.until_ready(rest)
            return
        elif isinstance(errand, step.Replace):
            self._sink(answers.unchanged(errand.order, self._gone()))
        else:
            self._report(errand.order, _S.REJECTED, self._gone())
        self._orders.pop()
        self._orders.done()

    def _gone(self) -> str:
        reason = f': {self.link.reason}' if self.link.reason else ''
        return f'broker {self.name} is not connected; nothing was sent{reason}'

    async def _carry_out(self, errand: lanes.Turn) -> None:
        if isinstance(errand, step.Place):
            wanted = [errand.order]
            wanted += self._orders.pop_group(self._errands.companions(errand))
            async with self._locks.hold(one.id for one in wanted):
                await self._errands.place(wanted)
        elif isinstance(errand, step.Replace):
            async with self._locks.hold([errand.order.id]):
                await self._errands.replace(errand)
        elif isinstance(errand, lanes.Ask):
            async with self._locks.hold(self._errands.related(errand.order_id)):
                await self._errands.ask(errand.order_id)

    # Cancels.

    async def _run_cancels(self) -> None:
        room = asyncio.Semaphore(ABREAST)
        async with asyncio.TaskGroup() as group:
            while True:
                await self._cancels.filled()
                await self.link.until_works()
                await room.acquire()
                group.create_task(self._take_out(self._cancels.pop(), room))

    async def _take_out(
        self, errand: lanes.Turn, room: asyncio.Semaphore
    ) -> None:
        """Cancels, or asks about a cancel."""
        try:
            if isinstance(errand, lanes.Ask):
                async with self._locks.hold([errand.order_id]):
                    await self._errands.ask(errand.order_id)
            elif isinstance(errand, step.Cancel):
                async with self._locks.hold([errand.order.id]):
                    await self._errands.cancel(errand)
        finally:
            self._cancels.done()
            room.release()

    # Questions.

    def _ask_later(self, question: answers.Question) -> None:
        """Has a question asked after a while, the longer the more often."""
        order_id = question.order.id
        tries = self._tries.get(order_id, 0)
        self._tries[order_id] = tries + 1
        # A power past this one is not to be had as a float.
        doublings = min(tries, _DOUBLINGS)
        self._ask_in(min(FIRST_S * 2.0**doublings, MOST_S), order_id)

    def _ask_in(self, seconds: float, order_id: str) -> None:
        timer = self._timers.pop(order_id, None)
        if timer is not None:
            timer.cancel()
        self._timers[order_id] = asyncio.get_running_loop().call_later(
            seconds, self._ask, order_id
        )

    def _ask(self, order_id: str) -> None:
        del self._timers[order_id]
        question = self._errands.open.get(order_id)
        if isinstance(question, step.Cancel):
            self._cancels.put(lanes.Ask(order_id))
        elif question is not None:
            self._orders.put(lanes.Ask(order_id))

    def _ask_no_more(self, order_id: str) -> None:
        self._tries.pop(order_id, None)
        timer = self._timers.pop(order_id, None)
        if timer is not None:
            timer.cancel()

    # The connection.

    async def _connect(self) -> None:
        await self._broker.connect(self._sink, self._halted)

    async def _reconcile(self) -> None:
        ours = self._errands.ours()
        async with self._locks.hold(ours):
            await self._errands.reconcile(ours)
        await self._reconciled()

    def _report(
        self, order: orders.Order, status: orders.OrderStatus, message: str
    ) -> None:
        self._sink(answers.told(order, status, message))
