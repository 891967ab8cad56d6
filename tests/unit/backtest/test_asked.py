"""Orders as they were asked for."""

import csv

import pytest

from sting.backtest import asked
from sting.model import errors
from sting.model import events
from sting.model import orders

pytestmark = pytest.mark.unit

_T = events.EventType


def event(kind, data):
    return events.Event(1, 10**18, kind, 's', data, 'X')


@pytest.fixture
def taken():
    made = asked.Asked()
    wanted = orders.Signal(
        symbol='X', order_id='a', indicators={'fast': 1.23456789}
    )
    order = orders.Order(
        id='a',
        symbol='X',
        side=orders.OrderSide.BUY,
        quantity=2.0,
        reason='crossed, "up"',
    )
    made(event(_T.SIGNAL, wanted))
    made(event(_T.SIGNAL, orders.Signal(symbol='X', order_id='b')))
    made(event(_T.ORDER_REQUEST, order))
    return made


def test_an_order_has_its_reason_and_the_signals_indicators(taken, tmp_path):
    path = tmp_path / 'orders.csv'
    taken.write(path)
    with path.open(newline='') as file:
        (row,) = csv.DictReader(file)
    assert tuple(row) == asked.COLUMNS
    assert row['reason'] == 'crossed, "up"'
    assert row['indicators'] == 'fast=1.23457'
    assert (row['price'], row['type']) == ('', 'market')


def test_a_file_that_cannot_be_written_is_told(taken, tmp_path):
    with pytest.raises(errors.InputError, match='cannot be written'):
        taken.write(tmp_path / 'no' / 'orders.csv')
