"""Events in a few words."""

import msgspec
import pytest

from sting.engine import describe
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.model import views
from tests.unit.model import samples

pytestmark = pytest.mark.unit

T = events.EventType
BUY = orders.OrderSide.BUY

WORDS = {
    T.LOG_CREATED: 'log 0a1b2c3d demo demo 100000',
    T.SYSTEM_STATUS: 'feed:demo connected generated bars',
    T.MARKET_DATA: 'AAPL 1d o 1 h 2.5 l 0.5 c 2 v 1e+06',
    T.QUOTE: 'AAPL 99.5/100.5',
    T.TRADE: 'AAPL 10 at 100.25',
    T.DATA_ISSUE: 'AAPL stale nothing for 60 s',
    T.SIGNAL: 'target_weight sell 3 AAPL: crossed (fast 1.25, slow 1.5)',
    T.SIGNAL_REFUSED: (
        'ab-7-1-1 stale: decided 90 s ago; '
        'wanted order buy 3 AAPL: crossed (fast 1.25)'
    ),
    T.ORDER_REQUEST: (
        'buy 10 AAPL limit limit 101 stop 99 gtd in extended hours, '
        'take profit 120, stop loss 90 by sma ab-7-1-1; fixed'
    ),
    T.RISK_VERDICT: (
        'deny 10 ab-7-1-1: max_position: 12.5 units is above the limit of 10'
    ),
    T.ORDER_UPDATE: 'ab-7-1-1 accepted: changed',
    T.FILL: 'sell 4 AAPL at 100.5 fee 0.40 ab-7-1-1',
    T.POSITION_UPDATE: 'AAPL -4 at 100.5 realized 1.50',
    T.RISK_ALERT: 'critical: HALTED',
    T.ALERT_SEEN: 'alerts up to 7',
    T.RULE_SET: 'halted, max_position 10',
    T.TRADING_STATE: 'HALTED by operator enough',
    T.STOP_REPORT: (
        'operator: AAPL -4 (lost 1 exit) left bare; 2 orders UNKNOWN; '
        '3 cancelled; 1 kept; 1 withheld; ibkr: no answer in 15 s; '
        'ibkr: orders placed elsewhere were cancelled, too'
    ),
    T.STRATEGY_STATUS: (
        'sma failed ZeroDivisionError as it was: base.py:3: SyntaxError '
        'code 0123456789abcdef'
    ),
    T.CASH_FLOW: 'dividend -2.50 on -10 AAPL: by hand',
    T.CORPORATE_ACTION: 'AAPL split 4 for 1: by hand',
    T.STRATEGY_STATE: 'sma at 7: count, seen',
    T.COMMAND: (
        'submit symbol=AAPL side=buy quantity=1.5 type=stop_limit price=101.0 '
        'stop_price=100.5 time_in_force=day reason=by hand '
        'take_profit=120.0 stop_loss=90.0 extended_hours=True trail=2% '
        'expires=1700000000000000000'
    ),
    T.CHECKPOINT: 'up to 6 abababababababab',
    T.RECONCILIATION: 'reconnect: buy 10 AAPL works there',
}


def event(kind, data):
    return events.Event(7, 5, kind, 'engine', data, 'AAPL', 3)


@pytest.mark.parametrize('kind', events.EventType)
def test_every_type_is_said_in_a_few_words(kind):
    said = describe.describe(event(kind, samples.SAMPLES[kind]))
    assert said == WORDS[kind]


@pytest.mark.parametrize(
    ('kind', 'data', 'words'),
    [
        (
            T.CASH_FLOW,
            records.CashFlow(kind=records.FlowKind.INTEREST, amount=2.5),
            'interest +2.50',
        ),
        (
            T.CORPORATE_ACTION,
            records.CorporateAction(
                symbol='AAPL', kind=records.ActionKind.DIVIDEND, amount=0.25
            ),
            'AAPL dividend 0.25 a unit',
        ),
        (
            T.CORPORATE_ACTION,
            records.CorporateAction(
                symbol='AAPL', kind=records.ActionKind.DELISTING, price=3.5
            ),
            'AAPL delisting paid out at 3.5',
        ),
        (
            T.SIGNAL,
            orders.Signal(symbol='AAPL', kind=orders.SignalKind.CLOSE),
            'close AAPL',
        ),
        (
            T.SIGNAL,
            orders.Signal(
                symbol='AAPL', kind=orders.SignalKind.TARGET_WEIGHT, weight=0.5
            ),
            'target_weight 0.5 AAPL',
        ),
        (
            T.ORDER_REQUEST,
            orders.Order(id='ab-1', symbol='AAPL', side=BUY, quantity=1.0),
            'buy 1 AAPL market gtc by operator ab-1',
        ),
        (
            T.RISK_VERDICT,
            records.Verdict(
                order_id='ab-1',
                decision=records.Decision.APPROVE,
                quantity=1.0,
            ),
            'approve 1 ab-1',
        ),
        (
            T.ORDER_UPDATE,
            orders.OrderUpdate(
                order_id='ab-1', status=orders.OrderStatus.EXPIRED
            ),
            'ab-1 expired',
        ),
    ],
)
def test_what_is_not_there_is_not_said(kind, data, words):
    assert describe.describe(event(kind, data)) == words


def test_a_row_has_the_events_place():
    seen = event(T.ALERT_SEEN, records.AlertSeen(up_to=1))
    assert describe.to_row(seen) == views.EventRow(
        7, 5, 'alert_seen', 'engine', 'AAPL', 3, 'alerts up to 1'
    )
    assert type(msgspec.to_builtins(describe.to_row(seen).type)) is str
