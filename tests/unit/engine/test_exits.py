"""Ways out wait for the orders that they replace."""

import pytest

from sting.engine import exits
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


@pytest.fixture
def world():
    made = worlds.World(rules.MaxOrderNotional(50_000.0))
    made.bar('AAPL', 100.0)
    return made


OUT = [
    {'kind': KIND.CLOSE},
    {'kind': KIND.TARGET, 'quantity': 0.0},
    {'kind': KIND.TARGET_WEIGHT, 'weight': 0.0},
]


@pytest.mark.parametrize('out', OUT, ids=lambda out: str(out['kind']))
def test_a_way_out_first_cancels_the_strategys_own_orders(world, out):
    world.protected()
    other = world.accepted(BUY, 1.0)
    came = world.signal('ab-3', reason='time is up', code='c0de', **out)
    assert [one.order.id for one in world.effects(step.Cancel)] == ['ab-2']
    assert world.placed() == []
    world.update('ab-2', S.CANCELLED)
    (order,) = world.placed()
    assert (order.id, order.side, order.quantity) == ('ab-3', SELL, 100.0)
    assert (order.strategy, order.reason) == ('sma', 'time is up')
    assert order.code == 'c0de'
    assert order.cause == came.events[0].seq
    assert world.state.exits == {}
    assert world.status(other) is S.ACCEPTED


def test_a_close_whose_stop_fills_first_sells_only_the_rest(world):
    world.protected()
    world.signal('ab-3', kind=KIND.CLOSE)
    world.fill('ab-2', 60.0, side=SELL, execution_id='x2')
    assert world.placed() == []
    world.update('ab-2', S.CANCELLED)
    (order,) = world.placed()
    assert order.quantity == 40.0


def test_a_close_whose_stop_fills_whole_is_done(world):
    world.protected()
    world.signal('ab-3', kind=KIND.CLOSE)
    world.fill('ab-2', 100.0, side=SELL, execution_id='x2')
    assert world.placed() == []
    assert world.state.exits == {}
    assert world.last.events[-1].data == records.Refusal(
        order_id='ab-3',
        strategy='sma',
        gate=records.Gate.EXIT,
        reason='nothing was left to close',
    )


def test_what_ended_a_close_is_told_once(world):
    world.protected()
    world.signal('ab-3', kind=KIND.CLOSE)
    world.command(commands.Halt)
    world.update('ab-2', S.CANCELLED)
    assert T.SIGNAL_REFUSED not in world.kinds()


def test_a_close_takes_back_what_is_coming(world):
    world.signal('ab-1', side=BUY, quantity=10.0)
    world.signal('ab-2', kind=KIND.CLOSE)
    world.fill('ab-1', 4.0)
    world.update('ab-1', S.CANCELLED)
    (order,) = world.placed()
    assert (order.side, order.quantity) == (SELL, 4.0)


def test_a_close_that_waits_is_asked_for_once(world):
    world.protected()
    world.signal('ab-3', kind=KIND.CLOSE)
    world.signal('ab-4', kind=KIND.CLOSE)
    assert world.effects() == []
    world.update('ab-2', S.CANCELLED)
    assert [order.id for order in world.placed()] == ['ab-3']


def test_while_a_close_waits_its_strategy_gets_no_new_order(world):
    world.protected()
    world.signal('ab-3', kind=KIND.CLOSE)
    world.signal('ab-4', side=BUY, quantity=1.0)
    assert world.alerts() == [
        'denied buy 1 AAPL: sma is closing AAPL and waits for its working '
        'orders to end'
    ]
    world.signal('ab-5', side=BUY, quantity=1.0, strategy='mean')
    assert world.status('ab-5') is S.SUBMITTED


@pytest.mark.parametrize(
    ('ended', 'gate', 'reason'),
    [
        (commands.Halt, records.Gate.HALTED, 'HALTED by operator'),
        (commands.Flatten, records.Gate.EXIT, 'the operator flattens it'),
    ],
)
def test_a_halt_and_a_flatten_end_a_close_that_waits(
    world, ended, gate, reason
):
    world.protected()
    signal = world.signal('ab-3', kind=KIND.CLOSE).events[0]
    world.command(ended)
    told = world.last.events[-1]
    assert (told.type, told.cause) == (T.SIGNAL_REFUSED, signal.seq)
    assert (told.data.gate, told.data.reason) == (gate, reason)
    world.update('ab-2', S.CANCELLED)
    assert 'ab-3' not in world.state.orders
    assert world.state.exits == {}


