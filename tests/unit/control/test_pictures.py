"""Frames: only what changed, and the same picture at the other end."""

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import msgspec
import pytest

from sting.control import pictures
from sting.model import views
from tests.unit.model import samples
from tests.unit.tui import stations

pytestmark = pytest.mark.unit


def frames(*shown):
    """The frames of pictures, without their lengths."""
    differ = pictures.Differ()
    return [differ.encode(picture)[pictures.HEAD_BYTES :] for picture in shown]


def test_the_first_frame_has_all():
    picture = stations.snapshot()

    (first,) = frames(picture)

    assert pictures.Joiner().decode(first) == picture


def test_the_length_comes_first():
    frame = pictures.Differ().encode(stations.snapshot())

    length = int.from_bytes(frame[: pictures.HEAD_BYTES], 'big')

    assert length == len(frame) - pictures.HEAD_BYTES


def test_what_did_not_change_is_not_sent():
    picture = stations.snapshot()
    later = msgspec.structs.replace(picture, seq=4711)

    _, changed, same = frames(picture, later, later)

    assert msgspec.msgpack.decode(changed) == {'seq': 4711}
    assert msgspec.msgpack.decode(same) == {}


def test_of_rows_that_move_on_only_the_new_one_is_sent():
    picture = stations.snapshot()
    rows = picture.events
    new = msgspec.structs.replace(rows[-1], seq=9999)
    later = msgspec.structs.replace(picture, events=(*rows[1:], new))

    _, frame = frames(picture, later)

    sent = msgspec.msgpack.decode(frame)['events']
    assert sent[0] == [1, len(rows)]
    assert [row['seq'] for row in sent[1:]] == [9999]


def test_rows_made_anew_are_not_sent_when_they_are_equal():
    picture = stations.snapshot()
    rows = [msgspec.structs.replace(row) for row in picture.watch]
    rows[2] = msgspec.structs.replace(rows[2], last=1.25)
    later = msgspec.structs.replace(picture, watch=tuple(rows))

    _, frame = frames(picture, later)

    sent = msgspec.msgpack.decode(frame)['watch']
    assert sent[0] == [0, 2]
    assert sent[1]['last'] == 1.25
    assert sent[2] == [3, 5]


_ORDERS = st.lists(st.integers(0, 6), max_size=8).map(
    lambda numbers: tuple(_KNOWN[number] for number in numbers)
)
_KNOWN = [stations.order(number) for number in range(7)]


@settings(max_examples=50, deadline=None)
@given(st.lists(_ORDERS, min_size=1, max_size=6), st.booleans())
def test_any_pictures_are_the_same_at_the_other_end(lists, anew):
    differ, joiner = pictures.Differ(), pictures.Joiner()
    for known in lists:
        rows = known
        if anew:
            rows = tuple(msgspec.structs.replace(row) for row in known)
        picture = stations.snapshot(orders=rows, seq=len(rows))
        body = differ.encode(picture)[pictures.HEAD_BYTES :]
        assert joiner.decode(body) == picture


def test_what_is_no_number_passes():
    picture = stations.snapshot(equity=float('nan'), cash=float('inf'))

    (frame,) = frames(picture)
    found = pictures.Joiner().decode(frame)

    assert found.equity != found.equity
    assert found.cash == float('inf')


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_every_field_passes(data):
    made = samples.structs(views.Snapshot)
    differ, joiner = pictures.Differ(), pictures.Joiner()
    for _ in range(2):
        picture = data.draw(made)
        body = differ.encode(picture)[pictures.HEAD_BYTES :]
        assert joiner.decode(body) == picture


@pytest.mark.parametrize(
    'body',
    [
        b'',
        b'\xc1',
        msgspec.msgpack.encode({'seq': 'many'}),
        msgspec.msgpack.encode({'orders': [[0, 1, 2]]}),
    ],
)
def test_what_is_no_frame_is_an_error(body):
    with pytest.raises(msgspec.MsgspecError):
        pictures.Joiner().decode(body)


@pytest.mark.parametrize('span', [[0, 1], [-1, 1], [2, 1]])
def test_rows_that_are_not_there_are_an_error(span):
    body = msgspec.msgpack.encode({'orders': [span]})
    with pytest.raises(IndexError):
        pictures.Joiner().decode(body)
