"""Orders that bring a strategy to a position."""

import pytest

from sting.model import orders
from sting.model import records
from sting.model import sizing
from sting.model import specs
from sting.risk import rules
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
KIND = orders.SignalKind


@pytest.fixture
def world():
    made = worlds.World(rules.MaxOrderNotional(50_000.0))
    made.bar('AAPL', 100.0)
    return made


@pytest.mark.parametrize(
    ('target', 'side', 'quantity'),
    [(25.0, BUY, 9.0), (10.0, SELL, 6.0), (-5.0, SELL, 21.0)],
)
def test_a_target_counts_what_is_held_and_what_works(
    world, target, side, quantity
):
    world.signal('ab-1', side=BUY, quantity=10.0)
    world.fill('ab-1', 10.0)
    world.signal('ab-2', side=BUY, quantity=8.0)
    world.fill('ab-2', 2.0, execution_id='x2')
    # Another's orders and holdings are no part of it.
    world.signal('ab-3', side=SELL, quantity=2.0)
    world.signal('ab-4', side=BUY, quantity=50.0, strategy='mean')
    world.held(7.0)
    world.signal('ab-5', kind=KIND.TARGET, quantity=target)
    (order,) = world.placed()
    assert (order.side, order.quantity) == (side, quantity)


def test_a_target_that_is_met_makes_no_order(world):
    world.signal('ab-1', kind=KIND.TARGET, quantity=10.0)
    world.signal('ab-2', kind=KIND.TARGET, quantity=10.0)
    assert world.kinds() == [T.SIGNAL, T.SIGNAL_REFUSED]
    refusal = world.last.events[-1].data
    assert refusal.gate is records.Gate.REACHED
    assert refusal.reason == 'it comes to 10 AAPL already'


def test_a_target_weight_is_a_share_of_the_equity(world):
    world.signal(kind=KIND.TARGET_WEIGHT, weight=-0.25)
    (order,) = world.placed()
    assert (order.side, order.quantity) == (SELL, 250.0)


def lent(capital):
    """A world in which the strategy has a capital of its own."""
    spec = specs.StrategySpec('sma', 'a', capital=capital)
    made = worlds.World(configured=[spec])
    made.bar('AAPL', 100.0)
    return made


def test_a_target_weight_is_a_share_of_the_strategys_capital():
    world = lent(20_000.0)
    world.signal(kind=KIND.TARGET_WEIGHT, weight=0.5)
    (order,) = world.placed()
    assert order.quantity == 100.0


def test_what_a_strategy_made_of_its_capital_counts():
    world = lent(20_000.0)
    world.signal('ab-1', side=BUY, quantity=100.0)
    world.fill('ab-1', 100.0)
    # Others gain and lose without it.
    world.held(500.0, 'IBM')
    world.bar('IBM', 50.0)
    world.bar('AAPL', 120.0)
    world.signal('ab-2', kind=KIND.TARGET_WEIGHT, weight=0.6)
    (order,) = world.placed()
    assert (order.side, order.quantity) == (BUY, 10.0)


def test_another_strategys_share_is_of_the_account():
    world = lent(20_000.0)
    world.signal('ab-1', kind=KIND.TARGET_WEIGHT, weight=0.5, strategy='mean')
    (order,) = world.placed()
    assert order.quantity == 500.0


def test_sizing_is_of_the_strategys_capital():
    world = lent(20_000.0)
    world.signal('ab-1', side=BUY)
    (order,) = world.placed()
    assert order.quantity == 20.0


def ranged(**signal):
    """A world whose strategy is sized by ATR, after a buy without quantity."""
    method = sizing.AverageRange(risk=0.01, multiple=2.0, period=14)
    spec = specs.StrategySpec('sma', 'a', sizing=method)
    made = worlds.World(configured=[spec])
    made.bar('AAPL', 100.0)
    made.signal('ab-1', side=BUY, **signal)
    return made


