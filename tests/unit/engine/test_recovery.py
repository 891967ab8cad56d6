"""The state that is read back is the state that was."""

import collections
import math
import pathlib
import tempfile

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.engine import chain
from sting.engine import image
from sting.engine import journal
from sting.engine import mark
from sting.engine import reader
from sting.engine import recovery
from sting.engine import state
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import orders
from sting.model import records
from tests.unit.engine import histories
from tests.unit.engine import logs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T = worlds.T
# A loaded machine is no failure.
patient = hypothesis.settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)


def nothing(event):
    """Shows nothing."""


def again(event):
    """The event as it is read back from the log."""
    return reader.to_event(journal.encode_rows([event], bytes(32))[0][0])


@hypothesis.given(histories.histories)
@patient
def test_after_any_step_the_log_gives_the_state_that_was(acts):
    world = histories.History()
    system = state.SystemState()
    for act in [None, *acts]:
        if act is not None:
            world.play(act)
        for event in world.events[system.seq :]:
            system.apply(again(event))
        assert worlds.image(system) == worlds.image(world.state)


@hypothesis.given(histories.histories, st.floats(0.0, 1.0))
@patient
def test_a_log_is_restored_from_any_checkpoint(acts, share):
    world = histories.played(acts)
    at = max(1, math.ceil(share * world.state.seq))
    older = state.SystemState()
    for event in world.events[:at]:
        older.apply(event)
    raw, digest = recovery.pack(image.capture(older))
    world.tell(T.CHECKPOINT, records.Checkpoint(up_to=at, digest=digest))
    system = state.SystemState()
    shown = []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'events.db'
        last = logs.write_quickly(path, world.events, (at, raw))
        found = recovery.restore(path, system, shown.extend)
    assert worlds.image(system) == worlds.image(world.state)
    assert found.last == last
    assert (found.base.seq, found.notes) == (at, ())
    assert shown == world.events


@hypothesis.given(histories.histories, st.floats(0.0, 1.0))
@patient
def test_the_state_at_any_number_is_that_of_the_events_up_to_it(acts, share):
    world = histories.played(acts)
    at = math.ceil(share * world.state.seq)
    expected = state.SystemState()
    for event in world.events[:at]:
        expected.apply(event)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'events.db'
        logs.write_quickly(path, world.events)
        system = recovery.state_at(path, at)
    assert worlds.image(system) == worlds.image(expected)


def booked(happened):
    """Cash and units that the events make, and what was split."""
    cash, units, was_split = worlds.CASH, collections.Counter(), set()
    for event in happened:
        data = event.data
        if event.type is T.FILL:
            signed = data.side.sign * data.quantity
            units[data.symbol] += signed
            cash -= signed * data.price + data.fee
        elif event.type is T.CASH_FLOW:
            cash += data.amount
        elif event.type is T.CORPORATE_ACTION:
            if data.kind is records.ActionKind.SPLIT:
                units[data.symbol] *= data.ratio
                was_split.add(data.symbol)
            elif data.kind is records.ActionKind.DELISTING:
                cash += units.pop(data.symbol, 0.0) * data.price
    return cash, units, was_split


@hypothesis.given(histories.histories)
@patient
def test_whatever_happens_the_accounts_agree(acts):
    world = histories.played(acts)
    system = world.state
    cash, units, was_split = booked(world.events)
    assert system.portfolio.cash == pytest.approx(cash)
    for symbol in worlds.SYMBOLS:
        held = system.portfolio.quantity(symbol)
        assert held == pytest.approx(units[symbol], abs=1e-6)
    fills = [e.data for e in world.events if e.type is T.FILL]
    for order in system.orders.values():
        filled = sum(f.quantity for f in fills if f.order_id == order.id)
        if (
            order.status not in (worlds.S.DENIED, worlds.S.REJECTED)
            and order.symbol not in was_split
        ):
            assert order.filled == pytest.approx(filled)
    working = {o.id for o in system.orders.values() if o.is_working}
    assert {o.id for o in system.working()} == working
    assert system.working_count() == len(working)


