"""The orders there, by what the gateway says of them, and what is told of it.

Each message names an order by some of its names, and any may come first. A
thing that is said twice is told once.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any
from typing import Final

from sting.broker import interface
from sting.broker.ibkr import codes
from sting.broker.ibkr import ears
from sting.broker.ibkr import names as names_lib
from sting.broker.ibkr import record as records
from sting.broker.ibkr import terms as terms_lib
from sting.broker.ibkr import trades as trades_lib
from sting.model import orders
from sting.model import records as records_lib
from sting.net import words as words_lib

Record = records.Record
_S = orders.OrderStatus
# Seconds that a fill waits for what it cost, and an end for its fills.
HELD_S: Final = 1.0
# What of an order ends with a day or a moment.
_TIMED: Final = frozenset({orders.TimeInForce.DAY, orders.TimeInForce.GTD})
# Of what a person or a program took out, in their words.
_TRADER: Final = 'Trader'


class Book:
    """Every order that was heard of.

    It lives in the loop of the connection.

    Attributes:
        sink: Takes reports.
        doubt: Called with an order about which more has to be asked.
        corrected: Called with words on a fill that was corrected.
        quiet: Whether what is heard is taken, and not told.
        names: The orders.
        trades: What trades were told, and what they cost.
    """

    def __init__(
        self,
        client: int,
        sink: interface.Sink,
        doubt: Callable[[Record], None],
        corrected: Callable[[str], None],
    ) -> None:
        """Knows nothing.

        Args:
            client: Whose orders are ours.
            sink: Takes reports.
            doubt: Called with an order about which more has to be asked.
            corrected: Called with words on a fill that was corrected.
        """
        self.sink = sink
        self.doubt = doubt
        self.corrected = corrected
        self.quiet = False
        self.names = names_lib.Names(client)
        self.trades = trades_lib.Trades()
        # Fills that wait for what they cost, by their ids with us.
        self._fees: dict[str, tuple[Record, records.Waiting]] = {}

    @property
    def records(self) -> dict[str, Record]:
        """The orders that work, and the last that ended, by our ids."""
        return self.names.records

    def working(self) -> list[Record]:
        """Gives the orders that are not known to have ended; any thread."""
        # The list is made in one step, whatever the connection's thread does.
        return [each for each in list(self.records.values()) if not each.ended]

    def add(self, record: Record) -> None:
        """Takes an order up, by all its names."""
        self.names.add(record)
        if not self.quiet:
            self.names.shorten()

    def keep(self, old: 'Book') -> None:
        """Takes over what an older book knows to have ended."""
        self.trades.keep(old.trades)
        self.names.keep(old.names)

    def take(self, contract: Any, order: Any, word: str) -> Record:
        """Takes an order as the broker tells it, whether it works or not."""
        record = self._taken(contract, order)
        record.parent = int(order.parentId) or record.parent
        if not record.ended:
            if word in codes.WORKS:
                self._accept(record)
            if record.taken:
                told = terms_lib.from_ib(record.id, contract, order)
                self._compare(record, told)
        self._stand(record, word)
        return record

    def _taken(self, contract: Any, order: Any) -> Record:
        """Gives an order that is told of, which may be new."""
        record = self.names.named(order)
        if record is None:
            order_id = self.names.new_id(order, learning=self.quiet)
            told = terms_lib.from_ib(order_id, contract, order)
            record = Record(told, contract)
            self.add(record)
        client, number, perm = names_lib.numbers(order)
        self.names.call(record, number, client, perm)
        return record

    def status(self, told: ears.Status) -> None:
        """Takes where an order stands."""
        record = self.names.numbered(told.client, told.number, told.perm)
        if record is None:
            return
        self.names.call(record, told.number, told.client, told.perm)
        record.claimed = told.filled, told.average
        missing = told.filled - record.order.filled > orders.DUST
        self._stand(record, told.word, missing=missing)

    def execution(self, contract: Any, execution: Any) -> None:
        """Takes a trade; what it cost comes by itself."""
        record = self.names.named(execution)
        if record is None:
            return
        client, number, perm = names_lib.numbers(execution)
        self.names.call(record, number, client, perm)
        fill = records.fill(record.id, contract, execution)
        told = self.trades.take(fill, execution.execId, execution.permId)
        if not told:
            return
        self._accept(record)
        if told[0] is not fill:
            self._correct(record, fill, told)
            return
        record.book(fill)
        if record.ended:
            self._over(record)
        if self.quiet:
            return
        waiting = record.push(fill, ready=False)
        self._fees[fill.execution_id] = record, waiting
        asyncio.get_running_loop().call_later(
            HELD_S, self._release, fill.execution_id
        )

    def _correct(
        self, record: Record, fill: orders.Fill, told: list[orders.Fill]
    ) -> None:
        """Tells what corrects a trade, behind the trade itself."""
        before = self.trades.before(fill.execution_id)
        record.correct(fill.quantity - before.quantity)
        self.corrected(
            f'{record.id}: the fill {fill.execution_id} of '
            f'{before.quantity:g} at {before.price:g} was corrected to '
            f'{fill.quantity:g} at {fill.price:g}; the account follows, the '
            "order's and its strategy's own figures do not"
        )
        if self.quiet:
            return
        self._release(fill.execution_id)
        for each in told:
            record.push(each)
        self.flush(record)

    def listed(self, found: Iterable[tuple[Any, Any]]) -> list[orders.Fill]:
        """Gives trades as they are listed, with their costs and corrections.

        Args:
            found: Contracts and executions.
        """
        return self.trades.listed(
            (self._fill(*each), each[1].execId, each[1].permId)
            for each in found
        )

    def _fill(self, contract: Any, execution: Any) -> orders.Fill:
        record = self.names.named(execution)
        order_id = self.names.new_id(execution) if record is None else record.id
        return records.fill(order_id, contract, execution)

    def fee(self, report: Any) -> None:
        """Takes what a trade cost."""
        cost = terms_lib.figure(report.commission) or 0.0
        name = self.trades.cost(report.execId, cost)
        self._release(name)
        if not self.quiet:
            self._late(self.trades.late(name))

    def settle_costs(self) -> None:
        """Tells what trades cost that was heard of while it was quiet."""
        for flow in self.trades.all_late():
            self._late(flow)

    def _late(self, flow: records_lib.CashFlow | None) -> None:
        """Tells what a trade cost, behind the trade."""
        if flow is None:
            return
        record = self.names.get(flow.order_id)
        if record is None:
            self.sink(flow)
            return
        record.move(fees=record.order.fees - flow.amount)
        record.push(flow)
        self.flush(record)

    def done(self, contract: Any, order: Any, state: Any) -> Record:
        """Takes an order of the day that is done.

        Its trades have to be taken before it, where they are told. Of one that
        is new here, or was forgotten, nothing is told.
        """
        learning = self.quiet
        self.quiet = learning or self.names.named(order) is None
        try:
            record = self._taken(contract, order)
            if not record.ended:
                self._done(record, state, learning=learning)
        finally:
            self.quiet = learning
        return record

    def _done(self, record: Record, state: Any, *, learning: bool) -> None:
        words = words_lib.plain(state.completedStatus)
        record.leaving = record.leaving or _TRADER in words
        if state.status == codes.INACTIVE:
            self.reject(record, words)
        elif state.status == codes.FILLED:
            self._accept(record)
            if not learning:
                record.move(status=_S.FILLED, resting=_S.FILLED)
                self._over(record)
        else:
            record.taken = record.taken or self.quiet
            self.finish(record)

    def settle(self, done: Iterable[tuple[Any, Any, Any]]) -> None:
        """Ends learning: takes what is filled from who knows more of it.

        Trades are listed for a day, and an order may be older.

        Args:
            done: The orders that are listed as done.
        """
        for _, order, state in done:
            record = self.names.named(order)
            filled = state.status == codes.FILLED
            if record is not None and filled and not record.ended:
                record.move(
                    status=_S.FILLED,
                    resting=_S.FILLED,
                    filled=record.order.quantity,
                )
        for record in self.records.values():
            filled, average = record.claimed
            if filled > record.order.filled + orders.DUST:
                record.move(filled=filled, average_price=average)
            if not record.ended and record.order.filled:
                record.move(status=record.rank, resting=record.rank)

    def stays(self, record: Record) -> None:
        """Takes it that an order works, whatever was said against it."""
        self._accept(record)
        change, record.change = record.change, None
        if change is not None and not change.answer.done():
            change.answer.set_result(
                _answered(record, accepted=False, message=record.words)
            )
        self._keeps(record, record.words)

    def _over(self, record: Record) -> None:
        """Refuses what waits for an order that has ended by itself."""
        said = f'the order is {record.order.status}'
        change, record.change = record.change, None
        if change is not None and not change.answer.done():
            change.answer.set_result(
                _answered(record, accepted=False, message=said)
            )
        self._keeps(record, said)

    def _keeps(self, record: Record, said: str) -> None:
        """Refuses a cancel."""
        cancel, record.cancel = record.cancel, None
        if cancel is not None and not cancel.done():
            record.leaving = False
            cancel.set_result(
                interface.CancelResponse(
                    order_id=record.id, accepted=False, message=said
                )
            )

    def reject(self, record: Record, words: str) -> None:
        """Ends an order that was refused."""
        self._end(record, _S.REJECTED, words)

    def lost(self, record: Record) -> None:
        """Says that the broker knows nothing of an order that it had."""
        self._tell(record, _S.UNKNOWN, message=record.words)
        self.flush(record)

    def finish(self, record: Record) -> None:
        """Ends an order of which everything is known that will be."""
        if record.ended:
            return
        refused = not record.taken and bool(record.words)
        if refused:
            self.reject(record, record.words)
            return
        self._accept(record)
        group = record.order.oco and any(
            each.order.oco == record.order.oco and each.order.filled
            for each in self.records.values()
        )
        timed = record.order.time_in_force in _TIMED
        expired = timed and not record.leaving and not group
        status = _S.EXPIRED if expired else _S.CANCELLED
        self._end(record, status, record.words)

    def flush(self, record: Record) -> None:
        """Tells what is ready to be told."""
        record.flush(self.sink)

    def release_all(self) -> None:
        """Lets every fill go that waits for what it cost."""
        for each in list(self._fees):
            self._release(each)

    def _compare(self, record: Record, told: orders.Order) -> None:
        """Takes new terms, whoever asked for them."""
        terms = record.terms(told)
        change = record.change
        if not terms or not told.quantity:
            return
        record.move(**terms)
        if record.taken:
            self._tell(record, record.rank, **terms)
            self.flush(record)
        if change is not None and not record.terms(change.wanted):
            self.changed(record)

    def holds(self, record: Record) -> interface.OrderResponse:
        """Answers a change to the terms that hold already."""
        order = record.order
        self._tell(
            record,
            record.rank,
            quantity=order.quantity,
            price=order.price,
            stop_price=order.stop_price,
        )
        self.flush(record)
        return _answered(record, accepted=True)

    def changed(self, record: Record) -> None:
        """Answers a change that holds."""
        change, record.change = record.change, None
        if change is not None and not change.answer.done():
            change.answer.set_result(_answered(record, accepted=True))

    def _stand(
        self, record: Record, word: str, *, missing: bool = False
    ) -> None:
        """Takes their word for where an order stands."""
        if record.ended:
            return
        if word in codes.WORKS or word == codes.FILLED:
            self._accept(record)
        elif word == codes.LEAVES:
            self._accept(record)
            self.leaves(record)
        if self.quiet:
            return
        if word in codes.ENDS:
            if missing or not record.taken:
                self.doubt(record)
            else:
                self.finish(record)
        elif word == codes.INACTIVE or (word == codes.FILLED and missing):
            self.doubt(record)

    def leaves(self, record: Record) -> None:
        """Answers a cancel that was taken."""
        cancel, record.cancel = record.cancel, None
        if cancel is not None and not cancel.done():
            cancel.set_result(
                interface.CancelResponse(order_id=record.id, accepted=True)
            )

    def _accept(self, record: Record) -> None:
        """Says, once, that the broker has an order."""
        if not record.taken:
            record.taken = True
            self._tell(record, _S.ACCEPTED)
            self.flush(record)
        answer, record.answer = record.answer, None
        if answer is not None and not answer.done():
            answer.set_result(_answered(record, accepted=True))

    def _end(
        self, record: Record, status: orders.OrderStatus, words: str
    ) -> None:
        self._tell(record, status, message=words)
        change, record.change = record.change, None
        if change is not None and not change.answer.done():
            change.answer.set_result(_answered(record, accepted=False))
        answer, record.answer = record.answer, None
        if answer is not None and not answer.done():
            accepted = status is not _S.REJECTED
            answer.set_result(_answered(record, accepted=accepted))
        self.leaves(record)
        self.flush(record)

    def _tell(
        self, record: Record, status: orders.OrderStatus, **more: Any
    ) -> None:
        if status is not _S.UNKNOWN:
            record.move(
                status=status,
                resting=status,
                message=more.get('message') or record.order.message,
            )
        if not self.quiet:
            record.push(
                orders.OrderUpdate(
                    order_id=record.id,
                    status=status,
                    broker_id=record.order.broker_id,
                    **more,
                )
            )

    def _release(self, name: str) -> None:
        """Lets a fill go, with what it cost as far as is known."""
        found = self._fees.pop(name, None)
        if found is None:
            return
        record, waiting = found
        if isinstance(waiting.report, orders.Fill):
            waiting.report = told = self.trades.tell(waiting.report)
            record.move(fees=record.order.fees + told.fee)
        waiting.ready = True
        self.flush(record)


def answered(record: Record) -> interface.OrderResponse:
    """Gives the answer to an order that was sent before."""
    return _answered(record, accepted=record.order.status is not _S.REJECTED)


def _answered(
    record: Record, *, accepted: bool, message: str = ''
) -> interface.OrderResponse:
    return interface.OrderResponse(
        order_id=record.id,
        accepted=accepted,
        broker_id=record.order.broker_id,
        message='' if accepted else message or record.order.message,
    )
