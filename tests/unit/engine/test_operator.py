"""What the operator asks for: done, or refused with a reason."""

import pytest

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
LIMIT = orders.OrderType.LIMIT
TRAILING = orders.OrderType.TRAILING_STOP
GTD = orders.TimeInForce.GTD


@pytest.fixture
def world():
    made = worlds.World(rules.MaxOrderNotional(50_000.0))
    for symbol in worlds.SYMBOLS:
        made.bar(symbol, 100.0)
    return made


def refuse(world, cls, message, kind=errors.RefusedError, **fields):
    """A refused command uses no number and changes nothing."""
    before = worlds.image(world.state)
    with pytest.raises(kind, match=message):
        world.command(cls, **fields)
    assert worlds.image(world.state) == before


def submit(world, **fields):
    fields = {'symbol': 'AAPL', 'side': BUY, 'quantity': 10.0} | fields
    return world.command(commands.SubmitOrder, **fields)


def test_an_order_by_hand_is_judged_and_sent(world):
    seq = world.state.seq + 1
    result = submit(world, type=LIMIT, price=99.0, reason='a hunch')
    assert world.kinds() == [T.COMMAND, T.ORDER_REQUEST, T.RISK_VERDICT]
    assert result == commands.CommandResult(
        ok=True,
        message='buy 10 AAPL sent',
        seq=seq,
        order_id=f'ab-{seq}-0-1',
        status='submitted',
    )
    (order,) = world.placed()
    assert (order.type, order.price, order.reason) == (LIMIT, 99.0, 'a hunch')
    assert (order.strategy, order.cause) == ('', seq)


@pytest.mark.parametrize('quantity', [499.0, 500.0, 501.0])
def test_an_order_that_is_only_weighed_has_the_figures_it_would_get(
    world, quantity
):
    asked = commands.SubmitOrder(symbol='AAPL', side=BUY, quantity=quantity)
    before = worlds.image(world.state)
    found = world.engine.weigh(asked, world.now)
    assert worlds.image(world.state) == before
    submit(world, quantity=quantity)
    verdict = world.events[-1 if quantity <= 500 else -2].data
    assert found.decision is verdict.decision
    assert found.message == verdict.message
    assert tuple(rule.figure for rule in found.rules) == verdict.figures
    assert [rule.name for rule in found.rules] == [
        'halted',
        'max_order_notional',
    ]
    assert found.rules[1].limit == 50_000.0


def test_a_change_is_weighed_as_it_would_be_judged(world):
    order_id = world.accepted(type=LIMIT, price=99.0)
    more = commands.ReplaceOrder(order_id=order_id, quantity=600.0)
    found = world.engine.weigh(more, world.now)
    assert found.decision is records.Decision.DENY
    assert [rule.failed for rule in found.rules] == [False, True]
    assert world.state.orders[order_id].status is S.ACCEPTED


def test_what_makes_no_sense_is_not_weighed(world):
    nobody = commands.SubmitOrder(symbol='NONE', side=BUY, quantity=1.0)
    with pytest.raises(errors.OrderError, match='not in this profile'):
        world.engine.weigh(nobody, world.now)


def test_an_order_by_hand_that_risk_denies_is_answered_so(world):
    result = submit(world, quantity=501.0)
    assert not result.ok
    assert result.status == 'denied'
    assert result.message.startswith('denied: max_order_notional: 50,100')
    assert world.placed() == []


def test_an_order_while_halted_is_denied(world):
    world.command(commands.Halt, who='operator', reason='enough')
    result = submit(world)
    assert not result.ok
    assert 'trading is HALTED (operator: enough)' in result.message


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'symbol': 'TSLA'}, 'its symbols are AAPL, IBM, MSFT'),
        ({'quantity': 0.0}, 'quantity 0 must be above 0'),
        ({'type': LIMIT}, 'a limit order needs a price'),
        ({'stop_price': 90.0}, 'a market order takes no stop price'),
        ({'trail': 2.0}, 'a market order takes no trail'),
        ({'type': TRAILING}, 'a trailing_stop order needs a trail'),
        ({'type': TRAILING, 'trail': '200%'}, "or a per cent as '2%'"),
        ({'time_in_force': GTD}, 'a gtd order needs the moment'),
        ({'expires': 2**62}, 'a gtc order takes no expires'),
        ({'time_in_force': GTD, 'expires': 1}, 'gtd needs a moment to come'),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(world, fields, message):
    fields = {'symbol': 'AAPL', 'side': BUY, 'quantity': 10.0} | fields
    refuse(world, commands.SubmitOrder, message, errors.OrderError, **fields)


