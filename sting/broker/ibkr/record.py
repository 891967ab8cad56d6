"""What is known of one order at Interactive Brokers."""

import asyncio
import collections
from collections.abc import Callable
from typing import Any

import msgspec

from sting.broker import interface
from sting.broker.ibkr import terms as terms_lib
from sting.broker.ibkr import trades
from sting.model import orders

_S = orders.OrderStatus
_ENDED = frozenset({_S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED})


class Waiting:
    """A report that may wait for something, and those behind it with it."""

    def __init__(self, report: interface.Told, *, ready: bool) -> None:
        self.report = report
        self.ready = ready


class Change(msgspec.Struct, frozen=True):
    """A change that was sent.

    Attributes:
        wanted: The order with the terms asked for.
        answer: Whether it has them.
    """

    wanted: orders.Order
    answer: asyncio.Future[interface.OrderResponse]


class Record:
    """An order, ours or not, and how far it was told.

    Attributes:
        order: As it stands.
        number: Its number with its client; 0 where it has none.
        client: Its client.
        perm: Its number for ever; 0 before it is known.
        contract: Of what.
        parent: The number of the entry that it exits, with the same client.
        taken: Whether the broker has said that it has it.
        leaving: Whether we had it cancelled.
        words: The last that was said against it.
        claimed: Units filled and their mean price, as they say.
        answer: What waits for the first answer.
        change: What waits for the answer to a change.
        cancel: What waits for the answer to a cancel.
    """

    def __init__(self, order: orders.Order, contract: Any) -> None:
        self.order = order
        self.number = 0
        self.client = 0
        self.perm = 0
        self.contract = contract
        self.parent = 0
        self.taken = False
        self.leaving = False
        self.words = ''
        self.claimed = (0.0, 0.0)
        self.answer: asyncio.Future[interface.OrderResponse] | None = None
        self.change: Change | None = None
        self.cancel: asyncio.Future[interface.CancelResponse] | None = None
        self._queue: collections.deque[Waiting] = collections.deque()

    @property
    def id(self) -> str:
        """Its id with us."""
        return self.order.id

    @property
    def ended(self) -> bool:
        """Whether it works no more."""
        return self.order.status in _ENDED

    @property
    def settled(self) -> bool:
        """Whether it has ended, and everything of it was booked and told."""
        waits = self._queue or self.answer or self.change or self.cancel
        missing = self.claimed[0] - self.order.filled > orders.DUST
        return self.ended and not waits and not missing

    @property
    def rank(self) -> orders.OrderStatus:
        """Where it stands while it works."""
        return _S.PARTIALLY_FILLED if self.order.filled else _S.ACCEPTED

    def move(self, **changes: Any) -> None:
        """Changes the order."""
        self.order = msgspec.structs.replace(self.order, **changes)

    def book(self, fill: orders.Fill) -> None:
        """Takes a fill."""
        before = self.order
        filled = before.filled + fill.quantity
        cost = before.average_price * before.filled
        done = filled >= before.quantity - orders.DUST
        status = before.status
        if done:
            status = _S.FILLED
        elif not self.ended:
            status = _S.PARTIALLY_FILLED
        self.move(
            filled=filled,
            average_price=(cost + fill.price * fill.quantity) / filled,
            fees=before.fees + fill.fee,
            status=status,
            resting=status,
            updated=max(before.updated, fill.timestamp),
        )

    def correct(self, more: float) -> None:
        """Takes it that so many units more, or less, were filled."""
        self.move(filled=max(0.0, self.order.filled + more))

    def terms(self, order: orders.Order) -> dict[str, float | None]:
        """Says what of an order's terms is other than here."""
        return {
            name: getattr(order, name)
            for name in ('quantity', 'price', 'stop_price')
            if getattr(order, name) != getattr(self.order, name)
        }

    def push(self, report: interface.Told, *, ready: bool = True) -> Waiting:
        """Puts a report behind those that wait."""
        waiting = Waiting(report, ready=ready)
        self._queue.append(waiting)
        return waiting

    def flush(self, sink: Callable[[interface.Told], None]) -> None:
        """Tells what waits for nothing, up to what does."""
        while self._queue and self._queue[0].ready:
            sink(self._queue.popleft().report)

    def fail(self, error: Callable[[], Exception]) -> None:
        """Leaves what waits without an answer."""
        waiting: list[asyncio.Future[Any] | None] = [self.answer, self.cancel]
        if self.change is not None:
            waiting.append(self.change.answer)
        for future in waiting:
            if future is not None and not future.done():
                future.set_exception(error())
                # Nobody may be there any more to be told.
                future.exception()
        self.answer = self.cancel = self.change = None


def fill(order_id: str, contract: Any, execution: Any) -> orders.Fill:
    """Gives a fill in our terms.

    Its id is theirs without the last part, which counts corrections of it.
    """
    return orders.Fill(
        order_id=order_id,
        execution_id=trades.parts(execution.execId)[0],
        symbol=terms_lib.symbol(contract),
        side=orders.OrderSide('buy' if execution.side == 'BOT' else 'sell'),
        quantity=float(execution.shares),
        price=float(execution.price),
        timestamp=terms_lib.stamp(execution.time),
    )


def kept(record: Record | None, client: int) -> str:
    """Says why an order cannot be cancelled or changed; empty if it can.

    Args:
        record: The order; None where there is none.
        client: Who wants to.
    """
    if record is None:
        return 'there is no such order'
    if record.ended:
        return f'the order is {record.order.status}'
    if record.number <= 0 or record.client != client:
        return (
            f'the order was placed by client {record.client}, and only there '
            'can it be cancelled or changed'
        )
    return ''


def unchanged(
    record: Record | None, wanted: dict[str, float], client: int
) -> str:
    """Says why an order cannot be changed so; empty if it can.

    Args:
        record: The order; None where there is none.
        wanted: The new terms.
        client: Who wants to.
    """
    refusal = kept(record, client)
    if refusal or record is None:
        return refusal
    if record.order.type is orders.OrderType.TRAILING_STOP:
        return orders.KEEPS_TERMS
    if not wanted:
        return 'nothing to change'
    if record.change is not None and not record.change.answer.done():
        return 'a change of it waits for its answer'
    quantity = wanted.get('quantity')
    if quantity is not None and quantity <= record.order.filled + orders.DUST:
        return f'{record.order.filled:g} units are filled already; cancel it'
    return ''
