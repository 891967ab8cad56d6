"""Frames: cut, read, and refused when they are none."""

import contextlib
import struct

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import portfolio
from sting.strategy import context
from sting.strategy import wire
from tests.unit.model import samples as payloads
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

T = events.EventType


def bodies(raw):
    return list(wire.Reader().take(raw))


@given(st.lists(st.binary(max_size=40), max_size=8), st.data())
def test_frames_come_whole_however_they_are_cut(frames, data):
    raw = b''.join(struct.pack('>I', len(each)) + each for each in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    reader = wire.Reader()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        found += reader.take(raw[start:end])
    assert found == frames


@given(data=st.data(), kind=st.sampled_from([T.MARKET_DATA, T.QUOTE, T.TRADE]))
def test_an_event_comes_as_it_was_sent(data, kind):
    payload = data.draw(payloads.PAYLOADS[kind])
    event = events.Event(7, 1, kind, 'test', payload)
    (body,) = bodies(wire.encode_event(event))
    told = wire.told(body)
    assert (told.seq, told.data) == (7, payload)
    assert type(told.data) is type(payload)


@pytest.mark.parametrize('kind', [T.CORPORATE_ACTION, T.CASH_FLOW])
def test_what_is_booked_comes_with_its_time(kind):
    payload = payloads.SAMPLES[kind]
    event = events.Event(7, 5, kind, 'test', payload)
    (body,) = bodies(wire.encode_event(event))
    told = wire.told(body)
    assert (told.seq, told.data, told.now) == (7, payload, 5)


def test_a_fill_comes_with_its_order_and_position():
    event = events.Event(7, 1, T.FILL, 'test', samples.fill())
    held = portfolio.Position(symbol='X', quantity=4.0)
    order = samples.order()
    (body,) = bodies(wire.encode_event(event, order, held))
    assert wire.told(body) == wire.Filled(7, samples.fill(), order, held)


def test_a_change_of_an_order_comes_as_the_order():
    event = events.Event(
        7, 1, T.ORDER_UPDATE, 'test', payloads.SAMPLES[T.ORDER_UPDATE]
    )
    (body,) = bodies(wire.encode_event(event, samples.order()))
    assert wire.told(body) == wire.Update(7, samples.order())


def test_what_strategies_do_not_hear_is_no_frame():
    event = events.Event(
        7, 1, T.RISK_ALERT, 'test', payloads.SAMPLES[T.RISK_ALERT]
    )
    assert wire.encode_event(event) == b''


@given(signals=st.lists(payloads.PAYLOADS[T.SIGNAL], max_size=3))
def test_an_answer_comes_as_it_was_sent(signals):
    sent = wire.Answer(7, 0.5, signals, [context.LogLine(1, 'info', 'a')])
    (body,) = bodies(wire.encode(sent))
    assert wire.said(body) == sent


@pytest.mark.parametrize(
    'body',
    [b'', b'\x00', b'\x93\x01\x02', b'\xff' * 20, wire.encode(wire.Save())[4:]],
)
def test_garbage_is_an_error_of_the_strategy(body):
    with pytest.raises(errors.StrategyError, match='makes no sense'):
        wire.said(body)


@given(st.binary(max_size=64))
def test_no_bytes_raise_anything_else(body):
    with contextlib.suppress(errors.StrategyError):
        wire.said(body)


def test_a_frame_above_the_bound_is_refused_by_its_length():
    reader = wire.Reader(limit=10)
    assert list(reader.take(struct.pack('>I', 10) + bytes(10))) == [bytes(10)]
    with pytest.raises(errors.StrategyError, match='11 bytes, above 10'):
        list(reader.take(struct.pack('>I', 11)))


def test_a_bar_of_no_figures_can_be_sent():
    bar = market.MarketData('X', 1, float('nan'), 1.0, 1.0, 1.0, 1.0)
    event = events.Event(7, 1, T.MARKET_DATA, 'test', bar)
    (body,) = bodies(wire.encode_event(event))
    assert wire.told(body).data.symbol == 'X'
