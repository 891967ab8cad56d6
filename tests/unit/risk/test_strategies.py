"""Rules that hold for one strategy's own part of the account."""

import math

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.model import orders
from sting.model import specs
from sting.risk import rules
from sting.risk import strategies
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL


class World(worlds.World):
    """A state in which strategies trade."""

    def trade(self, strategy, quantity, price=100.0, symbol='X', fee=0.0):
        """A fill in a strategy's own book."""
        one = self.work(strategy, quantity, symbol)
        self.take(
            worlds.T.FILL,
            orders.Fill(
                order_id=one.id,
                execution_id='e',
                symbol=symbol,
                side=one.side,
                quantity=one.quantity,
                price=price,
                fee=fee,
            ),
            symbol,
        )

    def work(self, strategy, quantity, symbol='X', **more):
        """An order that works."""
        return self.pend(order(strategy, quantity, symbol, **more))

    @property
    def seq(self):
        return self.system.seq


def order(strategy, quantity, symbol='X', **more):
    """Buys or, below 0, sells."""
    order.made += 1
    return worlds.order(
        BUY if quantity > 0 else SELL,
        abs(quantity),
        symbol,
        id=f'{strategy}-{order.made}',
        strategy=strategy,
        **more,
    )


order.made = 0


def rule(capital=None, name='a', **limits):
    """The only rule that this configuration makes."""
    spec = specs.StrategySpec(
        name, 'r', capital=capital, limits=specs.Limits(**limits)
    )
    (made,) = strategies.rules_of(spec)
    return made


def test_nothing_configured_makes_no_rule():
    assert not list(strategies.rules_of(specs.StrategySpec('a', 'r')))


def test_every_limit_makes_a_rule_named_after_the_strategy():
    spec = specs.StrategySpec(
        'a',
        'r',
        capital=5_000.0,
        limits=specs.Limits(
            max_order_notional=1.0,
            max_position=2.0,
            max_position_notional=3.0,
            max_loss=4.0,
        ),
    )
    made = {
        one.name: (one.limit, one.unit) for one in strategies.rules_of(spec)
    }
    assert made == {
        'strategy_capital(a)': (1.0, 'times its capital'),
        'strategy_max_order_notional(a)': (1.0, 'in cash'),
        'strategy_max_position(a)': (2.0, 'units'),
        'strategy_max_position_notional(a)': (3.0, 'in cash'),
        'strategy_max_loss(a)': (4.0, 'in cash'),
    }


@pytest.mark.parametrize(
    'configured',
    [{'capital': 1.0}, {'max_order_notional': 1.0}, {'max_loss': 1.0}],
)
def test_orders_of_others_are_not_judged(configured):
    world = World(X=100.0)
    asked = rule(**configured)
    assert asked.figure(order('b', 10.0), world.system) is None
    assert asked.figure(order('', 10.0), world.system) is None


def test_only_its_own_holdings_and_orders_count():
    world = World(X=100.0)
    world.hold('X', 500.0)
    world.trade('b', 70.0)
    world.trade('a', 5.0)
    world.work('b', 30.0)
    world.work('a', 3.0)
    one = order('a', 2.0)
    assert rule(max_position=1.0).figure(one, world.system) == 10.0
    figure = rule(max_position_notional=1.0).figure(one, world.system)
    assert figure == 1_000.0
    figure = rule(max_order_notional=1.0).figure(one, world.system)
    assert figure == 200.0


def test_what_shrinks_its_own_position_is_not_held_up():
    world = World(X=100.0)
    # The account is short, and the strategy is long.
    world.hold('X', -500.0)
    world.trade('a', 5.0)
    for configured in (
        {'capital': 1.0},
        {'max_order_notional': 1.0},
        {'max_position': 1.0},
        {'max_position_notional': 1.0},
        {'max_loss': 0.0},
    ):
        one = rule(**configured)
        assert one.figure(order('a', -5.0), world.system) is None
        assert one.figure(order('a', -6.0), world.system) is not None


