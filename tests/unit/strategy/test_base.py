import datetime
import decimal
import fractions
import math

import numpy as np
import pytest

from sting import strategy
from sting.model import errors
from sting.model import events
from sting.model import orders
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit


class Idle(strategy.AbstractStrategy):
    parameters = {'n': strategy.Parameter(3, low=1)}  # noqa: RUF012


@pytest.fixture
def idle():
    made = Idle('idle', {})
    made._context.ids = ('t', 2)
    made._context.event = 9
    return made


def only(made):
    (signal,) = made.generate_signals()
    return signal


def test_the_class_declares_and_the_instance_has_values():
    assert Idle('a', {'n': '5'}).parameters == {'n': 5}
    assert isinstance(Idle.parameters['n'], strategy.Parameter)


def test_a_bad_parameter_is_refused():
    with pytest.raises(errors.StrategyError, match='n is 0'):
        Idle('a', {'n': 0})


def test_names_that_authors_use_do_not_get_in_the_way_of_the_verbs(idle):
    idle._order = idle._queue = {}
    assert idle.buy('X', 1.0) == only(idle).order_id
    assert idle.target('X', 1.0) == only(idle).order_id


def test_buy_queues_a_signal_under_the_id_that_it_returns(idle):
    order_id = idle.buy('X', 5, reason='because')
    signal = only(idle)
    assert order_id == signal.order_id == 't-9-2-1'
    assert signal.side is orders.OrderSide.BUY
    assert (signal.symbol, signal.quantity) == ('X', 5)
    assert (signal.strategy, signal.reason) == ('idle', 'because')


def test_ids_of_one_event_count_up(idle):
    assert [idle.buy('X', 1), idle.sell('X', 1), idle.close('X')] == [
        't-9-2-1',
        't-9-2-2',
        't-9-2-3',
    ]


def test_numbers_of_any_type_become_the_log_s_own(idle):
    idle.buy(
        np.str_('X'),
        np.float64(2.0),
        type='stop_limit',
        price=decimal.Decimal('1.5'),
        stop_price=np.float32(0.5),
        take_profit=3,
        stop_loss=fractions.Fraction(1, 4),
        reason=None,
    )
    idle.sell('X', np.int64(2), type='trailing_stop', trail=np.float64(0.5))
    idle.target('X', np.True_)
    idle.target_weight('X', np.float64(0.5), reason=np.str_('half'))
    idle.close('X', reason='caf\udce9')
    idle.cancel(np.str_('a-1'))
    signals = idle.generate_signals()
    assert [signal.reason for signal in signals[3:5]] == ['half', 'caf?']
    for signal in signals:
        for name in signal.__struct_fields__:
            value = getattr(signal, name)
            assert not type(value).__module__.startswith('numpy'), name
        text = events.encode(signal)
        assert events.decode(events.EventType.SIGNAL, text) == signal


@pytest.mark.parametrize('value', ['10', b'1', None, [], 10**400, 1j])
def test_what_is_no_number_is_refused(idle, value):
    with pytest.raises(errors.OrderError, match='must be a finite number'):
        idle.target('X', value)
    assert idle.generate_signals() == []


@pytest.mark.parametrize('symbol', [None, 5, b'X'])
def test_what_is_no_symbol_is_refused(idle, symbol):
    with pytest.raises(errors.OrderError, match='is not a symbol'):
        idle.close(symbol)


def test_a_word_that_an_order_does_not_have_is_refused(idle):
    with pytest.raises(errors.OrderError, match="'stopp' is not a valid Order"):
        idle.buy('X', 1, type='stopp')


def test_an_indicator_of_another_type_is_logged_as_a_float(idle):
    class Odd(strategy.indicators.Indicator):
        name = np.str_('odd')

        def update(self, bar):
            return np.float32(bar.close)

    idle.indicator(Odd)
    idle._context.update(samples.bar(0.5))
    idle.buy('X', 1)
    assert [(type(k), type(v)) for k, v in only(idle).indicators.items()] == [
        (str, float)
    ]


def test_sell_carries_every_field(idle):
    idle.sell(
        'X',
        type=strategy.OrderType.STOP_LIMIT,
        price=9.0,
        stop_price=10.0,
        take_profit=5.0,
        stop_loss=12.0,
        time_in_force=strategy.TimeInForce.DAY,
    )
    signal = only(idle)
    assert signal.side is orders.OrderSide.SELL
    assert signal.quantity is None
    assert signal.type is orders.OrderType.STOP_LIMIT
    assert (signal.price, signal.stop_price) == (9.0, 10.0)
    assert (signal.take_profit, signal.stop_loss) == (5.0, 12.0)
    assert signal.time_in_force is orders.TimeInForce.DAY


