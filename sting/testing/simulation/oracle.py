"""What has to be true after every event, worked out anew from the events.

Nothing here asks the engine: books are kept from the payloads alone, so that
an error in the engine's bookkeeping shows as a difference.
"""

from collections.abc import Mapping

from sting.engine import bus
from sting.engine import exits
from sting.engine import layout
from sting.engine import state
from sting.model import commands
from sting.model import events
from sting.model import orders
from sting.model import records

_T = events.EventType
_S = orders.OrderStatus

# Sums of floats in different orders differ by this much.
CLOSE = 1e-6

# An order in one of these is as the broker has it, as far as is known.
_STANDS = frozenset({_S.ACCEPTED, _S.PARTIALLY_FILLED})


class ViolationError(AssertionError):
    """Something was not true that always has to be."""


def check(truth: bool, message: str) -> None:
    """Raises a ViolationError unless something is true."""
    if not truth:
        raise ViolationError(message)


class Books:
    """What the events of a log add up to.

    Attributes:
        seq: Number of the last event.
        cash: In the account.
        held: Units by symbol.
        by_strategy: Units by strategy and symbol.
        status: Of each order.
        asked: Each order as it was asked for.
        quantity: Units wanted, after changes.
        filled: Units filled.
        approved: Orders that risk let through.
        trading: What risk lets through.
        executions: Fills by order and execution id.
        unasked: Units by symbol that nobody asked for.
    """

    def __init__(self, limits: Mapping[str, float]) -> None:
        """Begins with an empty log.

        Args:
            limits: max_position and max_order_notional.
        """
        self._limits = limits
        self.seq = 0
        self.cash = 0.0
        self.held: dict[str, float] = {}
        self.by_strategy: dict[tuple[str, str], float] = {}
        self.status: dict[str, orders.OrderStatus] = {}
        self.asked: dict[str, orders.Order] = {}
        self.quantity: dict[str, float] = {}
        self.filled: dict[str, float] = {}
        self.approved: set[str] = set()
        self.trading = records.TradingState.TRADING
        self.executions: set[tuple[str, str]] = set()
        self.unasked: dict[str, float] = {}
        self.prices: dict[str, float] = {}
        self._flattens: dict[int, bool] = {}
        self._changing: dict[str, float] = {}
        self._limit: dict[str, float] = {}
        self._takers = {
            _T.LOG_CREATED: self._created,
            _T.MARKET_DATA: self._bar,
            _T.COMMAND: self._command,
            _T.ORDER_REQUEST: self._request,
            _T.RISK_VERDICT: self._verdict,
            _T.ORDER_UPDATE: self._update,
            _T.FILL: self._fill,
            _T.TRADING_STATE: self._trading,
        }

    def take(self, event: events.Event) -> None:
        """Takes the next event.

        Raises:
            ViolationError: It may not follow.
        """
        check(
            event.seq == self.seq + 1,
            f'event {event.seq} follows event {self.seq}',
        )
        self.seq = event.seq
        taker = self._takers.get(event.type)
        if taker is not None:
            taker(event)

    def working(self, symbol: str) -> list[orders.Order]:
        """Gives the orders of a symbol that may be at the broker."""
        return [
            order
            for order_id, order in self.asked.items()
            if order.symbol == symbol
            and self.status[order_id] in orders.WORKING
        ]

    def check_halt(self) -> None:
        """Holds a halt against what still works.

        Raises:
            ViolationError: An order works for which no cancel was asked.
        """
        left = [
            order_id
            for order_id, status in self.status.items()
            if status in orders.WORKING and status is not _S.PENDING_CANCEL
        ]
        check(not left, f'a halt cancels all but {left}')

    def is_flatten(self, order_id: str) -> bool:
        """Whether an order closes a position for the operator."""
        return self._flatten(order_id) is not None

    def _flatten(self, order_id: str) -> bool | None:
        """Whether the flatten that an order is of was typed; None if none."""
        number = order_id.split('-')[1]
        return self._flattens.get(int(number)) if number.isdigit() else None

    def _created(self, event: events.Event) -> None:
        self.cash = event.data.cash

    def _bar(self, event: events.Event) -> None:
        bar = event.data
        for figure in (bar.open, bar.high, bar.low, bar.close):
            check(0.0 < figure < 1e12, f'a bar with {figure} is in the log')
        self.prices[bar.symbol] = bar.close

    def _command(self, event: events.Event) -> None:
        command = event.data.command
        if isinstance(command, commands.Flatten):
            typed = command.confirm == commands.FLATTEN_WORD
            self._flattens[event.seq] = typed
        elif isinstance(command, commands.ReplaceOrder) and command.price:
            self._limit[command.order_id] = command.price

    def _request(self, event: events.Event) -> None:
        order = event.data
        check(order.id not in self.asked, f'order {order.id} is asked twice')
        check(0 < order.quantity < 1e12, f'order of {order.quantity} units')
        self.asked[order.id] = order
        self.quantity[order.id] = order.quantity
        self.filled[order.id] = 0.0
        self.status[order.id] = _S.CREATED

    def _verdict(self, event: events.Event) -> None:
        verdict = event.data
        order = self.asked[verdict.order_id]
        fresh = self.status[order.id] is _S.CREATED
        if verdict.decision is records.Decision.DENY:
            if fresh:
                self.status[order.id] = _S.DENIED
            return
        self._check_limits(order, verdict.quantity)
        if not fresh:
            self._changing[order.id] = verdict.quantity
        else:
            self.status[order.id] = _S.SUBMITTED
            self.approved.add(order.id)

    def _check_limits(self, order: orders.Order, quantity: float) -> None:
        sign = order.side.sign
        held = self.held.get(order.symbol, 0.0)
        coming = {order.oco or order.id: self._awake(order, quantity)}
        for other in self.working(order.symbol):
            if other.id != order.id and other.side is order.side:
                wanted = max(
                    self.quantity[other.id], self._changing.get(other.id, 0.0)
                )
                # Of a group only one can fill whole.
                group = other.oco or other.id
                rest = self._awake(other, wanted)
                coming[group] = max(coming.get(group, 0.0), rest)
        reach = held + sign * sum(coming.values())
        if self.trading is not records.TradingState.TRADING:
            check(
                self._flatten(order.id) is True,
                f'order {order.id} was let through while {self.trading}',
            )
            check(
                abs(reach) <= abs(held) + CLOSE,
                f'a flatten of {held} reaches {reach}',
            )
        if abs(reach) <= abs(held) + CLOSE and reach * held >= -CLOSE:
            return
        check(
            abs(reach) <= self._limits['max_position'] + CLOSE,
            f'{order.symbol} may reach {reach} with order {order.id}',
        )
        price = self.prices.get(order.symbol, 0.0)
        limit = self._limit.get(order.id, order.price)
        if order.side is orders.OrderSide.BUY and limit is not None:
            price = limit
        check(
            (quantity - self.filled[order.id]) * price
            <= self._limits['max_order_notional'] * 1.05,
            f'order {order.id} is worth more than an order may',
        )

    def _awake(self, order: orders.Order, quantity: float) -> float:
        """Gives what of an order can fill now.

        Exits that are at the broker wait there for fills of their entry.
        """
        rest = quantity - self.filled[order.id]
        entry = order.parent
        if not order.held or self.status.get(entry) not in orders.WORKING:
            return rest
        coming = self.quantity[entry] - self.filled[entry]
        return max(0.0, rest - min(coming, order.held))

    def _update(self, event: events.Event) -> None:
        update = event.data
        check(update.order_id in self.status, f'no order {update.order_id}')
        self._move(update.order_id, update.status)
        if update.quantity is not None and (
            update.status is not _S.PENDING_REPLACE
        ):
            self._changing.pop(update.order_id, None)
            self.quantity[update.order_id] = update.quantity
        if self.status[update.order_id] in orders.WORKING:
            self._fill_up(update.order_id)

    def _move(self, order_id: str, status: orders.OrderStatus) -> None:
        before = self.status[order_id]
        check(
            status is before or status in orders.TRANSITIONS[before],
            f'order {order_id} goes from {before} to {status}',
        )
        self.status[order_id] = status

    def _fill(self, event: events.Event) -> None:
        fill = event.data
        key = fill.order_id, fill.execution_id
        check(key not in self.executions, f'fill {key} is booked twice')
        self.executions.add(key)
        signed = fill.side.sign * fill.quantity
        self.held[fill.symbol] = self.held.get(fill.symbol, 0.0) + signed
        self.cash -= signed * fill.price + fill.fee
        order = self.asked.get(fill.order_id)
        refused = self.status.get(fill.order_id) in orders.REFUSED
        if order is None or refused:
            before = self.unasked.get(fill.symbol, 0.0)
            self.unasked[fill.symbol] = before + abs(signed)
            return
        self.filled[order.id] += fill.quantity
        if order.strategy:
            book = order.strategy, order.symbol
            self.by_strategy[book] = self.by_strategy.get(book, 0.0) + signed
        self._fill_up(order.id)
        if self.status[order.id] not in (
            _S.FILLED, _S.CANCELLED, _S.EXPIRED,
            _S.PENDING_CANCEL, _S.PENDING_REPLACE,
        ):  # fmt: skip
            self._move(order.id, _S.PARTIALLY_FILLED)

    def _fill_up(self, order_id: str) -> None:
        if self.filled[order_id] >= self.quantity[order_id] - orders.DUST:
            self._move(order_id, _S.FILLED)

    def _trading(self, event: events.Event) -> None:
        self.trading = event.data.state