def test_an_order_says_how_its_quantity_was_found():
    world = ranged(indicators={'sizing ATR(14)': 2.5})
    (order,) = world.placed()
    assert order.quantity == 200.0
    assert order.sizing == (
        'atr: 0.01 of 100000.00 / (2 x sizing ATR(14) 2.5) = 200'
    )


def test_a_sizing_without_its_figure_makes_no_order_and_says_why():
    world = ranged()
    assert world.kinds() == [T.SIGNAL, T.SIGNAL_REFUSED]
    refusal = world.last.events[-1].data
    assert refusal.gate is records.Gate.PRICE
    assert refusal.reason.endswith('sizing ATR(14) needs more bars of AAPL')


def test_an_order_with_a_quantity_is_not_sized():
    world = ranged(quantity=7.0)
    (order,) = world.placed()
    assert (order.quantity, order.sizing) == (7.0, '')


def test_a_target_weight_without_a_price_makes_no_order(world):
    world.signal(symbol='IBM', kind=KIND.TARGET_WEIGHT, weight=0.5)
    assert world.kinds() == [T.SIGNAL, T.SIGNAL_REFUSED]
    assert world.last.events[-1].data.gate is records.Gate.PRICE


def test_a_target_leaves_out_a_stop_that_waits_behind_the_position(world):
    world.protected()
    world.signal('ab-3', kind=KIND.TARGET, quantity=100.0)
    assert world.placed() == []
    world.signal('ab-4', kind=KIND.TARGET, quantity=120.0)
    assert [(o.side, o.quantity) for o in world.placed()] == [(BUY, 20.0)]


def test_a_target_leaves_out_a_stop_behind_a_position_that_is_coming(world):
    world.signal('ab-1', side=BUY, quantity=100.0)
    world.signal('ab-2', **worlds.STOP)
    world.signal('ab-3', kind=KIND.TARGET, quantity=100.0)
    assert world.placed() == []


@pytest.mark.parametrize('side', [BUY, SELL])
def test_a_target_counts_a_stop_that_would_open_a_position(world, side):
    world.signal('ab-1', **(worlds.STOP | {'side': side}))
    target = side.sign * 100.0
    world.signal('ab-2', kind=KIND.TARGET, quantity=target)
    assert world.placed() == []


def test_a_target_counts_a_stop_limit_that_was_touched(world):
    world.protected(type=orders.OrderType.STOP_LIMIT, price=79.0)
    world.update('ab-2', S.ACCEPTED, triggered=True)
    world.signal('ab-3', kind=KIND.TARGET, quantity=100.0)
    assert [(o.side, o.quantity) for o in world.placed()] == [(BUY, 100.0)]


def test_a_target_leaves_out_what_is_being_cancelled(world):
    world.signal('ab-1', side=BUY, quantity=100.0)
    world.signal('ab-1', kind=KIND.CANCEL)
    world.signal('ab-2', kind=KIND.TARGET, quantity=100.0)
    assert [(o.side, o.quantity) for o in world.placed()] == [(BUY, 100.0)]


def test_a_close_sells_what_is_held(world):
    world.signal('ab-1', side=BUY, quantity=10.0)
    world.fill('ab-1', 10.0)
    world.signal('ab-2', kind=KIND.CLOSE, quantity=3.0)
    (order,) = world.placed()
    assert (order.id, order.side, order.quantity) == ('ab-2', SELL, 10.0)


@pytest.mark.parametrize('target', [10.0, 14.0, 4.0])
def test_a_target_does_not_count_attached_exits(world, target):
    world.signal('ab-1', side=BUY, quantity=10.0, take_profit=110.0)
    world.fill('ab-1', 10.0)
    world.update('ab-1-tp', S.ACCEPTED, broker_id='b')
    world.signal('ab-2', kind=KIND.TARGET, quantity=target)
    came = [order.side.sign * order.quantity for order in world.placed()]
    assert came == ([target - 10.0] if target != 10.0 else [])
