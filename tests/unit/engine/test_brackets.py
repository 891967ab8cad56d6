"""Attached exits stay as large as what they are to close."""

import pytest

from sting.engine import image
from sting.engine import state
from sting.engine import step
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.risk import rules
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
K = orders.OrderType
KIND = orders.SignalKind
CRITICAL = records.Severity.CRITICAL
BRACKET = {'take_profit': 110.0, 'stop_loss': 95.0}
TP, SL = 'ab-1-tp', 'ab-1-sl'


@pytest.fixture
def world():
    made = worlds.World(rules.MaxOrderNotional(50_000.0))
    made.bar('AAPL', 100.0)
    return made


def entered(world, filled=10.0, quantity=10.0, accept=True, **more):
    """A buy of a strategy with both exits, filled; they have been accepted."""
    world.signal('ab-1', side=BUY, quantity=quantity, **(BRACKET | more))
    world.update('ab-1', S.ACCEPTED, broker_id='b')
    world.fill('ab-1', filled, execution_id='in')
    if accept:
        for name in (TP, SL):
            world.update(name, S.ACCEPTED, broker_id='b')


def rest(world, order_id):
    return world.state.orders[order_id].remaining


def changes(world):
    return [(one.order.id, one.quantity) for one in world.effects(step.Replace)]


def cancels(world):
    return [one.order.id for one in world.effects(step.Cancel)]


def test_a_fill_makes_both_exits_in_the_same_step(world):
    entered(world, accept=False)
    kinds = world.kinds()
    assert kinds == [
        T.FILL, T.POSITION_UPDATE,
        T.ORDER_REQUEST, T.RISK_VERDICT, T.ORDER_REQUEST, T.RISK_VERDICT,
    ]  # fmt: skip
    fill = world.last.events[0]
    tp, sl = world.placed()
    assert (tp.id, tp.type, tp.price) == (TP, K.LIMIT, 110.0)
    assert (sl.id, sl.type, sl.stop_price) == (SL, K.STOP, 95.0)
    for order in (tp, sl):
        assert (order.side, order.quantity, order.strategy) == (
            SELL, 10.0, 'sma',
        )  # fmt: skip
        assert (order.cause, order.parent, order.oco) == (
            fill.seq, 'ab-1', 'ab-1',
        )  # fmt: skip
        assert order.time_in_force is orders.TimeInForce.GTC
    assert tp.reason == 'take profit of ab-1'
    assert world.state.brackets == {'AAPL': {'ab-1': 10.0}}


def test_exits_of_a_symbol_with_limits_are_counted_once():
    """Of both only one can fill, so that both only shrink the position."""
    world = worlds.World(rules.MaxPosition(10.0), rules.MaxOrderNotional(900.0))
    world.bar('AAPL', 80.0)
    world.signal('ab-1', side=BUY, quantity=10.0, **BRACKET)
    world.fill('ab-1', 10.0, 80.0)
    assert [order.status for order in world.placed()] == [S.SUBMITTED] * 2
    # Worth more than an order may be, but on the way out.
    world.bar('AAPL', 105.0)
    assert world.state.working_count() == 2


def test_the_price_collar_lets_out_what_the_market_has_passed():
    world = worlds.World(rules.PriceCollar(0.01))
    world.bar('AAPL', 100.0)
    world.signal('ab-1', side=BUY, quantity=10.0, **BRACKET)
    world.bar('AAPL', 80.0)
    world.fill('ab-1', 10.0)
    assert [order.id for order in world.placed()] == [TP, SL]
    world.update(SL, S.ACCEPTED, broker_id='b')
    came = world.command(commands.ReplaceOrder, order_id=SL, stop_price=200.0)
    assert not came.ok


def test_an_exit_that_is_denied_is_a_critical_alert(world):
    world.signal('ab-1', side=BUY, quantity=10.0, **BRACKET)
    world.command(commands.Halt)
    world.fill('ab-1', 10.0)
    assert [
        text for text in world.alerts(CRITICAL) if 'leaves ab-1' in text
    ] == [
        f'denied sell 10 AAPL, which leaves ab-1 without it: {why}'
        for why in ['trading is HALTED (operator)'] * 2
    ]


