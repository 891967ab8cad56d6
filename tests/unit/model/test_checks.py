"""What makes an order, or a fill, senseless by itself."""

import math

import hypothesis
from hypothesis import strategies as some
import numpy as np
import pytest

from sting.model import checks
from sting.model import errors
from sting.model import orders

pytestmark = pytest.mark.unit


GOOD = {
    'symbol': 'BRK.B',
    'quantity': 0.5,
    'type': orders.OrderType.STOP_LIMIT,
    'price': 101.0,
    'stop_price': 100.0,
}


BOUGHT = {
    'side': orders.OrderSide.BUY,
    'price': None,
    'stop_price': None,
    'take_profit': 110.0,
    'stop_loss': 90.0,
}


def test_an_order_that_makes_sense_passes():
    checks.check_order(**GOOD)


@pytest.mark.parametrize(
    ('changed', 'message'),
    [
        ({'symbol': ''}, "'' is not a symbol"),
        ({'symbol': 'A B'}, "'A B' is not a symbol"),
        ({'symbol': 'A\x1b'}, 'is not a symbol'),
        ({'quantity': 0.0}, 'quantity 0 must be above 0'),
        ({'quantity': -1.0}, 'quantity -1 must be above 0'),
        ({'quantity': math.nan}, 'quantity nan must be above 0'),
        ({'quantity': math.inf}, 'quantity inf must be above 0'),
        ({'price': None}, 'a stop_limit order needs a price'),
        ({'stop_price': None}, 'a stop_limit order needs a stop price'),
        ({'price': 0.0}, 'price 0 must be above 0'),
        ({'stop_price': math.inf}, 'stop price inf must be above 0'),
        ({'price': math.nan}, 'price nan must be above 0'),
        ({'type': orders.OrderType.LIMIT}, 'a limit order takes no stop price'),
        ({'type': orders.OrderType.STOP}, 'a stop order takes no price'),
        ({'type': orders.OrderType.MARKET}, 'a market order takes no price'),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(changed, message):
    with pytest.raises(errors.OrderError, match=message):
        checks.check_order(**(GOOD | changed))


@pytest.mark.parametrize(
    ('trail', 'expected'),
    [(2, (2, 0.0)), (0.5, (0.5, 0.0)), ('2%', (0.0, 0.02))],
)
def test_a_trail_is_an_amount_or_a_fraction(trail, expected):
    assert checks.parse_trail(trail) == expected


@pytest.mark.parametrize(
    'trail', [None, 0, -1.0, float('nan'), 1e16, '2', '', '%', '0%', '100%']
)
def test_a_trail_that_is_no_distance_is_refused(trail):
    with pytest.raises(errors.OrderError, match='trail'):
        checks.parse_trail(trail)


@pytest.mark.parametrize(
    'changed',
    [
        {},
        {'price': 100.0, 'stop_price': 105.0},
        {'take_profit': None, 'price': 95.0},
        {'stop_loss': None, 'price': 95.0},
        {'side': None, 'take_profit': None, 'stop_loss': None},
        {
            'side': orders.OrderSide.SELL,
            'take_profit': 90.0,
            'stop_loss': 110.0,
            'price': 100.0,
        },
    ],
)
def test_exits_on_the_right_side_pass(changed):
    checks.check_exits(**(BOUGHT | changed))


@pytest.mark.parametrize(
    ('changed', 'message'),
    [
        ({'take_profit': math.nan}, 'take profit nan must be above 0'),
        ({'stop_loss': math.inf}, 'stop loss inf must be above 0'),
        ({'stop_loss': 0.0}, 'stop loss 0 must be above 0'),
        ({'side': None}, 'belong to a buy or a sell, not to a target'),
        (
            {'take_profit': 90.0},
            'the take profit 90 of a buy must be above its stop loss 90',
        ),
        ({'price': 110.0}, 'take profit 110 of a buy .* above its price 110'),
        ({'stop_price': 120.0}, 'take profit 110 of a buy .* its stop 120'),
        ({'price': 80.0}, 'stop loss 90 of a buy must be below its price 80'),
        (
            {'side': orders.OrderSide.SELL},
            'take profit 110 of a sell must be below its stop loss 90',
        ),
        (
            {
                'side': orders.OrderSide.SELL,
                'take_profit': None,
                'stop_price': 95.0,
            },
            'stop loss 90 of a sell must be above its stop 95',
        ),
    ],
)
def test_exits_on_the_wrong_side_are_refused(changed, message):
    with pytest.raises(errors.OrderError, match=message):
        checks.check_exits(**(BOUGHT | changed))


@pytest.mark.parametrize('tif', list(orders.TimeInForce))
@pytest.mark.parametrize('expires', [None, 99])
def test_gtd_alone_has_a_moment_at_which_it_ends(tif, expires):
    if (tif is orders.TimeInForce.GTD) == (expires is not None):
        checks.check_time(tif, expires)
        return
    with pytest.raises(errors.OrderError, match='gtd'):
        checks.check_time(tif, expires)


@hypothesis.given(
    changed=some.dictionaries(
        some.sampled_from(
            [
                'symbol',
                'side',
                'quantity',
                'type',
                'price',
                'stop_price',
                'trail',
                'take_profit',
                'stop_loss',
                'time_in_force',
                'expires',
            ]
        ),
        some.one_of(
            some.none(),
            some.floats(),
            some.text(max_size=2),
            some.sampled_from(
                [
                    np.float64(1.0),
                    *orders.OrderSide,
                    *orders.OrderType,
                    *orders.TimeInForce,
                ]
            ),
        ),
        max_size=2,
    )
)
def test_a_plain_order_is_one_that_nothing_else_refuses(changed):
    fields = {'symbol': 'BRK.B', 'side': orders.OrderSide.BUY, 'quantity': 1.0}
    order = orders.Order(**{'id': 'a'} | fields | changed)
    if checks.is_plain(order):
        assert type(order.quantity) is float
        assert order.trail is None
        checks.check_order(
            symbol=order.symbol,
            quantity=order.quantity,
            type=order.type,
            price=order.price,
            stop_price=order.stop_price,
        )
        checks.check_time(order.time_in_force, order.expires)
        checks.check_exits(
            side=order.side,
            price=order.price,
            stop_price=order.stop_price,
            take_profit=order.take_profit,
            stop_loss=order.stop_loss,
        )


def test_an_order_as_it_nearly_always_is_counts_as_plain():
    order = orders.Order(
        id='a', symbol='BRK.B', side=orders.OrderSide.SELL, quantity=3.0
    )
    assert checks.is_plain(order)
