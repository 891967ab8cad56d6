"""What can be done about a difference between the broker's book and ours."""

from sting.engine import state
from sting.model import commands
from sting.model import orders
from sting.model import records

_K = records.DifferenceKind
_H = commands.How

_OF_ORDERS = (_K.ORDER, _K.MISSING)

# Cash is told in hundredths.
CENT = 0.01


def is_empty(found: records.Difference) -> bool:
    """Whether it is of an order that is not told."""
    return found.kind in _OF_ORDERS and found.order is None


def has_moved(found: records.Difference, system: state.SystemState) -> bool:
    """Whether our book is not any more what a look compared."""
    if found.kind is _K.POSITION:
        held = system.account_at(found.broker).quantity(found.symbol)
        return abs(held - found.ours) > orders.DUST
    if found.kind is _K.CASH:
        cash = system.account_at(found.broker).cash
        return abs(cash - found.ours) >= CENT
    order = found.order
    known = None if order is None else system.orders.get(order.id)
    works = known is not None and known.is_working
    if found.kind is _K.MISSING:
        return not works
    return found.kind is _K.ORDER and works


def price(found: records.Difference, system: state.SystemState) -> float:
    """Gives what an adjustment of a position is booked at.

    Args:
        found: The difference.
        system: The state.

    Returns:
        What was paid there, else the last price, else what was paid here; 0
        where none is known.
    """
    held = system.account_at(found.broker).positions.get(found.symbol)
    paid = 0.0 if held is None else held.average_price
    return found.price or system.prices.get(found.symbol, 0.0) or paid


def refusal(
    found: records.Difference, how: commands.How, system: state.SystemState
) -> str:
    """Says why a difference cannot be settled so.

    Args:
        found: The difference.
        how: What is to become of it.
        system: The state.

    Returns:
        Why, with what can be done; empty where it can.
    """
    if how is _H.ACCEPT:
        return _not_accepted(found, system)
    if how is _H.ADOPT:
        return _not_adopted(found, system)
    return _not_flattened(found, system)


def _not_accepted(found: records.Difference, system: state.SystemState) -> str:
    if found.kind is _K.ACCOUNT:
        return (
            'another account is never accepted; name the right one in '
            'the profile, or the right keys'
        )
    if found.kind is _K.POSITION and not price(found, system):
        return 'it has no price yet to be booked at; wait for a bar'
    return _elsewhere(found, system)


def _elsewhere(found: records.Difference, system: state.SystemState) -> str:
    """Says that a position would be at two brokers, which no order closes."""
    if found.kind is not _K.POSITION or abs(found.theirs) <= orders.DUST:
        return ''
    for name, book in system.venues.items():
        if name != found.broker and book.quantity(found.symbol):
            return (
                f'{name} holds {book.quantity(found.symbol):g} of it, and one '
                'symbol is at one broker; flatten it'
            )
    return ''


def _not_adopted(found: records.Difference, system: state.SystemState) -> str:
    if found.kind is _K.POSITION:
        return _not_accepted(found, system)
    order = found.order
    if found.kind is not _K.ORDER or order is None:
        return 'only positions and orders can be adopted; accept it'
    if not order.id:
        return 'the broker tells no id to follow it by; flatten it there'
    if system.trading is records.TradingState.HALTED:
        return 'trading is halted; flatten it, or resume before'
    if order.id in system.orders:
        return 'it was ours and has ended here; flatten it, or accept it'
    return ''


def _not_flattened(found: records.Difference, system: state.SystemState) -> str:
    if found.kind is _K.POSITION:
        if found.offset * found.theirs <= 0:
            return (
                f'the broker has {found.theirs:g}, which is less than '
                f'our {found.ours:g}: there is nothing to close; accept it'
            )
        if not price(found, system):
            return 'it has no price yet to be booked at; wait for a bar'
        return ''
    if found.order is None:
        return 'only positions and orders can be flattened'
    if not found.order.id:
        return 'the broker tells no id to cancel it by; do it there'
    return ''
