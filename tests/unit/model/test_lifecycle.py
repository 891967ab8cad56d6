"""How an order goes from one state to the next."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st
import msgspec
import pytest

from sting.model import errors
from sting.model import lifecycle
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


def report(status, **fields):
    return orders.OrderUpdate(order_id='o1', status=status, **fields)


def fill(quantity, price=100.0, **fields):
    return orders.Fill(
        order_id='o1',
        execution_id='x',
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=quantity,
        price=price,
        **fields,
    )


@pytest.mark.parametrize(('old', 'new'), list(itertools.product(S, S)))
def test_a_report_moves_an_order_only_as_the_table_says(old, new):
    order = in_state(old)
    # A state that is told again is no move.
    if new in MOVES[old] or new is old:
        assert lifecycle.apply_update(order, report(new), 5).status is new
    else:
        with pytest.raises(
            errors.IllegalTransitionError, match=f'from {old} to {new}'
        ):
            lifecycle.apply_update(order, report(new), 5)


@pytest.mark.parametrize('pending', PENDING)
@pytest.mark.parametrize(
    'before', [S.ACCEPTED, S.PARTIALLY_FILLED, S.SUBMITTED, S.UNKNOWN]
)
def test_a_pending_order_remembers_what_it_was(before, pending):
    order = lifecycle.apply_update(in_state(before), report(pending), 5)
    assert order.resting is before


@pytest.mark.parametrize(
    'before', [S.ACCEPTED, S.PARTIALLY_FILLED, S.SUBMITTED, S.UNKNOWN]
)
def test_a_refused_cancel_restores_what_was_before(before):
    order = lifecycle.apply_update(
        in_state(before), report(S.PENDING_CANCEL), 5
    )
    assert (
        lifecycle.apply_update(order, report(order.resting), 6).status is before
    )


def test_a_cancel_of_a_pending_replacement_restores_what_was_before_both():
    order = lifecycle.apply_update(in_state(S.ACCEPTED), report(PENDING[1]), 5)
    order = lifecycle.apply_update(order, report(PENDING[0]), 6)
    assert order.resting is S.ACCEPTED


def test_a_change_under_way_counts_until_the_broker_answers():
    order = lifecycle.apply_update(
        in_state(S.ACCEPTED), report(S.PENDING_REPLACE, quantity=25.0), 5
    )
    assert (order.quantity, order.exposed) == (10.0, 25.0)
    # A late word on something else is no answer.
    order = lifecycle.apply_update(order, report(S.PENDING_CANCEL), 6)
    assert order.exposed == 25.0
    order = lifecycle.apply_update(order, report(S.ACCEPTED, quantity=10.0), 7)
    assert (order.quantity, order.exposed) == (10.0, 10.0)


def test_a_change_to_less_exposes_no_less_until_the_broker_answers():
    order = lifecycle.apply_update(
        in_state(S.ACCEPTED), report(S.PENDING_REPLACE, quantity=4.0), 5
    )
    assert order.exposed == 10.0


@pytest.mark.parametrize('answer', [{'price': 103.0}, {'quantity': 10.0}])
def test_the_prices_of_a_change_wait_for_the_brokers_answer(answer):
    order = in_state(S.ACCEPTED, price=99.0, stop_price=98.0)
    asked = report(S.PENDING_REPLACE, price=103.0, stop_price=102.0)
    order = lifecycle.apply_update(order, asked, 5)
    assert (order.price, order.stop_price) == (99.0, 98.0)
    assert (order.changing_price, order.changing_stop) == (103.0, 102.0)
    order = lifecycle.apply_update(order, report(S.PENDING_CANCEL), 6)
    assert (order.changing_price, order.changing_stop) == (103.0, 102.0)
    order = lifecycle.apply_update(order, report(S.ACCEPTED, **answer), 7)
    assert order.price == answer.get('price', 99.0)
    assert (order.changing_price, order.changing_stop) == (None, None)


def test_a_report_changes_what_it_names_and_nothing_else():
    order = in_state(S.PENDING_REPLACE, price=99.0, broker_id='b', message='m')
    after = lifecycle.apply_update(
        order, report(S.ACCEPTED, quantity=12.0, stop_price=98.0), 5
    )
    assert after == msgspec.structs.replace(
        order,
        status=S.ACCEPTED,
        updated=5,
        quantity=12.0,
        stop_price=98.0,
    )


def test_a_report_gives_price_id_message_and_trigger():
    after = lifecycle.apply_update(
        BASE,
        report(
            S.ACCEPTED, price=99.0, broker_id='b', message='m', triggered=True
        ),
        5,
    )
    assert (after.price, after.broker_id, after.message) == (99.0, 'b', 'm')
    assert after.triggered
    assert lifecycle.apply_update(after, report(S.ACCEPTED), 6).triggered


def test_a_part_is_filled():
    after = lifecycle.apply_fill(BASE, fill(4.0, 100.0, fee=0.5), 7)
    assert after.status is after.resting is S.PARTIALLY_FILLED
    assert (after.filled, after.average_price, after.fees) == (4.0, 100.0, 0.5)
    assert (after.remaining, after.updated) == (6.0, 7)


def test_the_rest_is_filled_at_a_mean_price():
    after = lifecycle.apply_fill(BASE, fill(4.0, 100.0, fee=0.5), 7)
    after = lifecycle.apply_fill(after, fill(6.0, 110.0, fee=0.25), 8)
    assert after.status is S.FILLED
    assert after.average_price == pytest.approx(106.0)
    assert (after.fees, after.remaining) == (0.75, 0.0)


def test_parts_that_miss_the_quantity_by_dust_fill_it():
    after = lifecycle.apply_fill(BASE, fill(10.0 - 5e-10), 7)
    assert after.status is S.FILLED
    assert after.remaining == 0.0


def test_more_than_was_wanted_is_filled():
    assert lifecycle.apply_fill(BASE, fill(11.0), 7).status is S.FILLED


@pytest.mark.parametrize('pending', PENDING)
def test_a_part_filled_while_pending_leaves_it_pending(pending):
    after = lifecycle.apply_fill(in_state(pending), fill(4.0), 7)
    assert after.status is pending
    assert after.resting is S.PARTIALLY_FILLED


@pytest.mark.parametrize('pending', PENDING)
def test_all_filled_while_pending_is_filled(pending):
    assert lifecycle.apply_fill(in_state(pending), fill(10.0), 7).status is (
        S.FILLED
    )


@pytest.mark.parametrize('done', [S.CANCELLED, S.EXPIRED, S.FILLED])
def test_a_late_part_is_booked_and_the_order_stays_done(done):
    after = lifecycle.apply_fill(in_state(done), fill(4.0), 7)
    assert after.status is done
    assert after.filled == 4.0


@pytest.mark.parametrize('done', [S.CANCELLED, S.EXPIRED, S.FILLED])
def test_late_fills_of_all_of_it_fill_it(done):
    assert (
        lifecycle.apply_fill(in_state(done), fill(10.0), 7).status is S.FILLED
    )


@pytest.mark.parametrize('status', [S.CREATED, S.DENIED, S.REJECTED])
def test_what_never_reached_the_broker_cannot_fill(status):
    with pytest.raises(errors.IllegalTransitionError):
        lifecycle.apply_fill(in_state(status), fill(4.0), 7)


@given(
    st.lists(
        st.tuples(st.floats(0.001, 50.0), st.floats(0.01, 1e4)), min_size=1
    )
)
def test_the_mean_price_is_cost_over_units(parts):
    order = msgspec.structs.replace(BASE, quantity=1e6)
    for quantity, price in parts:
        order = lifecycle.apply_fill(order, fill(quantity, price), 7)
    units = math.fsum(quantity for quantity, _ in parts)
    cost = math.fsum(quantity * price for quantity, price in parts)
    assert order.filled == pytest.approx(units)
    assert order.average_price == pytest.approx(cost / units)


@pytest.mark.parametrize(
    ('quantity', 'status'),
    [(4.0, S.FILLED), (3.0, S.FILLED), (5.0, S.ACCEPTED)],
)
def test_an_order_changed_to_what_has_filled_already_is_filled(
    quantity, status
):
    changing = in_state(S.PENDING_REPLACE, changing=quantity, filled=4.0)
    answer = report(S.ACCEPTED, quantity=quantity)
    after = lifecycle.apply_update(changing, answer, 7)
    assert (after.status, after.changing) == (status, 0.0)