@pytest.mark.parametrize(
    'moment',
    [
        np.int64(1_500_000_000),
        datetime.datetime(1970, 1, 1, 0, 0, 1, 500_000, datetime.UTC),
    ],
)
def test_an_order_that_is_good_till_a_date_carries_the_moment(idle, moment):
    idle.sell('X', 1, time_in_force='gtd', expires=moment)
    wanted = only(idle)
    assert (type(wanted.expires), wanted.expires) == (int, 1_500_000_000)


def test_a_trailing_stop_carries_its_trail(idle):
    idle.sell('X', 1, type=strategy.OrderType.TRAILING_STOP, trail='2%')
    assert only(idle).trail == '2%'


@pytest.mark.parametrize(
    ('given', 'message'),
    [
        ({'symbol': ''}, 'is not a symbol'),
        ({'quantity': 0}, 'quantity 0 must be above 0'),
        ({'quantity': math.nan}, 'quantity nan'),
        ({'price': 5.0}, 'takes no price'),
        ({'type': strategy.OrderType.LIMIT}, 'needs a price'),
        ({'type': strategy.OrderType.TRAILING_STOP}, 'needs a trail'),
        ({'trail': 1.0}, 'a market order takes no trail'),
        (
            {'type': strategy.OrderType.TRAILING_STOP, 'trail': '2'},
            'an amount, or a per cent',
        ),
        ({'time_in_force': 'gtd'}, 'needs the moment'),
        ({'expires': 5}, 'a gtc order takes no expires'),
        ({'time_in_force': 'gtd', 'expires': 'soon'}, 'a datetime with a'),
        (
            {
                'time_in_force': 'gtd',
                'expires': datetime.datetime(2020, 1, 1),  # noqa: DTZ001
            },
            'a datetime with a time zone',
        ),
        ({'take_profit': math.inf}, 'take profit inf'),
        ({'stop_loss': math.nan}, 'stop loss nan'),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(idle, given, message):
    with pytest.raises(errors.OrderError, match=message):
        idle.buy(**({'symbol': 'X', 'quantity': 1} | given))
    assert idle.generate_signals() == []


def test_target_and_weight_and_close_say_what_to_reach(idle):
    idle.target('X', -5)
    idle.target_weight('X', 0.5)
    idle.close('X')
    target, weight, close = idle.generate_signals()
    assert (target.kind, target.quantity) == (orders.SignalKind.TARGET, -5)
    assert weight.kind is orders.SignalKind.TARGET_WEIGHT
    assert weight.weight == 0.5
    assert close.kind is orders.SignalKind.CLOSE


@pytest.mark.parametrize(
    'wish',
    [
        lambda made: made.target('X', math.nan),
        lambda made: made.target_weight('X', math.inf),
        lambda made: made.target('', 1),
        lambda made: made.close('a b'),
        lambda made: made.cancel(''),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(idle, wish):
    with pytest.raises(errors.OrderError):
        wish(idle)


def test_cancel_names_the_order_and_makes_no_id(idle):
    assert idle.cancel('t-1-1-1') == 't-1-1-1'
    signal = only(idle)
    assert signal.kind is orders.SignalKind.CANCEL
    assert signal.order_id == 't-1-1-1'
    assert idle.buy('X', 1) == 't-9-2-1'


def test_signals_are_given_once(idle):
    idle.buy('X', 1)
    assert len(idle.generate_signals()) == 1
    assert idle.generate_signals() == []


def test_a_signal_carries_the_indicators_of_its_symbol(idle):
    idle.indicator(strategy.indicators.SMA, period=1)
    idle.indicator(strategy.indicators.SMA, period=1, symbol='Y')
    idle._context.update(samples.bar(4.0))
    idle.buy('X', 1)
    assert only(idle).indicators == {'SMA(1)': 4.0}


def test_the_position_is_that_of_its_own_book(idle):
    assert idle.position('X').quantity == 0.0
    idle.portfolio.apply(samples.fill(quantity=4.0))
    assert idle.position('X').quantity == 4.0


async def test_every_callback_may_be_left_out(idle):
    await idle.on_start()
    await idle.on_market_data(samples.bar(1.0))
    await idle.on_quote(None)
    await idle.on_trade(None)
    await idle.on_order_update(samples.order())
    await idle.on_position_update(idle.position('X'))
    await idle.on_data_issue(None)
    await idle.on_corporate_action(None)
    await idle.on_stop()
    assert idle.generate_signals() == []
