"""Corporate actions and cash flows in the engine: booked, told, restored."""

import msgspec
import pytest

from sting.engine import image
from sting.engine import performance
from sting.engine import state
from sting.engine import step
from sting.model import commands
from sting.model import orders
from sting.model import records
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
K, F = records.ActionKind, records.FlowKind


def act(world, kind, symbol='AAPL', **figures):
    data = records.CorporateAction(symbol=symbol, kind=kind, **figures)
    return world.tell(T.CORPORATE_ACTION, data, 'data', symbol)


def strategy_holds(world, quantity=10.0, price=100.0, side=BUY, name='sma'):
    """A position of a strategy, bought at a price."""
    order_id = f'ab-{name}-{world.state.seq}'
    world.bar('AAPL', price)
    world.tell(
        T.SIGNAL,
        orders.Signal(
            symbol='AAPL',
            order_id=order_id,
            strategy=name,
            side=side,
            quantity=quantity,
        ),
        name,
        'AAPL',
    )
    world.fill(order_id, quantity, price, side=side)
    return order_id


def doing(world, name='sma'):
    system = world.state
    return performance.picture(
        system.ledger.tallies[name], system.book(name), system.prices
    )


@pytest.mark.parametrize('side', [BUY, SELL])
def test_equity_is_the_same_before_and_after_a_split(side):
    world = worlds.World()
    strategy_holds(world, side=side)
    world.bar('AAPL', 120.0)
    before = world.state.equity()
    act(world, K.SPLIT, ratio=4.0)
    assert world.state.prices['AAPL'] == 30.0
    assert world.state.portfolio.quantity('AAPL') == side.sign * 40.0
    assert world.state.book('sma').quantity('AAPL') == side.sign * 40.0
    assert world.state.equity() == before
    assert doing(world).pnl == side.sign * 200.0


def test_a_split_changes_working_orders_and_no_done_ones():
    world = worlds.World()
    limit = world.accepted(
        type=orders.OrderType.LIMIT, price=80.0, quantity=10.0
    )
    done = world.accepted(quantity=5.0)
    world.fill(done, 5.0)
    other = world.accepted(symbol='IBM')
    act(world, K.SPLIT, ratio=4.0)
    after = world.state.orders[limit]
    assert (after.quantity, after.price) == (40.0, 20.0)
    assert world.state.orders[done].quantity == 5.0
    assert world.state.orders[other].quantity == 10.0
    world.fill(limit, 40.0, 20.0, execution_id='x2')
    assert world.status(limit) is S.FILLED


def test_slippage_is_counted_in_the_units_after_the_split():
    world = worlds.World()
    world.bar('AAPL', 100.0)
    world.signal('ab-1', side=BUY, quantity=10.0)
    act(world, K.SPLIT, ratio=4.0)
    world.fill('ab-1', 40.0, 25.5)
    assert doing(world).slippage == pytest.approx(20.0)


@pytest.mark.parametrize('side', [BUY, SELL])
def test_a_dividend_is_income_of_who_holds(side):
    world = worlds.World()
    strategy_holds(world, side=side)
    world.held(5.0)
    before = world.state.equity()
    act(world, K.DIVIDEND, amount=2.0)
    held = side.sign * 10.0 + 5.0
    assert world.kinds() == [T.CORPORATE_ACTION, T.CASH_FLOW]
    flow = world.last.events[1].data
    assert (flow.kind, flow.amount) == (F.DIVIDEND, held * 2.0)
    assert flow.shares == {'sma': side.sign * 20.0}
    # What it brought is gone from the price.
    assert world.state.equity() == pytest.approx(before)
    assert doing(world).income == side.sign * 20.0
    assert doing(world).pnl == pytest.approx(0.0)
    assert world.last.events[1].cause == world.last.events[0].seq


def test_a_dividend_of_what_nobody_holds_brings_nothing():
    world = worlds.World()
    world.bar('AAPL', 100.0)
    act(world, K.DIVIDEND, amount=2.0)
    assert world.kinds() == [T.CORPORATE_ACTION]
    assert world.state.portfolio.cash == worlds.CASH


def test_a_dividend_counts_for_its_round_trip():
    world = worlds.World()
    strategy_holds(world)
    act(world, K.DIVIDEND, amount=3.0)
    world.bar('AAPL', 98.0)
    strategy_holds(world, price=98.0, side=SELL)
    assert (doing(world).trips, doing(world).wins) == (1, 1)
    assert doing(world).pnl == pytest.approx(10.0)


