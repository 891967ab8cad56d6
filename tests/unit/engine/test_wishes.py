"""Signals: each one becomes an order or is refused, and says why."""

import math
import pathlib

import hypothesis
import pytest

from sting.engine import step
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.risk import rules
from tests.unit.engine import histories
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
G = records.Gate
KIND = orders.SignalKind


@pytest.fixture
def world():
    made = worlds.World(rules.MaxOrderNotional(50_000.0))
    made.bar('AAPL', 100.0)
    return made


def refused(world):
    """Gate and reason of the last step's one refusal."""
    (event,) = (e for e in world.last.events if e.type is T.SIGNAL_REFUSED)
    return event.data.gate, event.data.reason


def test_a_signal_becomes_an_order_in_one_step(world):
    world.signal(
        'ab-3-1-1',
        side=BUY,
        quantity=10.0,
        type=orders.OrderType.STOP_LIMIT,
        price=101.0,
        stop_price=100.5,
        trail='1%',
        take_profit=120.0,
        stop_loss=90.0,
        time_in_force=orders.TimeInForce.DAY,
        reason='crossed',
        code='c0de',
    )
    signal, request, verdict = world.last.events
    assert world.kinds() == [T.SIGNAL, T.ORDER_REQUEST, T.RISK_VERDICT]
    assert (request.cause, verdict.cause) == (signal.seq, request.seq)
    (order,) = world.placed()
    assert order == orders.Order(
        id='ab-3-1-1',
        symbol='AAPL',
        side=BUY,
        quantity=10.0,
        type=orders.OrderType.STOP_LIMIT,
        price=101.0,
        stop_price=100.5,
        trail='1%',
        take_profit=120.0,
        stop_loss=90.0,
        time_in_force=orders.TimeInForce.DAY,
        strategy='sma',
        reason='crossed',
        code='c0de',
        created=world.now,
        updated=world.now,
        status=S.SUBMITTED,
        resting=S.SUBMITTED,
        cause=signal.seq,
        seq=request.seq,
        judged=verdict.seq,
    )


def test_a_signal_that_risk_denies_places_nothing(world):
    world.signal(side=BUY, quantity=501.0)
    assert world.status('ab-s-1-1') is S.DENIED
    assert world.placed() == []
    (told,) = world.effects(step.Notify)
    assert told.order.status is S.DENIED
    (message,) = world.alerts()
    assert message.startswith('denied buy 501 AAPL: max_order_notional')


def test_a_repeated_signal_changes_nothing_and_is_kept(world):
    world.signal(side=BUY, quantity=10.0)
    world.signal(side=BUY, quantity=10.0, reason='again')
    assert world.effects() == []
    assert refused(world) == (G.DUPLICATE, 'ab-s-1-1 is submitted already')
    (event,) = world.last.events
    assert event.data.signal.reason == 'again'


def test_a_way_out_that_waits_is_not_repeated(world):
    world.protected()
    world.signal('ab-3', kind=KIND.CLOSE)
    world.signal('ab-3', kind=KIND.CLOSE)
    assert refused(world) == (G.DUPLICATE, 'ab-3 waits already')


@pytest.mark.parametrize('status', ['stopped', 'failed', 'quarantined'])
def test_what_comes_late_of_a_strategy_that_is_out_is_kept_and_not_sent(
    world, status
):
    told = records.StrategyStatus(strategy='sma', status=status)
    world.tell(T.STRATEGY_STATUS, told, 'sma')
    world.signal(side=BUY, quantity=10.0)
    assert refused(world) == (G.STOPPED, f'sma is {status}')
    assert world.state.orders == {}
    world.signal(strategy='mean', side=BUY, quantity=10.0)
    assert world.placed()


def test_a_refusal_outside_the_log_names_the_event_that_was_answered(world):
    wrong = orders.Signal(symbol='AAPL', order_id='ab-2-1-1', strategy='sma')
    world.tell(T.SIGNAL, wrong, 'sma', 'AAPL', cause=2)
    event = world.last.events[-1]
    assert (event.type, event.cause) == (T.SIGNAL_REFUSED, 2)
    assert (event.symbol, event.data.signal) == ('AAPL', wrong)