def test_a_close_while_a_flatten_waits_is_left_to_the_flatten(world):
    world.protected()
    flatten = world.command(commands.Flatten)
    world.signal('ab-3', kind=KIND.CLOSE)
    assert world.status('ab-3') is S.DENIED
    world.update('ab-2', S.CANCELLED)
    (order,) = world.placed()
    assert (order.id, order.quantity) == (f'ab-{flatten.seq}-0-1', 100.0)


def test_a_close_never_leaves_its_stop_to_be_denied_by_a_rule(world):
    # 600 are worth more than one order may, but shrink the position.
    for number in range(2):
        world.signal(f'ab-{number}', side=BUY, quantity=300.0)
        world.fill(f'ab-{number}', 300.0)
    world.signal('ab-2', **(worlds.STOP | {'quantity': 600.0}))
    world.signal('ab-3', kind=KIND.CLOSE)
    world.update('ab-2', S.CANCELLED)
    assert [order.quantity for order in world.placed()] == [600.0]


def bought(world, quantity=10.0):
    """A position of the strategy's own."""
    world.signal('ab-1', side=BUY, quantity=quantity)
    world.fill('ab-1', quantity)


OUT_OR_SOLD = [*OUT, {'side': SELL, 'quantity': 10.0}]


@pytest.mark.parametrize('out', OUT_OR_SOLD, ids=lambda out: str(sorted(out)))
def test_what_a_flatten_has_closed_is_not_closed_again(world, out):
    bought(world)
    world.command(commands.Flatten, confirm='FLATTEN')
    (flatten,) = world.placed()
    # Before the flatten is filled, and after it.
    world.signal('ab-2', **out)
    assert world.status('ab-2') is S.DENIED
    world.fill(flatten.id, 10.0, side=SELL)
    world.signal('ab-3', **out)
    assert world.status('ab-3') is S.DENIED
    assert world.state.portfolio.quantity('AAPL') == 0
    message = world.last.events[-1].data.message
    assert 'the operator has closed what sma holds of AAPL by hand' in message


def test_of_what_is_sold_by_hand_in_part_the_rest_can_be_sold_once(world):
    bought(world)
    world.held(4.0, side=SELL)
    world.signal('ab-2', side=SELL, quantity=10.0)
    assert [order.quantity for order in world.placed()] == [6.0]
    world.signal('ab-3', side=SELL, quantity=1.0)
    assert world.status('ab-3') is S.DENIED


def test_what_is_bought_back_by_hand_can_be_sold_again(world):
    bought(world)
    for side in (SELL, BUY):
        world.fill(world.accepted(side, 10.0), 10.0, side=side)
    world.signal('ab-2', kind=KIND.CLOSE)
    assert [order.quantity for order in world.placed()] == [10.0]


def test_a_limit_that_rests_by_hand_closes_nothing_yet(world):
    bought(world)
    world.accepted(SELL, 10.0, type=orders.OrderType.LIMIT, price=200.0)
    world.signal('ab-2', kind=KIND.CLOSE)
    assert [order.quantity for order in world.placed()] == [10.0]


def test_two_strategies_may_hold_against_each_other(world):
    bought(world)
    world.signal('ab-2', side=SELL, quantity=10.0, strategy='other')
    world.fill('ab-2', 10.0, side=SELL)
    world.signal('ab-3', kind=KIND.CLOSE)
    assert [order.quantity for order in world.placed()] == [10.0]


def unsent(world):
    return [order.id for order in exits.unsent(world.state)]


def test_exits_are_unsent_while_more_of_their_order_can_fill(world):
    world.signal('ab-1', side=BUY, quantity=10.0, stop_loss=95.0)
    world.signal('ab-2', side=BUY, quantity=10.0, take_profit=120.0)
    world.signal('ab-3', side=BUY, quantity=10.0)
    assert unsent(world) == ['ab-1', 'ab-2']
    world.fill('ab-1', 4.0, execution_id='some')
    assert unsent(world) == ['ab-1', 'ab-2']
    world.fill('ab-1', 6.0, execution_id='all')
    assert unsent(world) == ['ab-2']
    world.update('ab-2', S.CANCELLED)
    assert unsent(world) == []
