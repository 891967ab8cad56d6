"""Takes durable intents to the broker, and asks before it does so again."""

import asyncio
from collections.abc import Callable
from collections.abc import Iterable

import msgspec

from sting.broker import interface
from sting.engine import core
from sting.engine import step
from sting.model import errors
from sting.model import orders

_S = orders.OrderStatus

# How long to wait before a question is asked again: at first, and at most.
FIRST_S = 1.0
MOST_S = 60.0

# Clocks differ, and a broker may tell of a fill long after it was made.
SINCE = 3600 * 1_000_000_000


class Look(msgspec.Struct, frozen=True):
    """Find out where this order stands."""

    order: orders.Order


class Ask(msgspec.Struct, frozen=True):
    """Ask again about the order of this id, if that is still open."""

    order_id: str


Errand = step.Place | step.Cancel | step.Replace
_Question = step.Place | step.Cancel | Look


class BrokerManager(core.Component):
    """Sends, one after the other, what the engine has decided.

    Whatever becomes of an errand comes back as a report: a refusal as
    rejected, silence as unknown, and what the emergency stop kept back as
    denied. What was not answered is asked about, at growing intervals, until
    it is: an order is sent again only when the broker says that it never had
    it. A cancel stays pending and is asked for until the broker answers, with
    or without a connection.
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
        self._errands: asyncio.Queue[Errand | Ask] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        # One conversation at a time, or an answer could be older than what
        # was sent meanwhile.
        self._talking = asyncio.Lock()
        # By order: what to ask the broker, and how often that was in vain.
        self._open: dict[str, _Question] = {}
        self._tries: dict[str, int] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        # Orders that the stop kept back: denied, and so not to be cancelled.
        self._withheld: set[str] = set()

    @property
    def task(self) -> asyncio.Task[None]:
        """What sends; it ends by itself only when it fails."""
        if self._task is None:
            raise errors.StateError('the brokers have not been started')
        return self._task

    @property
    def status(self) -> str:
        """Whether it is connected or connecting, in one word."""
        return 'connected' if self._connected.is_set() else 'connecting'

    @property
    def waiting(self) -> int:
        """How many errands wait."""
        return self._errands.qsize()

    async def start(self) -> None:
        """Connects and begins to send; without an answer it goes on trying."""
        try:
            await self._connect()
        except errors.BrokerError:
            self._connected.clear()
        self._task = asyncio.get_running_loop().create_task(
            self._run(), name='brokers'
        )

    async def stop(self) -> None:
        """Sends what waits, if there is a way, then disconnects."""
        task, self._task = self._task, None
        for timer in self._timers.values():
            timer.cancel()
        if task is not None:
            if self._connected.is_set():
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
        since: int = 0,
    ) -> None:
        """Asks the broker about every order that may work, after a restart.

        It returns when all is answered, however long that takes; errands go
        out meanwhile.

        Args:
            working: The orders that work by the log.
            booked: Whether a fill is in the log already.
            since: The first moment of which a fill may be missing,
                nanoseconds since the epoch, UTC; an hour more is asked for.
        """
        ours = list(working)
        since = min([since, *(order.created for order in ours)])
        for order in ours:
            self._open[order.id] = _question(order)
        tries = 0
        while True:
            await self._connected.wait()
            try:
                async with self._talking:
                    await self._reconcile(ours, booked, max(0, since - SINCE))
            except errors.BrokerError:
                await asyncio.sleep(_pause(tries))
                tries += 1
            else:
                return

    async def _reconcile(
        self,
        ours: list[orders.Order],
        booked: Callable[[orders.Fill], bool],
        since: int,
    ) -> None:
        """Asks about all orders and fills once.

        New terms come before the fills made on them, and the end of an order
        behind its fills.

        Raises:
            errors.BrokerError: No answer.
        """
        found: list[tuple[orders.Order, orders.Order | None]] = []
        for order in ours:
            if order.id in self._open:
                theirs = await self._broker.get_order_by_client_id(order.id)
                found.append((order, theirs))
        fills = await self._broker.get_fills(since)
        for order, theirs in found:
            if theirs is not None:
                self._report_terms(order, theirs)
        for fill in fills:
            if not booked(fill):
                self._sink(fill)
        for order, theirs in found:
            await self._settle(order.id, theirs)

    async def _connect(self) -> None:
        await self._broker.connect(self._sink, self._halted)
        self._connected.set()

    async def _run(self) -> None:
        tries = 0
        while not self._connected.is_set():
            await asyncio.sleep(_pause(tries))
            tries += 1
            try:
                await self._connect()
            except errors.BrokerError:
                continue
        while True:
            errand = await self._errands.get()
            try:
                async with self._talking:
                    await self._do(errand)
            finally:
                self._errands.task_done()

    async def _do(self, errand: Errand | Ask) -> None:
        if isinstance(errand, Ask):
            await self._ask(errand.order_id)
        elif isinstance(errand, step.Place):
            await self._place(errand)
        elif isinstance(errand, step.Cancel):
            await self._cancel(errand)
        else:
            await self._replace(errand)

    async def _place(self, errand: step.Place) -> None:
        order = errand.order
        self._close(order.id)
        try:
            await self._broker.place_order(order)
        except errors.BrokerWithheldError as error:
            self._withheld.add(order.id)
            self._report(order, _S.DENIED, str(error))
        except errors.BrokerRejectedError as error:
            self._report(order, _S.REJECTED, str(error))
        except errors.BrokerError as error:
            self._report(order, _S.UNKNOWN, str(error))
            self._question(errand)

    async def _cancel(self, errand: step.Cancel) -> None:
        order = errand.order
        if order.id in self._withheld:
            return
        try:
            answer = await self._broker.cancel_order(order.id)
            if not answer.accepted:
                theirs = await self._broker.get_order_by_client_id(order.id)
                self._settle_cancel(order, theirs, answer.message)
        except errors.BrokerError:
            # Asked for again until it is answered: that does no harm.
            self._question(errand)
        else:
            self._close(order.id)

    def _settle_cancel(
        self,
        order: orders.Order,
        theirs: orders.Order | None,
        message: str,
    ) -> None:
        """Tells what a cancel came to that the broker did not accept."""
        if theirs is None:
            self._report_missing(order)
        elif theirs.is_working:
            self._report(order, _standing(theirs), message)
        else:
            self._report_end(order, theirs)

    async def _replace(self, errand: step.Replace) -> None:
        order = errand.order
        try:
            answer = await self._broker.replace_order(
                order.id,
                quantity=errand.quantity,
                price=errand.price,
                stop_price=errand.stop_price,
            )
        except errors.BrokerRejectedError as error:
            self._report_unchanged(order, str(error))
        except errors.BrokerError as error:
            self._report(order, _S.UNKNOWN, str(error))
            self._question(Look(order))
        else:
            if not answer.accepted:
                self._report_unchanged(order, answer.message or 'refused')

    def _report_unchanged(self, order: orders.Order, message: str) -> None:
        """Tells that a change was refused: the order is as it was."""
        self._sink(
            orders.OrderUpdate(
                order_id=order.id,
                status=order.resting,
                message=message,
                quantity=order.quantity,
            )
        )

    def _question(self, question: _Question) -> None:
        """Has a question asked after a while; it replaces an older one."""
        order_id = question.order.id
        self._open[order_id] = question
        tries = self._tries.get(order_id, 0)
        self._tries[order_id] = tries + 1
        timer = self._timers.pop(order_id, None)
        if timer is not None:
            timer.cancel()
        self._timers[order_id] = asyncio.get_running_loop().call_later(
            _pause(tries), self._errands.put_nowait, Ask(order_id)
        )

    def _close(self, order_id: str) -> None:
        """Forgets a question that is answered."""
        self._open.pop(order_id, None)
        self._tries.pop(order_id, None)
        timer = self._timers.pop(order_id, None)
        if timer is not None:
            timer.cancel()

    async def _ask(self, order_id: str) -> None:
        question = self._open.get(order_id)
        if question is None:
            return
        try:
            theirs = await self._broker.get_order_by_client_id(order_id)
        except errors.BrokerError:
            self._question(question)
            return
        if theirs is not None:
            self._report_terms(question.order, theirs)
        await self._settle(order_id, theirs)

    async def _settle(self, order_id: str, theirs: orders.Order | None) -> None:
        """Does what follows from where the broker has an order."""
        question = self._open.get(order_id)
        if question is None:
            return
        order = question.order
        if theirs is None:
            if isinstance(question, step.Place) and not _was_there(order):
                # The intent is durable and the broker says it has not had it.
                await self._place(question)
                return
            self._report_missing(order)
        elif not theirs.is_working:
            self._report_end(order, theirs)
        elif isinstance(question, step.Cancel):
            await self._cancel(question)
            return
        self._close(order_id)

    def _report_terms(self, order: orders.Order, theirs: orders.Order) -> None:
        """Tells where a working order stands, if that is not known."""
        question = self._open.get(order.id)
        if isinstance(question, step.Cancel):
            return
        changed = (order.quantity, order.price, order.stop_price) != (
            theirs.quantity,
            theirs.price,
            theirs.stop_price,
        )
        asked = order.status in (_S.SUBMITTED, _S.UNKNOWN, _S.PENDING_REPLACE)
        if not (changed or (asked and theirs.is_working)):
            return
        self._sink(
            orders.OrderUpdate(
                order_id=order.id,
                status=_standing(theirs if theirs.filled else order),
                broker_id=theirs.broker_id,
                quantity=theirs.quantity,
                price=theirs.price,
                stop_price=theirs.stop_price,
            )
        )

    def _report_end(self, order: orders.Order, theirs: orders.Order) -> None:
        """Tells how an order ended; fills are reports of their own."""
        if theirs.status is not _S.FILLED:
            self._report(order, theirs.status, theirs.message)

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


def _pause(tries: int) -> float:
    """Gives the seconds to wait after so many questions without an answer."""
    return float(min(FIRST_S * 2.0**tries, MOST_S))


def _question(order: orders.Order) -> _Question:
    """Gives what has to be found out about an order after a restart."""
    if order.status is _S.PENDING_CANCEL:
        return step.Cancel(order)
    if order.status in (_S.SUBMITTED, _S.UNKNOWN):
        return step.Place(order)
    return Look(order)


def _standing(order: orders.Order) -> orders.OrderStatus:
    """Gives the status of an order that works."""
    return _S.PARTIALLY_FILLED if order.filled else _S.ACCEPTED


def _was_there(order: orders.Order) -> bool:
    """Whether the broker has answered this order before."""
    return bool(order.broker_id) or order.filled > 0
