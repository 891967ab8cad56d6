"""Rates, repeats, open orders, self-trades and old prices."""

import pytest

from sting.engine import state
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.risk import catalog
from sting.risk import scopes
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


def test_messages_are_orders_cancels_and_changes_of_the_window():
    made = worlds.World(X=100.0)
    for order_id in ('p0', 'p1'):
        made.pend(order(id=order_id, created=made.system.time))
    for status in ('pending_replace', 'accepted', 'pending_cancel'):
        made.take(
            worlds.T.ORDER_UPDATE,
            orders.OrderUpdate(
                order_id='p0', status=orders.OrderStatus(status), quantity=5.0
            ),
        )
    now = made.system.time
    assert figure('message_rate', order(created=now), made) == 5.0
    # A change of a working order is one more.
    assert figure('message_rate', made.system.orders['p1'], made) == 5.0
    # The cancel was the last of them, just inside of the window.
    last = order(created=now + 60 * SECOND - 1)
    assert figure('message_rate', last, made) == 2.0
    later = order(created=now + 60 * SECOND)
    assert figure('message_rate', later, made) == 1.0


def test_messages_are_those_of_the_scope():
    made = worlds.World(X=100.0, Y=100.0)
    for symbol in 'XY':
        made.pend(order(id=symbol, symbol=symbol, strategy='a'))
        end(made, symbol, orders.OrderStatus.PENDING_CANCEL)
    for scope, expected in (
        (scopes.Scope(), 5.0),
        (scopes.Scope('a'), 5.0),
        (scopes.Scope(symbols=frozenset('X')), 3.0),
        (scopes.Scope('b'), 1.0),
    ):
        view = scopes.View(scope, made.system)
        rule = catalog.OF_SCOPE['message_rate'](1.0)
        assert rule.measure(order(), view) == expected


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


@pytest.mark.parametrize('asked', [90.0, 110.0])
@pytest.mark.parametrize('side', [BUY, SELL])
def test_a_change_under_way_is_crossed_at_the_worse_of_both(side, asked):
    made = world(5.0, side=side, price=100.0)
    for update in (
        {'status': orders.OrderStatus.ACCEPTED},
        {'status': orders.OrderStatus.PENDING_REPLACE, 'price': asked},
    ):
        made.take(
            worlds.T.ORDER_UPDATE, orders.OrderUpdate(order_id='p0', **update)
        )
    worse = max(100.0, asked) if side is BUY else min(100.0, asked)
    for past, expected in ((0.0, 1.0), (side.sign, 0.0)):
        one = order(side.opposite, price=worse + past)
        assert figure('self_trade', one, made) == expected


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
