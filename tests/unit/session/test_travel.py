"""Any moment of a log, by any way to it."""

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from sting.engine import archive
from sting.engine import history
from sting.engine import image
from sting.model import errors
from sting.model import events
from sting.model import records
from sting.session import travel
from tests.unit.engine import logs
from tests.unit.engine import worlds
from tests.unit.session import replays

pytestmark = pytest.mark.unit

T = events.EventType


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp('travel')
    return replays.write(folder / 'events.db', replays.traded())


@pytest.fixture
def short(monkeypatch):
    """Images of everything, and little that is shown."""
    monkeypatch.setattr(travel, 'FINE', 4)
    monkeypatch.setattr(travel, '_BEHIND', 12)
    monkeypatch.setattr(travel, 'COARSE', 10)
    monkeypatch.setattr(travel, 'SHOWN', 8)


def same_as_the_log(there):
    """Whether the state is the one that the log gives."""
    found = image.capture(there._at.system)
    return found == image.capture(history.state_at(there.path, seq=there.seq))


def test_it_begins_before_the_first_event_and_knows_the_last(path):
    there = travel.Travel(path)
    assert there.seq == 0
    assert there.last == len(logs.seqs(path))
    assert there.created.profile == 'test'


def test_a_moment_shows_what_had_happened_and_nothing_later(path):
    there = travel.Travel(path)
    fills = [e for e in logs.events_of(path) if e.type is T.FILL]
    there.seek(fills[1].seq)
    picture = there.picture()
    assert picture.mode is records.Mode.REPLAY
    assert (picture.profile, picture.seq) == ('test', fills[1].seq)
    assert [row.symbol for row in picture.positions] == ['AAPL', 'IBM']
    assert len(there.marks('AAPL', 99)) == len(there.marks('IBM', 99)) == 1
    assert there.bars('AAPL', 99)[-1].timestamp <= picture.time
    assert picture.events[-1].seq == picture.seq
    assert not picture.alerts
    there.seek(there.last)
    assert len(there.marks('AAPL', 99)) == 6
    assert there.picture().alerts


def test_known_symbols_come_first_and_the_others_follow(path):
    there = travel.Travel(path, ['MSFT', 'GOOG'])
    there.seek(there.last)
    shown = [row.symbol for row in there.picture().watch]
    assert shown == ['MSFT', 'GOOG', 'AAPL', 'IBM']


@settings(max_examples=15)
@given(goals=st.lists(st.integers(-3, 99), min_size=1, max_size=12))
def test_every_way_leads_to_the_same_moment(path, goals):
    there = travel.Travel(path)
    for goal in goals:
        assert there.seek(goal)
        straight = travel.Travel(path)
        straight.seek(there.seq)
        assert there.picture() == straight.picture()
        assert there.marks('AAPL', 99) == straight.marks('AAPL', 99)
        assert there.bars('IBM', 99) == straight.bars('IBM', 99)
    assert same_as_the_log(there)


def test_jumps_over_images_give_the_state_of_the_log(path, short):
    there = travel.Travel(path)
    for goal in (there.last, 3, 40, 39, 38, 30, 20, there.last, 21, 60, 59):
        assert there.seek(goal)
        assert there.seq == goal
        assert same_as_the_log(there)
    assert there._coarse
    assert there._fine


def test_a_jump_begins_at_a_checkpoint(tmp_path, short, monkeypatch):
    world = replays.traded()
    path = replays.write(tmp_path / 'events.db', world, checkpoint=40)
    read = []
    forward = travel.recovery.forward
    monkeypatch.setattr(
        travel.recovery,
        'forward',
        lambda path, system, seq: (
            read.append(system.seq),
            forward(path, system, seq),
        ),
    )
    there = travel.Travel(path)
    there.seek(there.last)
    assert read[0] == 40
    assert same_as_the_log(there)


