"""Samples of every payload, and hypothesis strategies that make them."""

import typing

from hypothesis import strategies as st
import msgspec

from sting.model import commands
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.model import stops

_T = events.EventType

EVERY_COMMAND = (
    commands.SubmitOrder(
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=1.5,
        type=orders.OrderType.STOP_LIMIT,
        price=101.0,
        stop_price=100.5,
        time_in_force=orders.TimeInForce.DAY,
        reason='by hand',
        take_profit=120.0,
        stop_loss=90.0,
        extended_hours=True,
        trail='2%',
        expires=1_700_000_000_000_000_000,
    ),
    commands.CancelOrder(order_id='ab-1-0-1'),
    commands.CancelAll(symbol='AAPL', side=orders.OrderSide.SELL),
    commands.ReplaceOrder(
        order_id='ab-1-0-1', quantity=2.0, price=99.0, stop_price=98.0
    ),
    commands.Flatten(symbol='AAPL', confirm='FLATTEN', share=0.25),
    commands.Halt(who='signal', reason='SIGQUIT'),
    commands.Reduce(who='max_loss', reason='too much'),
    commands.Resume(confirm='RESUME'),
    commands.StartStrategy(name='sma'),
    commands.StopStrategy(name='sma'),
    commands.ReloadStrategy(name='sma'),
    commands.RollbackStrategy(name='sma'),
    commands.SetParameters(
        name='sma', parameters={'fast': 12, 'slow': None}, strategy='sma.py'
    ),
    commands.AcknowledgeAlerts(up_to=7, only=True),
    commands.WatchSymbol(symbol='MSFT'),
    commands.UnwatchSymbol(symbol='MSFT'),
    commands.Settle(
        id='position-AAPL',
        how=commands.How.ADOPT,
        strategy='sma',
        confirm='FLATTEN',
    ),
    commands.Protect(
        symbol='AAPL',
        stop_loss='2%',
        take_profit=120.0,
        trail=1.5,
        max_holding='5d',
        strategy='sma',
    ),
    commands.MoveStop(symbol='AAPL', stop_price=95.0, strategy='sma'),
)