def test_of_a_signal_that_cannot_be_written_the_rest_is_kept(world):
    world.signal('ab-\udce9', symbol=7, side=BUY, quantity=math.nan)
    event = world.last.events[-1]
    assert (event.symbol, event.data.order_id) == ('7', 'ab-?')
    assert event.data.signal is None
    assert events.decode(event.type, events.encode(event.data)) == event.data


@pytest.mark.parametrize('quantity', [1.0, math.nan])
def test_what_is_refused_outside_is_kept_as_far_as_it_can_be(world, quantity):
    late = orders.Signal(
        symbol='AAPL', side=BUY, quantity=quantity, order_id='ab-2-1-1',
        strategy='sma',
    )  # fmt: skip
    refusal = records.Refusal(
        order_id='ab-2-1-1', strategy='sma', gate=G.STALE, signal=late
    )
    world.tell(T.SIGNAL_REFUSED, refusal, 'sma', 'AAPL', cause=2)
    (event,) = world.last.events
    assert (event.source, event.symbol, event.cause) == ('sma', 'AAPL', 2)
    assert event.data.signal == (late if quantity == 1.0 else None)
    assert events.decode(event.type, events.encode(event.data)) == event.data
    assert world.state.ledger.tallies['sma'].untraded == 1


def too_late(world, gate=G.STALE, **fields):
    """Refuses a signal from outside; gives the order that it is told of."""
    signal = orders.Signal(
        **{'symbol': 'AAPL', 'order_id': 'ab-2-1-1', 'strategy': 'sma'} | fields
    )
    refusal = records.Refusal(
        order_id='ab-2-1-1',
        strategy='sma',
        gate=gate,
        reason='too late',
        signal=signal,
    )
    world.tell(T.SIGNAL_REFUSED, refusal, 'sma', 'AAPL', cause=2)
    told = [e for e in world.last.effects if isinstance(e, step.Notify)]
    assert [each.event for each in told] == world.last.events[: len(told)]
    return [each.order for each in told]


@pytest.mark.parametrize('gate', [G.STALE, G.STOPPED])
def test_a_strategy_is_told_that_a_wish_came_too_late(world, gate):
    (order,) = too_late(world, gate, side=SELL, quantity=3.0)
    assert (order.id, order.strategy) == ('ab-2-1-1', 'sma')
    assert (order.status, order.message) == (S.DENIED, 'too late')
    assert (order.side, order.quantity, order.judged) == (SELL, 3.0, 0)
    assert 'ab-2-1-1' not in world.state.orders


@pytest.mark.parametrize(
    ('fields', 'side', 'quantity'),
    [
        ({'kind': KIND.TARGET, 'quantity': -5.0}, SELL, 5.0),
        ({'kind': KIND.TARGET_WEIGHT, 'weight': 0.5}, BUY, 0.0),
        ({'kind': KIND.CLOSE}, BUY, 0.0),
    ],
)
def test_so_it_is_of_a_target(world, fields, side, quantity):
    (order,) = too_late(world, **fields)
    assert (order.side, order.quantity) == (side, quantity)


def test_of_a_cancel_and_of_a_repeated_wish_it_is_told_nothing(world):
    assert not too_late(world, kind=KIND.CANCEL)
    assert not too_late(world, G.DUPLICATE, side=BUY, quantity=1.0)


def test_a_size_of_nothing_is_refused(world):
    world.signal(side=BUY, quantity=1e-10)
    assert refused(world) == (G.PRICE, 'the sizing gives nothing')


def test_a_close_of_nothing_is_refused(world):
    world.signal(kind=KIND.CLOSE)
    assert refused(world) == (G.REACHED, 'it comes to 0 AAPL already')


def test_a_second_way_out_is_refused(world):
    world.protected()
    world.signal('ab-3', kind=KIND.CLOSE)
    assert T.SIGNAL_REFUSED not in world.kinds()
    world.signal('ab-4', kind=KIND.CLOSE)
    assert refused(world) == (G.EXIT, 'ab-3 waits to go out already')