@hypothesis.given(histories.histories)
@patient
def test_whatever_happens_the_events_are_numbered_and_caused(acts):
    world = histories.played(acts)
    for number, event in enumerate(world.events, start=1):
        assert event.seq == number
        assert 0 <= event.cause < event.seq


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'events.db'


def a_world():
    world = worlds.World()
    world.held(10.0)
    world.accepted()
    world.command(commands.Halt, who='operator')
    return world


def checkpoint(world):
    """Keeps an image of the state now, and tells its digest."""
    at = world.state.seq
    raw, digest = recovery.pack(image.capture(world.state))
    world.tell(T.CHECKPOINT, records.Checkpoint(up_to=at, digest=digest))
    return at, raw


def test_a_log_that_is_not_there_is_new(path):
    system = state.SystemState()
    found = recovery.restore(path, system, nothing)
    assert found == recovery.Recovered(mark.START)
    assert worlds.image(system) == worlds.image(state.SystemState())
    path.touch()
    assert recovery.restore(path, system, nothing).last == mark.START


async def test_a_log_without_events_is_new(path):
    await logs.written(path, [])
    found = recovery.restore(path, state.SystemState(), nothing)
    assert found.last == mark.START


def test_a_log_that_was_only_begun_is_new(path):
    logs.execute(path, 'PRAGMA journal_mode=WAL')
    found = recovery.restore(path, state.SystemState(), nothing)
    assert found.last == mark.START


async def test_a_log_that_is_gone_is_not_new(path):
    await logs.written(path, a_world().events)
    path.unlink()
    with pytest.raises(errors.JournalCorruptError, match='is gone'):
        recovery.restore(path, state.SystemState(), nothing)


def test_what_is_no_log_is_not_new(path):
    path.write_bytes(b'no database' * 100)
    with pytest.raises(errors.JournalCorruptError):
        recovery.restore(path, state.SystemState(), nothing)


async def test_the_journal_goes_on_where_the_log_ends(path):
    world = a_world()
    await logs.written(path, world.events)
    found = recovery.restore(path, state.SystemState(), nothing)
    async with logs.opened(path, found.last) as log:
        world.bar()
        await log.append(world.last.events)
    assert chain.verify(path).events == world.state.seq


def test_a_bad_event_leaves_the_state_before_it(path):
    world = a_world()
    logs.write_quickly(path, world.events)
    logs.tamper(path, "UPDATE events SET source = 'x' WHERE seq = 5")
    system = state.SystemState()
    with pytest.raises(errors.JournalCorruptError) as caught:
        recovery.restore(path, system, nothing)
    assert caught.value.first_bad == 5
    assert system.seq == 4


@pytest.mark.parametrize(
    'damage',
    [
        "UPDATE checkpoints SET image = x'00'",
        'UPDATE checkpoints SET head = zeroblob(32)',
    ],
)
def test_a_damaged_checkpoint_is_passed_over_and_told(path, damage):
    world = a_world()
    at, raw = checkpoint(world)
    logs.write_quickly(path, world.events, (at, raw))
    logs.tamper(path, damage)
    system = state.SystemState()
    found = recovery.restore(path, system, nothing)
    assert found.base == mark.START
    assert found.notes == (f'the checkpoint at event {at} is damaged',)
    assert worlds.image(system) == worlds.image(world.state)


def test_an_image_of_no_known_form_is_passed_over(path):
    world = a_world()
    at = world.state.seq
    told = records.Checkpoint(up_to=at, digest=recovery._digest(b'x'))
    world.tell(T.CHECKPOINT, told)
    logs.write_quickly(path, world.events, (at, b'x'))
    found = recovery.restore(path, state.SystemState(), nothing)
    assert found.base == mark.START
    assert found.notes == (f'the checkpoint at event {at} is damaged',)


def test_a_checkpoint_that_no_event_tells_of_does_not_count(path):
    world = a_world()
    raw, _ = recovery.pack(image.capture(world.state))
    logs.write_quickly(path, world.events, (world.state.seq, raw))
    found = recovery.restore(path, state.SystemState(), nothing)
    assert (found.base, found.notes) == (mark.START, ())