# One payload of each type with every field away from its default.
SAMPLES = {
    _T.LOG_CREATED: records.LogCreated(
        log='0a1b2c3d',
        profile='demo',
        mode=records.Mode.DEMO,
        currency='EUR',
        cash=100_000.0,
        broker='alpaca',
        account='PA1',
        began=7,
        venues=(
            records.Venue(
                broker='alpaca', account='PA1', cash=60_000.0, began=7
            ),
        ),
    ),
    _T.SYSTEM_STATUS: records.SystemStatus(
        component='feed:demo', status='connected', detail='generated bars'
    ),
    _T.MARKET_DATA: market.MarketData(
        'AAPL', 1_362_171_600_000_000_000, 1.0, 2.5, 0.5, 2.0, 1e6, '1d', False
    ),
    _T.QUOTE: market.Quote('AAPL', 7, 99.5, 100.5, 300.0, 200.0),
    _T.TRADE: market.Trade('AAPL', 7, 100.25, 10.0),
    _T.DATA_ISSUE: market.DataIssue('AAPL', 7, 'stale', 'nothing for 60 s'),
    _T.SIGNAL: orders.Signal(
        symbol='AAPL',
        kind=orders.SignalKind.TARGET_WEIGHT,
        side=orders.OrderSide.SELL,
        quantity=3.0,
        weight=0.25,
        type=orders.OrderType.TRAILING_STOP,
        price=101.0,
        stop_price=99.0,
        trail='2%',
        take_profit=120.0,
        stop_loss=90.0,
        time_in_force=orders.TimeInForce.GTD,
        expires=99,
        reason='crossed',
        order_id='ab-7-1-1',
        strategy='sma',
        indicators={'fast': 1.25, 'slow': 1.5},
        code='0123456789abcdef',
        oco='out',
        extended_hours=True,
    ),
    _T.SIGNAL_REFUSED: records.Refusal(
        order_id='ab-7-1-1',
        strategy='sma',
        gate=records.Gate.STALE,
        reason='decided 90 s ago',
        signal=orders.Signal(
            symbol='AAPL',
            side=orders.OrderSide.BUY,
            quantity=3.0,
            reason='crossed',
            order_id='ab-7-1-1',
            strategy='sma',
            indicators={'fast': 1.25},
        ),
    ),
    _T.ORDER_REQUEST: orders.Order(
        id='ab-7-1-1',
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=10.0,
        type=orders.OrderType.LIMIT,
        price=101.0,
        stop_price=99.0,
        trail=0.5,
        take_profit=120.0,
        stop_loss=90.0,
        time_in_force=orders.TimeInForce.GTD,
        expires=99,
        strategy='sma',
        reason='crossed',
        created=7,
        updated=8,
        status=orders.OrderStatus.PENDING_CANCEL,
        resting=orders.OrderStatus.PARTIALLY_FILLED,
        filled=4.0,
        average_price=100.5,
        fees=0.4,
        triggered=True,
        changing=12.0,
        changing_price=102.0,
        changing_stop=98.5,
        broker_id='b-1',
        message='by the operator',
        cause=7,
        seq=8,
        judged=9,
        code='0123456789abcdef',
        parent='ab-6-1-1',
        oco='ab-6-1-1',
        extended_hours=True,
        broker='alpaca',
        sizing='fixed',
        held=6.0,
    ),
    _T.RISK_VERDICT: records.Verdict(
        order_id='ab-7-1-1',
        decision=records.Decision.DENY,
        figures=(0.0, None, 12.5),
        failed=(2,),
        rules=2,
        quantity=10.0,
        message='max_position: 12.5 units is above the limit of 10',
    ),
    _T.ORDER_UPDATE: orders.OrderUpdate(
        order_id='ab-7-1-1',
        status=orders.OrderStatus.ACCEPTED,
        broker_id='b-1',
        message='changed',
        quantity=12.0,
        price=102.0,
        stop_price=98.0,
        triggered=True,
    ),
    _T.FILL: orders.Fill(
        order_id='ab-7-1-1',
        execution_id='x-1',
        symbol='AAPL',
        side=orders.OrderSide.SELL,
        quantity=4.0,
        price=100.5,
        fee=0.4,
        timestamp=9,
        tag='gap',
        broker='alpaca',
    ),
    _T.POSITION_UPDATE: portfolio.Position(
        symbol='AAPL',
        quantity=-4.0,
        average_price=100.5,
        realized=1.5,
        fees=0.4,
        opened=7,
        updated=9,
    ),
    _T.RISK_ALERT: records.Alert(
        severity=records.Severity.CRITICAL, message='HALTED', source='stop'
    ),
    _T.ALERT_SEEN: records.AlertSeen(up_to=7, only=True),
    _T.CHECKPOINT: records.Checkpoint(up_to=6, digest='ab' * 32),
    _T.RULE_SET: records.RuleSet(
        names=('halted', 'max_position'),
        limits=(None, 10.0),
        units=('state', 'units'),
    ),
    _T.TRADING_STATE: records.TradingStateChange(
        state=records.TradingState.HALTED, who='operator', reason='enough'
    ),
    _T.STOP_REPORT: stops.StopReport(
        who='operator',
        reason='enough',
        pull=2,
        pulled=7,
        took_ms=12.5,
        bare=(
            stops.BarePosition(
                symbol='AAPL',
                quantity=-4.0,
                exits=('ab-8-1-1',),
                kept=('ab-3-1-1',),
            ),
        ),
        withheld=('ab-9-1-1',),
        brokers=(
            stops.BrokerStop(
                broker='ibkr',
                cancelled=('ab-7-1-1', 'ab-8-1-1'),
                unknown=('ab-6-1-1',),
                first_ms=1.5,
                last_ms=12.0,
                error='no answer in 15 s',
                note='orders placed elsewhere were cancelled, too',
            ),
        ),
        left=('ab-5-1-1',),
        also=('ab-4-1-1',),
        kept=('ab-3-1-1',),
        tries=2,
    ),
    _T.STRATEGY_STATUS: records.StrategyStatus(
        strategy='sma',
        status='failed',
        detail='ZeroDivisionError',
        code='0123456789abcdef',
        policy='flatten',
        error='base.py:3: SyntaxError',
        parameters={'fast': 12},
    ),
    _T.STRATEGY_STATE: records.StrategyState(
        strategy='sma',
        seq=7,
        saved={'count': 3, 'seen': ['AAPL']},
        cash=-100.5,
        positions=(portfolio.Position(symbol='AAPL', quantity=1.0),),
        code='0123456789abcdef',
    ),
    _T.CASH_FLOW: records.CashFlow(
        kind=records.FlowKind.DIVIDEND,
        amount=-2.5,
        symbol='AAPL',
        quantity=-10.0,
        rate=0.25,
        detail='by hand',
        shares={'sma': -1.5},
        broker='alpaca',
        order_id='demo-7-1',
    ),
    _T.CORPORATE_ACTION: records.CorporateAction(
        symbol='AAPL',
        kind=records.ActionKind.SPLIT,
        ratio=4.0,
        amount=0.25,
        price=50.0,
        detail='by hand',
    ),
    _T.RECONCILIATION: records.Reconciliation(
        trigger='reconnect',
        took=0.25,
        differences=(
            records.Difference(
                id='order-b-7',
                kind=records.DifferenceKind.ORDER,
                symbol='AAPL',
                ours=1.0,
                theirs=11.0,
                text='buy 10 AAPL works there',
                price=100.5,
                order=orders.Order(
                    id='b-7',
                    symbol='AAPL',
                    side=orders.OrderSide.BUY,
                    quantity=10.0,
                ),
                accepted=True,
                broker='alpaca',
            ),
        ),
        broker='alpaca',
    ),
    _T.COMMAND: events.CommandGiven(command=EVERY_COMMAND[0]),
}

finite = st.floats(allow_nan=False, allow_infinity=False)
# What JSON can hold: no half of a surrogate pair.
texts = st.text(st.characters(exclude_categories=('Cs',)), max_size=8)
numbers = st.integers(min_value=0, max_value=2**63 - 1)


def of_type(kind):
    """Values of an annotated type, without what is no JSON."""
    if kind is typing.Any:
        return st.one_of(texts, numbers, finite, st.lists(texts, max_size=2))
    if kind is float:
        return finite
    if kind is str:
        return texts
    if kind is int:
        return numbers
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return st.lists(of_type(inner[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(of_type(inner[0]), of_type(inner[1]), max_size=3)
    if inner:
        return st.one_of([of_type(one) for one in inner])
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs(kind)
    return st.from_type(kind)


def structs(cls):
    """Any instance of a struct, each field with or without its default."""
    hints = typing.get_type_hints(cls)
    required, optional = {}, {}
    for field in msgspec.structs.fields(cls):
        side = required if field.required else optional
        side[field.name] = of_type(hints[field.name])
    return st.fixed_dictionaries(required, optional=optional).map(
        lambda fields: cls(**fields)
    )


PAYLOADS = {kind: structs(cls) for kind, cls in events.PAYLOADS.items()}