def test_a_trailing_stop_by_hand_keeps_its_terms(world):
    result = submit(
        world,
        side=SELL,
        type=TRAILING,
        trail='2%',
        time_in_force=GTD,
        expires=2**62,
    )
    order = world.state.orders[result.order_id]
    assert (order.trail, order.expires) == ('2%', 2**62)


def test_all_orders_of_a_side_are_cancelled(world):
    kept = world.accepted(type=LIMIT, price=99.0)
    gone = world.accepted(side=SELL, type=LIMIT, price=101.0)
    result = world.command(commands.CancelAll, side=SELL)
    assert result.message == 'cancels sent for 1 order'
    assert world.status(gone) is S.PENDING_CANCEL
    assert world.status(kept) is S.ACCEPTED


def test_a_symbol_that_is_held_may_be_traded_though_not_configured(world):
    world.fill('theirs', 4.0, symbol='TSLA')
    world.bar('TSLA')
    assert submit(world, symbol='TSLA', side=SELL, quantity=4.0).ok


def test_a_cancel_is_sent(world):
    order_id = world.accepted()
    result = world.command(commands.CancelOrder, order_id=order_id)
    assert (result.ok, result.message) == (True, 'cancel sent')
    assert (result.order_id, result.status) == (order_id, 'pending_cancel')
    assert [one.order.id for one in world.effects(step.Cancel)] == [order_id]


def test_a_cancel_of_what_does_not_work_is_refused(world):
    done = world.accepted()
    world.update(done, S.CANCELLED)
    cls = commands.CancelOrder
    refuse(world, cls, f'order {done} is cancelled', order_id=done)
    refuse(world, cls, 'there is no order ab-0', order_id='ab-0')


def test_a_refused_cancel_works_on(world):
    order_id = world.order()
    world.command(commands.CancelOrder, order_id=order_id)
    resting = world.state.orders[order_id].resting
    world.update(order_id, resting, message='too late')
    assert world.status(order_id) is S.SUBMITTED
    assert world.alerts() == []


@pytest.mark.parametrize(
    ('symbol', 'count', 'message'),
    [
        (None, 3, 'cancels sent for 3 orders'),
        ('AAPL', 2, 'cancels sent for 2 orders'),
        ('IBM', 1, 'cancels sent for 1 order'),
        ('MSFT', 0, 'cancels sent for 0 orders'),
    ],
)
def test_all_orders_or_those_of_a_symbol_are_cancelled(
    world, symbol, count, message
):
    for one in ('AAPL', 'IBM', 'AAPL'):
        world.accepted(symbol=one)
    result = world.command(commands.CancelAll, symbol=symbol)
    assert len(world.effects(step.Cancel)) == count
    assert (result.ok, result.message) == (True, message)


def limit(world, **fields):
    return world.accepted(type=LIMIT, price=99.0, **fields)


def test_a_change_is_judged_and_sent(world):
    order_id = limit(world)
    result = world.command(
        commands.ReplaceOrder, order_id=order_id, quantity=12.0, price=98.0
    )
    assert world.kinds() == [T.COMMAND, T.RISK_VERDICT, T.ORDER_UPDATE]
    (effect,) = world.effects(step.Replace)
    assert (effect.quantity, effect.price, effect.stop_price) == (
        12.0,
        98.0,
        None,
    )
    # The terms are the broker's to change.
    assert (effect.order.quantity, effect.order.price) == (10.0, 99.0)
    assert (result.ok, result.status) == (True, 'pending_replace')
    world.update(order_id, S.ACCEPTED, quantity=12.0, price=98.0)
    order = world.state.orders[order_id]
    assert (order.quantity, order.price) == (12.0, 98.0)


def test_a_change_under_way_is_no_room_for_another_order():
    world = worlds.World(rules.MaxPosition(100.0))
    world.bar('AAPL')
    limit = {'type': orders.OrderType.LIMIT, 'price': 99.0}
    order_id = world.accepted(BUY, 10.0, **limit)
    world.command(
        commands.ReplaceOrder, order_id=order_id, quantity=50.0, price=103.0
    )
    order = world.state.orders[order_id]
    assert (order.quantity, order.price) == (10.0, 99.0)
    assert (order.changing, order.changing_price) == (50.0, 103.0)
    assert world.status(world.order(BUY, 51.0)) is S.DENIED
    assert world.status(world.order(BUY, 50.0)) is S.SUBMITTED


