"""From what is typed in the ticket to units and prices."""

import dataclasses

import pytest

from sting.model import orders
from sting.settings import presets
from tests.unit.tui import stations
from tui import sizing
from tui import ticket

pytestmark = pytest.mark.unit

SNAPSHOT = stations.snapshot(equity=100_000.0)
LIMIT = ticket.Draft('buy', 'AAPL', '10', 'limit', '50')


def resolved(lots=None, **changes):
    draft = dataclasses.replace(LIMIT, **changes)
    return sizing.resolve(draft, SNAPSHOT, lots or {})


@pytest.mark.parametrize(
    ('typed', 'units'),
    [('7.5', '7.5'), ('5010$', '100'), ('10%', '200'), ('.5%', '10')],
)
def test_a_quantity_comes_to_units_rounded_down(typed, units):
    assert resolved(quantity=typed)[0].quantity == units


@pytest.mark.parametrize(('typed', 'units'), [('1%r', '400'), ('999$r', '399')])
def test_a_risk_is_what_is_lost_at_the_stop(typed, units):
    found, wrong = resolved(quantity=typed, stop_loss='47.5')
    assert (found.quantity, wrong) == (units, {})


def test_a_lot_of_the_instrument_is_kept():
    assert resolved({'AAPL': 0.1}, quantity='123$')[0].quantity == '2.4'


def test_exits_may_be_shares_of_the_price():
    found, wrong = resolved(stop_loss='2%', take_profit='4%')
    assert (found.stop_loss, found.take_profit, wrong) == ('49', '52', {})
    found, _ = resolved(side='sell', stop_loss='2%', take_profit='4%')
    assert (found.stop_loss, found.take_profit) == ('51', '48')


@pytest.mark.parametrize(
    ('changes', 'field', 'text'),
    [
        ({'quantity': '1%r'}, 'stop_loss', 'needed for a risk'),
        ({'quantity': '5$'}, 'quantity', 'less than 1'),
        ({'stop_loss': '55'}, 'stop_loss', 'must be below its price 50'),
        ({'take_profit': '45'}, 'take_profit', 'must be above its price'),
        (
            {'symbol': 'NOPE', 'type': 'market', 'stop_loss': '2%'},
            'stop_loss',
            'no price yet',
        ),
        (
            {'symbol': 'NOPE', 'type': 'market', 'quantity': '5%'},
            'quantity',
            'no price yet',
        ),
        ({'price': 'x', 'quantity': '5%'}, 'price', 'not a number'),
    ],
)
def test_what_cannot_be_worked_out_is_told_by_field(changes, field, text):
    _, wrong = resolved(**changes)
    assert list(wrong) == [field]
    assert text in wrong[field]


def test_a_change_of_an_order_has_no_exits():
    found, wrong = resolved(order_id='x', stop_loss='2%', quantity='10%')
    assert (found.stop_loss, found.quantity, wrong) == ('', '200', {})


def test_prices_by_the_market_become_numbers():
    found, wrong = resolved(price='last-1%', stop_loss='2%')
    assert wrong == {}
    assert ticket.number(found.price) > 0
    # The exit is of the order's price, not of the last.
    assert ticket.number(found.stop_loss) == pytest.approx(
        ticket.number(found.price) * 0.98, abs=0.01
    )
    _, wrong = resolved(price='bid', symbol='NOPE')
    assert wrong == {'price': 'no price yet'}


def test_a_preset_with_a_price_takes_the_place_of_what_was_typed():
    preset = presets.Preset(type=orders.OrderType.LIMIT, price='near-0.1%')
    assert sizing.take(LIMIT, preset).price == 'near-0.1%'
    assert sizing.take(LIMIT, presets.Preset()).price == LIMIT.price


def test_a_preset_is_laid_over_the_draft():
    preset = presets.Preset(quantity='1%r', stop_loss='2%', extended=True)
    found = sizing.take(LIMIT, preset)
    assert (found.symbol, found.quantity) == ('AAPL', '1%r')
    assert (found.type, found.stop_loss, found.hours) == (
        'market',
        '2%',
        'extended',
    )
    kept = sizing.take(LIMIT, presets.Preset())
    assert kept.quantity == LIMIT.quantity
