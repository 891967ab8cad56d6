"""Ways out: what closes a position once nothing of it works any more."""

from sting.engine import state
from sting.model import events
from sting.model import orders


def way_out(
    system: state.SystemState, strategy: str, symbol: str
) -> tuple[orders.Order, events.Event] | None:
    """Gives the order of a strategy's way out that waits no more.

    Args:
        system: The state.
        strategy: Whose way out.
        symbol: The instrument.

    Returns:
        The order and the signal's event; None where nothing waits to go out,
        or orders of the strategy still work.
    """
    order_id = system.exit_of(strategy, symbol)
    if order_id is None or any(system.own(strategy, symbol)):
        return None
    seq, signal = system.exits[order_id]
    order = _against(
        system.book(strategy).quantity(symbol),
        order_id,
        symbol,
        signal.reason,
        strategy,
        signal.code,
    )
    return order, events.Event(
        seq, system.time, events.EventType.SIGNAL, strategy, signal, symbol
    )


def flatten(system: state.SystemState, symbol: str) -> orders.Order | None:
    """Gives the order of a flatten that waits no more.

    Args:
        system: The state.
        symbol: The instrument.

    Returns:
        The order; None where no flatten waits, or orders still work.
    """
    order_id = system.closing.get(symbol)
    if order_id is None or any(system.working(symbol)):
        return None
    held = system.portfolio.quantity(symbol)
    return _against(held, order_id, symbol, 'flatten')


def _against(
    held: float,
    order_id: str,
    symbol: str,
    reason: str,
    strategy: str = '',
    code: str = '',
) -> orders.Order:
    side = orders.OrderSide.SELL if held > 0 else orders.OrderSide.BUY
    return orders.Order(
        id=order_id,
        symbol=symbol,
        side=side,
        quantity=abs(held),
        strategy=strategy,
        reason=reason,
        code=code,
    )
