"""What keeps an order back before any rule is asked.

The trading state, what is being closed, a broker's book that differs from
ours, a price that is old. None of it can be switched off.
"""

from sting.engine import differing
from sting.engine import state
from sting.model import orders
from sting.model import records
from sting.risk import figures as figures_lib
from sting.risk import rules

_TRADING = records.TradingState.TRADING


def refusal(
    order: orders.Order, system: state.SystemState, *, flatten: bool
) -> str | None:
    """Says why the state of things keeps an order back, if it does.

    Args:
        order: The order.
        system: The state.
        flatten: The operator's typed flatten.

    Returns:
        The reason, for a person; None where nothing does.
    """
    return (
        _waiting(order, system, flatten=flatten)
        or _differing(order, system)
        or _stale(order, system)
        or _trading(order, system, flatten=flatten)
    )


def _waiting(
    order: orders.Order, system: state.SystemState, *, flatten: bool
) -> str | None:
    """Says what waits to close the symbol, if something does."""
    if system.trading is records.TradingState.HALTED:
        return None
    if order.symbol in system.closing and not flatten:
        # A new order would have to end, too, before the flatten could.
        return (
            f'a flatten is closing {order.symbol} and waits for its working '
            'orders to end; a halt gives it up'
        )
    if system.exit_of(order.strategy, order.symbol) in (None, order.id):
        return None
    return (
        f'{order.strategy} is closing {order.symbol} and waits for its '
        'working orders to end'
    )


def _stale(order: orders.Order, system: state.SystemState) -> str | None:
    """Says why the price is too old to open anything at, if it is."""
    if order.symbol not in system.stale or rules.shrinks(order, system):
        return None
    _, why = system.stale[order.symbol]
    return f'the price of {order.symbol} is stale: {why}'


def _trading(
    order: orders.Order, system: state.SystemState, *, flatten: bool
) -> str | None:
    """Says why the trading state keeps an order back, if it does."""
    if system.trading is _TRADING:
        return None
    stands = f'trading is {system.trading} ({system.halted_by})'
    if not rules.shrinks(order, system):
        return f'{stands}; this order does not shrink a position'
    if system.trading is records.TradingState.REDUCING or flatten:
        return None
    return stands


def _differing(order: orders.Order, system: state.SystemState) -> str | None:
    """Says which difference keeps an order back, if one does."""
    if not system.differences:
        return None
    open_ones = differing.holding_back(system, order.symbol)
    if not open_ones:
        return None
    after, held = rules.reach(order, system)
    sign = order.side.sign
    there = differing.held_there(system, order.symbol)
    after_there = (
        after
        - held
        + there
        + sign * differing.coming_there(system, order.symbol, order.side)
    )
    if figures_lib.shrinks(sign, held, after) and figures_lib.shrinks(
        sign, there, after_there
    ):
        return None
    first = open_ones[0]
    return f'{first.text}; settle {first.id} first'
