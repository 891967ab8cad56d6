"""Each rule below its limit, at it and past it, alone and with others."""

import math
import typing

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting import settings
from sting.model import errors
from sting.model import orders
from sting.risk import rules
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL
World = worlds.World
order = worlds.order


def flat():
    return World(X=100.0)


def long_pending():
    """40 held, and 30 more on their way to be bought."""
    world = World(X=100.0)
    world.hold('X', 40.0)
    world.pend(order(BUY, 30.0, id='p1', price=90.0))
    world.pend(order(SELL, 5.0, id='p2', price=120.0))
    return world


def short_pending():
    """40 sold short, and 30 more on their way to be sold."""
    world = World(X=100.0)
    world.hold('X', -40.0)
    world.pend(order(SELL, 30.0, id='p1', price=110.0))
    world.pend(order(BUY, 5.0, id='p2', price=80.0))
    return world


@pytest.mark.parametrize(
    ('held', 'pending', 'worth'),
    [
        # 40 at the last price, 10 at 50.
        (40.0, 0.0, 4500.0),
        # 30 that may be bought at 90 before.
        (0.0, 30.0, 3200.0),
        (40.0, 30.0, 7200.0),
        # 40 of 50 are bought back.
        (-40.0, 30.0, 0.0),
    ],
)
def test_a_limit_below_the_last_makes_nothing_else_worth_less(
    held, pending, worth
):
    world = World(X=100.0)
    if held:
        world.hold('X', held)
    if pending:
        world.pend(order(BUY, pending, id='p1', price=90.0))
    one = order(BUY, 10.0, price=50.0)
    found = rules.MaxPositionNotional(1.0).figure(one, world.system)
    assert (found or 0.0) == worth


def with_another():
    """Another symbol: 100 held at 50, and 40 more to be bought at 60."""
    world = World(X=100.0, Y=50.0)
    world.hold('Y', 100.0, 50.0)
    world.pend(order(BUY, 40.0, 'Y', id='p1', stop_price=60.0))
    return world


def with_another_sold():
    """Another symbol: 20 held at 50, and 100 to be sold at 60."""
    world = World(X=100.0, Y=50.0)
    world.hold('Y', 20.0, 50.0)
    world.pend(order(SELL, 100.0, 'Y', id='p1', price=60.0))
    return world


# rule, world, order, figure
TABLE = [
    # One order's quantity times the price it is counted at.
    ('max_order_notional', flat, order(BUY, 10.0), 1_000.0),
    ('max_order_notional', flat, order(SELL, 10.0), 1_000.0),
    ('max_order_notional', flat, order(BUY, 10.0, price=90.0), 900.0),
    ('max_order_notional', flat, order(SELL, 10.0, price=90.0), 1_000.0),
    ('max_order_notional', flat, order(SELL, 10.0, price=110.0), 1_100.0),
    ('max_order_notional', flat, order(BUY, 10.0, stop_price=120.0), 1_200.0),
    ('max_order_notional', flat, order(SELL, 10.0, stop_price=80.0), 1_000.0),
    (
        'max_order_notional',
        flat,
        order(BUY, 10.0, price=125.0, stop_price=120.0),
        1_250.0,
    ),
    # What works already is not this order's.
    ('max_order_notional', long_pending, order(BUY, 10.0), 1_000.0),
    # Units, with all that works on the order's side.
    ('max_position', flat, order(BUY, 10.0), 10.0),
    ('max_position', flat, order(SELL, 10.0), 10.0),
    ('max_position', long_pending, order(BUY, 10.0), 80.0),
    ('max_position', short_pending, order(SELL, 10.0), 80.0),
    # Through zero to the other side, with the 5 that work there.
    ('max_position', long_pending, order(SELL, 100.0), 65.0),
    ('max_position', short_pending, order(BUY, 100.0), 65.0),
    ('max_position_notional', flat, order(BUY, 10.0), 1_000.0),
    ('max_position_notional', flat, order(SELL, 10.0), 1_000.0),
    ('max_position_notional', long_pending, order(BUY, 10.0), 8_000.0),
    ('max_position_notional', short_pending, order(SELL, 10.0), 8_000.0),
    ('max_position_notional', long_pending, order(SELL, 100.0), 6_500.0),
    # A fraction on the bad side of the last price.
    ('price_collar', flat, order(BUY, 1.0, price=105.0), 0.05),
    ('price_collar', flat, order(SELL, 1.0, price=95.0), 0.05),
    ('price_collar', flat, order(BUY, 1.0, price=50.0), 0.0),
    ('price_collar', flat, order(SELL, 1.0, price=200.0), 0.0),
    # All of the account over the equity, both sides at their worst.
    ('buying_power', flat, order(BUY, 10.0), 0.01),
    ('buying_power', flat, order(SELL, 10.0), 0.01),
    ('buying_power', long_pending, order(BUY, 10.0), 0.08),
    ('buying_power', short_pending, order(SELL, 10.0), 0.08),
    ('buying_power', with_another, order(BUY, 10.0), 0.094),
    ('buying_power', with_another, order(SELL, 10.0), 0.094),
    ('buying_power', with_another_sold, order(BUY, 10.0), 0.058),
]
IDS = [f'{row[0]}-{row[1].__name__}-{n}' for n, row in enumerate(TABLE)]


