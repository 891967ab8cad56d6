"""What becomes of the orders and positions of a strategy that failed."""

import pytest

from sting.engine import step
from sting.model import commands
from sting.model import orders
from sting.model import records
from sting.risk import rules
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
CRITICAL = records.Severity.CRITICAL


@pytest.fixture
def world():
    """A strategy that holds 100 AAPL with a stop, and another's order."""
    made = worlds.World(rules.MaxOrderNotional(50_000.0))
    made.bar('AAPL', 100.0)
    made.protected()
    made.signal('ab-9', strategy='mean', side=BUY, quantity=1.0)
    return made


def fail(world, policy, status='failed', name='sma'):
    told = records.StrategyStatus(
        strategy=name, status=status, detail='mine.py:3: oh', policy=policy
    )
    world.tell(T.STRATEGY_STATUS, told, name)


def test_keep_leaves_all_as_it_is_and_tells(world):
    fail(world, 'keep')
    assert world.effects() == []
    assert world.alerts(CRITICAL) == ['strategy sma failed: mine.py:3: oh']
    assert world.status('ab-2') is S.ACCEPTED


def test_cancel_cancels_its_own_orders_alone(world):
    fail(world, 'cancel')
    (cancel,) = world.effects(step.Cancel)
    assert cancel.order.id == 'ab-2'
    assert world.status('ab-9') is S.SUBMITTED
    assert world.placed() == []


def test_flatten_closes_its_position_once_its_orders_are_gone(world):
    fail(world, 'flatten', 'quarantined')
    assert [one.order.id for one in world.effects(step.Cancel)] == ['ab-2']
    assert world.placed() == []
    (wish,) = (e for e in world.last.events if e.type is T.SIGNAL)
    assert wish.data.kind is orders.SignalKind.CLOSE
    world.update('ab-2', S.CANCELLED)
    (order,) = world.placed()
    assert (order.side, order.quantity) == (SELL, 100.0)
    assert (order.strategy, order.id) == ('sma', wish.data.order_id)
    world.fill(order.id, 100.0, side=SELL, execution_id='x2')
    assert not world.state.book('sma').held


def test_a_flatten_goes_through_risk(world):
    fail(world, 'flatten')
    world.update('ab-2', S.CANCELLED)
    verdict = next(e for e in world.last.events if e.type is T.RISK_VERDICT)
    assert verdict.data.order_id == world.placed()[0].id


def test_a_quarantine_says_that_only_a_person_ends_it(world):
    fail(world, 'keep', 'quarantined')
    (text,) = world.alerts(CRITICAL)
    assert text.endswith('it is not started again until you start it')


def restarting(world):
    fail(world, 'keep')
    told = records.StrategyStatus(strategy='sma', status='restarting')
    world.tell(T.STRATEGY_STATUS, told, 'sma')


def again(world):
    told = records.StrategyStatus(strategy='sma', status='starting')
    world.tell(T.STRATEGY_STATUS, told, 'sma')


def test_one_that_waits_for_its_restart_is_started(world):
    restarting(world)
    again(world)
    assert world.effects(step.Start) == [
        step.Start('sma', world.last.events[0].seq)
    ]


def test_none_is_started_again_by_itself_when_trading_is_halted(world):
    restarting(world)
    world.command(commands.Halt)
    assert [one.strategy for one in world.effects(step.Stop)] == ['sma']
    again(world)
    assert world.last.events == []


def test_one_that_was_started_by_hand_meanwhile_is_not_started_twice(world):
    restarting(world)
    assert world.command(commands.StartStrategy, name='sma').ok
    again(world)
    assert world.last.events == []


def test_one_that_waits_for_its_restart_can_be_stopped(world):
    restarting(world)
    assert world.command(commands.StopStrategy, name='sma').ok
    # Even where its start was asked for in the very moment of the stop.
    again(world)
    assert world.last.events == []


def test_a_strategy_that_waits_for_its_restart_does_not_outlive_the_engine(
    world,
):
    restarting(world)
    world.tell(
        T.SYSTEM_STATUS,
        records.SystemStatus(component='engine', status='started'),
    )
    assert world.state.strategies['sma'].status == 'stopped'
