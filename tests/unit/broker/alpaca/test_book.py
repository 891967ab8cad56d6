"""What was told of an order, whichever way it came."""

import uuid

from alpaca.trading import models
import pytest

from sting.broker.alpaca import book as books
from sting.model import errors
from sting.model import lifecycle
from sting.model import orders
from tests.brokers.alpaca import exchange
from tests.brokers.alpaca import shapes

pytestmark = pytest.mark.unit
NOW = 1_767_622_200 * 10**9
_S = orders.OrderStatus


def order(**terms):
    given = {
        'id': 'log-1-1-1',
        'symbol': 'AAPL',
        'side': orders.OrderSide.BUY,
        'quantity': 10.0,
        'type': orders.OrderType.LIMIT,
        'price': 95.0,
        'created': NOW,
        'status': _S.SUBMITTED,
        'resting': _S.SUBMITTED,
    }
    return orders.Order(**(given | terms))


def shown(number=1, client_id='log-1-1-1', replaces=None, **changed):
    """An order of theirs, as the SDK reads it."""
    terms = {
        name: changed.pop(name)
        for name in list(changed)
        if name in orders.Order.__struct_fields__
    }
    record = exchange.Record(number, client_id, client_id, order(**terms), NOW)
    record.replaces = replaces
    return models.Order(**(shapes.order(record) | changed))


def update(event, found, **more):
    raw = {
        'event': event,
        'timestamp': shapes.stamp(NOW),
        'order': found,
        'execution_id': str(uuid.uuid4()),
    }
    return models.TradeUpdate(**(raw | more))


class Reader:
    """Follows an order by what is told, and holds it against the table."""

    def __init__(self):
        self.told = []
        self.order = order()
        self.book = books.Book()
        self.book.sink = self.take
        self.book.expect(self.order)
        self._seen = set()

    def take(self, report):
        self.told.append(report)
        if isinstance(report, orders.Fill):
            if report.execution_id in self._seen:
                return
            self._seen.add(report.execution_id)
            self.order = lifecycle.apply_fill(self.order, report, NOW)
        else:
            self.order = lifecycle.apply_update(self.order, report, NOW)


@pytest.fixture
def reader():
    return Reader()


def fill(quantity, total, number=1, **more):
    kind = 'fill' if total >= 10 else 'partial_fill'
    status = _S.FILLED if total >= 10 else _S.PARTIALLY_FILLED
    found = shown(number, filled=total, average_price=95.0, status=status)
    given = {'qty': str(quantity), 'price': '95', **more}
    return update(kind, found, **given)


def test_the_answer_first_and_the_stream_after_it_are_told_once(reader):
    reader.book.answered(shown(), 'log-1-1-1')
    reader.book.heard(update('new', shown()))
    assert [one.status for one in reader.told] == [_S.ACCEPTED]
    assert reader.order.broker_id == str(shown().id)


def test_the_stream_first_and_the_answer_after_it_are_told_once(reader):
    reader.book.heard(update('new', shown()))
    reader.book.answered(shown(), 'log-1-1-1')
    assert len(reader.told) == 1


def test_a_fill_before_the_answer_is_told_behind_the_acceptance(reader):
    reader.book.heard(fill(10, 10))
    reader.book.answered(shown(), 'log-1-1-1')
    assert isinstance(reader.told[0], orders.OrderUpdate)
    assert reader.order.status is _S.FILLED
    assert len(reader.told) == 2


def test_terms_that_they_changed_are_told(reader):
    reader.book.answered(shown(price=94.99), 'log-1-1-1')
    assert reader.order.price == 94.99


def test_a_replacement_by_the_stream_alone_is_followed(reader):
    first = shown()
    reader.book.answered(first, 'log-1-1-1')
    second = shown(2, 'of-theirs', str(first.id), price=94.0)
    reader.book.heard(
        update(
            'replaced',
            shown(status=_S.ACCEPTED, replaced_by=str(second.id)),
        )
    )
    reader.book.heard(update('new', second))
    assert (reader.order.price, reader.order.broker_id) == (
        94.0,
        str(second.id),
    )
    assert reader.book.current('log-1-1-1') == str(second.id)
    # What is still told of the first one changes nothing.
    reader.book.heard(update('canceled', first))
    reader.book.heard(update('new', first))
    assert reader.order.status is _S.ACCEPTED


