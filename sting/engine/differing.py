"""What an open difference between the broker's book and ours keeps back."""

from sting.engine import state
from sting.model import orders
from sting.model import records

_K = records.DifferenceKind


def holding_back(
    system: state.SystemState, symbol: str
) -> list[records.Difference]:
    """Gives what trading in a symbol waits for.

    Args:
        system: The state.
        symbol: The instrument.

    Returns:
        Its open differences, but those of cash; another account is one of
        every symbol.
    """
    return [
        each
        for each in system.differences.values()
        if not each.accepted
        and (
            each.kind is _K.ACCOUNT
            or (each.symbol == symbol and each.kind is not _K.CASH)
        )
    ]


def held_there(system: state.SystemState, symbol: str) -> float:
    """Gives what the broker holds of a symbol, as far as is known.

    Args:
        system: The state.
        symbol: The instrument.

    Returns:
        Units, negative when short: ours, and what the last look found more.
    """
    return system.portfolio.quantity(symbol) + sum(
        each.offset
        for each in system.differences.values()
        if each.kind is _K.POSITION and each.symbol == symbol
    )


def coming_there(
    system: state.SystemState, symbol: str, side: orders.OrderSide
) -> float:
    """Gives the units that orders placed elsewhere may still fill.

    Args:
        system: The state.
        symbol: The instrument.
        side: Of the orders.
    """
    return sum(
        each.order.remaining
        for each in system.differences.values()
        if each.kind is _K.ORDER
        and each.symbol == symbol
        and each.order is not None
        and each.order.side is side
    )


def closable(system: state.SystemState, symbol: str) -> float:
    """Gives the units of a position that both books have.

    Args:
        system: The state.
        symbol: The instrument.

    Returns:
        Units, negative when short; 0 where one book is flat or the other way
        round.
    """
    ours = system.portfolio.quantity(symbol)
    theirs = held_there(system, symbol)
    if ours * theirs <= 0:
        return 0.0
    return min(ours, theirs, key=abs)
