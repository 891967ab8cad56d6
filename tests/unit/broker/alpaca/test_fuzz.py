"""Answers and messages that make no sense never break the adapter."""

import asyncio
import copy
import json

from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from sting.broker.alpaca import asking
from sting.broker.alpaca import book as books
from sting.broker.alpaca import updates
from sting.model import errors
from sting.model import portfolio
from tests.brokers.alpaca import exchange
from tests.brokers.alpaca import shapes
from tests.unit.broker.alpaca import test_book

pytestmark = pytest.mark.unit

RECORD = exchange.Record(1, 'log-1-1-1', 'log-1-1-1', test_book.order(), 10**18)
ORDER = shapes.order(RECORD)
UPDATE = {
    'event': 'fill',
    'timestamp': shapes.stamp(10**18),
    'order': ORDER | {'filled_qty': '10', 'status': 'filled'},
    'price': '95',
    'qty': '10',
}
FILL = {
    'id': '20260105::1',
    'transaction_time': shapes.stamp(10**18),
    'price': '1',
    'qty': '1',
    'side': 'buy',
    'symbol': 'AAPL',
    'order_id': RECORD.uuid,
    'cum_qty': '1',
}
NONSENSE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(['NaN', '1e400', '-1', '', '0', '9' * 400]),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.text(max_size=4), st.none(), max_size=2),
)


def broken(sample):
    """One field of a sample is missing, or nonsense."""
    return st.tuples(st.sampled_from(sorted(sample)), NONSENSE, st.booleans())


def damaged(sample, change):
    name, value, gone = change
    made = copy.deepcopy(sample)
    if gone:
        made.pop(name, None)
    else:
        made[name] = value
    return made


class Canned:
    """Answers each question with one thing."""

    resting_s = 0.0

    def __init__(self, answer):
        self.answer = answer

    async def call(self, *asked, **how):
        return self.answer


class Frames:
    """A wire with so many frames."""

    def __init__(self, *frames):
        self.frames = list(frames)

    async def receive(self):
        if not self.frames:
            raise errors.SourceUnavailableError('the end')
        return self.frames.pop(0)


def ask(answer, question):
    """Asks; what comes is an answer, or an error of ours."""
    made = asking.Questions(Canned(answer), books.Book(), 'alpaca')
    try:
        asyncio.run(question(made))
    except errors.BrokerUnknownError as error:
        told = str(error)
    else:
        told = ''
    assert '\n' not in told


FEW = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@FEW
@given(broken(ORDER))
def test_orders(change):
    row = damaged(ORDER, change)
    ask([row], lambda made: made.working())
    ask(row, lambda made: made.by_client_id('x'))


@FEW
@given(broken(FILL))
def test_fills(change):
    ask([damaged(FILL, change)], lambda made: made.fills(0))


ACCOUNT = shapes.account(1.0, 1.0)
HELD = portfolio.Position(symbol='A', quantity=1.0, average_price=1.0)
POSITION = shapes.position(HELD, 1.0)
ASSET = shapes.asset('AAPL')


@FEW
@given(broken(ACCOUNT), broken(POSITION), broken(ASSET))
def test_account_positions_and_instruments(account, position, asset):
    questions = (
        (damaged(ACCOUNT, account), lambda made: made.account()),
        ([damaged(POSITION, position)], lambda made: made.positions()),
        (damaged(ASSET, asset), lambda made: made.instrument('AAPL')),
    )
    for answer, question in questions:
        made = asking.Questions(Canned(answer), books.Book(), 'alpaca')
        made._rest.access = type('A', (), {'url': 'http://127.0.0.1'})
        try:
            asyncio.run(question(made))
        except errors.BrokerUnknownError as error:
            told = str(error)
        else:
            told = ''
        assert '\n' not in told


@FEW
@given(NONSENSE)
def test_answers_that_are_something_else(answer):
    for question in (
        lambda made: made.working(),
        lambda made: made.recent(),
        lambda made: made.fills(0),
        lambda made: made.positions(),
        lambda made: made.account(),
        lambda made: made.time(),
        lambda made: made.instrument('X'),
        lambda made: made.by_client_id('X'),
    ):
        ask(answer, question)


def hear(*frames):
    """Reads frames; gives what was told and what was complained of."""
    reader, wrong = test_book.Reader(), []
    stream = updates.Updates(Frames(*frames), 'alpaca')
    with pytest.raises(errors.SourceUnavailableError, match='the end'):
        asyncio.run(stream.read(reader.book.heard, wrong.append))
    return reader, wrong


SOUND = json.dumps({'stream': 'trade_updates', 'data': UPDATE}).encode()


@FEW
@given(broken(UPDATE), broken(UPDATE['order']), st.booleans())
def test_messages(change, deeper, deep):
    data = damaged(UPDATE, change)
    if deep and isinstance(data.get('order'), dict):
        data['order'] = damaged(data['order'], deeper)
    frame = json.dumps({'stream': 'trade_updates', 'data': data}).encode()
    reader, wrong = hear(frame, SOUND)
    # What comes behind it is heard.
    assert reader.told or wrong


@FEW
@given(st.one_of(st.binary(max_size=40), st.text(max_size=40)))
def test_frames_that_are_anything(frame):
    reader, _ = hear(frame, SOUND)
    assert len(reader.told) == 2


@pytest.mark.parametrize(
    'frame',
    [b'[' * 100_000, b'{"stream": "trade_updates"}', b'{}', b'', '"', b'\xff'],
)
def test_frames_that_make_no_sense_are_complained_of(frame):
    reader, wrong = hear(frame, SOUND)
    assert len(reader.told) == 2
    assert len(wrong) == 1


def test_other_streams_are_passed_over():
    reader, wrong = hear(b'{"stream": "listening", "data": {}}', SOUND)
    assert len(reader.told) == 2
    assert wrong == []
