"""What is typed into the ticket, and the order that it makes."""

import contextlib
import dataclasses

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.model import checks
from sting.model import commands
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import records
from tests.unit.tui import stations
from tui import ticket

pytestmark = pytest.mark.unit

MARKET = ticket.Draft(side='buy', symbol='aapl', quantity='10')
LIMIT = dataclasses.replace(MARKET, type='limit', price='99.5')
STOP_LIMIT = dataclasses.replace(
    MARKET,
    side='sell',
    type='stop_limit',
    price='99',
    stop_price='100',
    trail='2%',
)


def test_a_market_order():
    assert ticket.to_command(MARKET) == commands.SubmitOrder(
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=10.0,
        reason='ticket',
    )


def test_a_stop_limit_order_has_both_prices():
    command = ticket.to_command(STOP_LIMIT)
    assert command.type is orders.OrderType.STOP_LIMIT
    assert (command.stop_price, command.price) == (100.0, 99.0)


@pytest.mark.parametrize('type', ticket.TYPES)
def test_each_kind_has_the_prices_that_an_order_of_it_needs(type):
    draft = dataclasses.replace(STOP_LIMIT, type=type)
    command = ticket.to_command(draft)
    checks.check_order(
        symbol=command.symbol,
        quantity=command.quantity,
        type=command.type,
        price=command.price,
        stop_price=command.stop_price,
    )
    checks.check_trail(command.type, command.trail)


def test_a_trailing_stop_and_a_moment_are_read():
    draft = dataclasses.replace(
        MARKET,
        type='trailing_stop',
        trail='1.5',
        time_in_force='gtd',
        expires='2026-12-01',
        hours='extended',
    )
    command = ticket.to_command(draft)
    assert command.trail == 1.5
    assert market.to_iso(command.expires) == '2026-12-01T23:59:59Z'
    assert command.extended_hours
    text = ticket.review(draft, stations.snapshot())
    assert 'trailing stop 1.5 gtd 2026-12-01T23:59:59Z' in text
    assert 'extended hours' in text


@pytest.mark.parametrize(
    ('changes', 'field'),
    [
        ({'type': 'trailing_stop'}, 'trail'),
        ({'time_in_force': 'gtd'}, 'expires'),
        ({'stop_loss': 'low'}, 'stop_loss'),
    ],
)
def test_what_is_missing_or_wrong_is_told_by_field(changes, field):
    draft = dataclasses.replace(MARKET, **changes)
    assert list(ticket.problems(draft)) == [field]


def test_a_price_that_the_type_does_not_use_is_left_out():
    draft = dataclasses.replace(LIMIT, type='market')
    assert ticket.to_command(draft).price is None


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('', 'needed'),
        ('ten', 'not a number'),
        ('1,000', 'without commas'),
        ('-5', 'not a number'),
        ('0', 'above 0'),
        ('1e5', 'not a number'),
        ('inf', 'not a number'),
        ('nan', 'not a number'),
        ('1_000', 'not a number'),
    ],
)
def test_a_wrong_number_says_what_to_change(text, said):
    draft = dataclasses.replace(MARKET, quantity=text)
    assert said in ticket.problem(draft, 'quantity')
    with pytest.raises(errors.OrderError):
        ticket.to_command(draft)


@given(st.text(max_size=8))
def test_whatever_is_typed_is_a_number_above_0_or_an_error(text):
    with contextlib.suppress(errors.OrderError):
        assert ticket.number(text) > 0


@pytest.mark.parametrize('symbol', ['', '  ', 'A B', 'A\x1b'])
def test_a_wrong_symbol_is_named(symbol):
    draft = dataclasses.replace(MARKET, symbol=symbol)
    assert list(ticket.problems(draft)) == ['symbol']
    with pytest.raises(errors.OrderError):
        ticket.to_command(draft)


def test_a_field_that_does_not_count_has_no_problem():
    assert not ticket.problem(MARKET, 'price')
    assert ticket.problem(dataclasses.replace(LIMIT, price=''), 'price')


def test_a_change_keeps_what_cannot_be_changed():
    draft = ticket.from_order(stations.order(7))
    assert ticket.fields(draft) == ('quantity', 'price')
    assert ticket.to_command(draft) == commands.ReplaceOrder(
        order_id='log-7-0-1', quantity=10.0, price=99.5
    )


def test_the_review_names_order_value_and_account():
    text = ticket.review(LIMIT, stations.snapshot())
    assert text == 'BUY 10 AAPL limit 99.5 gtc, about 995.00 USD, DEMO paper'


def test_the_review_of_a_market_order_goes_by_the_last_price():
    snapshot = stations.snapshot()
    value = 10 * snapshot.watch[0].last
    assert f'about {value:,.2f} USD' in ticket.review(MARKET, snapshot)


def test_the_review_of_an_unknown_symbol_has_no_value():
    draft = dataclasses.replace(MARKET, symbol='XYZ')
    assert 'about' not in ticket.review(draft, stations.snapshot())


def test_the_review_shows_the_mode_and_the_profile_without_an_account():
    snapshot = stations.snapshot(mode=records.Mode.LIVE, account='')
    assert ticket.review(MARKET, snapshot).endswith('LIVE demo')


def test_the_review_of_a_change_says_so():
    draft = ticket.from_order(stations.order(7))
    assert ticket.review(draft, stations.snapshot()).startswith('CHANGE to BUY')
