"""Orders, fills and signals, and the table of an order's states."""

from collections.abc import Mapping
import enum

import msgspec

from sting.model import payload
from sting.model import words

# Quantities closer together than this are the same; floats add up with dust.
DUST = 1e-9
# No quantity or price is above this: what is worked out of two of them stays
# finite, and exact enough.
LARGEST = 1e15
# Why a trailing stop is not changed: its trigger moves by itself meanwhile.
KEEPS_TERMS = 'a trailing stop keeps its terms; cancel it and send another'
# How the ids of attached exits end, behind that of their entry.
TAKE_PROFIT = '-tp'
STOP_LOSS = '-sl'


@words.direct
class OrderSide(enum.StrEnum):
    """Which way an order goes.

    Attributes:
        sign: 1 for a buy, -1 for a sell.
    """

    BUY = 'buy'
    SELL = 'sell'

    # Each order asks for it many times: looked up, not worked out.
    sign: int

    def __init__(self, value: str) -> None:
        self.sign = 1 if value == 'buy' else -1

    @property
    def opposite(self) -> 'OrderSide':
        """The other side."""
        return OrderSide.SELL if self is OrderSide.BUY else OrderSide.BUY


@words.direct
class OrderType(enum.StrEnum):
    """How an order gets its price."""

    MARKET = 'market'
    LIMIT = 'limit'
    STOP = 'stop'
    STOP_LIMIT = 'stop_limit'
    TRAILING_STOP = 'trailing_stop'
    MARKET_ON_OPEN = 'market_on_open'
    MARKET_ON_CLOSE = 'market_on_close'
    LIMIT_ON_OPEN = 'limit_on_open'
    LIMIT_ON_CLOSE = 'limit_on_close'


# What has a limit, and what has a trigger.
WITH_PRICE = frozenset(
    {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.LIMIT_ON_OPEN,
        OrderType.LIMIT_ON_CLOSE,
    }
)
WITH_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
# Orders for an auction, and for no other moment.
ON_OPEN = frozenset({OrderType.MARKET_ON_OPEN, OrderType.LIMIT_ON_OPEN})
ON_CLOSE = frozenset({OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE})


@words.direct
class TimeInForce(enum.StrEnum):
    """How long an order works."""

    DAY = 'day'
    GTC = 'gtc'
    GTD = 'gtd'
    IOC = 'ioc'
    FOK = 'fok'


@words.direct
class OrderStatus(enum.StrEnum):
    """Where an order stands.

    Denied is our own risk, rejected is the broker, unknown means that the
    broker has to be asked.
    """

    CREATED = 'created'
    DENIED = 'denied'
    SUBMITTED = 'submitted'
    ACCEPTED = 'accepted'
    PARTIALLY_FILLED = 'partially_filled'
    FILLED = 'filled'
    PENDING_CANCEL = 'pending_cancel'
    PENDING_REPLACE = 'pending_replace'
    CANCELLED = 'cancelled'
    REJECTED = 'rejected'
    EXPIRED = 'expired'
    UNKNOWN = 'unknown'


_S = OrderStatus
_WORKING_MOVES = frozenset(
    {
        _S.PARTIALLY_FILLED,
        _S.FILLED,
        _S.PENDING_CANCEL,
        _S.PENDING_REPLACE,
        _S.CANCELLED,
        _S.REJECTED,
        _S.EXPIRED,
        _S.UNKNOWN,
    }
)

# What may follow what. Whatever is not here is an error. A fill that was
# already on its way arrives after a cancel or an expiry, and is real.
TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    _S.CREATED: frozenset({_S.SUBMITTED, _S.DENIED}),
    _S.DENIED: frozenset(),
    # Submitted to denied: withheld by the emergency stop before the wire.
    _S.SUBMITTED: _WORKING_MOVES | {_S.ACCEPTED, _S.DENIED},
    _S.ACCEPTED: _WORKING_MOVES | {_S.ACCEPTED},
    _S.PARTIALLY_FILLED: _WORKING_MOVES,
    # A cancel or a replacement that is refused restores what was before.
    # To denied: the stop that withholds an order cancels it, too.
    _S.PENDING_CANCEL: _WORKING_MOVES | {_S.SUBMITTED, _S.ACCEPTED, _S.DENIED},
    _S.PENDING_REPLACE: _WORKING_MOVES | {_S.ACCEPTED},
    _S.UNKNOWN: _WORKING_MOVES | {_S.ACCEPTED, _S.DENIED},
    _S.FILLED: frozenset(),
    # A part of it is booked too, but what is left stays done.
    _S.CANCELLED: frozenset({_S.FILLED}),
    _S.EXPIRED: frozenset({_S.FILLED}),
    _S.REJECTED: frozenset(),
}