def test_what_is_older_than_a_checkpoint_is_verified_apart(path):
    world = a_world()
    at, raw = checkpoint(world)
    logs.write_quickly(path, world.events, (at, raw))
    base = recovery.restore(path, state.SystemState(), nothing).base
    recovery.verify_older(path, base)
    logs.tamper(path, "UPDATE events SET source = 'x' WHERE seq = 3")
    assert recovery.restore(path, state.SystemState(), nothing).base == base
    with pytest.raises(errors.JournalCorruptError) as caught:
        recovery.verify_older(path, base)
    assert caught.value.first_bad == 3


def test_a_checkpoint_of_another_chain_is_found_out(path):
    world = a_world()
    logs.write_quickly(path, world.events)
    with pytest.raises(errors.JournalCorruptError, match='is not the one'):
        recovery.verify_older(path, mark.Mark(4, bytes(32)))


def test_events_before_a_checkpoint_that_cannot_be_read_are_not_shown(path):
    world = a_world()
    at, raw = checkpoint(world)
    logs.write_quickly(path, world.events, (at, raw))
    logs.tamper(path, "UPDATE events SET data = '{}' WHERE seq = 3")
    system = state.SystemState()
    shown = []
    assert recovery.restore(path, system, shown.extend).base.seq == at
    assert worlds.image(system) == worlds.image(world.state)
    assert [event.seq for event in shown] == [1, 2, at + 1]
    with pytest.raises(errors.JournalCorruptError):
        recovery.verify_older(path, mark.Mark(at, bytes(32)))


def test_a_damaged_word_of_a_checkpoint_does_not_count(path):
    world = a_world()
    at, raw = checkpoint(world)
    logs.write_quickly(path, world.events, (at, raw))
    logs.tamper(path, f"UPDATE events SET data = '{{}}' WHERE seq = {at + 1}")
    with pytest.raises(errors.JournalCorruptError) as caught:
        recovery.restore(path, state.SystemState(), nothing)
    assert caught.value.first_bad == at + 1


def test_the_newest_of_several_checkpoints_counts(path):
    world = a_world()
    first = checkpoint(world)
    world.bar('IBM')
    second = checkpoint(world)
    logs.write_quickly(path, world.events, first)
    logs.tamper(
        path,
        'INSERT INTO checkpoints SELECT seq, hash, '
        f"x'{second[1].hex()}' FROM events WHERE seq = {second[0]}",
    )
    system = state.SystemState()
    assert recovery.restore(path, system, nothing).base.seq == second[0]
    assert worlds.image(system) == worlds.image(world.state)
    older = recovery.state_at(path, first[0] + 1)
    assert older.seq == first[0] + 1


def test_checkpoints_that_cannot_be_read_are_damage(path):
    world = a_world()
    logs.write_quickly(path, world.events)
    logs.tamper(path, 'DROP TABLE checkpoints')
    with pytest.raises(errors.JournalCorruptError, match='checkpoints cannot'):
        recovery.restore(path, state.SystemState(), nothing)


def test_an_image_is_bytes_that_give_the_state_back():
    world = a_world()
    system = state.SystemState()
    image.restore(system, image.encode(image.capture(world.state)))
    assert worlds.image(system) == worlds.image(world.state)
    # It lives on like the one it was taken of.
    event = events.Event(
        system.seq + 1, 1, T.MARKET_DATA, 'feed', worlds.bar(), 'AAPL'
    )
    system.apply(event)
    world.state.apply(event)
    assert worlds.image(system) == worlds.image(world.state)


def test_an_image_has_the_ways_out_that_wait():
    world = worlds.World()
    world.bar('AAPL')
    world.signal('ab-1', side=worlds.BUY, quantity=10.0)
    world.signal('ab-2', kind=orders.SignalKind.CLOSE)
    system = state.SystemState()
    image.restore(system, image.encode(image.capture(world.state)))
    assert list(system.exits) == ['ab-2']
    assert worlds.image(system) == worlds.image(world.state)


def test_an_image_does_not_change_with_the_state():
    world = a_world()
    taken = image.capture(world.state)
    raw = image.encode(taken)
    world.bar('IBM')
    world.fill('theirs', 4.0)
    assert image.encode(taken) == raw


def test_what_is_no_image_is_an_error():
    with pytest.raises(errors.JournalError, match='cannot be read'):
        image.restore(state.SystemState(), b'\x00')
