"""An order at rest in the simulated market, and what it may be there."""

import msgspec

from sting.model import checks
from sting.model import corporate
from sting.model import errors
from sting.model import orders
from sting.simulator import fills

KINDS = {
    orders.OrderType.MARKET: fills.MARKET,
    orders.OrderType.LIMIT: fills.LIMIT,
    orders.OrderType.STOP: fills.STOP,
    orders.OrderType.STOP_LIMIT: fills.STOP_LIMIT,
    orders.OrderType.TRAILING_STOP: fills.STOP,
    orders.OrderType.MARKET_ON_OPEN: fills.MARKET,
    orders.OrderType.MARKET_ON_CLOSE: fills.MARKET,
    orders.OrderType.LIMIT_ON_OPEN: fills.LIMIT,
    orders.OrderType.LIMIT_ON_CLOSE: fills.LIMIT,
}

_S = orders.OrderStatus
_TRAILING = orders.OrderType.TRAILING_STOP
_FOK = orders.TimeInForce.FOK
_AT_ONCE = frozenset({fills.MARKET, fills.LIMIT})
_IMMEDIATE = frozenset({orders.TimeInForce.IOC, orders.TimeInForce.FOK})


class Resting(msgspec.Struct, eq=False):
    """An order at rest: the scalars that a bar is held against.

    Attributes:
        order: The order as it was sent or restored.
        kind: Its type, as fills has it.
        sign: 1 for a buy, -1 for a sell.
        quantity: Units wanted.
        price: The limit; 0 without one.
        stop_price: The trigger; 0 without one.
        trails: It is a trailing stop.
        amount: The distance that it keeps, a unit; 0 for all other types.
        fraction: The same as a fraction of the price.
        due: The moment of its auction, nanoseconds; 0 for all other types.
        triggered: The stop was touched.
        immediate: It is IOC, FOK or for an auction.
        after: Only bars stamped later than this may fill it, nanoseconds.
        expires: The last moment at which it works, nanoseconds; None for ever.
        filled: Units filled so far.
        average: Mean price of the fills so far; 0 without any.
        fees: Fees of the fills so far.
        updated: When it last changed, nanoseconds.
        arrives: When it reaches the market, nanoseconds; 0 for at once.
        leaves: When its cancel does; 0 without one on its way.
        coming: Changes on their way: when, and the terms of `change`.
        plain: It was sent as a plain market order.
    """

    order: orders.Order
    kind: int
    sign: int
    quantity: float
    after: int
    updated: int
    expires: int | None = None
    price: float = 0.0
    stop_price: float = 0.0
    trails: bool = False
    amount: float = 0.0
    fraction: float = 0.0
    due: int = 0
    triggered: bool = False
    immediate: bool = False
    filled: float = 0.0
    average: float = 0.0
    fees: float = 0.0
    arrives: int = 0
    leaves: int = 0
    coming: list[tuple[int, float | None, float | None, float | None]] = (
        msgspec.field(default_factory=list)
    )
    plain: bool = False

    @classmethod
    def of(
        cls,
        order: orders.Order,
        *,
        after: int,
        expires: int | None,
        due: int = 0,
    ) -> 'Resting':
        """Lays an order to rest.

        Args:
            order: As it was sent or restored.
            after: Only bars stamped later may fill it, nanoseconds.
            expires: The last moment at which it works, nanoseconds.
            due: The moment of its auction, nanoseconds; 0 for none.
        """
        trails = order.type is _TRAILING
        amount, fraction = (
            checks.parse_trail(order.trail) if trails else (0.0, 0.0)
        )
        return cls(
            order,
            kind=KINDS[order.type],
            sign=order.side.sign,
            quantity=order.quantity,
            after=after,
            updated=order.updated,
            expires=expires,
            price=order.price or 0.0,
            stop_price=order.stop_price or 0.0,
            trails=trails,
            amount=amount,
            fraction=fraction,
            due=due,
            triggered=order.triggered,
            immediate=bool(due) or order.time_in_force in _IMMEDIATE,
            filled=order.filled,
            average=order.average_price,
            fees=order.fees,
        )

    @property
    def broker_id(self) -> str:
        """The market's own id of the order."""
        return f'sim-{self.order.id}'

    @property
    def status(self) -> orders.OrderStatus:
        """Where the order stands."""
        if self.leaves:
            return _S.PENDING_CANCEL
        return _S.PARTIALLY_FILLED if self.filled else _S.ACCEPTED

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to fill."""
        return fills.is_filled(self.quantity, self.filled)

    def is_late(self, timestamp: int) -> bool:
        """Whether the order's time has passed at this moment."""
        return self.expires is not None and timestamp > self.expires

    def is_gone(self, opened: int) -> bool:
        """Whether a cancel took it out in its time, before a bar opened."""
        return 0 < self.leaves <= opened and not self.is_late(self.leaves)

    @property
    def is_live(self) -> bool:
        """Whether it can trade at once: no trigger stands before it."""
        return self.kind in _AT_ONCE or self.triggered

    @property
    def slips(self) -> bool:
        """Whether slippage makes its price worse: not where a limit holds."""
        return fills.slips(self.kind)

    def share(self, left: float) -> float:
        """Gives the units that it takes of what a bar has left."""
        wanted = self.quantity - self.filled
        if left < wanted and self.order.time_in_force is _FOK:
            return 0.0
        return fills.share(wanted, left)

    def is_filled_by(self, quantity: float) -> bool:
        """Whether so many units more would leave nothing; as apply_fill."""
        return fills.is_filled(self.quantity, self.filled + quantity)

    def touch(self, timestamp: int) -> orders.OrderUpdate:
        """Reports that the stop was touched, so that a log can restore it."""
        self.after = timestamp
        self.updated = timestamp
        return msgspec.structs.replace(self.update(self.status), triggered=True)

    def follow(self, price: float, timestamp: int) -> bool:
        """Has the trigger of a trailing stop follow a price.

        Args:
            price: What it follows.
            timestamp: When, nanoseconds since the epoch, UTC.

        Returns:
            Whether it moved.
        """
        moved = fills.trailed(
            self.sign, self.stop_price, price, self.amount, self.fraction
        )
        if moved == self.stop_price:
            return False
        self.stop_price = moved
        self.after = max(self.after, timestamp)
        self.updated = timestamp
        return True

    def moved(self) -> orders.OrderUpdate:
        """Reports where the trigger stands, so that a log can restore it."""
        return msgspec.structs.replace(
            self.update(self.status), stop_price=self.stop_price
        )

    def change(
        self,
        timestamp: int,
        quantity: float | None,
        price: float | None,
        stop_price: float | None,
    ) -> orders.OrderUpdate:
        """Takes new terms; None keeps what is.

        Args:
            timestamp: When, nanoseconds since the epoch, UTC.
            quantity: Units wanted in all, with what is filled.
            price: The limit.
            stop_price: The trigger.

        Returns:
            The report with the new terms.

        Raises:
            errors.BrokerRejectedError: The new terms make no sense.
        """
        if self.trails:
            raise errors.BrokerRejectedError(
                f'order {self.order.id} stays as it is: {orders.KEEPS_TERMS}'
            )
        terms = {
            name: value
            for name, value in (
                ('quantity', quantity),
                ('price', price),
                ('stop_price', stop_price),
            )
            if value is not None
        }
        changed = msgspec.structs.replace(self.as_order(), **terms)
        message = refusal(changed)
        if not message and not terms:
            message = 'nothing to change'
        if not message and changed.quantity <= self.filled + orders.DUST:
            message = f'{self.filled:g} units are filled already; cancel it'
        if not message and stop_price is not None and self.triggered:
            message = 'the stop was touched already'
        if message:
            raise errors.BrokerRejectedError(
                f'order {self.order.id} stays as it is: {message}'
            )
        self.quantity = changed.quantity
        self.price = changed.price or 0.0
        self.stop_price = changed.stop_price or 0.0
        self.after = max(self.after, timestamp)
        self.updated = timestamp
        return msgspec.structs.replace(self.update(self.status), **terms)

    def split(self, ratio: float, timestamp: int) -> None:
        """Takes new units for old ones.

        Args:
            ratio: New units for one old, above 0.
            timestamp: When, nanoseconds since the epoch, UTC.
        """
        self.order = corporate.split_order(self.order, ratio)
        self.quantity *= ratio
        self.filled *= ratio
        self.price /= ratio
        self.stop_price /= ratio
        self.average /= ratio
        self.amount /= ratio
        self.coming = [
            (
                when,
                None if quantity is None else quantity * ratio,
                None if price is None else price / ratio,
                None if stop is None else stop / ratio,
            )
            for when, quantity, price, stop in self.coming
        ]
        self.updated = timestamp

    def book(
        self, quantity: float, price: float, fee: float, timestamp: int
    ) -> None:
        """Counts a fill.

        Args:
            quantity: Units traded.
            price: Price a unit.
            fee: In the account's currency.
            timestamp: When, nanoseconds since the epoch, UTC.
        """
        # As lifecycle.apply_fill has it, so that a restart changes no digit.
        cost = self.average * self.filled + price * quantity
        self.filled += quantity
        self.average = cost / self.filled
        self.fees += fee
        self.after = timestamp
        self.updated = timestamp

    def give_way(self, quantity: float) -> orders.OrderUpdate:
        """Wants so many units less, which another of its group has filled.

        Args:
            quantity: Units.

        Returns:
            The report with the new quantity.
        """
        self.quantity = max(self.quantity - quantity, self.filled)
        return msgspec.structs.replace(
            self.update(self.status), quantity=self.quantity
        )

    def update(
        self, status: orders.OrderStatus, message: str = ''
    ) -> orders.OrderUpdate:
        """Makes a report on the order."""
        return orders.OrderUpdate(
            order_id=self.order.id,
            status=status,
            broker_id=self.broker_id,
            message=message,
        )

    def as_order(self) -> orders.Order:
        """Gives the order as it stands."""
        return msgspec.structs.replace(
            self.order,
            status=self.status,
            resting=self.status,
            broker_id=self.broker_id,
            quantity=self.quantity,
            price=self.price or None,
            stop_price=self.stop_price or None,
            triggered=self.triggered,
            filled=self.filled,
            average_price=self.average,
            fees=self.fees,
            updated=self.updated,
        )


def refusal(order: orders.Order) -> str:
    """Says why this market cannot work an order.

    Args:
        order: The order.

    Returns:
        One sentence for a person; empty when it can.
    """
    if order.type not in KINDS:
        return f'the simulated market has no {order.type} orders'
    trails = order.type is orders.OrderType.TRAILING_STOP
    if order.trail is not None and not trails:
        return f'a {order.type} order takes no trail'
    try:
        if trails:
            checks.parse_trail(order.trail)
        checks.check_order(
            symbol=order.symbol,
            quantity=order.quantity,
            type=order.type,
            price=order.price,
            stop_price=order.stop_price,
        )
        checks.check_exits(
            side=order.side,
            price=order.price,
            stop_price=order.stop_price,
            take_profit=order.take_profit,
            stop_loss=order.stop_loss,
        )
    except errors.OrderError as error:
        return str(error)
    return ''
