"""Orders as nouns, and the table of their states."""

import msgspec
import pytest

from sting.model import orders

pytestmark = pytest.mark.unit

S = orders.OrderStatus
BASE = orders.Order(
    id='o1',
    symbol='AAPL',
    side=orders.OrderSide.BUY,
    quantity=10.0,
    status=S.ACCEPTED,
    resting=S.SUBMITTED,
)
PENDING = (S.PENDING_CANCEL, S.PENDING_REPLACE)
DONE = (S.DENIED, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED)

# The moves as a person would list them, apart from the table of the code.
ENDS = {S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED}
MOVES = {
    S.CREATED: {S.SUBMITTED, S.DENIED},
    S.SUBMITTED: ENDS
    | {S.ACCEPTED, S.DENIED, S.PARTIALLY_FILLED, *PENDING, S.UNKNOWN},
    S.ACCEPTED: ENDS | {S.ACCEPTED, S.PARTIALLY_FILLED, *PENDING, S.UNKNOWN},
    S.PARTIALLY_FILLED: ENDS | {S.PARTIALLY_FILLED, *PENDING, S.UNKNOWN},
    S.PENDING_CANCEL: ENDS
    | {S.SUBMITTED, S.ACCEPTED, S.PARTIALLY_FILLED, *PENDING}
    | {S.DENIED, S.UNKNOWN},
    S.PENDING_REPLACE: ENDS
    | {S.ACCEPTED, S.PARTIALLY_FILLED, *PENDING, S.UNKNOWN},
    S.UNKNOWN: ENDS
    | {S.ACCEPTED, S.DENIED, S.PARTIALLY_FILLED, *PENDING, S.UNKNOWN},
    S.DENIED: set(),
    S.FILLED: set(),
    S.CANCELLED: {S.FILLED},
    S.EXPIRED: {S.FILLED},
    S.REJECTED: set(),
}


def in_state(status, **fields):
    return msgspec.structs.replace(BASE, status=status, **fields)


def test_the_table_has_a_row_for_every_state():
    assert set(orders.TRANSITIONS) == set(S)


@pytest.mark.parametrize('status', S)
def test_working_is_what_can_still_be_cancelled(status):
    working = S.PENDING_CANCEL in MOVES[status]
    assert in_state(status).is_working is working


def test_a_done_order_never_works_again():
    for status in DONE:
        assert not orders.TRANSITIONS[status] & orders.WORKING


def test_a_sell_counts_down():
    sell = msgspec.structs.replace(BASE, side=orders.OrderSide.SELL)
    assert (BASE.signed_remaining, sell.signed_remaining) == (10.0, -10.0)


def test_sides_are_each_others_opposite():
    assert orders.OrderSide.BUY.opposite is orders.OrderSide.SELL
    assert orders.OrderSide.SELL.opposite is orders.OrderSide.BUY