def test_a_change_that_risk_denies_is_not_sent(world):
    order_id = limit(world)
    result = world.command(
        commands.ReplaceOrder, order_id=order_id, quantity=600.0
    )
    assert world.effects() == []
    assert not result.ok
    assert result.message.startswith('denied: max_order_notional')
    assert (result.order_id, result.status) == (order_id, 'accepted')
    assert world.status(order_id) is S.ACCEPTED


def test_a_change_of_a_trigger_is_sent(world):
    order_id = world.accepted(type=orders.OrderType.STOP, stop_price=105.0)
    world.command(commands.ReplaceOrder, order_id=order_id, stop_price=110.0)
    (effect,) = world.effects(step.Replace)
    assert effect.stop_price == 110.0


def test_a_trailing_stop_is_not_changed(world):
    order_id = world.accepted(type=TRAILING, trail=2.0)
    refuse(
        world,
        commands.ReplaceOrder,
        'cancel it and send another',
        order_id=order_id,
        quantity=5.0,
    )


def test_a_change_that_cannot_be_is_refused(world):
    cls = commands.ReplaceOrder
    refuse(world, cls, 'there is no order', order_id='ab-0', quantity=1.0)
    fresh = world.order()
    refuse(world, cls, 'cannot be changed now', order_id=fresh, quantity=1.0)
    order_id = limit(world)
    world.fill(order_id, 4.0)
    for quantity, message in (
        (4.0, 'must be above the 4 filled'),
        (-1.0, 'quantity -1 must be above 0'),
    ):
        refuse(
            world,
            cls,
            message,
            errors.OrderError,
            order_id=order_id,
            quantity=quantity,
        )
    refuse(
        world,
        cls,
        'a limit order takes no stop price',
        errors.OrderError,
        order_id=order_id,
        stop_price=90.0,
    )


def test_a_flatten_closes_every_position(world):
    world.held(10.0, 'AAPL')
    world.held(5.0, 'IBM', SELL)
    result = world.command(commands.Flatten)
    assert [(o.symbol, o.side, o.quantity) for o in world.placed()] == [
        ('AAPL', SELL, 10.0),
        ('IBM', BUY, 5.0),
    ]
    seq = result.seq
    ids = [order.id for order in world.placed()]
    assert ids == [f'ab-{seq}-0-1', f'ab-{seq}-0-2']
    assert (result.ok, result.message) == (True, 'closing 2 positions')
    assert world.state.closing == {}


def test_a_flatten_of_a_symbol_closes_that_one(world):
    world.held(10.0, 'AAPL')
    world.held(5.0, 'IBM')
    result = world.command(commands.Flatten, symbol='IBM')
    assert [order.symbol for order in world.placed()] == ['IBM']
    assert result.message == 'closing 1 position'


def test_a_flatten_names_the_strategies_that_go_on_counting(world):
    world.bar()
    world.signal('ab-1', side=BUY, quantity=100.0)
    world.fill('ab-1', 100.0)
    result = world.command(commands.Flatten)
    assert result.message == (
        'closing 1 position; sma still counts it as its own, but cannot close '
        'it again'
    )
    world.held(5.0, 'IBM')
    result = world.command(commands.Flatten, symbol='IBM')
    assert result.message == 'closing 1 position'


@pytest.mark.parametrize(
    ('held', 'share', 'closed'),
    [(10.0, 0.25, 3.0), (9.0, 1 / 3, 3.0), (10.0, 1.0, 10.0), (2.5, 0.5, 1.25)],
)
def test_a_flatten_of_a_share_closes_a_part(world, held, share, closed):
    world.held(held)
    world.command(commands.Halt, who='operator')
    world.command(commands.Flatten, confirm='FLATTEN', share=share)
    (order,) = world.placed()
    assert (order.side, order.quantity) == (SELL, closed)


def test_a_flatten_after_one_of_a_share_closes_the_rest(world):
    world.held(10.0)
    world.command(commands.Flatten, share=0.5)
    (first,) = world.placed()
    world.fill(first.id, 5.0, side=SELL, execution_id='x2')
    world.command(commands.Flatten)
    (second,) = world.placed()
    assert second.quantity == 5.0