@pytest.mark.parametrize(('name', 'world', 'one', 'figure'), TABLE, ids=IDS)
def test_the_figure_of_an_order(name, world, one, figure):
    rule = rules.RULES[name](1.0)
    assert rule.figure(one, world().system) == pytest.approx(figure)


@pytest.mark.parametrize('side', list(orders.OrderSide))
@pytest.mark.parametrize('pending', [False, True])
def test_what_works_on_the_other_side_does_not_count(side, pending):
    world = flat()
    if pending:
        world.pend(order(side.opposite, 50.0, id='p1', price=100.0))
    found = rules.MaxPosition(1.0).figure(order(side, 10.0), world.system)
    assert found == 10.0


SHRINKING = ['max_order_notional', 'max_position', 'max_position_notional']


@pytest.mark.parametrize('name', [*SHRINKING, 'buying_power'])
@pytest.mark.parametrize('held', [40.0, -40.0])
@pytest.mark.parametrize('quantity', [1.0, 40.0])
def test_an_order_that_shrinks_a_position_is_not_held_up(name, held, quantity):
    world = World(X=100.0)
    world.hold('X', held)
    one = order(SELL if held > 0 else BUY, quantity)
    assert rules.RULES[name](0.0).figure(one, world.system) is None


@pytest.mark.parametrize('name', SHRINKING)
def test_an_order_that_shrinks_needs_no_price(name):
    world = World()
    world.hold('X', 40.0)
    one = order(SELL, 40.0)
    assert rules.RULES[name](0.0).figure(one, world.system) is None


@pytest.mark.parametrize(
    ('held', 'working', 'side', 'quantity', 'expected'),
    [
        (0.0, 0.0, BUY, 1.0, False),
        (0.0, 0.0, SELL, 1.0, False),
        (40.0, 0.0, BUY, 1.0, False),
        (-40.0, 0.0, SELL, 1.0, False),
        (40.0, 0.0, SELL, 39.0, True),
        (40.0, 0.0, SELL, 40.0, True),
        (40.0, 0.0, SELL, 41.0, False),
        (40.0, 30.0, SELL, 10.0, True),
        (40.0, 30.0, SELL, 11.0, False),
        (-40.0, 0.0, BUY, 40.0, True),
        (-40.0, 0.0, BUY, 41.0, False),
        (-40.0, 30.0, BUY, 10.0, True),
        (-40.0, 30.0, BUY, 11.0, False),
    ],
)
def test_what_shrinks_a_position(held, working, side, quantity, expected):
    world = World(X=100.0)
    if held:
        world.hold('X', held)
    if working:
        world.pend(order(side, working, id='p1', price=100.0))
    assert rules.shrinks(order(side, quantity), world.system) is expected


