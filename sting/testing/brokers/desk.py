"""A trader at a broker: sends, waits for what is reported, and keeps a book."""

import asyncio
from collections.abc import Callable
import itertools
import threading
from typing import Final

import msgspec

from sting.broker import interface
from sting.model import lifecycle
from sting.model import orders
from sting.model import portfolio as portfolio_lib
from sting.model import records
from sting.testing.brokers import world as worlds

# Seconds until what has to come is given up.
PATIENCE_S: Final = 20.0
_POLL_S: Final = 0.002
_ENDED: Final = frozenset(
    {
        orders.OrderStatus.FILLED,
        orders.OrderStatus.CANCELLED,
        orders.OrderStatus.EXPIRED,
        orders.OrderStatus.REJECTED,
    }
)


class Desk:
    """Trades through one broker, and holds it to its word.

    What is reported has to fit the table of an order's states, or the
    scenario fails. A fill that is told again is not booked twice.

    Attributes:
        world: The market behind the broker.
        broker: The way to it that is open now.
        symbol: The first instrument of the world.
        other: The second.
        told: All that was reported, in order, doubles too.
        fills: What was traded, each once, oldest first.
        book: The positions that follow from the fills.
        withheld: Whether the emergency stop holds for an order.
    """

    def __init__(self, world: worlds.World) -> None:
        """Stands before the market; `open` connects."""
        self.world = world
        self.broker = world.make()
        self.symbol, self.other = world.symbols
        self.told: list[interface.Told] = []
        self.fills: list[orders.Fill] = []
        self.book = portfolio_lib.Portfolio(world.cash)
        self.withheld: interface.Halted = _never
        self._orders: dict[str, orders.Order] = {}
        self._known: set[tuple[str, str]] = set()
        self._faults: list[Exception] = []
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    async def open(self) -> None:
        """Connects."""
        await self.broker.connect(self._sink, self._halted)

    async def close(self) -> None:
        """Ends the connection."""
        await self.broker.disconnect()

    async def reopen(self) -> None:
        """Takes another way to the same account, as a new engine does."""
        await self.broker.disconnect()
        self.broker = self.world.make()
        await self.open()

    def make(
        self,
        side: str = 'buy',
        quantity: float = 10.0,
        type: str = 'market',
        *,
        tif: str = 'gtc',
        **terms: object,
    ) -> orders.Order:
        """Makes an order of the first symbol that was not sent yet."""
        terms.setdefault('symbol', self.symbol)
        wanted = {
            'id': f'{self.world.log}-{next(self._numbers)}-1-1',
            'side': orders.OrderSide(side),
            'quantity': quantity,
            'type': orders.OrderType(type),
            'time_in_force': orders.TimeInForce(tif),
            'created': self.world.now(),
            'status': orders.OrderStatus.SUBMITTED,
            'resting': orders.OrderStatus.SUBMITTED,
        } | terms
        return orders.Order(**wanted)  # type: ignore[arg-type]

    def know(self, order: orders.Order) -> None:
        """Expects reports on an order."""
        with self._lock:
            self._orders.setdefault(order.id, order)

    async def send(self, order: orders.Order) -> interface.OrderResponse:
        """Sends an order, and gives the answer."""
        self.know(order)
        return await self.broker.place_order(order)

    async def place(self, *terms: object, **more: object) -> str:
        """Makes and sends an order, and waits until it works.

        Returns:
            Its id.
        """
        order = self.make(*terms, **more)  # type: ignore[arg-type]
        answer = await self.send(order)
        equal(answer.accepted, True, f'{order.type} accepted: {answer.message}')
        equal(answer.order_id, order.id, 'id of the answer')
        await self.until(
            lambda: (
                self.order(order.id).status is not orders.OrderStatus.SUBMITTED
            ),
            f'{order.type} to work',
        )
        return order.id

    def order(self, order_id: str) -> orders.Order:
        """Gives an order as it stands by the reports."""
        with self._lock:
            return self._orders[order_id]

    def fills_of(self, order_id: str) -> list[orders.Fill]:
        """Gives the fills of an order, oldest first."""
        with self._lock:
            return [fill for fill in self.fills if fill.order_id == order_id]

    async def filled(self, order_id: str) -> orders.Order:
        """Waits until an order is filled."""
        return await self.ended(order_id, 'filled')

    async def ended(self, order_id: str, status: str) -> orders.Order:
        """Waits until an order has ended, and holds how against a word."""
        await self.until(
            lambda: self.order(order_id).status in _ENDED,
            f'{order_id} to be {status}',
        )
        found = self.order(order_id)
        equal(str(found.status), status, f'end of {order_id}')
        return found

    async def traded(self, order_id: str, quantity: float) -> orders.Order:
        """Waits until so much of an order is filled."""
        await self.until(
            lambda: self.order(order_id).filled >= quantity - orders.DUST,
            f'{quantity:g} of {order_id} to be filled',
        )
        found = self.order(order_id)
        equal(found.filled, quantity, f'filled of {order_id}')
        return found

    async def passes(self) -> None:
        """Waits until all that happened so far was reported.

        An order of the other symbol is filled: what was told before it has
        come when its fill has.
        """
        marker = await self.place(quantity=1.0, symbol=self.other)
        await self.world.trade(self.other, 50.0)
        await self.filled(marker)

    async def until(self, reached: Callable[[], bool], what: str) -> None:
        """Waits for something, at most PATIENCE_S seconds.

        Raises:
            AssertionError: It did not come, or what came cannot be.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_S
        while not reached():
            self.check()
            if loop.time() > end:
                raise AssertionError(
                    f'waited for {what} in vain; told: {self.told[-6:]}'
                )
            await asyncio.sleep(_POLL_S)
        self.check()

    def check(self) -> None:
        """Raises what was wrong with a report."""
        if self._faults:
            raise AssertionError(f'a report that cannot be: {self._faults[0]}')

    def _halted(self, order: orders.Order) -> bool:
        return self.withheld(order)

    def _sink(self, report: interface.Told) -> None:
        with self._lock:
            self.told.append(report)
            try:
                self._take(report)
            # Raised in the broker's own code it would be lost there.
            except Exception as error:  # noqa: BLE001
                self._faults.append(error)

    def _take(self, report: interface.Told) -> None:
        if isinstance(report, orders.Fill):
            key = report.order_id, report.execution_id
            if key in self._known:
                return
            self._known.add(key)
            self.fills.append(report)
            self.book.apply(report)
        order = self._orders.get(report.order_id)
        if isinstance(report, records.CashFlow):
            self.book.cash += report.amount
            if order is not None:
                self._orders[order.id] = msgspec.structs.replace(
                    order, fees=order.fees - report.amount
                )
            return
        if order is None:
            return
        if isinstance(report, orders.Fill):
            order = lifecycle.apply_fill(order, report, report.timestamp)
        else:
            order = lifecycle.apply_update(order, report, order.updated)
        self._orders[order.id] = order


def _never(order: orders.Order) -> bool:
    del order
    return False


def equal(found: object, wanted: object, what: str) -> None:
    """Holds one thing against another.

    Raises:
        AssertionError: They differ.
    """
    if isinstance(found, float) and isinstance(wanted, float):
        if abs(found - wanted) <= 1e-6 * max(1.0, abs(wanted)):
            return
    elif found == wanted:
        return
    raise AssertionError(f'{what}: {found!r} instead of {wanted!r}')