def test_an_order_without_a_quantity_is_sized(world):
    world.signal(side=BUY)
    assert world.placed()[0].quantity == 100.0


def test_an_order_that_cannot_be_sized_is_not_made(world):
    world.signal(symbol='IBM', side=BUY)
    assert world.kinds() == [T.SIGNAL, T.SIGNAL_REFUSED]
    assert refused(world) == (G.PRICE, 'IBM has no price yet')


def test_a_weight_that_gives_no_sound_quantity_is_an_alert(world):
    world.bar('AAPL', 1e-300)
    world.signal('ab-1', kind=KIND.TARGET_WEIGHT, weight=0.5)
    assert world.kinds() == [T.SIGNAL, T.RISK_ALERT, T.SIGNAL_REFUSED]
    assert refused(world)[0] is G.DOORS
    assert 'wants what makes no sense' in world.alerts()[0]
    assert world.state.orders == {}


def test_a_symbol_that_is_not_in_the_profile_is_denied_with_an_alert(world):
    world.signal('ab-3-1-1', symbol='ZZZZ', side=BUY, quantity=5.0)
    assert world.status('ab-3-1-1') is S.DENIED
    assert world.placed() == []
    assert 'ZZZZ is not in this profile; its symbols are' in world.alerts()[0]


def test_what_is_held_is_sold_though_it_is_not_in_the_profile(world):
    world.held(symbol='AAPL')
    world.engine._desk._symbols = frozenset()
    world.signal('ab-9-1-1', side=SELL, quantity=5.0)
    assert world.status('ab-9-1-1') is S.SUBMITTED


def test_a_strategy_cancels_its_own_order(world):
    world.signal('ab-1', side=BUY, quantity=10.0)
    world.signal('ab-1', kind=KIND.CANCEL, reason='late')
    (cancel,) = world.effects(step.Cancel)
    assert cancel.order.status is S.PENDING_CANCEL
    assert cancel.order.message == 'late'


@pytest.mark.parametrize('order_id', ['ab-1', 'unknown'])
def test_a_strategy_cancels_no_other_order(world, order_id):
    world.signal('ab-1', side=BUY, quantity=10.0)
    world.signal(order_id, kind=KIND.CANCEL, strategy='mean')
    assert refused(world) == (G.CANCEL, f'mean has no order {order_id}')
    assert world.effects() == []


def test_a_cancel_of_what_is_done_or_pending_asks_nothing(world):
    world.signal('ab-1', side=BUY, quantity=10.0)
    world.signal('ab-1', kind=KIND.CANCEL)
    world.signal('ab-1', kind=KIND.CANCEL)
    assert world.effects() == []
    assert refused(world) == (G.CANCEL, 'it is pending_cancel already')
    world.update('ab-1', S.CANCELLED)
    world.signal('ab-1', kind=KIND.CANCEL)
    assert world.effects() == []
    assert world.status('ab-1') is S.CANCELLED


def test_the_guide_names_every_gate():
    guide = pathlib.Path(__file__).parents[3] / 'docs/guides/EVENT_LOG.md'
    text = guide.read_text()
    assert [gate for gate in G if f'| `{gate}` |' not in text] == []


@hypothesis.given(histories.histories)
def test_every_signal_of_a_log_has_one_fate(acts):
    world = histories.played(acts)
    for signal in (e for e in world.events if e.type is T.SIGNAL):
        fates = [e for e in world.events if is_fate(e, signal)]
        waits = signal.data.order_id in world.state.exits
        # A way out has a cancel for each order that works.
        kinds = {e.type for e in fates if e.type is not T.ORDER_UPDATE}
        if signal.data.kind is KIND.CANCEL:
            assert len(fates) == 1
        else:
            assert len(kinds) + waits == 1


def is_fate(event, signal):
    if event.type in (T.SIGNAL_REFUSED, T.ORDER_UPDATE):
        return event.cause == signal.seq
    return event.type is T.ORDER_REQUEST and (
        event.data.id == signal.data.order_id
        and signal.data.kind is not KIND.CANCEL
    )