def test_an_order_that_is_changed_does_not_count_twice():
    world = World(X=100.0)
    before = world.pend(order(BUY, 30.0, id='p1', price=90.0))
    found = rules.MaxPosition(1.0).figure(before, world.system)
    assert found == 30.0


@pytest.mark.parametrize('side', list(orders.OrderSide))
def test_a_market_order_has_no_collar(side):
    assert rules.PriceCollar(0.0).figure(order(side), flat().system) is None


UNPRICED = ['max_order_notional', 'max_position_notional', 'buying_power']


@pytest.mark.parametrize('name', UNPRICED)
@pytest.mark.parametrize('side', list(orders.OrderSide))
def test_without_a_price_the_figure_is_infinite(name, side):
    rule = rules.RULES[name](1e12)
    figure = rule.figure(order(side, 1.0), World().system)
    assert figure == math.inf
    assert rule.sentence(figure).startswith(f'{name}: there is no price yet')


def test_without_a_price_there_is_no_collar_to_lie_in():
    rule = rules.PriceCollar(0.05)
    one = order(BUY, 1.0, price=100.0)
    assert rule.figure(one, World().system) == math.inf


def test_units_need_no_price():
    assert rules.MaxPosition(1.0).figure(order(), World().system) == 10.0


def test_without_equity_nothing_can_be_bought_and_the_reason_is_given():
    world = World(cash=1_000.0, X=100.0)
    world.hold('X', 100.0, 110.0)
    rule = rules.BuyingPower(1.0)
    figure = rule.figure(order(BUY, 1.0), world.system)
    assert figure == math.inf
    assert 'equity' in rule.sentence(figure)


def test_what_is_held_without_a_price_counts_at_what_was_paid():
    world = World(X=100.0)
    world.hold('Y', 100.0, 50.0)
    figure = rules.BuyingPower(1.0).figure(order(BUY, 10.0), world.system)
    assert figure == pytest.approx(0.06)


@pytest.mark.parametrize('limit', [-1.0, math.nan, math.inf])
def test_a_limit_that_is_no_limit_is_refused(limit):
    with pytest.raises(errors.ConfigError, match='max_position: limit'):
        rules.MaxPosition(limit)


def test_a_rule_says_figure_and_limit():
    text = rules.MaxOrderNotional(75_000.0).sentence(80_000.0)
    assert text == (
        'max_order_notional: 80,000 in cash is above the limit of 75,000'
    )


def test_the_settings_know_exactly_these_rules():
    assert set(typing.get_args(settings.RuleName)) == set(rules.RULES)


def test_every_rule_is_found_under_its_own_name():
    assert {name: rule.name for name, rule in rules.RULES.items()} == {
        name: name for name in rules.RULES
    }


@given(
    held=st.integers(-50, 50),
    buys=st.lists(st.integers(1, 30), max_size=3),
    sells=st.lists(st.integers(1, 30), max_size=3),
    side=st.sampled_from(orders.OrderSide),
    quantity=st.integers(1, 80),
)
def test_whatever_fills_the_position_stays_within_the_figure(
    held, buys, sells, side, quantity
):
    world = World(X=100.0)
    if held:
        world.hold('X', float(held))
    for number, units in enumerate(buys):
        world.pend(order(BUY, float(units), id=f'b{number}', price=100.0))
    for number, units in enumerate(sells):
        world.pend(order(SELL, float(units), id=f's{number}', price=100.0))
    one = order(side, float(quantity))
    figure = rules.MaxPosition(0.0).figure(one, world.system)
    highest = held + sum(buys) + (quantity if side is BUY else 0)
    lowest = held - sum(sells) - (quantity if side is SELL else 0)
    own = highest if side is BUY else lowest
    if figure is None:
        assert abs(own) <= abs(held)
    else:
        assert figure == abs(own)


