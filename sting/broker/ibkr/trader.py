"""What is done at Interactive Brokers, in the thread of the connection."""

import asyncio
from collections.abc import Callable
import threading
from typing import Any
from typing import Final
from typing import TypeVar

import msgspec

from sting.broker import interface
from sting.broker.ibkr import asking
from sting.broker.ibkr import book as books
from sting.broker.ibkr import codes
from sting.broker.ibkr import contracts as contracts_lib
from sting.broker.ibkr import ears
from sting.broker.ibkr import record as records
from sting.broker.ibkr import session as sessions
from sting.broker.ibkr import terms
from sting.model import errors
from sting.model import orders
from sting.net import limits
from sting.net import words

T = TypeVar('T')

_S = orders.OrderStatus
# Messages a second, and at once: no more than 44 in any second. The libraries
# queue silently above 45, where a cancel would wait too; IB hangs up above 50.
RATE: Final = 32.0
BURST: Final = 12
RESERVE: Final = 3


class Tells(msgspec.Struct, frozen=True):
    """Who is told what, from the thread of the connection.

    Attributes:
        sink: Each report.
        lost: That the connection is gone, and why.
        wrong: That something is wrong with it: a topic and a sentence.
    """

    sink: interface.Sink
    lost: Callable[[str], None]
    wrong: Callable[[str, str], None]