def test_an_exit_that_the_broker_rejects_is_a_critical_alert(world):
    entered(world, accept=False)
    world.update(SL, S.REJECTED, message='no stops here')
    assert world.alerts(CRITICAL) == [
        'broker:test rejected sell 10 AAPL, which leaves ab-1 without it: '
        'no stops here'
    ]
    assert rest(world, TP) == 10.0


def test_a_later_fill_has_the_exits_changed(world):
    entered(world, 4.0)
    world.fill('ab-1', 3.0, execution_id='more')
    assert changes(world) == [(TP, 7.0), (SL, 7.0)]
    assert world.placed() == []
    verdicts = [e for e in world.last.events if e.type is T.RISK_VERDICT]
    assert [e.data.decision for e in verdicts] == ['approve'] * 2
    assert world.status(TP) is S.PENDING_REPLACE


def test_exits_on_their_way_are_changed_once_they_are_there(world):
    entered(world, 4.0, accept=False)
    world.fill('ab-1', 3.0, execution_id='more')
    assert (changes(world), world.placed()) == ([], [])
    world.update(TP, S.ACCEPTED, broker_id='b')
    assert changes(world) == [(TP, 7.0)]
    world.update(SL, S.ACCEPTED, broker_id='b')
    assert changes(world) == [(SL, 7.0)]


def test_a_change_that_was_lost_in_a_crash_is_asked_for_again(world):
    entered(world, 4.0)
    world.fill('ab-1', 3.0, execution_id='more')
    # As the broker has it after a restart: the old terms, without a word.
    world.update(TP, S.ACCEPTED, broker_id='b', quantity=4.0)
    assert changes(world) == [(TP, 7.0)]
    world.update(TP, S.ACCEPTED, quantity=7.0)
    assert changes(world) == []


def test_a_refused_growth_is_told_and_not_asked_for_again(world):
    entered(world, 4.0)
    world.fill('ab-1', 3.0, execution_id='more')
    world.update(TP, S.ACCEPTED, quantity=4.0, message='not today')
    assert changes(world) == []
    assert world.alerts(CRITICAL) == [
        'ab-1-tp covers 4 AAPL instead of 7: not today'
    ]
    # Something else happens.
    world.fill('ab-1', 1.0, execution_id='even more')
    assert changes(world) == [(TP, 8.0)]


def test_a_refused_shrinking_cancels_the_exit(world):
    entered(world)
    world.signal('ab-2', side=SELL, quantity=4.0)
    world.fill('ab-2', 4.0, side=SELL, execution_id='out')
    assert changes(world) == [(TP, 6.0), (SL, 6.0)]
    world.update(TP, S.ACCEPTED, quantity=10.0, message='not today')
    assert (changes(world), cancels(world)) == ([], [TP])
    assert world.alerts(CRITICAL) == [
        'ab-1-tp is cancelled, as it covers 10 AAPL instead of 6: not today'
    ]
    world.update(SL, S.ACCEPTED, quantity=6.0)
    assert (changes(world), cancels(world)) == ([], [])


def test_risk_that_denies_a_change_is_told(world):
    entered(world, 4.0)
    world.command(commands.Halt)
    # Both are being cancelled: nothing is changed any more.
    world.fill('ab-1', 3.0, execution_id='more')
    assert changes(world) == []