@pytest.mark.parametrize('share', [0.0, -0.5, 1.5, float('nan')])
def test_a_share_that_is_none_is_refused(world, share):
    world.held(10.0)
    with pytest.raises(errors.OrderError, match='cannot be closed'):
        world.command(commands.Flatten, share=share)


def test_a_flatten_of_nothing_does_nothing(world):
    result = world.command(commands.Flatten)
    assert (result.ok, result.message) == (True, 'closing 0 positions')
    assert world.kinds() == [T.COMMAND]


def test_a_flatten_waits_for_the_cancels_then_closes(world):
    world.held(10.0)
    first = world.accepted(BUY, 5.0)
    second = world.accepted(SELL, 3.0)
    result = world.command(commands.Flatten)
    assert result.message == (
        'closing 1 position, 1 once its working orders are cancelled'
    )
    cancels = [one.order.id for one in world.effects(step.Cancel)]
    assert cancels == [first, second]
    assert world.placed() == []
    world.update(first, S.CANCELLED)
    assert world.placed() == []
    # What fills before its cancel is closed with the rest.
    world.fill(second, 3.0, side=SELL)
    (closing,) = world.placed()
    assert (closing.side, closing.quantity) == (SELL, 7.0)
    assert closing.id == f'ab-{result.seq}-0-1'
    assert closing.cause == world.last.events[-3].seq
    world.fill(closing.id, 7.0, side=SELL, execution_id='x9')
    assert world.state.portfolio.held == {}
    assert world.state.closing == {}


def test_a_fill_told_twice_while_a_flatten_waits_is_nothing(world):
    world.held(10.0)
    first = world.accepted(BUY, 5.0)
    world.fill(first, 2.0, execution_id='x7')
    world.command(commands.Flatten)
    assert world.fill(first, 2.0, execution_id='x7').events == []
    world.update(first, S.CANCELLED)
    (closing,) = world.placed()
    assert closing.quantity == 12.0


def test_a_flatten_whose_position_closes_by_itself_is_forgotten(world):
    world.held(10.0)
    exit_id = world.accepted(SELL, 10.0)
    world.command(commands.Flatten)
    world.fill(exit_id, 10.0, side=SELL, execution_id='x9')
    assert world.placed() == []
    assert world.state.closing == {}


def test_a_flatten_cancels_orders_of_symbols_that_are_not_held(world):
    entry = world.accepted(symbol='IBM')
    result = world.command(commands.Flatten)
    assert [one.order.id for one in world.effects(step.Cancel)] == [entry]
    assert result.message == (
        'closing 0 positions, 1 once its working orders are cancelled'
    )
    world.update(entry, S.CANCELLED)
    assert world.placed() == []
    assert world.state.closing == {}


def test_a_flatten_closes_what_fills_before_its_cancel(world):
    entry = world.accepted(symbol='IBM')
    world.command(commands.Flatten, symbol='IBM')
    world.fill(entry, 10.0, symbol='IBM')
    (closing,) = world.placed()
    assert (closing.symbol, closing.side, closing.quantity) == (
        'IBM',
        SELL,
        10.0,
    )


def test_a_second_flatten_leaves_the_first_ones_symbols_alone(world):
    world.held(10.0, 'AAPL')
    world.held(5.0, 'IBM')
    world.accepted(symbol='AAPL', side=SELL, quantity=1.0)
    world.command(commands.Flatten, symbol='AAPL')
    waiting = dict(world.state.closing)
    result = world.command(commands.Flatten, symbol='IBM')
    assert result.message == 'closing 1 position'
    assert world.state.closing == waiting


def test_while_a_flatten_waits_its_symbol_takes_no_new_orders(world):
    world.held(10.0)
    working = world.accepted(BUY, 5.0)
    world.run()
    world.command(commands.Flatten)
    world.signal(side=BUY, quantity=1.0)
    (message,) = world.alerts()
    assert message == (
        'denied buy 1 AAPL: a flatten is closing AAPL and waits for its '
        'working orders to end; a halt gives it up'
    )
    # Another symbol is none of its business.
    world.bar('IBM')
    assert world.status(world.order(symbol='IBM')) is S.SUBMITTED
    world.update(working, S.CANCELLED)
    (closing,) = world.placed()
    assert closing.quantity == 10.0
    # Once it is on its way, orders are taken again.
    assert world.status(world.order()) is S.SUBMITTED


