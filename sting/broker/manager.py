"""Takes durable intents to the broker, and asks before it does so again."""

import asyncio
from collections.abc import Callable
from collections.abc import Iterable

from sting.broker import interface
from sting.engine import core
from sting.engine import step
from sting.model import errors
from sting.model import orders

_S = orders.OrderStatus
Errand = step.Place | step.Cancel | step.Replace


class BrokerManager(core.Component):
    """Sends, one after the other, what the engine has decided.

    Whatever becomes of an errand comes back as a report: a refusal as
    rejected, silence as unknown, and what the emergency stop kept back as
    denied. Nothing is sent twice without asking the broker first.
    """

    name = 'brokers'

    def __init__(
        self,
        broker: interface.BrokerInterface,
        sink: interface.Sink,
        halted: interface.Halted,
    ) -> None:
        """Sets up the way to one broker.

        Args:
            broker: The broker.
            sink: Takes every report.
            halted: Whether the emergency stop keeps an order back; the broker
                asks before each send.
        """
        self._broker = broker
        self._sink = sink
        self._halted = halted
        self._errands: asyncio.Queue[Errand] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many errands wait."""
        return self._errands.qsize()

    async def start(self) -> None:
        """Connects and begins to send."""
        await self._broker.connect(self._sink, self._halted)
        self._task = asyncio.get_running_loop().create_task(
            self._run(), name='brokers'
        )

    async def stop(self) -> None:
        """Sends what waits, then disconnects."""
        task, self._task = self._task, None
        if task is not None:
            sent = asyncio.ensure_future(self._errands.join())
            # A task that has failed will send no more.
            await asyncio.wait(
                {sent, task}, return_when=asyncio.FIRST_COMPLETED
            )
            sent.cancel()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._broker.disconnect()

    def send(self, errand: Errand) -> None:
        """Takes an errand whose intent is durable; never waits.

        Args:
            errand: What to tell the broker.
        """
        self._errands.put_nowait(errand)

    async def reconcile(
        self,
        working: Iterable[orders.Order],
        booked: Callable[[orders.Fill], bool],
    ) -> None:
        """Asks the broker about every order that may work, after a restart.

        Args:
            working: The orders that work by the log.
            booked: Whether a fill is in the log already.
        """
        ours = list(working)
        since = min((order.created for order in ours), default=0)
        for fill in await self._broker.get_fills(since):
            if not booked(fill):
                self._sink(fill)
        for order in ours:
            theirs = await self._broker.get_order_by_client_id(order.id)
            if theirs is None:
                self._settle_missing(order)
            else:
                self._settle_known(order, theirs)

    def _settle_missing(self, order: orders.Order) -> None:
        if order.status is _S.PENDING_CANCEL or _was_there(order):
            self._report_missing(order)
        else:
            # The intent is durable and the broker says it has not had it.
            self.send(step.Place(order))

    def _settle_known(self, order: orders.Order, theirs: orders.Order) -> None:
        if not theirs.is_working:
            if theirs.status not in (_S.FILLED, _S.PARTIALLY_FILLED):
                self._report(order, theirs.status, theirs.message)
        elif order.status is _S.PENDING_CANCEL:
            self.send(step.Cancel(order))
        elif order.status in (_S.SUBMITTED, _S.UNKNOWN, _S.PENDING_REPLACE):
            self._sink(
                orders.OrderUpdate(
                    order_id=order.id,
                    status=(
                        _S.PARTIALLY_FILLED if order.filled else _S.ACCEPTED
                    ),
                    broker_id=theirs.broker_id,
                    quantity=theirs.quantity,
                    price=theirs.price,
                    stop_price=theirs.stop_price,
                )
            )

    async def _run(self) -> None:
        while True:
            errand = await self._errands.get()
            try:
                await self._do(errand)
            finally:
                self._errands.task_done()

    async def _do(self, errand: Errand) -> None:
        try:
            if isinstance(errand, step.Place):
                await self._broker.place_order(errand.order)
            elif isinstance(errand, step.Cancel):
                await self._cancel(errand.order)
            else:
                await self._replace(errand)
        except errors.BrokerWithheldError as error:
            self._report(errand.order, _S.DENIED, str(error))
        except errors.BrokerRejectedError as error:
            status = (
                _S.REJECTED
                if isinstance(errand, step.Place)
                else errand.order.resting
            )
            self._report(errand.order, status, str(error))
        except errors.BrokerError as error:
            self._report(errand.order, _S.UNKNOWN, str(error))

    async def _cancel(self, order: orders.Order) -> None:
        answer = await self._broker.cancel_order(order.id)
        if answer.accepted:
            return
        theirs = await self._broker.get_order_by_client_id(order.id)
        if theirs is None:
            self._report_missing(order)
        elif theirs.is_working:
            self._report(order, order.resting, answer.message)

    async def _replace(self, errand: step.Replace) -> None:
        answer = await self._broker.replace_order(
            errand.order.id,
            quantity=errand.quantity,
            price=errand.price,
            stop_price=errand.stop_price,
        )
        if not answer.accepted:
            self._report(errand.order, errand.order.resting, answer.message)

    def _report_missing(self, order: orders.Order) -> None:
        """Says what is known of an order that the broker says it has not."""
        if _was_there(order):
            # It may have been filled: sent again, it would be there twice.
            self._report(
                order,
                _S.UNKNOWN,
                'the broker had it and no longer knows it; look there',
            )
        else:
            self._report(order, _S.CANCELLED, 'it never reached the broker')

    def _report(
        self, order: orders.Order, status: orders.OrderStatus, message: str
    ) -> None:
        self._sink(
            orders.OrderUpdate(
                order_id=order.id, status=status, message=message
            )
        )


def _was_there(order: orders.Order) -> bool:
    """Whether the broker has answered this order before."""
    return bool(order.broker_id) or order.filled > 0