def test_growth_that_risk_denies_is_told():
    world = worlds.World(rules.MaxOrderNotional(1_000.0))
    world.bar('AAPL', 100.0)
    world.signal('ab-1', side=BUY, quantity=8.0, **BRACKET)
    world.fill('ab-1', 4.0)
    for name in (TP, SL):
        world.update(name, S.ACCEPTED, broker_id='b')
    # A second sell makes the exits no pure way out any more.
    world.signal('ab-2', side=SELL, quantity=4.0, type=K.LIMIT, price=150.0)
    world.update('ab-2', S.ACCEPTED, broker_id='b')
    world.bar('AAPL', 200.0)
    world.fill('ab-1', 4.0, execution_id='more')
    assert changes(world) == []
    told = world.alerts(CRITICAL)
    assert [text.split(':')[0] for text in told] == [
        'ab-1-tp covers 4 AAPL instead of 8',
        'ab-1-sl covers 4 AAPL instead of 8',
    ]


# Brokers that do not know groups.


def test_a_fill_of_one_exit_has_the_other_cancelled(world):
    entered(world)
    world.fill(TP, 10.0, side=SELL, execution_id='out')
    assert cancels(world) == [SL]
    world.update(SL, S.CANCELLED)
    assert world.state.brackets == {}
    assert world.state.working_count() == 0


def test_a_part_of_one_exit_has_the_other_changed(world):
    entered(world)
    world.fill(TP, 4.0, side=SELL, execution_id='out')
    assert (changes(world), cancels(world)) == ([(SL, 6.0)], [])
    world.update(SL, S.ACCEPTED, quantity=6.0)
    assert (changes(world), cancels(world)) == ([], [])
    assert world.state.brackets == {'AAPL': {'ab-1': 6.0}}


def test_what_the_broker_has_told_in_the_same_batch_is_not_asked_for():
    reports = []
    world = worlds.World(matcher=lambda bar: reports)
    world.bar('AAPL', 100.0)
    entered(world)
    reports += [
        worlds.fill(TP, 4.0, side=SELL, execution_id='out'),
        orders.OrderUpdate(order_id=SL, status=S.ACCEPTED, quantity=6.0),
    ]
    world.bar('AAPL', 111.0)
    assert (changes(world), cancels(world)) == ([], [])


def test_an_exit_filled_late_after_its_cancel_is_counted(world):
    entered(world)
    world.update(TP, S.CANCELLED)
    world.fill(TP, 4.0, side=SELL, execution_id='late')
    assert changes(world) == [(SL, 6.0)]


# Positions closed otherwise.


def test_a_sell_of_the_strategy_shrinks_its_exits(world):
    entered(world)
    world.signal('ab-2', side=SELL, quantity=4.0)
    world.fill('ab-2', 4.0, side=SELL, execution_id='out')
    assert changes(world) == [(TP, 6.0), (SL, 6.0)]


def test_a_sell_of_all_cancels_them(world):
    entered(world)
    world.signal('ab-2', side=SELL, quantity=10.0)
    world.fill('ab-2', 10.0, side=SELL, execution_id='out')
    assert cancels(world) == [TP, SL]
    assert world.state.orders[TP].message == 'nothing is left for it to close'


def test_a_sell_by_hand_shrinks_a_strategys_exits(world):
    entered(world)
    order_id = world.accepted(SELL, 4.0)
    world.fill(order_id, 4.0, side=SELL, execution_id='hand')
    assert changes(world) == [(TP, 6.0), (SL, 6.0)]


def test_a_sell_of_another_strategy_leaves_them(world):
    entered(world)
    world.signal('ab-2', side=SELL, quantity=4.0, strategy='mean')
    world.fill('ab-2', 4.0, side=SELL, execution_id='out')
    assert (changes(world), cancels(world)) == ([], [])


def test_a_close_waits_for_the_exits_to_be_cancelled(world):
    entered(world)
    world.signal('ab-2', kind=KIND.CLOSE)
    assert cancels(world) == [TP, SL]
    world.update(TP, S.CANCELLED)
    assert world.placed() == []
    world.update(SL, S.CANCELLED)
    (order,) = world.placed()
    assert (order.id, order.quantity) == ('ab-2', 10.0)


