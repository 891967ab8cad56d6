"""Levels, trails and times."""

import pytest

from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import portfolio
from sting.model import protection

pytestmark = pytest.mark.unit

HOUR = 3_600 * 1_000_000_000


@pytest.mark.parametrize(
    ('text', 'hours'), [('90m', 1.5), ('4h', 4), ('5d', 120), ('1w', 168)]
)
def test_a_time_is_a_number_and_a_unit(text, hours):
    assert protection.span(text) == hours * HOUR
    assert protection.span('2s') == 2_000_000_000


@pytest.mark.parametrize('text', ['', '5', 'd', '0d', '5y', '-1d', '1.5h'])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(errors.OrderError, match='as in 5d'):
        protection.span(text)


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'stop_loss': '2'}, "stop_loss: '2' is no per cent"),
        ({'take_profit': '0%'}, 'take_profit'),
        ({'trailing': 'x%'}, 'trailing'),
        ({'max_holding': '5'}, 'max_holding'),
    ],
)
def test_what_makes_no_sense_in_a_file_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        protection.Protection(**fields)


@pytest.mark.parametrize(
    ('text', 'expected'), [(None, None), ('95.5', 95.5), ('2%', '2%')]
)
def test_a_level_is_a_price_or_a_per_cent(text, expected):
    assert protection.level(text) == expected


@pytest.mark.parametrize('text', ['x', '-1', 'nan', '0', '200%', '%'])
def test_what_is_no_level_is_refused(text):
    with pytest.raises(errors.OrderError):
        protection.level(text)


def made(quantity=10.0, **wanted):
    held = portfolio.Position(
        symbol='X', quantity=quantity, average_price=200.0, opened=HOUR
    )
    return protection.guard(
        'l-1', held, commands.Protect(symbol='X', **wanted), 'a'
    )


def test_levels_are_of_what_was_paid():
    long = made(stop_loss='2%', take_profit=230.0, max_holding='1h')
    assert (long.side, long.stop, long.target, long.until) == (
        orders.OrderSide.SELL, 196.0, 230.0, 2 * HOUR,
    )  # fmt: skip
    short = made(-10.0, stop_loss='2%', take_profit='5%')
    assert (short.side, short.stop, short.target, short.until) == (
        orders.OrderSide.BUY, 204.0, 190.0, 0,
    )  # fmt: skip


def test_a_trail_keeps_its_distance_on_either_side():
    assert made(trail=5.0).trailed(210.0) == 205.0
    assert made(-1.0, trail='1%').trailed(100.0) == 101.0
    assert made(stop_loss=1.0).trailed(100.0) is None


def test_a_split_divides_what_is_a_price():
    halved = made(stop_loss=190.0, trail=5.0, max_holding='1h').split(2.0)
    assert (halved.stop, halved.target, halved.trail) == (97.5, None, 2.5)
    assert halved.until == 2 * HOUR


def test_an_exit_of_a_guard_is_known_by_its_parent():
    one = orders.Order(
        id='a', symbol='X', side=orders.OrderSide.SELL, quantity=1.0
    )
    assert not protection.guards(one)
    assert made().id.endswith(protection.SUFFIX)
