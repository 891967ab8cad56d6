"""Rates, repeats, open orders, self-trades and old prices."""

import pytest

from sting.engine import state
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.risk import catalog
from sting.risk import traffic
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL
order = worlds.order
SECOND = market.NANOSECONDS
NOW = 1_000 * SECOND


def world(*ago, **more):
    """A state with one order so many seconds ago each, the oldest first."""
    made = worlds.World(X=100.0)
    for nth, seconds in enumerate(ago):
        made.pend(
            order(id=f'p{nth}', created=NOW - round(seconds * SECOND), **more)
        )
    return made


def figure(name, one, made, limit=1.0):
    return catalog.OF_SCOPE[name](limit).figure(one, made.system)


def end(made, order_id, status):
    made.take(
        worlds.T.ORDER_UPDATE,
        orders.OrderUpdate(order_id=order_id, status=status),
    )


@pytest.mark.parametrize(
    ('ago', 'expected'),
    [((), 1.0), ((60.0,), 1.0), ((60.0, 59.9), 2.0), ((70.0, 5.0, 0.0), 3.0)],
)
def test_a_rate_counts_the_window_and_the_order_itself(ago, expected):
    one = order(created=NOW)
    assert figure('order_rate', one, world(*ago)) == expected


def test_a_rate_leaves_out_what_was_denied_and_the_order_itself():
    made = world(5.0)
    made.take(worlds.T.ORDER_REQUEST, order(id='d', created=NOW - SECOND), 'X')
    made.take(
        worlds.T.RISK_VERDICT,
        records.Verdict(order_id='d', decision=records.Decision.DENY),
        'X',
    )
    assert figure('order_rate', order(created=NOW), made) == 2.0
    assert figure('order_rate', order(created=NOW, id='p0'), made) == 1.0


def test_attached_exits_are_not_counted_out():
    one = order(SELL, created=NOW, parent='p0')
    made = world(1.0)
    for name in (
        'order_rate',
        'repeated_orders',
        'max_open_orders',
        'self_trade',
    ):
        assert figure(name, one, made) is None


def test_a_rate_that_could_not_be_counted_is_refused():
    with pytest.raises(errors.ConfigError, match='remembered'):
        traffic.OrderRate(float(state.DONE_ORDERS))


@pytest.mark.parametrize(
    ('changed', 'expected'),
    [
        ({}, 1.0),
        ({'quantity': 11.0}, 0.0),
        ({'side': SELL}, 0.0),
        ({'price': 99.0}, 0.0),
        ({'strategy': 'a'}, 0.0),
        ({'created': NOW + 58 * SECOND}, 1.0),
        ({'created': NOW + 59 * SECOND}, 0.0),
    ],
)
def test_a_repeat_asks_for_the_same_again(changed, expected):
    one = order(**{'created': NOW, **changed})
    assert figure('repeated_orders', one, world(1.0)) == expected


def test_the_ratio_of_cancels_counts_from_ten_orders_on():
    made = world(*[10.0] * 10)
    for nth in range(4):
        end(made, f'p{nth}', orders.OrderStatus.CANCELLED)
    assert figure('cancel_ratio', order(created=NOW), made) == 0.4
    nine = world(*[10.0] * 9)
    assert figure('cancel_ratio', order(created=NOW), nine) is None


def test_what_shrinks_passes_whatever_came_before():
    made = worlds.World(X=100.0)
    made.hold('X', 10.0)
    one = order(SELL, created=NOW)
    for name in (
        'order_rate',
        'repeated_orders',
        'cancel_ratio',
        'max_open_orders',
        'max_bar_age',
    ):
        assert figure(name, one, made) is None


def test_open_orders_are_counted_with_this_one():
    made = world(90.0, 80.0)
    assert figure('max_open_orders', order(created=NOW), made) == 3.0
    assert figure('max_open_orders', order(id='p0'), made) == 2.0
    end(made, 'p0', orders.OrderStatus.CANCELLED)
    assert figure('max_open_orders', order(created=NOW), made) == 2.0


@pytest.mark.parametrize(
    ('new', 'expected'),
    [
        ({'price': 99.0}, 0.0),
        ({'price': 100.0}, 1.0),
        ({'price': 101.0}, 1.0),
        ({}, 1.0),
        ({'stop_price': 105.0}, None),
        ({'stop_price': 105.0, 'price': 106.0, 'triggered': True}, 1.0),
    ],
)
def test_a_buy_crosses_an_own_sale_at_or_below_its_limit(new, expected):
    made = world(5.0, side=SELL, price=100.0)
    assert figure('self_trade', order(BUY, **new), made) == expected


@pytest.mark.parametrize(
    ('price', 'expected'), [(99.0, 1.0), (100.0, 1.0), (101.0, 0.0)]
)
def test_a_sale_crosses_an_own_bid_at_or_above_its_limit(price, expected):
    made = world(5.0, side=BUY, price=100.0)
    assert figure('self_trade', order(SELL, price=price), made) == expected


def test_a_stop_that_waits_is_not_crossed_and_one_side_never_is():
    waiting = world(5.0, side=SELL, stop_price=90.0)
    assert figure('self_trade', order(BUY), waiting) == 0.0
    same = world(5.0, side=BUY, price=100.0)
    assert figure('self_trade', order(BUY), same) == 0.0


def test_the_age_of_a_price_is_that_of_its_last_bar():
    made = worlds.World(X=100.0)  # A bar of the first nanosecond.
    one = order(created=1 + 5 * SECOND)
    assert figure('max_bar_age', one, made) == 5.0
    unknown = order(symbol='Z', created=1)
    assert figure('max_bar_age', unknown, made) == float('inf')
