"""What is reported of an order, by how it stands here and at the broker."""

import msgspec

from sting.engine import step
from sting.model import orders

_S = orders.OrderStatus

NEVER_SENT = 'never sent'
TOO_OLD = 'it never reached the broker and is too old to be sent now'


class Look(msgspec.Struct, frozen=True):
    """Find out where this order stands."""

    order: orders.Order


Question = step.Place | step.Cancel | Look


def question(order: orders.Order) -> Question:
    """Gives what has to be found out about an order after a restart."""
    if order.status is _S.PENDING_CANCEL:
        return step.Cancel(order)
    if order.status in (_S.SUBMITTED, _S.UNKNOWN):
        return step.Place(order)
    return Look(order)


def was_there(order: orders.Order) -> bool:
    """Whether the broker has answered this order before."""
    return bool(order.broker_id) or order.filled > 0


def told(
    order: orders.Order, status: orders.OrderStatus, message: str = ''
) -> orders.OrderUpdate:
    """Gives the report of a status."""
    return orders.OrderUpdate(order_id=order.id, status=status, message=message)


def unchanged(order: orders.Order, message: str) -> orders.OrderUpdate:
    """Gives the report that a change was refused: it is as it was."""
    return orders.OrderUpdate(
        order_id=order.id,
        status=order.resting,
        message=message,
        quantity=order.quantity,
    )


def standing(order: orders.Order) -> orders.OrderStatus:
    """Gives the status of an order that works."""
    return _S.PARTIALLY_FILLED if order.filled else _S.ACCEPTED


def differing(
    order: orders.Order, theirs: orders.Order
) -> orders.OrderUpdate | None:
    """Gives the report of where a working order stands, if it is not known.

    Args:
        order: The order as it stands here.
        theirs: The same at the broker.
    """
    changed = _terms(order) != _terms(theirs)
    asked = order.status in (_S.SUBMITTED, _S.UNKNOWN, _S.PENDING_REPLACE)
    if not (changed or (asked and theirs.is_working)):
        return None
    return orders.OrderUpdate(
        order_id=order.id,
        status=standing(theirs if theirs.filled else order),
        broker_id=theirs.broker_id,
        quantity=theirs.quantity,
        price=theirs.price,
        stop_price=theirs.stop_price,
    )


def ended(
    order: orders.Order, theirs: orders.Order
) -> orders.OrderUpdate | None:
    """Gives the report of how an order ended; fills are reports themselves."""
    if theirs.status is _S.FILLED:
        return None
    return told(order, theirs.status, theirs.message)


def missing(
    order: orders.Order, *, answered: bool, why: str = ''
) -> orders.OrderUpdate:
    """Gives the report of an order that the broker says it has not.

    Args:
        order: The order.
        answered: Whether the broker has answered it before.
        why: Why it is not sent again, where it could be.
    """
    if answered:
        # It may have been filled: sent again, it would be there twice.
        return told(
            order,
            _S.UNKNOWN,
            'the broker had it and no longer knows it; look there',
        )
    return told(order, _S.CANCELLED, why or 'it never reached the broker')


def _terms(order: orders.Order) -> tuple[float | None, ...]:
    return order.quantity, order.price, order.stop_price
