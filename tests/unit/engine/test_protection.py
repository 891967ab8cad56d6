"""Positions are protected, whatever becomes of them."""

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from sting.engine import image
from sting.engine import state
from sting.engine import step
from sting.model import commands
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import protection
from sting.model import records
from sting.model import specs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
K = orders.OrderType
KIND = orders.SignalKind
DAY = 86_400 * 1_000_000_000


def guarded(**wanted):
    """A world whose strategy is protected as configured."""
    wanted = wanted or {'stop_loss': '2%', 'take_profit': '4%'}
    spec = specs.StrategySpec(
        'sma', 'a', protection=protection.Protection(**wanted)
    )
    made = worlds.World(configured=[spec])
    made.bar('AAPL', 100.0)
    return made


def trade(world, order_id, side, quantity, price=100.0, accept=True):
    world.signal(order_id, side=side, quantity=quantity)
    world.fill(
        order_id,
        quantity,
        price,
        side=side,
        execution_id=order_id,
        timestamp=world.now,
    )
    if accept:
        accepted(world)


def accepted(world):
    for order in list(world.state.working()):
        if order.status is S.SUBMITTED:
            world.update(order.id, S.ACCEPTED, broker_id='b')


def working(world):
    """The exits that work: kind, units left, and level."""
    return [
        (str(one.type), one.remaining, one.stop_price or one.price)
        for one in world.state.working('AAPL')
        if one.status is not S.PENDING_CANCEL
    ]


def confirm(world):
    """The broker does all that was asked of it."""
    for order in list(world.state.working()):
        if order.status is S.PENDING_CANCEL:
            world.update(order.id, S.CANCELLED)
        elif order.status is S.PENDING_REPLACE:
            world.update(
                order.id,
                S.ACCEPTED,
                quantity=order.changing or None,
                stop_price=order.changing_stop,
            )
        elif order.status is S.SUBMITTED:
            world.update(order.id, S.ACCEPTED, broker_id='b')


def test_an_opening_is_protected_in_the_same_step():
    world = guarded()
    trade(world, 'ab-1', BUY, 10.0, accept=False)
    tp, sl = world.placed()
    assert (tp.type, tp.side, tp.quantity, tp.price) == (
        K.LIMIT, SELL, 10.0, 104.0,
    )  # fmt: skip
    assert (sl.type, sl.side, sl.quantity, sl.stop_price) == (
        K.STOP, SELL, 10.0, 98.0,
    )  # fmt: skip
    assert tp.oco == sl.oco != ''
    assert tp.parent == sl.parent
    assert (tp.strategy, tp.reason) == ('sma', 'take profit of the position')


def test_a_short_position_is_protected_the_other_way_round():
    world = guarded()
    trade(world, 'ab-1', SELL, 10.0)
    assert working(world) == [('limit', 10.0, 96.0), ('stop', 10.0, 102.0)]
    assert {one.side for one in world.state.working()} == {BUY}


def test_the_exits_follow_what_is_added_and_taken_away():
    world = guarded()
    trade(world, 'ab-1', BUY, 10.0)
    trade(world, 'ab-2', BUY, 5.0, 110.0)
    confirm(world)
    assert working(world) == [('limit', 15.0, 104.0), ('stop', 15.0, 98.0)]
    trade(world, 'ab-3', SELL, 12.0)
    confirm(world)
    assert working(world) == [('limit', 3.0, 104.0), ('stop', 3.0, 98.0)]
    trade(world, 'ab-4', SELL, 3.0)
    confirm(world)
    assert working(world) == []
    assert world.state.guards == {}


def test_the_one_exit_that_fills_ends_the_other():
    world = guarded()
    trade(world, 'ab-1', BUY, 10.0)
    (sl,) = (o for o in world.state.working() if o.type is K.STOP)
    world.fill(sl.id, 10.0, 98.0, side=SELL)
    (other,) = world.effects(step.Cancel)
    assert other.order.type is K.LIMIT
    assert world.state.guards == {}


def test_a_reversal_is_protected_anew():
    world = guarded()
    trade(world, 'ab-1', BUY, 10.0)
    trade(world, 'ab-2', SELL, 25.0)
    confirm(world)
    assert working(world) == [('limit', 15.0, 96.0), ('stop', 15.0, 102.0)]


def test_other_strategies_are_left_alone():
    world = guarded()
    world.signal('ab-1', side=BUY, quantity=10.0, strategy='mean')
    world.fill('ab-1', 10.0)
    assert working(world) == []


