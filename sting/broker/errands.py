"""What is said to one broker about orders, and asked until it is answered."""

from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final
from typing import TypeVar

import msgspec

from sting.broker import answers
from sting.broker import interface
from sting.broker import link as links
from sting.broker import rounding
from sting.engine import clock as clocks
from sting.engine import latency
from sting.engine import step
from sting.model import errors
from sting.model import market
from sting.model import orders

_T = TypeVar('_T')
_S = orders.OrderStatus

# Clocks differ, and a broker may tell of a fill long after it was made.
SINCE: Final = 3600 * market.NANOSECONDS
# Ids that are remembered before those of ended orders are forgotten.
_REMEMBERED: Final = 1_000


class Ledger(msgspec.Struct, frozen=True):
    """What the log says.

    Attributes:
        working: Gives the orders that work.
        booked: Whether a fill is in it.
        since: The first moment of which a fill may be missing when the engine
            starts, nanoseconds since the epoch, UTC.
    """

    working: Callable[[], Iterable[orders.Order]]
    booked: Callable[[orders.Fill], bool]
    since: int


class Errands:
    """Talks with one broker; whoever calls holds the locks of the orders.

    Attributes:
        open: By order, what has to be asked of the broker.
        took: The seconds until the broker's last answers, or until one was
            given up.
    """

    def __init__(
        self,
        broker: interface.BrokerInterface,
        sink: interface.Sink,
        link: links.BrokerLink,
        time_source: clocks.Clock,
        policy: links.Policy,
        instruments: Mapping[str, market.Instrument],
        doubtful: Callable[[answers.Question], None],
        closed: Callable[[str], None],
    ) -> None:
        """Sets up the talks.

        Args:
            broker: The broker.
            sink: Takes every report.
            link: The connection to it.
            time_source: Tells how old an order is.
            policy: How long what waits.
            instruments: Ticks and lots, by symbol.
            doubtful: Has a question asked after a while.
            closed: Told of each order that has nothing to be asked any more.
        """
        self.open: dict[str, answers.Question] = {}
        self.took = latency.recent()
        self._broker = broker
        self._sink = sink
        self._link = link
        self._clock = time_source
        self._policy = policy
        self._instruments = instruments
        self._doubtful = doubtful
        self._closed = closed
        self._ledger: Ledger | None = None
        self._since = 0
        # Orders that the stop kept back: denied, and so not to be cancelled.
        self._withheld: set[str] = set()
        # Orders that may be at the broker, and those that it has answered.
        self._sent: set[str] = set()
        self._answered: set[str] = set()
        # As many as that are looked through for ended ones.
        self._bound = _REMEMBERED

    def know(self, ledger: Ledger) -> None:
        """Learns what the log says, before anything is said to the broker.

        Later the state is ahead of the log. Of what works by it only that is
        at the broker which was sent from here, or is known by now.
        """
        self._ledger = ledger
        self._since = ledger.since
        for order in ledger.working():
            self._sent.add(order.id)
            self.open[order.id] = answers.question(order)
            self._since = min(self._since, order.created)

    def companions(self, errand: step.Place) -> Callable[[orders.Order], bool]:
        """Says what goes out with an order, in one request."""
        first = errand.order
        groups = self._broker.groups and bool(first.oco)

        def belongs(other: orders.Order) -> bool:
            return _waits_for(other, first.id) or (
                groups and other.oco == first.oco and not first.held
            )

        return belongs

    def related(self, order_id: str) -> list[str]:
        """Gives an order, and the exits that went out with it."""
        return [order_id, *(each.id for each in self._unsettled(order_id))]

    def _unsettled(self, entry: str) -> list[orders.Order]:
        """Gives the exits of an entry that have to be asked for."""
        return [
            question.order
            for question in self.open.values()
            if isinstance(question, step.Place)
            and _waits_for(question.order, entry)
        ]

    async def place(self, wanted: Sequence[orders.Order]) -> None:
        """Sends an order, with those that belong to it."""
        fitting = [o for o in map(self._prepare, wanted) if o is not None]
        if fitting and fitting[0].held:
            # Its entry was taken out, or refused, before it was sent.
            self._end(fitting, _S.CANCELLED, answers.NEVER_SENT)
            return
        if not fitting:
            return
        self._prune()
        for order in fitting:
            self._close(order.id)
            self._sent.add(order.id)
        try:
            if len(fitting) > 1:
                await self._request(self._broker.place_group(fitting))
            else:
                await self._request(self._broker.place_order(fitting[0]))
        except errors.BrokerWithheldError as error:
            self._withheld.update(order.id for order in fitting)
            self._end(fitting, _S.DENIED, str(error))
        except errors.BrokerRejectedError as error:
            self._end(fitting, _S.REJECTED, str(error))
        except errors.BrokerError as error:
            for order in fitting:
                self._sink(answers.told(order, _S.UNKNOWN, str(error)))
                self._question(step.Place(order), error)
        else:
            self._answered.update(order.id for order in fitting)

    async def replace(self, errand: step.Replace) -> None:
        """Changes an order."""
        order = errand.order
        if isinstance(self.open.get(order.id), step.Cancel):
            # It is to be gone, not to be larger.
            return
        wanted = rounding.Terms(
            errand.quantity, errand.price, errand.stop_price
        )
        terms, fault = self._round(order, wanted)
        if fault:
            self._sink(answers.unchanged(order, fault))
            return
        try:
            answer = await self._request(
                self._broker.replace_order(
                    order.id,
                    quantity=terms.quantity,
                    price=terms.price,
                    stop_price=terms.stop_price,
                )
            )
        except errors.BrokerRejectedError as error:
            self._sink(answers.unchanged(order, str(error)))
        except errors.BrokerError as error:
            self._sink(answers.told(order, _S.UNKNOWN, str(error)))
            self._question(answers.Look(order), error)
        else:
            if not answer.accepted:
                await self._tell_refused(order, answer.message or 'refused')

    async def _tell_refused(self, order: orders.Order, why: str) -> None:
        """Tells what a refused change came to: the order may have ended.

        One that was filled meanwhile is told by its fills.
        """
        try:
            theirs = await self._look_up(order.id)
        except errors.BrokerError as error:
            self._sink(answers.told(order, _S.UNKNOWN, why))
            self._question(answers.Look(order), error)
            return
        if theirs is None or theirs.is_working:
            self._sink(answers.unchanged(order, why))
            return
        end = answers.ended(order, theirs)
        if end is not None:
            self._sink(end)

    async def cancel(self, errand: step.Cancel) -> None:
        """Takes an order out, if that is still to be done."""
        order = errand.order
        if self.open.get(order.id) is not errand:
            return
        if order.id in self._withheld:
            self._close(order.id)
            return
        try:
            answer = await self._request(self._broker.cancel_order(order.id))
            theirs = None
            if not answer.accepted:
                theirs = await self._look_up(order.id)
        except errors.BrokerError as error:
            # Asked for again until it is answered: that does no harm.
            self._question(errand, error)
            return
        if theirs is not None:
            self._settle_cancel(order, theirs, answer.message)
        elif not answer.accepted:
            self._sink(self._missing(order))
        self._close(order.id)

    async def ask(self, order_id: str) -> None:
        """Asks where an order stands, and does what follows."""
        question = self.open.get(order_id)
        if question is None:
            return
        try:
            theirs = await self._look_up(order_id)
        except errors.BrokerError as error:
            self._question(question, error)
            return
        if theirs is not None:
            self._tell_terms(question.order, theirs)
        await self._settle(order_id, theirs)

    def ours(self) -> dict[str, orders.Order]:
        """Gives the orders that may be at the broker and work, as they stand.

        Each has a question by then.
        """
        found = {key: question.order for key, question in self.open.items()}
        known = () if self._ledger is None else self._ledger.working()
        for order in known:
            if order.id in self._sent:
                found[order.id] = order
                self.open.setdefault(order.id, answers.Look(order))
        return found

    async def reconcile(self, ours: Mapping[str, orders.Order]) -> None:
        """Asks about orders and fills once, after a connection was made.

        New terms come before the fills made on them, and the end of an order
        behind its fills.

        Args:
            ours: The orders.

        Raises:
            errors.BrokerError: No answer.
        """
        if self._ledger is None:
            return
        begun = self._clock.now()
        found = await self._look_all(ours)
        fills = await self._request(
            self._broker.get_fills(max(0, self._since - SINCE))
        )
        for order_id, theirs in found.items():
            if theirs is not None:
                self._tell_terms(ours[order_id], theirs)
        for fill in fills:
            if not self._ledger.booked(fill):
                self._sink(fill)
        for order_id, theirs in found.items():
            await self._settle(order_id, theirs)
        self._since = begun

    # What is sent.

    def _prepare(self, order: orders.Order) -> orders.Order | None:
        """Gives an order as it is to be sent; None where it is not to be."""
        wanted = rounding.Terms(order.quantity, order.price, order.stop_price)
        terms, fault = self._round(order, wanted)
        if fault:
            self._end([order], _S.REJECTED, fault)
            return None
        if terms == wanted:
            return order
        fitted = msgspec.structs.replace(
            order,
            quantity=terms.quantity,
            price=terms.price,
            stop_price=terms.stop_price,
        )
        self._sink(
            orders.OrderUpdate(
                order_id=order.id,
                status=order.status,
                message='rounded to what the broker takes',
                quantity=fitted.quantity,
                price=fitted.price,
                stop_price=fitted.stop_price,
            )
        )
        return fitted

    def _round(
        self, order: orders.Order, wanted: rounding.Terms
    ) -> tuple[rounding.Terms, str]:
        """Gives what can be sent, and what is wrong with it."""
        instrument = self._instruments.get(order.symbol)
        if instrument is None:
            return wanted, ''
        terms = rounding.to_terms(order, wanted, instrument)
        return terms, rounding.fault(wanted, terms, instrument)

    def _end(
        self,
        ended: Iterable[orders.Order],
        status: orders.OrderStatus,
        message: str,
    ) -> None:
        """Tells that orders ended before they were at the broker."""
        for order in ended:
            self._close(order.id)
            self._sink(answers.told(order, status, message))

    # What is asked.

    def _question(
        self, question: answers.Question, error: errors.BrokerError
    ) -> None:
        """Has a question asked after a while, if no cancel is to be asked."""
        order_id = question.order.id
        waits = self.open.get(order_id)
        if not isinstance(waits, step.Cancel):
            self.open[order_id] = waits = question
        if isinstance(error, errors.BrokerUnknownError):
            self._link.doubt()
        self._doubtful(waits)

    def _close(self, order_id: str) -> None:
        """Forgets a question that is answered."""
        self.open.pop(order_id, None)
        self._closed(order_id)

    async def _settle(self, order_id: str, theirs: orders.Order | None) -> None:
        """Does what follows from where the broker has an order."""
        question = self.open.get(order_id)
        if question is None:
            return
        order = question.order
        if theirs is None:
            await self._settle_missing(question)
        elif not theirs.is_working:
            self._tell(answers.ended(order, theirs))
            self._close(order_id)
        elif isinstance(question, step.Cancel):
            await self.cancel(question)
        else:
            self._close(order_id)

    async def _settle_missing(self, question: answers.Question) -> None:
        """Does what follows from the broker's not having an order."""
        order = question.order
        never = isinstance(question, step.Place) and not self._was_there(order)
        if order.held and order.parent in self.open:
            # It is there or not as its entry is, which is asked for itself.
            self._doubtful(question)
            return
        if never and self._is_fresh(order) and not order.held:
            # The intent is durable and the broker says it has not had it.
            await self.place([order, *self._unsettled(order.id)])
            return
        self._sink(self._missing(order, answers.TOO_OLD if never else ''))
        self._close(order.id)

    def _settle_cancel(
        self, order: orders.Order, theirs: orders.Order, message: str
    ) -> None:
        """Tells what a cancel came to that the broker did not accept."""
        if theirs.is_working:
            status = answers.standing(theirs)
            self._sink(
                orders.OrderUpdate(
                    order_id=order.id,
                    status=status,
                    message=message,
                    quantity=theirs.quantity,
                    price=theirs.price,
                    stop_price=theirs.stop_price,
                )
            )
        else:
            self._tell(answers.ended(order, theirs))

    def _is_fresh(self, order: orders.Order) -> bool:
        age = (self._clock.now() - order.created) / market.NANOSECONDS
        return age <= self._policy.resend_s

    def _was_there(self, order: orders.Order) -> bool:
        return answers.was_there(order) or order.id in self._answered

    def _missing(
        self, order: orders.Order, why: str = ''
    ) -> orders.OrderUpdate:
        return answers.missing(order, answered=self._was_there(order), why=why)

    def _tell_terms(self, order: orders.Order, theirs: orders.Order) -> None:
        """Tells where a working order stands, if that is not known."""
        if not isinstance(self.open.get(order.id), step.Cancel):
            self._tell(answers.differing(order, theirs))

    def _tell(self, update: orders.OrderUpdate | None) -> None:
        if update is not None:
            self._sink(update)

    async def _look_all(
        self, ours: Mapping[str, orders.Order]
    ) -> dict[str, orders.Order | None]:
        """Looks orders up: those that work at once, others one by one."""
        if not ours:
            return {}
        listed = await self._request(self._broker.get_orders())
        working = {order.id: order for order in listed}
        return {
            order_id: working.get(order_id) or await self._look_up(order_id)
            for order_id in ours
        }

    async def _look_up(self, order_id: str) -> orders.Order | None:
        return await self._request(
            self._broker.get_order_by_client_id(order_id)
        )

    async def _request(self, request: Coroutine[object, object, _T]) -> _T:
        began = self._clock.monotonic()
        try:
            return await links.within(self._policy.request_s, request)
        finally:
            self.took.append(self._clock.monotonic() - began)

    def _prune(self) -> None:
        """Forgets the ids of ended orders, now and then."""
        if self._ledger is None or len(self._sent) < self._bound:
            return
        live = {order.id for order in self._ledger.working()} | set(self.open)
        self._sent &= live
        self._answered &= live
        self._withheld &= live
        self._bound = max(_REMEMBERED, 2 * len(self._sent))


def _waits_for(order: orders.Order, entry: str) -> bool:
    """Whether an order is an exit that goes to the broker with its entry."""
    return bool(order.held) and order.parent == entry
