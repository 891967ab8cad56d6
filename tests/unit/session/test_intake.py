"""What is told becomes an event in the right lane."""

import asyncio

import pytest

from sting.engine import bus
from sting.model import commands
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.session import intake

pytestmark = pytest.mark.unit

T = events.EventType
SIGNAL = orders.Signal(symbol='X', order_id='t-7-1-1', strategy='sma')


@pytest.fixture
async def lanes():
    return bus.EventBus()


@pytest.fixture
async def told(lanes):
    return intake.Intake(lanes, lambda fill, source: 'later')


def only(lanes):
    (incoming,) = lanes.collect(10)
    return incoming


async def test_a_report_comes_from_the_broker(lanes, told):
    told.report('paper', orders.OrderUpdate(order_id='a', status='accepted'))
    incoming = only(lanes)
    assert (incoming.type, incoming.source) == (T.ORDER_UPDATE, 'broker:paper')


async def test_a_report_of_another_thread_comes_too(lanes, told):
    fill = orders.Fill(
        order_id='a',
        execution_id='x',
        symbol='X',
        side=orders.OrderSide.BUY,
        quantity=1.0,
        price=1.0,
    )
    await asyncio.to_thread(told.report, 'paper', fill)
    await lanes.ready()
    incoming = only(lanes)
    assert incoming.type is T.FILL
    assert incoming.refusal() == 'later'


async def test_a_wish_comes_with_the_event_that_it_answers(lanes, told):
    told.signals('sma', 7, [SIGNAL])
    incoming = only(lanes)
    assert (incoming.type, incoming.data, incoming.cause) == (
        T.SIGNAL,
        SIGNAL,
        7,
    )
    assert (incoming.source, incoming.symbol) == ('sma', 'X')


async def test_a_stale_wish_is_a_refusal_with_its_gate(lanes, told):
    told.stale('sma', 7, [SIGNAL])
    incoming = only(lanes)
    assert incoming.type is T.SIGNAL_REFUSED
    assert incoming.data.gate is records.Gate.STALE
    assert incoming.data.signal == SIGNAL
    assert (incoming.data.order_id, incoming.cause) == ('t-7-1-1', 7)


async def test_reports_go_before_what_strategies_want(lanes, told):
    told.signals('sma', 7, [SIGNAL])
    told.status(records.StrategyStatus(strategy='sma', status='running'))
    told.saved(records.StrategyState(strategy='sma', seq=3))
    told.command(bus.Lane.ORDERS, commands.Halt(), 'engine')
    told.alert('damaged', 'journal')
    told.system('started', 'process 1')
    assert [incoming.type for incoming in lanes.collect(10)] == [
        T.RISK_ALERT,
        T.SYSTEM_STATUS,
        T.SIGNAL,
        T.STRATEGY_STATUS,
        T.STRATEGY_STATE,
        T.COMMAND,
    ]