@pytest.mark.parametrize(
    ('side', 'terms', 'asked', 'counted'),
    [
        (worlds.BUY, {'price': 90.0}, {'price': 120.0}, 120.0),
        (worlds.BUY, {'price': 90.0}, {'price': 80.0}, 90.0),
        (worlds.BUY, {'stop_price': 105.0}, {'stop_price': 130.0}, 130.0),
        (worlds.SELL, {'price': 110.0}, {'price': 140.0}, 140.0),
        (worlds.SELL, {'price': 110.0}, {'price': 90.0}, 110.0),
    ],
)
def test_a_change_under_way_counts_at_the_worse_price(
    side, terms, asked, counted
):
    before = worlds.World(X=100.0)
    one = before.pend(worlds.order(side, id='one', **terms))
    for update in (
        {'status': orders.OrderStatus.ACCEPTED},
        {'status': orders.OrderStatus.PENDING_REPLACE, **asked},
    ):
        before.take(
            worlds.T.ORDER_UPDATE,
            orders.OrderUpdate(order_id=one.id, **update),
        )
    order = before.system.orders[one.id]
    assert rules.expected_price(order, before.system) == counted


def test_a_change_under_way_counts_with_what_it_asks_for():
    before = worlds.World(X=100.0)
    one = before.pend(worlds.order(quantity=10.0, id='one'))
    for update in (
        {'status': orders.OrderStatus.ACCEPTED},
        {'status': orders.OrderStatus.PENDING_REPLACE, 'quantity': 90.0},
    ):
        before.take(
            worlds.T.ORDER_UPDATE,
            orders.OrderUpdate(order_id=one.id, **update),
        )
    other = worlds.order(quantity=50.0)
    assert rules.MaxPosition(100.0).figure(other, before.system) == 140.0
    power = rules.BuyingPower(1.0)
    elsewhere = worlds.order(quantity=1.0, symbol='Y')
    before.price('Y', 100.0)
    assert power.figure(elsewhere, before.system) == pytest.approx(0.091)


def grouped(id, quantity, side=SELL, group='g', **more):
    return order(side, quantity, id=id, oco=group, parent=group, **more)


def test_of_a_group_the_largest_counts_once():
    world = World(X=100.0)
    world.hold('X', 40.0)
    world.pend(grouped('tp', 40.0, price=110.0))
    world.pend(grouped('sl', 30.0, stop_price=90.0))
    one = order(SELL, 5.0)
    assert rules.reach(one, world.system) == (-5.0, 40.0)
    # Against its own group an order is not counted twice.
    again = grouped('more', 45.0, price=120.0)
    assert rules.reach(again, world.system) == (-5.0, 40.0)
    assert rules.shrinks(grouped('more', 40.0, price=120.0), world.system)


def test_a_group_of_another_symbol_counts_once():
    world = World(X=100.0, Y=50.0)
    world.hold('Y', 40.0, 50.0)
    for id, price in (('tp', 60.0), ('t2', 61.0)):
        world.pend(grouped(id, 100.0, price=price, symbol='Y'))
    worth = rules.BuyingPower(1.0).figure(order(BUY, 1.0), world.system)
    # 60 short of Y at 61, and one X at 100.
    assert worth == pytest.approx((60 * 61.0 + 100.0) / world.system.equity())


def test_an_attached_exit_has_no_collar_until_it_is_changed():
    world = World(X=100.0)
    world.hold('X', 40.0)
    collar = rules.PriceCollar(0.1)
    one = grouped('sl', 40.0, stop_price=150.0)
    assert collar.figure(one, world.system) is None
    works = world.pend(one)
    assert collar.figure(works, world.system) == pytest.approx(0.5)