def test_a_flatten_while_halted_needs_its_word(world):
    world.held(10.0)
    world.command(commands.Halt, who='operator')
    for word in ('', 'flatten', 'RESUME'):
        refuse(world, commands.Flatten, 'type FLATTEN', confirm=word)
    result = world.command(commands.Flatten, confirm='FLATTEN')
    assert result.ok
    (closing,) = world.placed()
    assert (closing.side, closing.quantity) == (SELL, 10.0)


def test_a_flatten_while_halted_waits_for_the_cancels_of_the_halt(world):
    world.held(10.0)
    working = world.accepted(SELL, 4.0)
    world.command(commands.Halt, who='operator')
    world.command(commands.Flatten, confirm='FLATTEN')
    # The halt has asked for the cancel already.
    assert world.effects(step.Cancel) == world.placed() == []
    world.update(working, S.CANCELLED)
    (closing,) = world.placed()
    assert closing.quantity == 10.0


def test_a_halt_ends_a_flatten_that_waits(world):
    world.held(10.0)
    working = world.accepted(SELL, 4.0)
    world.command(commands.Flatten)
    world.command(commands.Halt, who='operator')
    world.update(working, S.CANCELLED)
    assert world.placed() == []


class NoSale(rules.RiskRule):
    """Lets nothing be sold."""

    name = 'no_sale'
    unit = 'sales'

    def figure(self, order, system):
        return float(order.side is SELL)


def test_a_flatten_that_risk_denies_is_answered_so():
    world = worlds.World(NoSale(0.0))
    world.held(10.0)
    result = world.command(commands.Flatten)
    assert not result.ok
    assert result.message == (
        'denied: no_sale: 1 sales is above the limit of 0'
    )
    assert world.state.closing == {}


def test_a_flatten_of_an_unknown_symbol_is_refused(world):
    refuse(
        world,
        commands.Flatten,
        'TSLA is not in this profile',
        errors.OrderError,
        symbol='TSLA',
    )


def test_trading_resumes_by_the_typed_word_alone(world):
    world.command(commands.Halt, who='operator')
    for word in ('', 'resume', 'FLATTEN'):
        refuse(world, commands.Resume, 'type RESUME', confirm=word)
    result = world.command(commands.Resume, confirm='RESUME')
    assert result.ok
    assert world.state.trading is records.TradingState.TRADING
    assert world.effects() == [step.Release()]
    assert world.kinds() == [T.COMMAND, T.TRADING_STATE]


def test_a_halt_is_answered(world):
    result = world.command(commands.Halt, who='operator')
    assert (result.ok, result.message) == (
        True,
        'halted: resume with the typed word',
    )


def test_reducing_lets_through_only_what_shrinks(world):
    world.held(10.0)
    result = world.command(commands.Reduce, reason='too wild')
    assert result.ok
    assert world.state.trading is records.TradingState.REDUCING
    assert world.state.halted_by == 'operator: too wild'
    assert world.status(world.order()) is S.DENIED
    assert world.status(world.order(SELL)) is S.SUBMITTED


def test_reducing_leaves_strategies_and_what_shrinks_alone(world):
    world.run('sma')
    world.held(10.0)
    order_id = world.accepted(SELL)
    world.command(commands.Reduce)
    assert world.effects() == []
    assert world.status(order_id) is S.ACCEPTED


def test_reducing_is_lifted_by_the_typed_word(world):
    world.command(commands.Reduce)
    refuse(world, commands.Resume, 'type RESUME', confirm='')
    result = world.command(commands.Resume, confirm='RESUME')
    assert (result.ok, result.message) == (True, 'trading')
    assert world.state.trading is records.TradingState.TRADING


def test_only_trading_can_be_reduced(world):
    world.command(commands.Reduce, reason='first')
    refuse(world, commands.Reduce, 'REDUCING already \\(operator: first')
    world.command(commands.Halt, who='operator')
    refuse(world, commands.Reduce, 'HALTED already')


def test_a_flatten_that_waits_goes_on_while_reducing(world):
    world.held(10.0)
    world.accepted(SELL, type=orders.OrderType.LIMIT, price=200.0)
    world.command(commands.Flatten, symbol='AAPL')
    assert 'AAPL' in world.state.closing
    world.command(commands.Reduce)
    assert 'AAPL' in world.state.closing