def test_a_replacement_that_is_rejected_later_is_taken_back(reader):
    first = shown()
    reader.book.answered(first, 'log-1-1-1')
    second = shown(2, 'log-1-1-1~1', str(first.id), price=94.0)
    reader.book.answered(second, 'log-1-1-1')
    assert reader.order.price == 94.0
    reader.book.heard(update('rejected', second))
    assert (reader.order.price, reader.order.status) == (95.0, _S.ACCEPTED)
    assert reader.order.broker_id == str(first.id)
    assert 'rejected' in reader.order.message


def test_a_replacement_that_was_rejected_at_once_is_not_taken(reader):
    first = shown()
    reader.book.answered(first, 'log-1-1-1')
    second = shown(2, 'of-theirs', str(first.id), price=94.0)
    reader.book.heard(update('rejected', second))
    assert (reader.order.price, reader.order.status) == (95.0, _S.ACCEPTED)


@pytest.mark.parametrize(
    'event', ['order_replace_rejected', 'order_cancel_rejected']
)
def test_what_was_refused_leaves_the_order_as_it_was(reader, event):
    reader.book.answered(shown(), 'log-1-1-1')
    reader.book.heard(fill(4, 4))
    reader.order = lifecycle.apply_update(
        reader.order,
        orders.OrderUpdate(order_id='log-1-1-1', status=_S.PENDING_CANCEL),
        NOW,
    )
    reader.book.heard(update(event, shown()))
    assert reader.order.status is _S.PARTIALLY_FILLED
    assert 'rejected' in reader.order.message


def test_a_change_refused_behind_the_fill_changes_nothing(reader):
    reader.book.answered(shown(), 'log-1-1-1')
    reader.book.heard(fill(10, 10))
    before = len(reader.told)
    reader.book.heard(update('order_replace_rejected', shown()))
    reader.book.heard(update('canceled', shown()))
    assert len(reader.told) == before


@pytest.mark.parametrize(
    ('event', 'status'),
    [
        ('canceled', _S.CANCELLED),
        ('expired', _S.EXPIRED),
        ('rejected', _S.REJECTED),
    ],
)
def test_ends_are_told_once(reader, event, status):
    reader.book.answered(shown(), 'log-1-1-1')
    for _ in range(2):
        reader.book.heard(update(event, shown()))
    assert [one.status for one in reader.told] == [_S.ACCEPTED, status]


def test_an_end_without_an_acceptance_is_told(reader):
    reader.book.heard(update('rejected', shown()))
    assert reader.order.status is _S.REJECTED


@pytest.mark.parametrize(
    'event',
    [
        'pending_new',
        'pending_cancel',
        'held',
        'stopped',
        'done_for_day',
        'suspended',
        'a_word_of_tomorrow',
    ],
)
def test_other_words_end_nothing(reader, event):
    reader.book.answered(shown(), 'log-1-1-1')
    reader.book.heard(update(event, shown()))
    assert len(reader.told) == 1


def test_a_trailing_trigger_is_no_new_term():
    reader = Reader()
    reader.book = books.Book()
    reader.book.sink = reader.take
    trailing = {'type': orders.OrderType.TRAILING_STOP, 'trail': 2.0}
    terms = trailing | {'price': None}
    reader.book.expect(order(**terms))
    reader.book.answered(shown(**terms, stop_price=98.0), 'log-1-1-1')
    reader.book.heard(update('new', shown(**terms, stop_price=99.0)))
    assert len(reader.told) == 1


@pytest.mark.parametrize(
    'wrong',
    [
        {'qty': None},
        {'price': None},
        {'qty': '0'},
        {'qty': '-1'},
        {'price': '-5'},
        {'qty': 'nan'},
        {'price': 'inf'},
    ],
)
def test_a_fill_that_cannot_be_is_told_of_nowhere(reader, wrong):
    reader.book.answered(shown(), 'log-1-1-1')
    with pytest.raises(errors.BrokerUnknownError):
        reader.book.heard(fill(4, 4, **wrong))
    assert len(reader.told) == 1