class Trader(asking.Questions):
    """Sends orders and hears of them, over one connection.

    Attributes:
        session: The connection.
        book: The orders.
        account: Whose they are.
        contracts: What they are about.
    """

    def __init__(
        self,
        place: sessions.Place,
        instruments: contracts_lib.Where,
        tells: Tells,
        halted: interface.Halted,
        gate: threading.Lock,
    ) -> None:
        """Sets up the connection; to be called in its loop.

        Args:
            place: Where the gateway is.
            instruments: Where instruments are looked for.
            tells: Who is told what.
            halted: Whether the emergency stop keeps an order back.
            gate: Held while an order leaves; see the emergency stop.
        """
        super().__init__(place, limits.RateLimiter(RATE, BURST, RESERVE))
        self._tells = tells
        self._halted = halted
        self._gate = gate
        self._cut = ''
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.session = sessions.Session(place, self)
        self.contracts = contracts_lib.Contracts(
            self.session, instruments, self._limiter.acquire
        )
        self.book = self._new_book()

    @property
    def ready(self) -> bool:
        """Whether orders can be sent."""
        return self.session.alive and not self._cut

    async def open(self, account: str, before: books.Book | None) -> None:
        """Connects, and learns what is there.

        Args:
            account: Whose orders; empty for the only one.
            before: What was known on an earlier connection.

        Raises:
            errors.BrokerError: No connection, no answer, or not the account.
        """
        await self.session.open()
        self.account = self.session.chosen(account)
        await self.learn(before)

    async def learn(self, before: books.Book | None) -> None:
        """Asks for all orders and trades, and tells nothing of them.

        Raises:
            errors.BrokerUnknownError: No answer, or IB itself is not there.
        """
        self._check_cut()
        fresh = self._new_book()
        fresh.quiet = True
        if before is not None:
            before.release_all()
            fresh.names.inherit(before.names)
        self.book, known = fresh, self.book
        done = None
        try:
            done = await self._hear_all(fresh)
        finally:
            if done is None:
                # What was told so far is in the old one.
                self.book = known
        fresh.settle(done)
        if before is None:
            fresh.trades.begin()
        else:
            fresh.keep(before)
        fresh.names.shorten()
        fresh.quiet = False
        fresh.settle_costs()

    async def _hear_all(self, fresh: books.Book) -> list[Any]:
        """Has a book hear of all orders and trades of the day.

        Returns:
            The orders that are listed as done.
        """
        await self.ask_open()
        done = await self.ask_done()
        for each in done:
            fresh.done(*each)
        for each in await self.ask_trades():
            fresh.execution(*each)
        return done

    def serve(self, tells: Tells, halted: interface.Halted) -> None:
        """Tells somebody else from here on."""
        self._tells, self._halted = tells, halted

    async def close(self) -> None:
        """Ends the connection."""
        for task in list(self._tasks.values()):
            task.cancel()
        self.book.release_all()
        self._fail('the connection was closed')
        await self.session.close()

    async def place(self, order: orders.Order) -> interface.OrderResponse:
        """Sends an order; see the interface."""
        self._check()
        known = self.book.names.get(order.id)
        if known is not None:
            answer = await self._again(known)
            if answer is not None:
                return answer
        try:
            what = await self.contracts.find(order.symbol)
        except sessions.Refusal as error:
            return self._refuse(order, error.said)
        refusal = terms.refusal(order, what.lot)
        if refusal:
            return self._refuse(order, refusal)
        await self._limiter.acquire()
        other = self.book.names.get(order.id)
        if other is not None:
            # Somebody sent it meanwhile.
            return await self._answer(other)
        return await self._answer(self._send(order, what.contract))

    async def change(
        self, order_id: str, wanted: dict[str, float]
    ) -> interface.OrderResponse:
        """Sends an order again, with other terms under its number."""
        self._check()
        await self._limiter.acquire()
        record = await self._find(order_id)
        self._check()
        refusal = records.unchanged(record, wanted, self._place.client_id)
        if record is None or refusal:
            return interface.OrderResponse(
                order_id=order_id, accepted=False, message=refusal
            )
        changed = msgspec.structs.replace(record.order, **wanted)
        if not record.terms(changed):
            return self.book.holds(record)
        answer = asyncio.get_running_loop().create_future()
        record.change = records.Change(changed, answer)
        self._write(
            lambda: self.session.client.placeOrder(
                record.number,
                record.contract,
                terms.to_ib(
                    self.session.library, changed, self.account, record.parent
                ),
            )
        )
        try:
            return await self._wait(answer, f'the change of {order_id}')
        finally:
            # What comes late is told as a change that somebody made.
            record.change = None

    async def cancel(self, order_id: str) -> interface.CancelResponse:
        """Takes an order out; see the interface."""
        self._check()
        record = await self._find(order_id)
        refusal = records.kept(record, self._place.client_id)
        if record is None or refusal:
            return interface.CancelResponse(
                order_id=order_id, accepted=False, message=refusal
            )
        await self._limiter.acquire(urgent=True)
        self._check()
        if record.cancel is None:
            record.cancel = asyncio.get_running_loop().create_future()
        record.leaving = True
        answer = record.cancel
        self._write(lambda: self.session.client.cancelOrder(record.number))
        return await self._wait(answer, f'the cancel of {order_id}')

    async def cancel_all(
        self, symbol: str | None
    ) -> list[interface.CancelResponse]:
        """Takes all orders out, or those of one symbol."""
        self._check()
        found = [
            each.id
            for each in await self.ask_open(urgent=True)
            if symbol in (None, each.order.symbol)
        ]
        return list(await asyncio.gather(*map(self.cancel, found)))

    async def look(self, order_id: str) -> records.Record | None:
        """Asks for an order, wherever it may be listed.

        Returns:
            The order; None where the broker lists it nowhere.
        """
        listed = await self.ask_open()
        record = self.book.names.get(order_id)
        if record is not None and (record in listed or record.ended):
            return record
        done = await self.ask_done()
        for each in await self.ask_trades():
            self.book.execution(*each)
        taken = {
            each.id: each for each in (self.book.done(*one) for one in done)
        }
        record = taken.get(order_id) or self.book.names.get(order_id)
        return record if record is not None and record.ended else None

    async def instrument(self, symbol: str) -> contracts_lib.Listed:
        """Looks an instrument up."""
        return await self.contracts.find(symbol)

    # What comes in, told by the session.

    def hear_order(self, contract: Any, order: Any, state: Any) -> None:
        """An order as it stands."""
        self.book.take(contract, order, state.status)

    def hear_status(self, told: ears.Status) -> None:
        """Where an order stands."""
        self.book.status(told)

    def hear_execution(self, contract: Any, execution: Any) -> None:
        """A part of an order was traded just now."""
        self.book.execution(contract, execution)

    def hear_fee(self, report: Any) -> None:
        """What a trade cost."""
        self.book.fee(report)

    def hear_loss(self, reason: str) -> None:
        """The connection broke."""
        self._tells.lost(reason)
        self.book.release_all()
        self._fail(reason)

    def hear_wrong(self, topic: str, reason: str) -> None:
        """Something is wrong with what comes."""
        self._tells.wrong(topic, reason)

    def hear_error(self, number: int, code: int, said: str) -> None:
        """An error or a notice."""
        record = self.book.names.numbered(self._place.client_id, number)
        if record is None:
            self._hear_link(code, said)
        elif code == codes.PRESET:
            self._tells.wrong('preset', f'{record.id}: {said}')
        elif code in codes.NOTICES or code in codes.REMARKS:
            return
        elif not record.ended:
            record.words = f'error {code}: {said}'
            if code == codes.REFUSED and not record.taken:
                self.book.reject(record, record.words)
            else:
                # It looks like an end, and may be none: it is asked for.
                self.doubt(record)

    def doubt(self, record: records.Record) -> None:
        """Asks what became of an order, once at a time."""
        if record.id not in self._tasks and self.session.alive:
            task = asyncio.get_running_loop().create_task(self._settle(record))
            self._tasks[record.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(record.id, None))

    def _hear_link(self, code: int, said: str) -> None:
        if code in codes.CUT:
            self._cut = f'{said} (error {code})'
            self._tells.lost(self._cut)
        elif code in codes.BACK:
            self._cut = ''
        elif code in codes.FARM:
            self._tells.wrong('farm', said)
        elif code == codes.FLOOD:
            self._tells.wrong('rate', said)

    async def _settle(self, record: records.Record) -> None:
        """Finds out what became of an order, and tells it."""
        try:
            found = await self.look(record.id)
        except errors.BrokerError:
            # The connection is gone: the reconciliation asks.
            return
        if record.ended:
            return
        if found is not None:
            self.book.stays(record)
        elif record.taken:
            self.book.lost(record)
        elif record.words:
            self.book.reject(record, record.words)
        else:
            self.book.finish(record)

    async def _again(
        self, record: records.Record
    ) -> interface.OrderResponse | None:
        """Answers an order that was sent before; None sends it."""
        if record.answer is not None:
            return await self._answer(record)
        doubtful = not record.taken and not record.ended
        if doubtful and await self.look(record.id) is None:
            self.book.names.drop(record)
            return None
        return books.answered(record)

    async def _find(self, order_id: str) -> records.Record | None:
        record = self.book.names.get(order_id)
        return record if record is not None else await self.look(order_id)

    def _send(self, order: orders.Order, contract: Any) -> records.Record:
        """Sends an order unless the emergency stop holds."""
        record = records.Record(
            msgspec.structs.replace(
                order, status=_S.SUBMITTED, resting=_S.SUBMITTED
            ),
            contract,
        )
        made = terms.to_ib(self.session.library, order, self.account)
        with self._gate:
            self._check()
            if self._halted(order):
                raise errors.BrokerWithheldError(
                    f'{self._place.name}: withheld by the emergency stop'
                )
            client = self.session.client
            record.number = client.getReqId()
            record.client = self._place.client_id
            record.answer = asyncio.get_running_loop().create_future()
            self.book.add(record)
            self._write(
                lambda: client.placeOrder(record.number, contract, made)
            )
        return record

    def _write(self, send: Callable[[], None]) -> None:
        try:
            send()
        except ConnectionError as error:
            raise errors.BrokerUnknownError(
                f'{self._place.name}: {error}'
            ) from None

    def _refuse(
        self, order: orders.Order, said: str
    ) -> interface.OrderResponse:
        """Rejects an order that was not sent."""
        record = records.Record(order, None)
        self.book.add(record)
        self.book.reject(record, said)
        return books.answered(record)

    async def _answer(self, record: records.Record) -> interface.OrderResponse:
        if record.answer is None:
            return books.answered(record)
        try:
            return await self._wait(record.answer, record.id)
        except errors.BrokerUnknownError:
            # Whoever sends it again has to look for it first.
            record.answer = None
            raise

    async def _wait(self, answer: asyncio.Future[T], what: str) -> T:
        limit = self._place.timeout_s
        try:
            async with asyncio.timeout(limit):
                return await asyncio.shield(answer)
        except TimeoutError:
            raise errors.BrokerUnknownError(
                f'{self._place.name}: no answer within {limit:g} s: {what}'
            ) from None

    def _fail(self, reason: str) -> None:
        def error() -> Exception:
            return errors.BrokerUnknownError(f'{self._place.name}: {reason}')

        for record in self.book.records.values():
            record.fail(error)

    def _new_book(self) -> books.Book:
        return books.Book(
            self._place.client_id,
            self._tells.sink,
            self.doubt,
            lambda said: self._tells.wrong('correction', words.plain(said)),
        )

    def _check(self) -> None:
        if not self.ready:
            raise errors.BrokerRejectedError(
                f'{self._place.name} is not connected; nothing was sent'
            )

    def _check_cut(self) -> None:
        if self._cut:
            raise errors.BrokerUnknownError(f'{self._place.name}: {self._cut}')
