"""What makes no sense does not get into the state."""

import math

import hypothesis
from hypothesis import strategies as some
import msgspec
import numpy as np
import pytest

from sting.engine import doors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T = worlds.T
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    'wrong',
    [
        {'close': NAN},
        {'open': NAN},
        {'high': INF},
        {'low': 0.0},
        {'low': -1.0},
        {'low': NAN},
        {'volume': NAN},
        {'volume': -1.0},
        {'volume': INF},
        {'close': 103.0},
        {'open': 98.0},
        {'close': 98.0},
        {'high': 99.0},
    ],
)
def test_figures_that_make_no_bar_are_an_issue(wrong):
    world = worlds.World()
    good = worlds.bar('AAPL', 101.0, open=100.0, high=102.0, low=99.0)
    bad = msgspec.structs.replace(good, **wrong)
    world.tell(T.MARKET_DATA, bad, 'feed:test', 'AAPL')
    (event,) = world.last.events
    assert (event.type, event.source) == (T.DATA_ISSUE, 'feed:test')
    assert (event.data.symbol, event.data.issue) == ('AAPL', 'rejected')
    assert 'make no bar' in event.data.detail
    assert world.state.prices == world.state.last_bar == {}
    world.tell(T.MARKET_DATA, good, 'feed:test', 'AAPL')
    assert world.state.prices == {'AAPL': 101.0}


@pytest.mark.parametrize(('step', 'issue'), [(0, 'repeated'), (-1, 'late')])
def test_a_bar_that_comes_again_or_late_is_an_issue(step, issue):
    world = worlds.World()
    world.bar('AAPL', 100.0)
    seen = world.now
    world.bar('AAPL', 105.0, timestamp=seen + step)
    assert world.last.events[0].data.issue == issue
    assert world.state.prices == {'AAPL': 100.0}
    assert world.state.last_bar == {'AAPL': seen}


def test_symbols_have_their_bars_apart():
    world = worlds.World()
    world.bar('AAPL', 100.0)
    world.bar('IBM', 105.0, timestamp=world.now - 1)
    assert world.kinds() == [T.MARKET_DATA]


@pytest.mark.parametrize(
    ('kind', 'data'),
    [
        (T.QUOTE, market.Quote('AAPL', 1, NAN, 1.0, 1.0, 1.0)),
        (T.QUOTE, market.Quote('AAPL', 1, 1.0, 0.0, 1.0, 1.0)),
        (T.QUOTE, market.Quote('AAPL', 1, 1.0, 1.0, INF, 1.0)),
        (T.QUOTE, market.Quote('AAPL', 1, 1.0, 1.0, 1.0, -2.0)),
        (T.TRADE, market.Trade('AAPL', 1, INF, 1.0)),
        (T.TRADE, market.Trade('AAPL', 1, 100.0, NAN)),
    ],
)
def test_a_quote_or_trade_that_makes_no_sense_is_an_issue(kind, data):
    world = worlds.World()
    world.tell(kind, data, 'feed:test', 'AAPL')
    assert world.kinds() == [T.DATA_ISSUE]
    assert world.state.prices == {}


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'quantity': NAN}, 'quantity nan'),
        ({'quantity': -1.0}, 'quantity -1'),
        ({'side': None}, 'without a side'),
        ({'take_profit': INF}, 'take_profit inf'),
        ({'stop_loss': NAN}, 'stop_loss nan'),
        ({'trail': NAN}, 'trail nan'),
        ({'indicators': {'fast': NAN}}, 'indicator fast nan'),
        ({'price': 99.0}, 'takes no price'),
        (
            {'kind': orders.SignalKind.TARGET_WEIGHT, 'weight': INF},
            'weight inf',
        ),
        ({'kind': orders.SignalKind.TARGET, 'price': NAN}, 'price nan'),
        ({'kind': orders.SignalKind.CLOSE, 'stop_price': INF}, 'stop_price in'),
        ({'kind': orders.SignalKind.CANCEL, 'quantity': NAN}, 'quantity nan'),
        ({'kind': orders.SignalKind.TARGET, 'price': 5.0}, 'takes no price'),
        ({'kind': orders.SignalKind.TARGET, 'symbol': ''}, 'not a symbol'),
        ({'kind': orders.SignalKind.TARGET, 'quantity': -1e300}, '-1e+300'),
        ({'kind': orders.SignalKind.TARGET_WEIGHT, 'weight': 1e300}, '1e+300'),
        ({'quantity': 1e300}, 'quantity 1e+300'),
        ({'price': 1e300, 'type': orders.OrderType.LIMIT}, 'at most 1e+15'),
        ({'quantity': np.float64(1.0)}, 'numpy.float64'),
        ({'quantity': True}, 'got `bool`'),
        ({'quantity': 10**400}, 'quantity'),
        ({'side': 'long'}, 'long'),
        ({'time_in_force': orders.TimeInForce.GTD}, 'needs the moment'),
        ({'reason': None}, 'got `null`'),
        ({'reason': '\udce9'}, 'surrogates'),
        ({'order_id': 5}, 'got `int`'),
        ({'indicators': None}, 'got `null`'),
        ({'indicators': {'fast': '1'}}, 'got `str`'),
    ],
)
def test_a_signal_that_makes_no_sense_is_an_alert(wrong, message):
    world = worlds.World()
    world.bar('AAPL', 100.0)
    fields = {'side': worlds.BUY, 'quantity': 1.0} | wrong
    world.signal(**fields)
    assert world.kinds() == [T.RISK_ALERT, T.SIGNAL_REFUSED]
    assert message in world.alerts(records.Severity.WARNING)[0]
    refusal = world.last.events[-1].data
    assert refusal.gate is records.Gate.DOORS
    assert message in refusal.reason
    assert world.state.orders == {}


def test_a_cancel_is_not_held_against_what_orders_need():
    world = worlds.World()
    order_id = 'ab-1'
    world.signal(order_id, side=worlds.BUY, quantity=1.0)
    world.signal(order_id, kind=orders.SignalKind.CANCEL, quantity=-1.0)
    assert world.status(order_id) is worlds.S.PENDING_CANCEL


# What users' code may have put into the fields of a signal.
ODD = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-5, 5),
    some.floats(),
    some.text(max_size=3),
    some.sampled_from(
        [
            np.float64(1.0),
            '\udce9',
            'A B',
            1e300,
            *orders.OrderSide,
            *orders.OrderType,
            *orders.TimeInForce,
            {'fast': 1},
            {'fast': math.inf},
            {'\udce9': 1.0},
            {5: 1.0},
        ]
    ),
)


@hypothesis.given(
    changed=some.dictionaries(
        some.sampled_from(orders.Signal.__struct_fields__), ODD, max_size=2
    )
)
def test_what_passes_comes_back_from_the_log_as_it_is(changed):
    fields = {'side': worlds.BUY, 'quantity': 1.0, 'indicators': {'fast': 1.0}}
    signal = orders.Signal(**{'symbol': 'AAPL'} | fields | changed)
    try:
        fault = doors.signal_fault(signal)
    except (AttributeError, TypeError) as error:
        pytest.fail(f'{signal} is not told of: {error!r}')
    if not fault:
        text = events.encode(signal)
        assert events.decode(events.EventType.SIGNAL, text) == signal
