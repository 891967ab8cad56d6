"""How an order goes from one state to the next."""

import msgspec

from sting.model import errors
from sting.model import orders

_S = orders.OrderStatus
_ACCEPTED = _S.ACCEPTED
_FILLED = _S.FILLED
_PARTIALLY_FILLED = _S.PARTIALLY_FILLED
_PENDING_REPLACE = _S.PENDING_REPLACE
_PENDING = frozenset({_S.PENDING_CANCEL, _S.PENDING_REPLACE})
_DONE = frozenset({_S.CANCELLED, _S.EXPIRED, _S.FILLED})
_STANDS = frozenset({_S.ACCEPTED, _S.PARTIALLY_FILLED})
_NOTHING = (None, None, None)


def check_transition(order: orders.Order, status: orders.OrderStatus) -> None:
    """Holds a move against the table.

    Args:
        order: The order as it stands.
        status: Where it is said to go.

    Raises:
        errors.IllegalTransitionError: The table does not have this move.
    """
    if status not in orders.TRANSITIONS[order.status]:
        raise errors.IllegalTransitionError(
            f'order {order.id} cannot go from {order.status} to {status}'
        )


def check_update(order: orders.Order, update: orders.OrderUpdate) -> None:
    """Holds a report against the table.

    Args:
        order: The order as it stands.
        update: What is said to have become of it.

    Raises:
        errors.IllegalTransitionError: The table does not have this move.
    """
    status = update.status
    if (
        status is not order.status or status is _ACCEPTED
    ) and status not in orders.TRANSITIONS[order.status]:
        check_transition(order, status)


def apply_update(
    order: orders.Order, update: orders.OrderUpdate, timestamp: int
) -> orders.Order:
    """Gives the order after a report.

    A pending status keeps in `resting` what was before it, for the case that
    the broker refuses.

    Args:
        order: The order as it stands.
        update: What became of it.
        timestamp: When, nanoseconds since the epoch, UTC.

    Returns:
        The order after the report; filled, where its new quantity is what was
        filled already.

    Raises:
        errors.IllegalTransitionError: The table does not have this move.
    """
    check_update(order, update)
    resting = order.resting
    if order.status not in _PENDING:
        resting = order.status
    moved = msgspec.structs.replace(
        order,
        status=update.status,
        resting=resting,
        updated=timestamp,
        broker_id=update.broker_id or order.broker_id,
        message=update.message or order.message,
        triggered=order.triggered or update.triggered,
    )
    terms = _terms(order, update)
    if not terms:
        return moved
    moved = msgspec.structs.replace(moved, **terms)
    if update.status in _STANDS and 0 < moved.filled >= (
        moved.quantity - orders.DUST
    ):
        # A fill came before the answer to a change to as much as it filled.
        return msgspec.structs.replace(moved, status=_FILLED, resting=_FILLED)
    return moved


def _terms(
    order: orders.Order, update: orders.OrderUpdate
) -> dict[str, float | None]:
    """Gives the terms that a report changes.

    Until the broker answers a change, either terms may be those there; any
    term that it tells is the answer.
    """
    told = update.quantity, update.price, update.stop_price
    if update.status is _PENDING_REPLACE:
        return {
            'changing': update.quantity or 0.0,
            'changing_price': update.price,
            'changing_stop': update.stop_price,
        }
    if told == _NOTHING:
        return {}
    return {
        'quantity': order.quantity if told[0] is None else told[0],
        'price': order.price if told[1] is None else told[1],
        'stop_price': order.stop_price if told[2] is None else told[2],
        'changing': 0.0,
        'changing_price': None,
        'changing_stop': None,
    }


def apply_fill(
    order: orders.Order, fill: orders.Fill, timestamp: int
) -> orders.Order:
    """Gives the order after a fill.

    Args:
        order: The order as it stands.
        fill: What was traded of it.
        timestamp: When, nanoseconds since the epoch, UTC.

    Returns:
        The order after the fill; more filled than wanted counts as filled.

    Raises:
        errors.IllegalTransitionError: The order cannot fill any more.
    """
    filled = order.filled + fill.quantity
    done = filled >= order.quantity - orders.DUST
    before = order.status
    resting = status = _FILLED if done else _PARTIALLY_FILLED
    if not done and before in _PENDING:
        status = before
    elif not done and before in _DONE:
        # What is left stays as it was reported; the late part is booked.
        resting, status = order.resting, before
    elif status is not before and status not in orders.TRANSITIONS[before]:
        check_transition(order, status)
    cost = order.average_price * order.filled + fill.price * fill.quantity
    return msgspec.structs.replace(
        order,
        status=status,
        resting=resting,
        updated=timestamp,
        filled=filled,
        average_price=cost / filled,
        fees=order.fees + fill.fee,
    )
