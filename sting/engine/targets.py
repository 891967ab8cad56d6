"""What a signal comes to: a side and a quantity, from where a strategy is."""

from typing import NamedTuple
from typing import Protocol

from sting.engine import state
from sting.model import orders
from sting.model import records

_ORDER = orders.SignalKind.ORDER
_STOPS = frozenset(
    {
        orders.OrderType.STOP,
        orders.OrderType.STOP_LIMIT,
        orders.OrderType.TRAILING_STOP,
    }
)


class Sized(NamedTuple):
    """What the sizing gives.

    Attributes:
        quantity: Units; 0 for none.
        why: The method and its figures, or why there is nothing.
    """

    quantity: float
    why: str


class Deed(NamedTuple):
    """What a rule does by itself.

    Attributes:
        change: What becomes of the trading state, who and why.
        share: The share of each position that is closed; 0 for none.
    """

    change: records.TradingStateChange
    share: float = 0.0


class Wanted(NamedTuple):
    """What a signal comes to.

    Attributes:
        side: None where there is no price to go by.
        quantity: Units.
        sizing: How the quantity was found, where the signal left it open.
    """

    side: orders.OrderSide | None
    quantity: float
    sizing: str = ''


class Sizer(Protocol):
    """Knows what a strategy's orders and shares are sized by."""

    def sized(
        self, signal: orders.Signal, price: float, system: state.SystemState
    ) -> Sized:
        """Gives the quantity of an order that names none."""
        ...

    def equity(self, strategy: str, system: state.SystemState) -> float:
        """Gives what a strategy's shares are of, in cash."""
        ...


def wanted(
    signal: orders.Signal, system: state.SystemState, sizer: Sizer
) -> Wanted:
    """Turns what a strategy wants into a side and a quantity.

    Args:
        signal: What it wants; no cancel.
        system: The state.
        sizer: Asked for what the signal leaves open.

    Returns:
        The side and the quantity.
    """
    price = system.prices.get(signal.symbol, 0.0)
    if signal.kind is _ORDER:
        if signal.quantity is None:
            return Wanted(signal.side, *sizer.sized(signal, price, system))
        return Wanted(signal.side, signal.quantity)
    target = signal.quantity or 0.0
    if signal.kind is orders.SignalKind.CLOSE:
        target = 0.0
    elif signal.kind is orders.SignalKind.TARGET_WEIGHT:
        if not price:
            return Wanted(None, 0.0)
        equity = sizer.equity(signal.strategy, system)
        target = (signal.weight or 0.0) * equity / price
    missing = target - heading(system, signal.strategy, signal.symbol)
    side = orders.OrderSide.BUY if missing > 0 else orders.OrderSide.SELL
    return Wanted(side, abs(missing))


def heading(system: state.SystemState, strategy: str, symbol: str) -> float:
    """Gives the position that a strategy comes to as things stand.

    What is being cancelled is not counted, nor an attached exit, nor a stop
    that waits behind the position: those are there for the case that things
    go wrong.

    Args:
        system: The state.
        strategy: Whose position.
        symbol: The instrument.

    Returns:
        Units, negative when short.
    """
    position = system.book(strategy).quantity(symbol)
    stops = []
    for order in system.own(strategy, symbol):
        if order.status is orders.OrderStatus.PENDING_CANCEL or order.parent:
            continue
        if order.type in _STOPS and not order.triggered:
            stops.append(order)
        else:
            position += order.signed_remaining
    return position + sum(
        order.signed_remaining
        for order in stops
        if order.side.sign * position >= 0
    )
