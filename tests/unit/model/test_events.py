"""What events are, and how they are written."""

import json
import pathlib

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import msgspec
import pytest

from sting.model import errors
from sting.model import events
from sting.model import orders
from sting.model import records
from tests.unit.model import samples

pytestmark = pytest.mark.unit

GOLDEN = pathlib.Path(__file__).with_name('payloads.jsonl')
FILL = events.EventType.FILL
EVENT = events.Event(3, 7, FILL, 'paper', None, 'AAPL', 2)


def test_every_type_has_a_payload_class():
    assert set(events.PAYLOADS) == set(events.EventType)


def test_the_seed_names_are_there():
    names = {kind.value for kind in events.EventType}
    assert names >= {
        'market_data', 'order_update', 'position_update', 'risk_alert',
        'system_status',
    }  # fmt: skip


@pytest.mark.parametrize('kind', events.EventType)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_payload_is_read_back_as_it_was_written(kind, data):
    payload = data.draw(samples.PAYLOADS[kind])
    again = events.decode(kind, events.encode(payload))
    assert again == payload
    assert type(again) is type(payload)


@pytest.mark.parametrize('command', samples.EVERY_COMMAND)
def test_every_command_is_read_back_as_it_was_written(command):
    given_one = events.CommandGiven(command=command)
    text = events.encode(given_one)
    assert events.decode(events.EventType.COMMAND, text) == given_one


@pytest.mark.parametrize('kind', events.EventType)
def test_a_sample_sets_every_field(kind):
    sample = samples.SAMPLES[kind]
    written = json.loads(events.encode(sample))
    assert set(written) == {'v', *sample.__struct_fields__}
    assert written['v'] == 1


@pytest.mark.parametrize('kind', events.EventType)
def test_a_payload_is_written_as_it_always_was(kind):
    stored = dict(
        line.split('\t', 1) for line in GOLDEN.read_text().splitlines()
    )
    assert events.encode(samples.SAMPLES[kind]).decode() == stored[kind]
    assert events.decode(kind, stored[kind]) == samples.SAMPLES[kind]


def test_defaults_are_left_out():
    fill = orders.Fill(
        order_id='o',
        execution_id='x',
        symbol='S',
        side=orders.OrderSide.BUY,
        quantity=1.0,
        price=2.0,
    )
    assert set(json.loads(events.encode(fill))) == {
        'v', 'order_id', 'execution_id', 'symbol', 'side', 'quantity', 'price',
    }  # fmt: skip


def test_a_field_of_a_later_version_is_passed_over():
    text = b'{"v":1,"up_to":3,"later":[1,2]}'
    read = events.decode(events.EventType.ALERT_SEEN, text)
    assert read == records.AlertSeen(up_to=3)


@pytest.mark.parametrize(
    'text',
    [
        b'{"v":2,"up_to":3}',
        b'{"v":1}',
        b'{"v":1,"up_to":"three"}',
        b'{"v":1,"up_to":3',
        b'',
        b'[]',
    ],
)
def test_a_payload_that_is_not_one_is_a_journal_error(text):
    with pytest.raises(errors.JournalError, match='alert_seen cannot be read'):
        events.decode(events.EventType.ALERT_SEEN, text)


def test_an_unknown_command_is_a_journal_error():
    with pytest.raises(errors.JournalError):
        events.decode(
            events.EventType.COMMAND, b'{"v":1,"command":{"command":"sing"}}'
        )


def test_the_hash_is_what_it_always_was():
    assert events.chain(events.GENESIS, EVENT, b'{"v":1}').hex() == (
        'afc0f1287d4cf2534ba9a1c9871be549309030ac632da634d1b1ea90ec8e77f8'
    )


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('seq', 4),
        ('timestamp', 8),
        ('timestamp', -7),
        ('type', events.EventType.TRADE),
        ('source', 'papes'),
        ('symbol', 'AAPM'),
        ('cause', 1),
    ],
)
def test_the_hash_covers_every_column(field, value):
    other = msgspec.structs.replace(EVENT, **{field: value})
    assert events.chain(events.GENESIS, other, b'{}') != events.chain(
        events.GENESIS, EVENT, b'{}'
    )


def test_the_hash_covers_the_payload_and_what_came_before():
    base = events.chain(events.GENESIS, EVENT, b'{}')
    assert events.chain(events.GENESIS, EVENT, b'{} ') != base
    assert events.chain(base, EVENT, b'{}') != base


short = st.text('ab', max_size=3)
columns = st.tuples(short, short, short.map(str.encode))


@given(columns, columns)
def test_no_two_events_share_an_image(one, other):
    def digest(source, symbol, text):
        event = events.Event(1, 1, FILL, source, None, symbol)
        return events.chain(events.GENESIS, event, text)

    assert (digest(*one) == digest(*other)) == (one == other)
