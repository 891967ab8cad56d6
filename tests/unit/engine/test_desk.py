"""Orders asked for by strategies, and what brokers report."""

import math

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
KIND = orders.SignalKind
CRITICAL = records.Severity.CRITICAL


@pytest.fixture
def world():
    made = worlds.World(rules.MaxOrderNotional(50_000.0))
    made.bar('AAPL', 100.0)
    return made


def test_a_fill_is_booked_and_told_with_order_and_position(world):
    world.signal('ab-1', side=BUY, quantity=10.0)
    verdict = world.state.orders['ab-1'].judged
    world.fill('ab-1', 4.0, 99.0, fee=0.5)
    filled, moved = world.last.events
    assert world.kinds() == [T.FILL, T.POSITION_UPDATE]
    assert (filled.cause, moved.cause) == (verdict, filled.seq)
    assert moved.data == world.state.portfolio.positions['AAPL']
    (told,) = world.effects(step.Notify)
    assert told.event is filled
    assert told.order.filled == 4.0
    assert told.position == world.state.books['sma'].positions['AAPL']


def test_a_fill_of_the_operators_order_has_no_book(world):
    world.fill(world.order(), 10.0)
    (told,) = world.effects(step.Notify)
    assert told.position is None


def test_a_fill_that_is_reported_twice_is_booked_once(world):
    order_id = world.order()
    world.fill(order_id, 4.0, execution_id='x1')
    seq, cash = world.state.seq, world.state.portfolio.cash
    world.fill(order_id, 4.0, execution_id='x1')
    assert world.last.events == []
    assert (world.state.seq, world.state.portfolio.cash) == (seq, cash)
    world.fill(order_id, 4.0, execution_id='x2')
    assert world.state.portfolio.quantity('AAPL') == 8.0


def test_a_fill_that_nobody_asked_for_is_booked_with_an_alert(world):
    world.fill('theirs', 4.0, side=SELL)
    assert world.state.portfolio.quantity('AAPL') == -4.0
    assert world.alerts(CRITICAL) == [
        'broker:test filled sell 4 AAPL for an order that is not ours: theirs'
    ]
    world.fill('theirs', 4.0, side=SELL)
    assert world.last.events == []


def test_a_fill_after_a_cancel_is_booked(world):
    order_id = world.accepted()
    world.update(order_id, S.CANCELLED)
    world.fill(order_id, 4.0)
    assert world.state.portfolio.quantity('AAPL') == 4.0
    assert world.status(order_id) is S.CANCELLED
    assert world.alerts() == []


@pytest.mark.parametrize('refused', [S.REJECTED, S.DENIED])
def test_a_fill_of_a_refused_order_is_booked_and_halts(world, refused):
    order_id = world.order()
    world.update(order_id, refused)
    world.fill(order_id, 4.0)
    assert world.state.portfolio.quantity('AAPL') == 4.0
    assert world.status(order_id) is refused
    assert world.state.trading is records.TradingState.HALTED
    assert world.state.halted_by == (
        f'engine: broker:test filled {order_id}, which was {refused}'
    )
    assert world.kinds().count(T.FILL) == 1


@pytest.mark.parametrize(
    'wrong', [{'symbol': 'IBM'}, {'side': SELL}], ids=['symbol', 'side']
)
def test_a_fill_of_another_symbol_or_side_is_not_booked_under_the_order(
    world, wrong
):
    world.signal('ab-1', side=BUY, quantity=10.0)
    world.update('ab-1', S.ACCEPTED)
    world.fill('ab-1', 4.0, **wrong)
    order = world.state.orders['ab-1']
    assert (order.filled, order.status) == (0.0, S.PENDING_CANCEL)
    assert world.state.books == {}
    # The money moved at the broker, so it is in the account.
    symbol, side = wrong.get('symbol', 'AAPL'), wrong.get('side', BUY)
    assert world.state.portfolio.quantity(symbol) == side.sign * 4.0
    assert world.state.halted_by == (
        f'engine: broker:test filled {side} {symbol} for ab-1, '
        'which is buy AAPL'
    )
    assert len(world.alerts(CRITICAL)) == 2
    # Told again it is the same fill.
    assert world.fill('ab-1', 4.0, **wrong).events == []