def compare(books: Books, system: state.SystemState) -> None:
    """Holds the engine's state against the books.

    Raises:
        ViolationError: They differ.
    """
    check(system.seq == books.seq, f'state {system.seq}, log {books.seq}')
    check(
        abs(system.portfolio.cash - books.cash) < CLOSE * 1000,
        f'cash is {system.portfolio.cash}, the fills give {books.cash}',
    )
    for symbol, held in books.held.items():
        has = system.portfolio.quantity(symbol)
        check(
            abs(has - held) < CLOSE,
            f'{symbol} is {has}, the fills give {held}',
        )
    for (strategy, symbol), held in books.by_strategy.items():
        has = system.book(strategy).quantity(symbol)
        check(
            abs(has - held) < CLOSE,
            f'{strategy} has {has} {symbol}, its fills give {held}',
        )
    for order_id, order in system.orders.items():
        check(
            order.status is books.status.get(order_id),
            f'order {order_id} is {order.status}, by the events '
            f'{books.status.get(order_id)}',
        )
    check(system.trading is books.trading, f'trading is {system.trading}')


def check_exits(system: state.SystemState) -> None:
    """Holds attached exits against what their owners hold.

    Those that are being changed or cancelled are not counted.

    Raises:
        ViolationError: They cover more, or two of a group not the same.
    """
    covered: dict[tuple[str, str, orders.OrderSide], dict[str, float]] = {}
    for order in system.working():
        if not order.parent or order.status not in _STANDS:
            continue
        owner = order.strategy, order.symbol, order.side
        groups = covered.setdefault(owner, {})
        # What waits for fills of its entry covers nothing yet.
        covers = order.remaining - order.held
        rest = groups.setdefault(order.parent, covers)
        check(
            abs(rest - covers) < CLOSE,
            f'{order.id} covers {covers}, another exit {rest}',
        )
    for (strategy, symbol, side), groups in covered.items():
        standing = exits.standing(system, strategy, symbol)
        check(
            sum(groups.values()) <= exits.room(side, *standing) + CLOSE,
            f'exits {groups} are for {standing} {symbol} of {strategy}',
        )