def test_a_delisting_pays_out_cancels_and_ends_the_round_trip():
    world = worlds.World()
    strategy_holds(world)
    stop = world.accepted(
        SELL, 10.0, type=orders.OrderType.STOP, stop_price=80.0
    )
    act(world, K.DELISTING, price=70.0)
    assert world.state.portfolio.quantity('AAPL') == 0.0
    assert world.state.book('sma').quantity('AAPL') == 0.0
    assert world.state.equity() == worlds.CASH - 300.0
    assert world.status(stop) is S.PENDING_CANCEL
    assert [one.order.id for one in world.effects(step.Cancel)] == [stop]
    done = doing(world)
    assert (done.trips, done.wins, done.pnl) == (1, 0, -300.0)


def test_a_delisting_leaves_nothing_for_a_flatten_to_wait_for():
    world = worlds.World()
    world.held()
    stop = world.accepted(
        SELL, 10.0, type=orders.OrderType.STOP, stop_price=80.0
    )
    world.command(commands.Flatten, symbol='AAPL', confirm='FLATTEN')
    assert 'AAPL' in world.state.closing
    act(world, K.DELISTING, price=70.0)
    world.update(stop, S.CANCELLED)
    assert not world.state.closing
    assert not world.placed()


def test_a_delisting_leaves_no_way_out_waiting():
    world = worlds.World()
    world.protected()
    world.signal('ab-3', kind=orders.SignalKind.CLOSE)
    assert world.state.exits
    act(world, K.DELISTING, price=70.0)
    world.update('ab-2', S.CANCELLED)
    assert not world.state.exits
    assert not world.placed()


def test_strategies_hear_of_actions_and_of_flows():
    world = worlds.World()
    strategy_holds(world)
    act(world, K.DIVIDEND, amount=2.0)
    told = [one.event.type for one in world.effects(step.Notify)]
    assert told == [T.CORPORATE_ACTION, T.CASH_FLOW]


def test_what_a_position_became_is_told():
    world = worlds.World()
    strategy_holds(world)
    act(world, K.SPLIT, ratio=2.0)
    assert world.kinds() == [T.CORPORATE_ACTION, T.POSITION_UPDATE]
    assert world.last.events[1].data.quantity == 20.0


def test_an_action_that_makes_no_sense_is_told_and_not_booked():
    world = worlds.World()
    strategy_holds(world)
    act(world, K.SPLIT, ratio=0.0)
    assert world.kinds() == [T.RISK_ALERT]
    assert 'a split of AAPL makes no sense' in world.alerts()[0]
    assert world.state.portfolio.quantity('AAPL') == 10.0


def test_a_flow_without_a_symbol_is_of_the_account_and_its_books():
    world = worlds.World()
    flow = records.CashFlow(
        kind=F.INTEREST, amount=-10.0, rate=0.05, shares={'sma': -4.0}
    )
    world.tell(T.CASH_FLOW, flow)
    assert world.state.portfolio.cash == worlds.CASH - 10.0
    assert world.state.book('sma').cash == -4.0
    assert doing(world).pnl == -4.0


def test_what_an_order_cost_later_is_its_own_and_its_strategys():
    world = worlds.World()
    strategy_holds(world)
    order = next(each for each in world.state.orders.values() if each.strategy)
    before, cash = (
        world.state.book(order.strategy).cash,
        world.state.portfolio.cash,
    )
    world.tell(
        T.CASH_FLOW,
        records.CashFlow(kind=F.FEE, amount=-1.5, order_id=order.id),
    )
    assert world.state.portfolio.cash == cash - 1.5
    assert world.state.book(order.strategy).cash == before - 1.5
    assert world.state.orders[order.id].fees == order.fees + 1.5


def test_an_image_holds_what_they_made():
    world = worlds.World()
    strategy_holds(world)
    world.accepted(type=orders.OrderType.LIMIT, price=80.0)
    act(world, K.SPLIT, ratio=4.0)
    act(world, K.DIVIDEND, amount=0.5)
    act(world, K.DELISTING, 'IBM', price=1.0)
    again = state.SystemState()
    image.restore(again, image.encode(image.capture(world.state)))
    assert worlds.image(again) == worlds.image(world.state)


def test_a_replay_of_the_log_gives_the_same_state():
    world = worlds.World()
    strategy_holds(world)
    world.accepted(type=orders.OrderType.LIMIT, price=80.0)
    act(world, K.SPLIT, ratio=4.0)
    act(world, K.DIVIDEND, amount=0.5)
    act(world, K.DELISTING, price=1.0)
    again = state.SystemState()
    again.replay(
        (one.seq, one.timestamp, one.type, msgspec.json.encode(one.data))
        for one in world.events
    )
    assert worlds.image(again) == worlds.image(world.state)