def test_an_archived_part_is_travelled_as_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, 'KEEP', 1)
    world = replays.traded()
    path = replays.write(tmp_path / 'events.db', world, checkpoint=60)
    before = travel.Travel(path)
    before.seek(30)
    archive.archive(path, keep=4)
    there = travel.Travel(path)
    there.seek(there.last)
    there.seek(30)
    assert there.picture() == before.picture()


def test_steps_and_times(path):
    there = travel.Travel(path)
    there.seek(20)
    there.step(-5)
    assert there.seq == 15
    there.step(2)
    assert there.seq == 17
    there.to_time(there.now)
    assert there._at.system.time == there.now
    assert there.seq >= 17
    there.to_time(1)
    assert there.seq == 1
    there.to_time(2**62)
    assert there.seq == there.last


@pytest.mark.parametrize('goal', [90, 30])
def test_one_that_is_overtaken_gives_up_and_can_go_on(path, short, goal):
    there = travel.Travel(path)
    there.seek(50)
    assert not there.seek(min(goal, there.last), lambda: False)
    assert same_as_the_log(there)
    assert there.seek(goal)
    assert same_as_the_log(there)


def test_playing_lets_time_pass_and_leaves_out_where_nothing_happens(path):
    there = travel.Travel(path)
    there.seek(10)
    # The rest of that instant.
    assert there.play(0, 10**18)
    begun, seq = there.now, there.seq
    assert there.play(1, 10**18)
    assert (there.now, there.seq) == (begun + 1, seq)
    # The next event is a minute away.
    while there.seq == seq:
        assert there.play(1, 0)
    assert there.now == there._at.system.time
    while there.play(10**9, 10**9):
        pass
    assert there.seq == there.last


def test_a_flood_is_played_in_parts(path, monkeypatch):
    monkeypatch.setattr(travel, '_AT_ONCE', 5)
    there = travel.Travel(path)
    there.seek(1)
    assert there.play(10**18, 0)
    assert there.seq == 6
    assert there.now == there._at.system.time


def test_a_live_log_grows(tmp_path):
    path = tmp_path / 'events.db'
    logs.write_quickly(path, logs.some_events(5))
    with pytest.raises(errors.JournalCorruptError, match='as a log does'):
        travel.Travel(path)
    path = tmp_path / 'other.db'
    world = replays.traded()
    replays.write(path, world)
    there = travel.Travel(path)
    last = there.last
    world.bar('AAPL', 77.0)
    (tmp_path / 'other.db').unlink()
    replays.write(path, world)
    assert there.look() == last + 1


def test_an_empty_log_and_none_at_all(tmp_path):
    with pytest.raises(errors.JournalError, match='no event log'):
        travel.Travel(tmp_path / 'events.db')
    logs.write_quickly(tmp_path / 'events.db', [])
    with pytest.raises(errors.JournalError, match='no events yet'):
        travel.Travel(tmp_path / 'events.db')


def test_a_log_that_cannot_have_happened_is_told(tmp_path):
    path = replays.write(tmp_path / 'events.db', replays.traded())
    logs.tamper(path, 'DELETE FROM events WHERE seq = 12')
    there = travel.Travel(path)
    with pytest.raises(errors.JournalCorruptError):
        there.seek(20)
    path = replays.write(tmp_path / 'more.db', replays.traded())
    update = 'UPDATE events SET data = {} WHERE type = {!r}'
    text = "replace(data, 'ab-', 'zz-')"
    logs.tamper(path, update.format(text, 'risk_verdict'))
    there = travel.Travel(path)
    with pytest.raises(errors.JournalCorruptError, match='cannot have'):
        there.seek(there.last)


def test_a_board_goes_on_by_itself_over_another_state(path):
    there = travel.Travel(path)
    there.seek(30)
    shown = there._at.shown
    other = shown.over(there._at.system)
    taken = there.picture()
    other.take([e for e in logs.events_of(path) if e.seq > 30], 0.0)
    assert there.picture() == taken
    assert worlds.SYMBOLS[0] in [row.symbol for row in taken.watch]
