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


def test_what_waits_for_its_entry_is_held():
    waits = msgspec.structs.replace(BASE, status=S.ACCEPTED, held=10.0)
    assert waits.stands == 'held'
    awake = msgspec.structs.replace(waits, held=0.0)
    assert awake.stands == 'accepted'
    going = msgspec.structs.replace(waits, status=S.PENDING_CANCEL)
    assert going.stands == 'pending cancel'


def test_only_what_waits_for_nothing_can_trade():
    part = msgspec.structs.replace(BASE, held=6.0)
    assert (part.free, part.exposed, part.remaining) == (4.0, 4.0, 10.0)
    grows = msgspec.structs.replace(part, changing=12.0)
    assert grows.exposed == 6.0
    assert msgspec.structs.replace(part, held=12.0).free == 0.0


def test_an_order_attaches_either_exit():
    assert not BASE.attaches
    assert msgspec.structs.replace(BASE, stop_loss=1.0).attaches
    assert msgspec.structs.replace(BASE, take_profit=9.0).attaches