def test_words_of_a_leg_wait_for_the_name_of_it(reader):
    leg = shown(7, 'a-name-of-theirs', price=90.0)
    reader.book.expect(reader.order, alone=False)
    reader.book.heard(update('new', leg))
    assert reader.told == []
    reader.book.answered(leg, 'log-1-1-1')
    assert [one.order_id for one in reader.told] == ['log-1-1-1']


def test_words_of_a_leg_wait_until_it_is_listed(reader):
    leg = shown(7, 'a-name-of-theirs', price=90.0)
    reader.book.expect(reader.order, alone=False)
    reader.book.heard(update('new', leg))
    reader.book.learn(leg, 'log-1-1-1')
    assert [one.order_id for one in reader.told] == ['log-1-1-1']


def test_a_leg_that_was_listed_without_its_entry_gets_its_name_later(reader):
    leg = shown(7, 'a-name-of-theirs', price=90.0)
    reader.book.learn(leg, 'a-name-of-theirs')
    reader.book.learn(leg, 'log-1-1-1')
    assert reader.book.working(there=True) == ['log-1-1-1']
    reader.book.heard(update('canceled', leg))
    assert [one.order_id for one in reader.told] == ['log-1-1-1']


@pytest.mark.parametrize('ends', ['forget', 'rejected'])
def test_words_of_others_wait_no_longer_than_for_the_group(reader, ends):
    told = []
    reader.book.sink = told.append
    reader.book.expect(reader.order, alone=False)
    reader.book.heard(update('new', shown(7, 'of-somebody', price=90.0)))
    assert told == []
    said = ('no',) if ends == 'rejected' else ()
    getattr(reader.book, ends)('log-1-1-1', *said)
    assert told[-1].order_id == 'of-somebody'


def test_words_of_other_symbols_do_not_wait_for_a_group(reader):
    reader.book.expect(reader.order, alone=False)
    reader.book.heard(update('new', shown(7, 'of-somebody', symbol='OTHER')))
    assert [one.order_id for one in reader.told] == ['of-somebody']


def test_what_is_listed_is_not_told(reader):
    reader.book.learn(shown(), 'log-1-1-1')
    assert reader.told == []
    # Nor does it keep the word of the stream from being told.
    reader.book.heard(update('new', shown()))
    assert len(reader.told) == 1


def test_an_end_that_was_listed_is_told_when_the_stream_says_it(reader):
    reader.book.answered(shown(), 'log-1-1-1')
    reader.book.learn(shown(status=_S.CANCELLED), 'log-1-1-1')
    reader.book.heard(update('canceled', shown()))
    assert reader.order.status is _S.CANCELLED


def test_a_new_connection_learns_of_ends(reader):
    reader.book.answered(shown(), 'log-1-1-1')
    reader.book.learn(shown(status=_S.CANCELLED), 'log-1-1-1', ends=True)
    assert reader.book.working() == []


def test_an_order_that_was_never_taken_is_forgotten(reader):
    assert reader.book.working() == ['log-1-1-1']
    assert reader.book.working(there=True) == []
    reader.book.forget('log-1-1-1')
    assert reader.book.working() == []
    reader.book.forget('log-1-1-1')


def test_an_order_that_was_taken_is_not_forgotten(reader):
    reader.book.answered(shown(), 'log-1-1-1')
    reader.book.forget('log-1-1-1')
    assert reader.book.working() == ['log-1-1-1']


def test_fills_of_an_order_for_an_amount_are_told(reader):
    found = shown(
        filled=1.5,
        average_price=95.0,
        status=_S.FILLED,
        client_id='theirs',
        qty=None,
        notional='142.5',
    )
    reader.book.heard(update('fill', found, qty='1.5', price='95'))
    told = [one for one in reader.told if isinstance(one, orders.Fill)]
    assert [(one.order_id, one.quantity) for one in told] == [('theirs', 1.5)]


def test_of_an_order_of_several_options_nothing_is_told(reader):
    leg = shown(2, client_id='CALL').model_dump()
    found = shown(client_id='theirs', symbol='', legs=[leg])
    reader.book.heard(update('new', found))
    assert reader.told == []
