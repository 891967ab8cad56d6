"""What makes no sense never gets into the state."""

import math

import msgspec
import pytest

from sting.engine import doors
from sting.engine import state
from sting.model import market
from sting.model import orders

pytestmark = pytest.mark.unit

BAR = market.MarketData('X', 60, 10.0, 12.0, 9.0, 11.0, 500.0)
QUOTE = market.Quote('X', 60, 10.0, 11.0, 1.0, 0.0)
TRADE = market.Trade('X', 60, 10.0, 5.0)
SIGNAL = orders.Signal(
    symbol='X', side=orders.OrderSide.BUY, quantity=1.0, strategy='s'
)


def changed(data, **fields):
    return msgspec.structs.replace(data, **fields)


def issue_of(data, last=None):
    system = state.SystemState()
    if last is not None:
        system.last_bar['X'] = last
    found = doors.fault(data, system)
    return None if found is None else found.issue


@pytest.mark.parametrize('data', [BAR, QUOTE, TRADE])
def test_sound_data_pass(data):
    assert issue_of(data) is None


@pytest.mark.parametrize('figure', [math.nan, math.inf, -math.inf, 0.0, -1.0])
@pytest.mark.parametrize(
    ('data', 'field'),
    [
        *((BAR, name) for name in ('open', 'high', 'low', 'close')),
        *((QUOTE, name) for name in ('bid', 'ask')),
        (TRADE, 'price'),
    ],
)
def test_a_price_that_is_none_is_refused(data, field, figure):
    assert issue_of(changed(data, **{field: figure})) == 'rejected'


@pytest.mark.parametrize('figure', [math.nan, math.inf, -1.0])
@pytest.mark.parametrize(
    ('data', 'field'),
    [
        (BAR, 'volume'),
        (QUOTE, 'bid_size'),
        (QUOTE, 'ask_size'),
        (TRADE, 'size'),
    ],
)
def test_a_size_that_is_none_is_refused(data, field, figure):
    assert issue_of(changed(data, **{field: figure})) == 'rejected'


@pytest.mark.parametrize(
    'fields', [{'high': 10.5}, {'low': 10.5}, {'open': 13.0}, {'close': 8.0}]
)
def test_a_bar_that_contradicts_itself_is_refused(fields):
    assert issue_of(changed(BAR, **fields)) == 'rejected'


@pytest.mark.parametrize(
    ('last', 'issue'), [(59, None), (60, 'repeated'), (61, 'late')]
)
def test_a_bar_has_to_be_newer_than_the_last(last, issue):
    assert issue_of(BAR, last) == issue


@pytest.mark.parametrize('figure', [math.nan, math.inf])
@pytest.mark.parametrize(
    'field',
    ['quantity', 'weight', 'price', 'stop_price', 'trail', 'take_profit',
     'stop_loss'],
)  # fmt: skip
def test_a_signal_with_a_figure_that_is_none_is_refused(field, figure):
    kind = {
        'price': orders.OrderType.LIMIT,
        'stop_price': orders.OrderType.STOP,
    }.get(field, orders.OrderType.MARKET)
    signal = changed(SIGNAL, type=kind, **{field: figure})
    assert doors.signal_fault(signal)


def test_a_signal_with_an_indicator_that_is_none_is_refused():
    signal = changed(SIGNAL, indicators={'sma': math.inf})
    assert doors.signal_fault(signal) == 'indicator sma inf'


@pytest.mark.parametrize(
    'signal',
    [
        SIGNAL,
        changed(SIGNAL, quantity=None, trail='2%'),
        changed(SIGNAL, kind=orders.SignalKind.TARGET, quantity=-5.0),
        changed(SIGNAL, kind=orders.SignalKind.CANCEL, quantity=math.nan),
    ],
)
def test_a_sound_signal_passes(signal):
    assert doors.signal_fault(signal) == ''


@pytest.mark.parametrize(
    'fields',
    [{'side': None}, {'quantity': 0.0}, {'type': orders.OrderType.LIMIT}],
)
def test_an_order_that_makes_no_sense_is_refused(fields):
    assert doors.signal_fault(changed(SIGNAL, **fields))