# An order in one of these is at the broker, or may be.
WORKING = frozenset(
    {
        _S.SUBMITTED,
        _S.ACCEPTED,
        _S.PARTIALLY_FILLED,
        _S.PENDING_CANCEL,
        _S.PENDING_REPLACE,
        _S.UNKNOWN,
    }
)

# An order in one of these is done.
ENDED = frozenset(_S) - WORKING - {_S.CREATED}

# An order in one of these was never at the broker.
REFUSED = frozenset({_S.DENIED, _S.REJECTED})


class Order(payload.Payload, frozen=True, kw_only=True):
    """An order, as it stands after some event.

    Attributes:
        id: The id everywhere, the broker's client order id too.
        symbol: The instrument.
        side: Buy or sell.
        quantity: Units wanted, above 0.
        type: How it gets its price.
        price: The limit, where the type has one.
        stop_price: The trigger, where the type has one; of a trailing stop
            where it stands, once the market has told.
        trail: An amount, or a per cent as '2%', for trailing stops.
        take_profit: Limit of the exits that its fills make; see `parent`.
        stop_loss: Trigger of the exits that its fills make.
        time_in_force: How long it works.
        expires: For GTD, nanoseconds since the epoch, UTC.
        strategy: Who wants it; empty for the operator.
        reason: Why, for the log.
        created: When it was decided, nanoseconds since the epoch, UTC.
        updated: When it last changed, nanoseconds since the epoch, UTC.
        status: Where it stands.
        resting: The status to go back to when a cancel or a replacement is
            refused.
        filled: Units filled so far.
        average_price: Mean price of the fills so far; 0 without any.
        fees: Fees of the fills so far, in the account's currency.
        triggered: A stop-limit whose stop has been touched.
        changing: The quantity asked for by a change that the broker has not
            answered; 0 without one.
        changing_price: The limit that it asks for, if any.
        changing_stop: The trigger that it asks for, if any.
        broker_id: The broker's own id, once it has given one.
        message: Why it was denied, rejected or cancelled.
        cause: Number of the event that asked for it.
        seq: Number of the event that created it.
        judged: Number of the event of its verdict.
        code: Hash of the strategy's code that asked for it, 16 hex digits;
            empty for the operator's, and in backtests.
        parent: The order whose fills it exits; it never takes a position past
            zero. Empty for all others.
        oco: The group of which one cancels the others: what one of them
            fills is taken away from each other one.
        extended_hours: Whether it may also trade before and after the hours
            of the exchange, where its broker can; simulated markets have bars
            and no such hours.
        broker: Where it goes, in a profile of several brokers; empty in all
            others.
        sizing: How its quantity was found, where a strategy left it open.
        held: Of an exit that is at the broker from the start: units that wait
            there for fills of its entry, and cannot trade before.
    """

    id: str
    symbol: str
    side: OrderSide
    quantity: float
    type: OrderType = OrderType.MARKET
    price: float | None = None
    stop_price: float | None = None
    trail: float | str | None = None
    take_profit: float | None = None
    stop_loss: float | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expires: int | None = None
    strategy: str = ''
    reason: str = ''
    created: int = 0
    updated: int = 0
    status: OrderStatus = OrderStatus.CREATED
    resting: OrderStatus = OrderStatus.CREATED
    filled: float = 0.0
    average_price: float = 0.0
    fees: float = 0.0
    triggered: bool = False
    changing: float = 0.0
    changing_price: float | None = None
    changing_stop: float | None = None
    broker_id: str = ''
    message: str = ''
    cause: int = 0
    seq: int = 0
    judged: int = 0
    code: str = ''
    parent: str = ''
    oco: str = ''
    extended_hours: bool = False
    broker: str = ''
    sizing: str = ''
    held: float = 0.0

    @property
    def remaining(self) -> float:
        """Units still to be filled."""
        rest = self.quantity - self.filled
        return rest if rest > DUST else 0.0

    @property
    def free(self) -> float:
        """Units still to be filled that wait for no fill of an entry."""
        return max(0.0, self.remaining - self.held)

    @property
    def exposed(self) -> float:
        """Units that may be filled as things are, whatever a change becomes."""
        most = max(self.remaining, self.changing - self.filled)
        return max(0.0, most - self.held) if self.held else most

    @property
    def attaches(self) -> bool:
        """Whether exits are attached to it."""
        return self.take_profit is not None or self.stop_loss is not None

    @property
    def stands(self) -> str:
        """Where it stands, for a person: held waits for its entry's fills."""
        waits = self.status is OrderStatus.ACCEPTED and self.held
        return 'held' if waits else self.status.value.replace('_', ' ')

    @property
    def is_working(self) -> bool:
        """Whether it is at the broker, or may be."""
        return self.status in WORKING

    @property
    def signed_remaining(self) -> float:
        """Units still to be filled, negative for a sell."""
        return self.side.sign * self.remaining