class Chain:
    """Holds rows against the hash chain.

    Attributes:
        head: The last hash.
    """

    def __init__(self) -> None:
        """Begins with an empty log."""
        self.head = events.GENESIS

    def take(self, row: layout.Row) -> events.Event:
        """Takes the next row.

        Returns:
            The event in it, read back.

        Raises:
            ViolationError: Its hash is wrong.
        """
        seq, timestamp, name, source, symbol, cause, data, _ = row
        kind = events.EventType(name)
        event = events.Event(
            seq,
            timestamp,
            kind,
            source,
            events.decode(kind, data),
            symbol,
            cause,
        )
        self.head = events.chain(self.head, event, row[6].encode())
        check(row[7] == self.head, f'the hash of event {row[0]} is wrong')
        return event


class CheckedBus(bus.EventBus):
    """A bus that is watched for the order in which it gives things out."""

    def __init__(self) -> None:
        """Sets up an empty bus."""
        super().__init__()
        self._lanes: dict[int, tuple[bus.Lane, bus.Incoming]] = {}

    def put(self, lane: bus.Lane, incoming: bus.Incoming) -> None:
        """Puts something into a lane; see `EventBus`."""
        self._lanes[id(incoming)] = lane, incoming
        super().put(lane, incoming)

    def collect(self, most: int) -> list[bus.Incoming]:
        """Takes what waits; see `EventBus`.

        Raises:
            ViolationError: Something came before what goes first.
        """
        out = super().collect(most)
        taken = [self._lanes.pop(id(incoming))[0] for incoming in out]
        check(taken == sorted(taken), f'lanes were taken as {taken}')
        waiting = min((lane for lane, _ in self._lanes.values()), default=None)
        check(
            not taken or waiting is None or taken[-1] <= waiting,
            f'lane {taken[-1:]} was taken before lane {waiting}',
        )
        return out
