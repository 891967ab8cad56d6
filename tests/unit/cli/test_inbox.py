"""The inbox from the command line."""

import json
import time

import pytest

from sting.cli import inbox
from sting.engine import bus
from sting.model import events
from sting.model import orders
from sting.model import records

pytestmark = pytest.mark.unit

K = records.DifferenceKind
POSITION = records.Difference(
    id='position-TSLA',
    kind=K.POSITION,
    symbol='TSLA',
    theirs=10.0,
    price=90.0,
    text='the broker has 10 TSLA, our book 0',
)
ACCOUNT = records.Difference(
    id='account-U2', kind=K.ACCOUNT, text='another account', accepted=True
)


ORDER = records.Difference(
    id='order-7',
    kind=K.ORDER,
    symbol='TSLA',
    text='an order',
    order=orders.Order(
        id='web-1', symbol='TSLA', side=orders.OrderSide.BUY, quantity=1.0
    ),
)


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, 'it did not happen in time'
        time.sleep(0.01)


def test_cash_is_written_as_money_and_units_as_they_are():
    assert inbox._figures('cash', 1000.0, 2.5) == ('1,000.00', '2.50')
    assert inbox._figures('position', 0.0, 2.5) == ('0', '2.5')
    assert inbox._figures('order', 0.0, 0.0) == ('', '')


@pytest.fixture
def look(engine):
    """Tells the engine what a look at a broker's book found."""

    def told(*found):
        data = records.Reconciliation(trigger='timer', differences=found)
        engine.station._room.submit(
            bus.Lane.REPORTS,
            bus.Incoming(events.EventType.RECONCILIATION, data, 'broker:test'),
        )
        names = {each.id for each in found}
        until(lambda: {e.id for e in engine.station.snapshot().inbox} == names)

    yield told
    told()


def test_equal_books_are_said_in_a_line(sting, engine):
    assert sting('inbox').out == 'both books agree\n'
    assert json.loads(sting('inbox', '--json').out) == []
    assert 'inbox' not in sting('status').out


def test_what_differs_is_listed_with_its_figures(sting, engine, look):
    look(POSITION, ORDER, ACCOUNT)
    out = sting('inbox').out
    assert 'another account (accepted)' in out
    (line,) = [row for row in out.splitlines() if row.startswith('position')]
    assert line.split()[:5] == ['position-TSLA', 'position', 'TSLA', '0', '10']
    (first, *_) = json.loads(sting('inbox', '--json').out)
    assert (first['id'], first['theirs']) == ('position-TSLA', 10.0)
    assert 'inbox       2 to settle: sting inbox' in sting('status').out


def test_what_is_listed_is_settled(sting, engine, look):
    look(ORDER)
    outcome = sting('settle', 'order-7', 'accept')
    assert (outcome.code, outcome.out) == (0, 'order-7 is left as it is\n')
    until(lambda: '(accepted)' in sting('inbox').out)


def test_what_cannot_be_settled_so_exits_with_1(sting, engine, look):
    assert sting('settle', 'cash', 'accept').code == 1
    look(POSITION)
    wrong = sting('settle', 'position-TSLA', 'adopt', '--strategy', 'none')
    assert wrong.code == 1
    assert 'no strategy none' in wrong.err


def test_closing_a_position_wants_the_typed_word(sting, engine, look):
    look(POSITION)
    words = ['settle', 'position-TSLA', 'flatten', '--confirm']
    assert sting(*words, 'flat').code == 2
    outcome = sting(*words, 'FLATTEN')
    assert outcome.code == 0
    assert outcome.out.startswith('sell 10 TSLA sent')


def test_without_an_engine_both_exit_with_3(sting, home):
    assert sting('inbox').code == 3
    assert sting('settle', 'cash', 'accept').code == 3
    assert sting('settle', 'cash', 'flatten').code == 3
