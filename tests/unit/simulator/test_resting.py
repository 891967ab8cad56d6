"""An order at rest."""

import pytest

from sting.model import errors
from sting.model import orders
from sting.simulator import resting
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

order = worlds.order


def at_rest(one, expires=None):
    return resting.Resting.of(one, after=one.created, expires=expires)


def test_what_it_can_work_is_not_refused():
    assert resting.refusal(order(type='limit', price=3.0)) == ''


def test_a_refusal_says_what_to_do_instead():
    words = resting.refusal(order(take_profit=110.0, stop_loss=120.0))
    assert 'must be above its stop loss' in words


def test_what_another_of_its_group_has_filled_is_wanted_no_more():
    entry = at_rest(order(type='limit', price=9.0, filled=2.0))
    assert entry.give_way(3.0).quantity == 7.0
    assert entry.give_way(9.0).quantity == 2.0
    assert entry.is_done


@pytest.mark.parametrize(
    ('one', 'live', 'slips'),
    [
        (order(), True, True),
        (order(type='limit', price=9.0), True, False),
        (order(type='stop', stop_price=9.0), False, True),
        (order(type='stop', stop_price=9.0, triggered=True), True, True),
        (order(type='stop_limit', price=9.0, stop_price=9.0), False, False),
    ],
)
def test_a_trigger_and_a_limit_are_told_apart(one, live, slips):
    entry = at_rest(one)
    assert (entry.is_live, entry.slips) == (live, slips)


def test_its_last_moment_is_not_late():
    entry = at_rest(order(), expires=500)
    assert not entry.is_late(500)
    assert entry.is_late(501)


def test_without_expiry_it_is_never_late():
    assert not at_rest(order()).is_late(2**62)


@pytest.mark.parametrize(
    ('tif', 'left', 'taken'),
    [
        ('gtc', 4.0, 4.0),
        ('gtc', 40.0, 10.0),
        ('gtc', 0.0, 0.0),
        ('gtc', orders.DUST / 2, 0.0),
        ('fok', 9.0, 0.0),
        ('fok', 10.0, 10.0),
    ],
)
def test_it_takes_what_is_left_or_what_it_wants(tif, left, taken):
    assert at_rest(order(quantity=10.0, tif=tif)).share(left) == taken


def test_it_is_done_by_the_rule_of_the_order_book():
    entry = at_rest(order(quantity=10.0, filled=10.0 - orders.DUST / 2))
    assert entry.is_done
    assert not at_rest(order(quantity=10.0, filled=9.0)).is_done


def test_a_fill_keeps_later_bars_only():
    entry = at_rest(order())
    entry.book(4.0, 100.0, 0.5, worlds.DECIDED + 7)
    entry.book(4.0, 110.0, 0.5, worlds.DECIDED + 9)
    one = entry.as_order()
    assert entry.after == worlds.DECIDED + 9
    assert (one.filled, one.average_price, one.fees) == (8.0, 105.0, 1.0)


def test_refused_terms_leave_it_as_it_was():
    entry = at_rest(order(type='limit', price=9.0))
    before = entry.as_order()
    with pytest.raises(errors.BrokerRejectedError, match='stays as it is'):
        entry.change(worlds.DECIDED, 5.0, -1.0, None)
    assert entry.as_order() == before


def test_a_split_gives_it_new_units():
    entry = at_rest(
        order(
            type='stop_limit',
            price=100.0,
            stop_price=96.0,
            filled=4.0,
            average_price=98.0,
        )
    )
    entry.coming = [(7, 12.0, 104.0, None), (8, None, None, 92.0)]
    entry.split(4.0, 9)
    after = entry.as_order()
    assert (after.quantity, after.filled, after.updated) == (40.0, 16.0, 9)
    assert (after.price, after.stop_price) == (25.0, 24.0)
    assert after.average_price == 24.5
    assert entry.coming == [(7, 48.0, 26.0, None), (8, None, None, 23.0)]


def test_a_trail_by_an_amount_shrinks_with_a_split():
    entry = at_rest(order(side='sell', type='trailing_stop', trail=8.0))
    entry.follow(100.0, 5)
    entry.split(4.0, 6)
    assert entry.stop_price == 23.0
    assert entry.follow(30.0, 7)
    assert entry.stop_price == 28.0