class Fill(payload.Payload, frozen=True, kw_only=True):
    """A part of an order that was traded.

    Attributes:
        order_id: The order.
        execution_id: The broker's id of this fill; the same one twice is the
            same fill.
        symbol: The instrument.
        side: Buy or sell.
        quantity: Units traded, above 0.
        price: Price a unit.
        fee: What the broker took, in the account's currency.
        timestamp: When, nanoseconds since the epoch, UTC.
        tag: What kind of fill: open, limit, stop, gap, ...
        broker: Whose it is, in a profile of several brokers; empty in all
            others.
    """

    order_id: str
    execution_id: str
    symbol: str
    side: OrderSide
    quantity: float
    price: float
    fee: float = 0.0
    timestamp: int = 0
    tag: str = ''
    broker: str = ''


class OrderUpdate(payload.Payload, frozen=True, kw_only=True):
    """What became of an order, other than a fill.

    Attributes:
        order_id: The order.
        status: Where it stands now.
        broker_id: The broker's own id, once it has given one.
        message: Why, for a person.
        quantity: The quantity after a replacement, also after one that was
            refused; with pending_replace the one that is asked for.
        price: The same of the limit.
        stop_price: The same of the trigger.
        triggered: The stop of a stop-limit was touched.
    """

    order_id: str
    status: OrderStatus
    broker_id: str = ''
    message: str = ''
    quantity: float | None = None
    price: float | None = None
    stop_price: float | None = None
    triggered: bool = False


@words.direct
class SignalKind(enum.StrEnum):
    """What a strategy wants."""

    ORDER = 'order'
    TARGET = 'target'
    TARGET_WEIGHT = 'target_weight'
    CLOSE = 'close'
    CANCEL = 'cancel'


class Signal(payload.Payload, frozen=True, kw_only=True):
    """What a strategy wants, and why.

    Attributes:
        symbol: The instrument.
        kind: An order as it stands, a position to reach, a cancel.
        side: Buy or sell, for an order.
        quantity: Units; for a target the signed position; None leaves it to
            the sizing.
        weight: For a target weight: share of the portfolio's value, signed.
        type: How the order gets its price.
        price: The limit.
        stop_price: The trigger.
        trail: An amount, or a per cent as '2%'.
        take_profit: Price of an exit to attach.
        stop_loss: Trigger of an exit to attach.
        time_in_force: How long the order works.
        expires: For GTD, nanoseconds since the epoch, UTC.
        reason: Why, for the log.
        order_id: The id that the order will have, or that is to be cancelled.
        strategy: Who wants it.
        indicators: Values of the strategy's indicators at that moment.
        code: Hash of the code that made it, 16 hex digits; empty in
            backtests, whose `log_hash` covers no version of anything.
        oco: Name of a group of its orders of this symbol, of which one cancels
            the others; empty for none.
        extended_hours: Whether the order may also trade before and after the
            hours of the exchange.
    """

    symbol: str
    kind: SignalKind = SignalKind.ORDER
    side: OrderSide | None = None
    quantity: float | None = None
    weight: float | None = None
    type: OrderType = OrderType.MARKET
    price: float | None = None
    stop_price: float | None = None
    trail: float | str | None = None
    take_profit: float | None = None
    stop_loss: float | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expires: int | None = None
    reason: str = ''
    order_id: str = ''
    strategy: str = ''
    indicators: dict[str, float] = msgspec.field(default_factory=dict)
    code: str = ''
    oco: str = ''
    extended_hours: bool = False

    @property
    def is_exit(self) -> bool:
        """Whether it wants to be out of the symbol: a close, or a target 0."""
        return (
            self.kind is SignalKind.CLOSE
            or (self.kind is SignalKind.TARGET and not self.quantity)
            or (self.kind is SignalKind.TARGET_WEIGHT and not self.weight)
        )
