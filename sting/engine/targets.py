"""What a signal comes to: a side and a quantity, from where a strategy is."""

from typing import Protocol

from sting.engine import state
from sting.model import orders

_ORDER = orders.SignalKind.ORDER
_STOPS = frozenset(
    {
        orders.OrderType.STOP,
        orders.OrderType.STOP_LIMIT,
        orders.OrderType.TRAILING_STOP,
    }
)


class Sizer(Protocol):
    """Knows what a strategy's orders and shares are sized by."""

    def size(
        self,
        symbol: str,
        price: float,
        system: state.SystemState,
        strategy: str = '',
    ) -> float:
        """Gives the quantity of an order that names none, in units."""
        ...

    def equity(self, strategy: str, system: state.SystemState) -> float:
        """Gives what a strategy's shares are of, in cash."""
        ...


def wanted(
    signal: orders.Signal, system: state.SystemState, sizer: Sizer
) -> tuple[orders.OrderSide | None, float]:
    """Turns what a strategy wants into a side and a quantity.

    Args:
        signal: What it wants; no cancel.
        system: The state.
        sizer: Asked for what the signal leaves open.

    Returns:
        The side, None where there is no price to go by, and the quantity.
    """
    price = system.prices.get(signal.symbol, 0.0)
    if signal.kind is _ORDER:
        quantity = signal.quantity
        if quantity is None:
            quantity = sizer.size(signal.symbol, price, system, signal.strategy)
        return signal.side, quantity
    target = signal.quantity or 0.0
    if signal.kind is orders.SignalKind.CLOSE:
        target = 0.0
    elif signal.kind is orders.SignalKind.TARGET_WEIGHT:
        if not price:
            return None, 0.0
        equity = sizer.equity(signal.strategy, system)
        target = (signal.weight or 0.0) * equity / price
    missing = target - heading(system, signal.strategy, signal.symbol)
    side = orders.OrderSide.BUY if missing > 0 else orders.OrderSide.SELL
    return side, abs(missing)


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