def test_more_fills_than_wanted_halt(world):
    order_id = world.order(quantity=10.0)
    world.fill(order_id, 8.0, execution_id='x1')
    world.fill(order_id, 8.0, execution_id='x2')
    assert world.status(order_id) is S.FILLED
    assert world.state.trading is records.TradingState.HALTED
    assert world.state.portfolio.quantity('AAPL') == 16.0
    assert 'filled for 16, more than its 10' in world.state.halted_by


def test_parts_of_an_order_reported_filled_before_are_booked(world):
    order_id = world.accepted()
    world.update(order_id, S.FILLED)
    world.fill(order_id, 4.0, execution_id='x1')
    world.fill(order_id, 6.0, execution_id='x2')
    assert world.state.portfolio.quantity('AAPL') == 10.0
    assert world.state.orders[order_id].remaining == 0.0


@pytest.mark.parametrize(
    'wrong',
    [
        {'quantity': 0.0},
        {'quantity': -1.0},
        {'quantity': math.nan},
        {'quantity': 1.0, 'price': math.inf},
        {'quantity': 1.0, 'fee': math.nan},
    ],
)
def test_a_fill_that_makes_no_sense_is_an_alert_and_no_state(world, wrong):
    order_id = world.accepted()
    world.fill(order_id, **wrong)
    assert world.kinds() == [T.RISK_ALERT]
    assert 'makes no sense' in world.alerts(CRITICAL)[0]
    assert world.state.portfolio.cash == worlds.CASH
    assert world.status(order_id) is S.ACCEPTED


def test_a_report_is_logged_and_told(world):
    order_id = world.order()
    world.update(order_id, S.ACCEPTED, broker_id='b-1')
    (event,) = world.last.events
    assert event.type is T.ORDER_UPDATE
    assert (event.source, event.symbol) == ('broker:test', 'AAPL')
    assert event.cause == world.state.orders[order_id].judged
    (told,) = world.effects()
    assert told.order.broker_id == 'b-1'


def test_a_rejected_order_alerts(world):
    order_id = world.order()
    world.update(order_id, S.REJECTED, message='no such symbol')
    assert world.alerts() == [
        'broker:test rejected buy 10 AAPL: no such symbol'
    ]


def test_an_order_that_the_stop_kept_back_alerts(world):
    order_id = world.order()
    world.update(order_id, S.DENIED, message='withheld by the emergency stop')
    assert world.alerts(records.Severity.WARNING) == [
        'broker:test denied buy 10 AAPL: withheld by the emergency stop'
    ]


def test_one_that_was_being_cancelled_anyway_does_not(world):
    order_id = world.order()
    world.command(commands.CancelOrder, order_id=order_id)
    world.update(order_id, S.DENIED, message='withheld by the emergency stop')
    assert world.alerts() == []


def test_a_report_of_an_order_that_is_not_ours_alerts(world):
    world.update('theirs', S.CANCELLED)
    assert world.kinds() == [T.RISK_ALERT]
    assert world.alerts() == [
        'broker:test reports an order that is not ours: theirs cancelled'
    ]


def test_an_illegal_move_alerts_and_changes_nothing(world):
    order_id = world.accepted()
    world.fill(order_id, 10.0)
    world.update(order_id, S.ACCEPTED)
    assert world.kinds() == [T.RISK_ALERT]
    assert 'cannot go from filled to accepted' in world.alerts()[0]
    assert world.status(order_id) is S.FILLED


def test_a_halt_cancels_stops_and_says_what_is_left_open(world):
    world.held(10.0)
    first, second = world.accepted(), world.accepted(symbol='AAPL')
    world.run('sma')
    world.command(commands.Halt, who='signal', reason='SIGQUIT')
    (halt,) = (e.seq for e in world.last.events if e.type is T.TRADING_STATE)
    assert world.effects(step.Hold) == [step.Hold('signal', 'SIGQUIT', halt)]
    cancelled = [one.order.id for one in world.effects(step.Cancel)]
    assert cancelled == [first, second]
    assert [one.strategy for one in world.effects(step.Stop)] == ['sma']
    assert world.alerts(CRITICAL) == [
        'AAPL +10 left bare; HALTED by signal: SIGQUIT'
    ]


def test_a_halt_with_nothing_open_says_so(world):
    world.command(commands.Halt, who='operator')
    assert world.alerts() == ['no positions left bare; HALTED by operator']