def test_gross_exposure_is_held_against_the_capital_and_its_result():
    world = World(X=100.0, Y=50.0)
    world.trade('a', 20.0)
    world.work('a', -10.0, 'Y', price=60.0)
    world.price('X', 110.0)
    # 20 at 110, 10 at 60 and 10 at 110 of 10,000 and 200 made.
    figure = rule(10_000.0).figure(order('a', 10.0), world.system)
    assert figure == pytest.approx((2_200 + 600 + 1_100) / 10_200)


def test_nothing_left_of_the_capital_lets_nothing_be_opened():
    world = World(X=100.0)
    world.trade('a', 20.0)
    world.price('X', 40.0)
    asked = rule(1_000.0)
    figure = asked.figure(order('a', 1.0), world.system)
    assert math.isinf(figure)
    assert 'nothing is left of its capital' in asked.sentence(figure)


def test_the_loss_is_realised_and_unrealised_and_has_the_fees():
    world = World(X=100.0, Y=50.0)
    world.trade('a', 10.0, fee=3.0)
    world.trade('a', -10.0, 90.0, fee=3.0)
    world.trade('a', -4.0, 50.0, 'Y')
    world.price('Y', 55.0)
    asked = rule(max_loss=1.0)
    assert asked.figure(order('a', 1.0), world.system) == pytest.approx(126.0)


def test_a_profit_is_no_loss():
    world = World(X=100.0)
    world.trade('a', 10.0)
    world.price('X', 110.0)
    assert rule(max_loss=1.0).figure(order('a', 1.0), world.system) == 0.0


def test_a_part_has_its_own_symbols():
    world = World(X=100.0, Y=50.0, Z=1.0)
    world.hold('Z', 1.0)
    world.trade('a', 1.0, symbol='Y')
    world.work('a', 1.0, 'X')
    world.work('b', 1.0, 'Z')
    part = strategies.Part('a', 0.0, world.system)
    assert list(part.portfolio.held) == ['Y']
    assert [each.symbol for each in part.working()] == ['X']


amounts = st.integers(-50, 50).filter(bool).map(float)
prices = st.integers(1, 200).map(float)


@hypothesis.given(
    st.lists(st.tuples(amounts, st.sampled_from('XY'), prices), max_size=6),
    st.lists(st.tuples(amounts, st.sampled_from('XY')), max_size=4),
    amounts,
    prices,
)
def test_alone_with_all_the_cash_it_is_judged_as_the_account_is(
    traded, working, quantity, last
):
    world = World(X=100.0, Y=50.0)
    for amount, symbol, price in traded:
        world.trade('a', amount, price, symbol)
    for amount, symbol in working:
        world.work('a', amount, symbol)
    world.price('X', last)
    one = order('a', quantity)
    for asked, same in (
        (rule(worlds.CASH), rules.BuyingPower(1.0)),
        (rule(max_order_notional=1.0), rules.MaxOrderNotional(1.0)),
        (rule(max_position=1.0), rules.MaxPosition(1.0)),
        (rule(max_position_notional=1.0), rules.MaxPositionNotional(1.0)),
    ):
        expected = same.figure(one, world.system)
        found = asked.figure(one, world.system)
        assert found == (None if expected is None else pytest.approx(expected))


def test_a_loss_past_its_limit_is_told_once_until_it_is_calm():
    world = World(X=100.0)
    world.trade('a', 10.0)
    asked = rule(max_loss=100.0)
    told = []
    for price in (90.0, 89.0, 80.0, 90.5, 89.0, 91.5, 89.0):
        world.price('X', price)
        told.append(asked.breach(world.system))
    assert [bool(each) for each in told] == [
        *(False, True, False, False, False, False, True)
    ]
    assert told[1] == (
        'strategy_max_loss(a): 110 in cash is above the limit of 100: '
        'a may only get out'
    )


def test_a_loss_that_is_not_known_denies_and_stops_nobody():
    world = World(X=100.0, Y=100.0)
    asked = rule(max_loss=10.0)
    world.trade('a', 10.0, symbol='Y')
    wanted = order('a', 1.0)
    assert asked.figure(wanted, world.system) == 0.0
    del world.system.prices['Y']
    assert asked.figure(wanted, world.system) == math.inf
    assert asked.breach(world.system) == ''
    assert not asked.take_stop()
    world.price('Y', 90.0)
    assert asked.breach(world.system)