def test_a_strategy_starts(world):
    result = world.command(commands.StartStrategy, name='sma')
    assert (result.ok, result.message) == (True, 'starting sma')
    assert world.effects() == [step.Start('sma', result.seq)]
    assert world.state.strategies['sma'].status == 'starting'


def test_a_strategy_stops(world):
    world.run('sma')
    result = world.command(commands.StopStrategy, name='sma')
    assert (result.ok, result.message) == (True, 'stopping sma')
    assert world.effects() == [step.Stop('sma', result.seq)]


@pytest.mark.parametrize(
    ('cls', 'back', 'message'),
    [
        (commands.ReloadStrategy, False, 'reloading sma'),
        (commands.RollbackStrategy, True, 'rolling back sma'),
    ],
)
def test_a_running_strategy_changes_its_version(world, cls, back, message):
    refuse(world, cls, 'sma is not running; started, it takes', name='sma')
    world.run('sma')
    result = world.command(cls, name='sma')
    assert (result.ok, result.message) == (True, message)
    assert world.effects() == [step.Reload('sma', result.seq, back)]
    assert world.state.strategies['sma'].status == 'running'


def test_a_running_strategy_gets_other_parameters(world):
    world.run('sma')
    asked = {'fast': 12, 'slow': None}
    result = world.command(commands.SetParameters, name='sma', parameters=asked)
    assert (result.ok, result.message) == (True, 'setting fast, slow')
    assert world.effects() == [
        step.Reload('sma', result.seq, back=False, given={'fast': 12})
    ]
    # They hold once it runs with them.
    assert world.state.parameters == {}


def told(world, **fields):
    status = records.StrategyStatus(strategy='sma', **fields)
    world.tell(T.STRATEGY_STATUS, status)


def test_what_is_set_by_hand_is_kept_and_added_to(world):
    world.run('sma')
    told(world, status='running', parameters={'fast': 12, 'slow': 30})
    told(world, status='running')
    world.command(
        commands.SetParameters, name='sma', parameters={'slow': None, 'x': 1}
    )
    (effect,) = world.effects()
    assert effect.given == {'fast': 12, 'x': 1}
    told(world, status='running', parameters={})
    assert world.state.parameters == {}


def test_a_stopped_strategy_gets_its_parameters_with_its_start(world):
    set_one = commands.SetParameters
    for name in ('sma', 'mean'):
        result = world.command(set_one, name=name, parameters={'fast': 12})
        assert result.message == f'{name} takes this with its next start'
        assert world.effects() == []
        assert world.state.parameters[name] == {'fast': 12}
    told(world, status='failed', detail='why', policy='cancel')
    world.command(set_one, name='sma', parameters={'fast': None})
    status = world.state.strategies['sma']
    assert (status.status, status.detail, status.policy) == (
        'failed',
        'why',
        '',
    )
    assert 'sma' not in world.state.parameters


def test_parameters_that_nobody_would_take_are_refused(world):
    set_one = commands.SetParameters
    refuse(world, set_one, 'nothing is set', name='sma', parameters={})
    refuse(world, set_one, 'no strategy macd', name='macd', parameters={'a': 1})
    world.command(commands.StartStrategy, name='sma')
    refuse(world, set_one, 'is starting', name='sma', parameters={'a': 1})


def test_a_strategy_that_is_not_there_is_refused(world):
    for cls in (
        commands.StartStrategy,
        commands.StopStrategy,
        commands.ReloadStrategy,
    ):
        refuse(world, cls, 'no strategy macd; there are sma, mean', name='macd')


def test_a_strategy_starts_once_and_stops_once(world):
    start, stop = commands.StartStrategy, commands.StopStrategy
    refuse(world, stop, 'sma is not running', name='sma')
    world.command(start, name='sma')
    refuse(world, start, 'sma is running already', name='sma')
    world.tell(
        T.STRATEGY_STATUS,
        records.StrategyStatus(strategy='sma', status='failed', detail='why'),
    )
    refuse(world, stop, 'sma is not running', name='sma')
    assert world.command(start, name='sma').ok


def test_no_strategy_starts_while_halted(world):
    world.command(commands.Halt, who='operator')
    refuse(world, commands.StartStrategy, 'resume before starting', name='sma')


def test_alerts_are_acknowledged(world):
    result = world.command(commands.AcknowledgeAlerts, up_to=7)
    assert (result.ok, result.message) == (True, 'seen')
    assert world.last.events[1].data == records.AlertSeen(up_to=7)