def test_a_trail_moves_the_stop_with_the_best_close():
    world = guarded(trailing='2%')
    trade(world, 'ab-1', BUY, 10.0)
    assert working(world) == [('stop', 10.0, 98.0)]
    world.bar(price=110.0)
    confirm(world)
    assert working(world) == [('stop', 10.0, pytest.approx(107.8))]
    world.bar(price=108.0)
    assert world.kinds() == [T.MARKET_DATA]
    assert working(world) == [('stop', 10.0, pytest.approx(107.8))]


def test_a_trail_begins_at_the_tighter_of_both():
    world = guarded(stop_loss='1%', trailing='2%')
    trade(world, 'ab-1', BUY, 10.0)
    assert working(world) == [('stop', 10.0, 99.0)]
    world.bar(price=101.5)
    confirm(world)
    assert working(world) == [('stop', 10.0, pytest.approx(99.47))]


def test_a_change_that_could_not_be_asked_for_is_asked_for_later():
    world = guarded(trailing='2%')
    trade(world, 'ab-1', BUY, 10.0)
    world.bar(price=110.0)
    world.bar(price=120.0)
    assert not world.effects(step.Replace)
    confirm(world)
    world.bar(price=119.0)
    confirm(world)
    assert working(world) == [('stop', 10.0, pytest.approx(117.6))]


