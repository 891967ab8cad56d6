"""What works and could open a position."""

import pytest

from sting.engine import openings
from sting.engine import step
from sting.model import commands
from sting.model import records
from sting.risk import acts
from sting.risk import exposure
from tests.unit.engine import worlds
from tests.unit.risk import worlds as states

pytestmark = pytest.mark.unit

BUY, SELL, S = worlds.BUY, worlds.SELL, worlds.S


@pytest.fixture
def world():
    made = worlds.World()
    for symbol in worlds.SYMBOLS:
        made.bar(symbol)
    return made


def found(world):
    return [order.id for order in openings.openings(world.state)]


def test_what_opens_and_what_adds_does(world):
    world.held(10.0)
    adds = world.order(BUY, 5.0)
    opens = world.order(SELL, 5.0, 'IBM')
    assert found(world) == [adds, opens]


def test_what_shrinks_does_not_also_of_what_is_short(world):
    world.held(10.0)
    world.held(10.0, 'IBM', SELL)
    world.order(SELL, 10.0)
    world.order(BUY, 10.0, 'IBM')
    assert found(world) == []


def test_the_oldest_stay_that_cannot_turn_the_position(world):
    world.held(10.0)
    world.order(SELL, 6.0)
    turns = world.order(SELL, 6.0)
    world.order(SELL, 4.0)
    assert found(world) == [turns]


def test_what_a_change_asks_for_counts(world):
    world.held(10.0)
    grows = world.accepted(SELL, 5.0, price=100.0, type='limit')
    world.command(commands.ReplaceOrder, order_id=grows, quantity=15.0)
    assert world.status(grows) is S.PENDING_REPLACE
    assert found(world) == [grows]


def states_of(held, *works):
    """A state with something held, and sales that are attached or grouped."""
    made = states.World(X=100.0)
    made.hold('X', held)
    for number, (units, more) in enumerate(works):
        made.pend(states.order(SELL, units, id=f'o{number}', **more))
    return [order.id for order in openings.openings(made.system)]


def test_of_a_group_only_one_can_fill():
    group = {'oco': 'g'}
    assert states_of(10.0, (10.0, group), (10.0, group)) == []
    assert states_of(10.0, (6.0, group), (4.0, {}), (10.0, group)) == ['o2']


def test_attached_exits_stay_and_are_counted_first():
    exit = {'parent': 'p', 'oco': 'p'}
    assert states_of(10.0, (5.0, {}), (10.0, exit), (10.0, exit)) == ['o0']
    # They are about to be made as small as the position.
    assert states_of(5.0, (10.0, exit)) == []
    assert states_of(-5.0, (10.0, exit)) == []


def reduced(world):
    """Something held, an order that adds, one that shrinks; then REDUCING."""
    world.held(10.0)
    adds = world.accepted(BUY, 5.0, price=90.0, type='limit')
    shrinks = world.accepted(SELL, 5.0, price=110.0, type='limit')
    result = world.command(commands.Reduce)
    assert result.message.endswith('cancels sent for 1 order')
    return adds, shrinks


def test_reducing_cancels_them_for_the_log_to_say_why(world):
    world.run('sma')
    adds, shrinks = reduced(world)
    assert [one.order.id for one in world.effects(step.Cancel)] == [adds]
    assert world.status(adds) is S.PENDING_CANCEL
    assert world.status(shrinks) is S.ACCEPTED
    changed, cancelled = world.last.events[1:]
    assert cancelled.data.message == 'reducing'
    assert cancelled.cause == changed.seq


def test_a_restart_finds_them_cancelled_and_lets_nothing_open(world):
    adds, shrinks = reduced(world)
    again = worlds.World(begun=False)
    for event in world.events:
        again.state.apply(event)
    assert worlds.image(again.state) == worlds.image(world.state)
    assert again.status(adds) is S.PENDING_CANCEL
    assert again.status(shrinks) is S.ACCEPTED
    assert again.state.trading is records.TradingState.REDUCING
    again.now = world.now
    assert again.status(again.order(BUY, 1.0)) is S.DENIED
    # It fills before the cancel comes.
    again.fill(adds, 5.0, 90.0)
    assert again.state.portfolio.quantity('AAPL') == 15.0
    assert again.status(again.order(SELL, 10.0)) is S.SUBMITTED


def test_a_rule_that_reduces_cancels_them(world):
    rule = exposure.DailyLoss(100.0)
    world.engine._gate.add_act(acts.Act(rule, rule, 'reduce'))
    world.held(10.0)
    adds = world.accepted(BUY, 5.0, price=50.0, type='limit')
    world.bar(price=80.0)
    assert world.state.trading is records.TradingState.REDUCING
    assert world.status(adds) is S.PENDING_CANCEL