def test_what_fills_while_its_strategy_goes_out_gets_no_exits(world):
    entered(world, 4.0)
    world.signal('ab-2', kind=KIND.CLOSE)
    for name in (TP, SL):
        world.update(name, S.CANCELLED)
    world.fill('ab-1', 2.0, execution_id='late')
    assert world.placed() == []
    world.update('ab-1', S.CANCELLED)
    (order,) = world.placed()
    assert (order.id, order.quantity) == ('ab-2', 6.0)


def test_a_flatten_cancels_the_exits_first(world):
    entered(world)
    world.command(commands.Flatten)
    assert cancels(world) == [TP, SL]
    for name in (TP, SL):
        world.update(name, S.CANCELLED)
    (order,) = world.placed()
    assert (order.side, order.quantity) == (SELL, 10.0)


def test_a_halt_cancels_the_exits_and_says_what_is_bare(world):
    entered(world)
    world.command(commands.Halt)
    assert cancels(world) == [TP, SL]
    assert 'AAPL +10 left bare' in world.alerts(CRITICAL)[0]


def test_exits_are_let_in_while_only_reducing(world):
    world.signal('ab-1', side=BUY, quantity=10.0, **BRACKET)
    world.tell(
        T.TRADING_STATE,
        records.TradingStateChange(
            state=records.TradingState.REDUCING, who='test'
        ),
    )
    world.fill('ab-1', 10.0)
    assert [order.id for order in world.placed()] == [TP, SL]


def test_an_order_that_turns_a_position_gets_exits_for_what_it_opens(world):
    world.signal('ab-0', side=SELL, quantity=4.0)
    world.fill('ab-0', 4.0, side=SELL, execution_id='first')
    entered(world, accept=False)
    assert [order.quantity for order in world.placed()] == [6.0, 6.0]


def test_an_order_that_only_closes_gets_no_exits(world):
    world.signal('ab-0', side=SELL, quantity=40.0)
    world.fill('ab-0', 40.0, side=SELL, execution_id='first')
    entered(world, accept=False)
    assert world.placed() == []


def test_what_a_person_cancels_is_not_sent_again_while_the_other_works(world):
    entered(world, 4.0)
    world.command(commands.CancelOrder, order_id=TP)
    world.update(TP, S.CANCELLED)
    world.fill('ab-1', 3.0, execution_id='more')
    assert (changes(world), world.placed()) == ([(SL, 7.0)], [])


def test_exits_that_are_done_are_followed_by_others(world):
    entered(world, 4.0)
    world.fill(TP, 4.0, side=SELL, execution_id='out')
    world.update(SL, S.CANCELLED)
    world.fill('ab-1', 3.0, execution_id='more')
    fill = world.last.events[0].seq
    assert [(o.id, o.quantity) for o in world.placed()] == [
        (f'{TP}-{fill}', 3.0),
        (f'{SL}-{fill}', 3.0),
    ]


# The operator's own.


def test_an_order_by_hand_takes_exits_too(world):
    order_id = world.order(BUY, 10.0, **BRACKET)
    world.fill(order_id, 10.0)
    tp, sl = world.placed()
    assert (tp.id, sl.id) == (f'{order_id}-tp', f'{order_id}-sl')
    assert (tp.strategy, tp.quantity) == ('', 10.0)
    world.update(tp.id, S.ACCEPTED, broker_id='b')
    world.update(sl.id, S.ACCEPTED, broker_id='b')
    # They are for the account's position, whoever takes from it.
    world.signal('ab-2', side=SELL, quantity=4.0)
    world.fill('ab-2', 4.0, side=SELL, execution_id='out')
    assert changes(world) == [(tp.id, 6.0), (sl.id, 6.0)]


@pytest.mark.parametrize(
    ('exits', 'words'),
    [
        ({'take_profit': 90.0, 'stop_loss': 95.0}, 'above its stop loss 95'),
        ({'stop_loss': float('nan')}, 'stop loss nan must be above 0'),
    ],
)
def test_exits_by_hand_that_make_no_sense_are_refused(world, exits, words):
    with pytest.raises(errors.OrderError, match=words):
        world.order(BUY, 10.0, **exits)