def test_a_position_is_closed_after_its_time():
    world = guarded(max_holding='1d', stop_loss='5%')
    trade(world, 'ab-1', BUY, 10.0)
    world.bar(timestamp=world.now + DAY // 2)
    assert world.kinds() == [T.MARKET_DATA]
    world.bar(timestamp=world.now + DAY // 2)
    (signal,) = (e for e in world.last.events if e.type is T.SIGNAL)
    assert signal.source == 'protection'
    assert signal.data.reason == 'held for as long as it may be'
    # The stop goes first, so that no two of them close more than is held.
    (gone,) = world.effects(step.Cancel)
    assert not world.placed()
    world.update(gone.order.id, S.CANCELLED)
    (out,) = world.placed()
    assert (out.type, out.side, out.quantity) == (K.MARKET, SELL, 10.0)
    world.bar()
    assert world.kinds() == [T.MARKET_DATA]


def test_a_strategy_that_has_stopped_is_still_protected():
    world = guarded(max_holding='1d')
    trade(world, 'ab-1', BUY, 10.0)
    world.run()
    world.tell(
        T.STRATEGY_STATUS,
        records.StrategyStatus(strategy='sma', status='failed'),
        'sma',
    )
    world.bar(timestamp=world.now + 2 * DAY)
    (out,) = world.placed()
    assert (out.side, out.quantity) == (SELL, 10.0)


@pytest.mark.parametrize(
    ('price', 'why'), [(97.0, 'stop loss 98'), (105.0, 'take profit 104')]
)
def test_what_the_broker_refuses_is_watched_here(price, why):
    world = guarded()
    trade(world, 'ab-1', BUY, 10.0, accept=False)
    for order in world.placed():
        world.update(order.id, S.REJECTED, message='no such orders here')
    assert working(world) == []
    world.bar(price=100.5)
    assert not world.placed()
    world.bar(price=price)
    (out,) = world.placed()
    assert (out.type, out.side, out.quantity) == (K.MARKET, SELL, 10.0)
    assert out.reason == f'{why}, watched here'


def test_a_halt_sends_nothing():
    world = guarded(max_holding='1d')
    trade(world, 'ab-1', BUY, 10.0)
    world.command(commands.Halt)
    world.bar(timestamp=world.now + 2 * DAY)
    assert world.kinds() == [T.MARKET_DATA]


# By the operator.


def held(world, quantity):
    """A position that was traded by hand."""
    world.bar()
    order_id = world.accepted(BUY, quantity)
    world.fill(order_id, quantity, timestamp=world.now)


def protect(world, **fields):
    return world.command(commands.Protect, symbol='AAPL', **fields)


def test_the_operator_protects_what_the_account_holds():
    world = worlds.World()
    held(world, 10.0)
    came = protect(world, stop_loss=95.0, take_profit='10%', max_holding='5d')
    assert came.ok
    assert came.message.startswith(
        'AAPL protected: stop 95, target 110, until '
    )
    accepted(world)
    assert working(world) == [
        ('limit', 10.0, pytest.approx(110.0)),
        ('stop', 10.0, 95.0),
    ]
    assert protect(world).message == 'AAPL is not protected any more'
    confirm(world)
    assert working(world) == []


def test_another_command_takes_the_place_of_the_first():
    world = worlds.World()
    held(world, 10.0)
    protect(world, stop_loss=95.0)
    accepted(world)
    protect(world, stop_loss=97.0)
    # Both at once could close more than is held.
    assert world.placed() == []
    world.bar(price=98.0)
    assert world.kinds() == [T.MARKET_DATA]
    confirm(world)
    confirm(world)
    assert working(world) == [('stop', 10.0, 97.0)]


def test_exits_that_are_cancelled_by_hand_are_not_sent_again():
    world = worlds.World()
    held(world, 10.0)
    protect(world, stop_loss=95.0)
    accepted(world)
    (stop,) = world.state.working()
    world.command(commands.CancelOrder, order_id=stop.id)
    confirm(world)
    assert working(world) == []
    world.bar(price=94.0)
    (out,) = world.placed()
    assert (out.type, out.quantity) == (K.MARKET, 10.0)


def test_the_operators_time_flattens():
    world = worlds.World()
    held(world, 10.0)
    protect(world, max_holding='1d')
    world.bar(timestamp=world.now + 2 * DAY)
    (out,) = world.placed()
    assert (out.type, out.side, out.quantity) == (K.MARKET, SELL, 10.0)
    assert any('held for as long' in text for text in world.alerts())


@pytest.mark.parametrize(
    'fields',
    [
        {'stop_loss': 101.0},
        {'take_profit': 99.0},
        {'stop_loss': -1.0},
        {'max_holding': '5y'},
        {'trail': '0%'},
    ],
)
def test_what_would_close_at_once_or_makes_no_sense_is_refused(fields):
    world = worlds.World()
    held(world, 10.0)
    with pytest.raises(errors.OrderError):
        protect(world, **fields)


def test_what_is_not_held_cannot_be_protected():
    world = worlds.World()
    world.bar()
    with pytest.raises(errors.RefusedError, match='nothing of AAPL'):
        protect(world, stop_loss=95.0)


def test_nobody_moves_a_stop_by_command():
    world = worlds.World()
    with pytest.raises(errors.RefusedError):
        world.command(commands.MoveStop, symbol='AAPL', stop_price=1.0)


def test_the_operator_has_what_strategies_leave():
    world = guarded()
    trade(world, 'ab-1', BUY, 10.0)
    held(world, 4.0)
    protect(world, stop_loss=95.0)
    confirm(world)
    assert sorted(working(world)) == [
        ('limit', 10.0, 104.0), ('stop', 4.0, 95.0), ('stop', 10.0, 98.0),
    ]  # fmt: skip


# After a restart.


def read_back(world):
    again = state.SystemState()
    for event in world.events:
        again.apply(event)
    return again


@pytest.mark.parametrize('price', [100.0, 110.0])
def test_guards_follow_from_the_events_and_are_in_checkpoints(price):
    world = guarded(stop_loss='3%', trailing='2%', max_holding='5d')
    trade(world, 'ab-1', BUY, 10.0)
    world.bar(price=price)
    assert world.state.guards['AAPL']['sma'].stop == pytest.approx(price * 0.98)
    assert read_back(world).guards == world.state.guards
    restored = state.SystemState()
    image.restore(restored, image.encode(image.capture(world.state)))
    assert restored.guards == world.state.guards


def test_a_restart_goes_on_protecting():
    """Time, trail and size, by a state that was read back."""
    before = guarded(trailing='2%', max_holding='5d')
    trade(before, 'ab-1', BUY, 10.0)
    # Not configured any more: what is open stays protected.
    world = worlds.World(begun=False)
    for event in before.events:
        world.state.apply(event)
    world.now = before.now
    world.bar(price=110.0)
    confirm(world)
    assert working(world) == [('stop', 10.0, pytest.approx(107.8))]
    trade(world, 'ab-2', SELL, 4.0)
    confirm(world)
    assert working(world) == [('stop', 6.0, pytest.approx(107.8))]
    trade(world, 'ab-3', SELL, 6.0)
    confirm(world)
    assert working(world) == []


MOVES = st.lists(
    st.tuples(
        st.sampled_from(['trade', 'hand', 'bar', 'confirm', 'exit']),
        st.integers(-8, 8).filter(bool),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(moves=MOVES)
def test_exits_together_never_close_more_than_is_held(moves):
    """Once the broker has done what was asked, whatever came before."""
    world = guarded(stop_loss='5%', take_profit='50%', trailing='9%')
    for nth, (what, units) in enumerate(moves):
        side = BUY if units > 0 else SELL
        if what == 'trade':
            trade(world, f'ab-t{nth}', side, float(abs(units)), accept=False)
        elif what == 'hand':
            order_id = world.order(side, float(abs(units)))
            world.fill(order_id, float(abs(units)), side=side, execution_id='h')
        elif what == 'bar':
            world.bar(price=100.0 + units / 2)
        elif what == 'confirm':
            confirm(world)
        else:
            for order in list(world.state.working('AAPL')):
                if order.type is K.STOP and order.status is S.ACCEPTED:
                    world.fill(
                        order.id,
                        min(order.remaining, float(abs(units))),
                        order.stop_price,
                        side=order.side,
                        execution_id=f'e{nth}',
                    )
                    break
        for _ in range(3):
            confirm(world)
        held = world.state.portfolio.quantity('AAPL')
        for one in world.state.working('AAPL'):
            if one.type is not K.MARKET:
                assert one.side.sign * held < 0
        for kind in (K.STOP, K.LIMIT):
            covered = sum(
                one.remaining
                for one in world.state.working('AAPL')
                if one.type is kind
            )
            assert covered <= abs(held) + orders.DUST


# What cannot be changed.


def test_an_exit_that_cannot_be_made_smaller_is_cancelled_and_watched():
    world = guarded()
    trade(world, 'ab-1', BUY, 10.0)
    world.signal('ab-2', side=SELL, quantity=4.0)
    world.fill('ab-2', 4.0, side=SELL, execution_id='out')
    for order in list(world.state.working()):
        world.update(
            order.id, S.ACCEPTED, quantity=10.0, message='no changes here'
        )
    assert working(world) == []
    confirm(world)
    world.bar(price=97.0)
    (out,) = world.placed()
    assert (out.type, out.quantity) == (K.MARKET, 6.0)


def test_an_exit_that_cannot_be_made_larger_is_told():
    world = guarded(stop_loss='2%')
    trade(world, 'ab-1', BUY, 10.0)
    world.signal('ab-2', side=BUY, quantity=5.0)
    world.fill('ab-2', 5.0, execution_id='more')
    (stop,) = (o for o in world.state.working() if o.parent)
    world.update(stop.id, S.ACCEPTED, quantity=10.0, message='too large')
    (text,) = world.alerts(records.Severity.CRITICAL)
    assert text.endswith('covers 10 AAPL instead of 15: the broker refused it')
    assert working(world) == [('stop', 10.0, 98.0)]


def test_a_change_that_risk_denies_leaves_no_exit_too_large():
    world = guarded()
    trade(world, 'ab-1', BUY, 10.0)
    world.command(commands.Halt)
    assert working(world) == []


def test_a_split_divides_the_levels():
    world = guarded()
    trade(world, 'ab-1', BUY, 10.0)
    world.tell(
        T.CORPORATE_ACTION,
        records.CorporateAction(
            symbol='AAPL', kind=records.ActionKind.SPLIT, ratio=2.0
        ),
        symbol='AAPL',
    )
    guard = world.state.guards['AAPL']['sma']
    assert (guard.stop, guard.target) == (49.0, 52.0)
    assert working(world) == [('limit', 20.0, 52.0), ('stop', 20.0, 49.0)]


def test_a_quote_and_a_trade_are_watched_too():
    for kind, data in (
        (T.QUOTE, market.Quote('AAPL', 9, 96.0, 96.5, 1.0, 1.0)),
        (T.TRADE, market.Trade('AAPL', 9, 96.0, 1.0)),
    ):
        world = guarded()
        if kind is T.QUOTE:
            world.state.prices['AAPL'] = 96.0
        trade(world, 'ab-1', BUY, 10.0, accept=False)
        for order in world.placed():
            world.update(order.id, S.REJECTED, message='none')
        world.tell(kind, data, 'feed:test', 'AAPL')
        (out,) = world.placed()
        assert (out.type, out.quantity) == (K.MARKET, 10.0)


def test_what_waits_for_a_way_out_is_not_asked_again():
    world = guarded(max_holding='1d', stop_loss='5%')
    trade(world, 'ab-1', BUY, 10.0)
    world.bar(timestamp=world.now + 2 * DAY)
    assert world.state.exits
    world.bar()
    assert world.kinds() == [T.MARKET_DATA]


def test_a_flatten_goes_before_protection():
    world = guarded(max_holding='1d', stop_loss='5%')
    trade(world, 'ab-1', BUY, 10.0)
    world.command(commands.Flatten)
    world.bar(timestamp=world.now + 2 * DAY)
    assert world.kinds() == [T.MARKET_DATA]