def test_the_quantity_of_an_exit_is_not_changed_by_hand(world):
    entered(world)
    with pytest.raises(errors.RefusedError, match='follows what it is to'):
        world.command(commands.ReplaceOrder, order_id=TP, quantity=5.0)
    came = world.command(
        commands.ReplaceOrder, order_id=TP, quantity=10.0, price=112.0
    )
    assert came.ok


def test_an_entry_cannot_be_changed_past_its_own_exits(world):
    world.signal(
        'ab-1', side=BUY, quantity=10.0, type=K.LIMIT, price=99.0, **BRACKET
    )
    world.update('ab-1', S.ACCEPTED, broker_id='b')
    with pytest.raises(errors.OrderError, match='below its price 94'):
        world.command(commands.ReplaceOrder, order_id='ab-1', price=94.0)


def test_a_signal_for_a_target_takes_no_exits(world):
    world.signal('ab-1', kind=KIND.TARGET, quantity=5.0, stop_loss=90.0)
    assert world.placed() == []
    (refusal,) = [e for e in world.last.events if e.type is T.SIGNAL_REFUSED]
    assert 'belong to a buy or a sell' in refusal.data.reason


# What the state keeps.


def test_a_checkpoint_keeps_what_exits_are_to_close(world):
    entered(world, 4.0)
    again = state.SystemState()
    image.restore(again, image.encode(image.capture(world.state)))
    assert again.brackets == {'AAPL': {'ab-1': 4.0}}
    world.fill('ab-1', 3.0, execution_id='more')
    assert again.brackets == {'AAPL': {'ab-1': 4.0}}


def test_a_split_gives_the_brackets_its_units(world):
    entered(world)
    world.tell(
        T.CORPORATE_ACTION,
        records.CorporateAction(
            symbol='AAPL', kind=records.ActionKind.SPLIT, ratio=4.0
        ),
        'data',
        'AAPL',
    )
    assert world.state.brackets == {'AAPL': {'ab-1': 40.0}}
    world.fill(TP, 16.0, side=SELL, execution_id='out')
    assert changes(world) == [(SL, 24.0)]


def test_brackets_are_forgotten_with_their_order(world, monkeypatch):
    monkeypatch.setattr(state, 'DONE_ORDERS', 3)
    world.signal('ab-0', side=SELL, quantity=40.0)
    world.fill('ab-0', 40.0, side=SELL, execution_id='first')
    entered(world, accept=False)
    assert world.state.brackets == {'AAPL': {'ab-1': 10.0}}
    for nth in range(3):
        order_id = world.order()
        world.update(order_id, S.CANCELLED)
        assert nth == 2 or world.state.brackets
    assert world.state.brackets == {}


def test_exits_outlive_the_memory_of_their_order(world, monkeypatch):
    monkeypatch.setattr(state, 'DONE_ORDERS', 3)
    entered(world)
    for _ in range(4):
        world.update(world.order(), S.CANCELLED)
    assert 'ab-1' not in world.state.orders
    world.fill(TP, 4.0, side=SELL, execution_id='out')
    assert changes(world) == [(SL, 6.0)]
    world.update(SL, S.ACCEPTED, quantity=6.0)
    world.update(SL, S.CANCELLED)
    world.update(TP, S.CANCELLED)
    assert world.state.brackets == {}


def test_two_fills_told_at_once_make_one_pair():
    reports = []
    world = worlds.World(matcher=lambda bar: reports)
    world.bar('AAPL', 100.0)
    world.signal('ab-1', side=BUY, quantity=10.0, **BRACKET)
    world.update('ab-1', S.ACCEPTED, broker_id='b')
    reports += [
        worlds.fill('ab-1', 4.0, execution_id='one'),
        worlds.fill('ab-1', 6.0, execution_id='two'),
    ]
    world.bar('AAPL', 100.0)
    assert [(o.id, o.quantity) for o in world.placed()] == [
        (TP, 10.0),
        (SL, 10.0),
    ]
