"""A log as a workstation that sends nothing."""

import contextlib
import threading

import pytest

from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import records
from sting.session import replay
from tests.unit.engine import logs
from tests.unit.session import replays
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = events.EventType
SOON = 30.0


class Live:
    """An engine of which only the watchlist and the stop are asked."""

    def __init__(self):
        self.stopped = []

    def snapshot(self):
        return replay.views.Snapshot(
            profile='test',
            mode=records.Mode.PAPER,
            watch=(replay.views.WatchRow('MSFT'),),
        )

    def emergency_stop(self, who, reason, latched=0):
        self.stopped.append((who, reason))
        return len(self.stopped)


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp('replay')
    return replays.write(folder / 'events.db', replays.traded())


@contextlib.contextmanager
def opened(path, *args, **more):
    found = replay.Replay(path, *args, **more)
    try:
        yield found
    finally:
        found.close()


def arrived(station, seq):
    stations.until(
        lambda: station.place.seq == seq and not station.place.is_moving, SOON
    )
    return station.snapshot()


def test_it_begins_at_the_end_and_shows_the_moment(path):
    last = len(logs.seqs(path))
    with opened(path, Live()) as station:
        picture = arrived(station, last)
        assert picture.mode is records.Mode.REPLAY
        assert picture.seq == last
        assert picture.watch[0].symbol == 'MSFT'
        assert station.bars('AAPL', 5)
        assert station.marks('AAPL', 5)
        stations.until(lambda: station.place.read == last, SOON)
        assert station.timeline.marks()


def test_it_can_begin_elsewhere(path):
    with opened(path, at=17) as station:
        assert arrived(station, 17).seq == 17


def test_steps_that_overtake_each_other_add_up(path):
    with opened(path, at=40) as station:
        arrived(station, 40)
        for _ in range(9):
            station.step(2)
        station.step(-3)
        assert arrived(station, 55).seq == 55
        station.step(10**6)
        arrived(station, station.place.last)
        station.seek(-5)
        arrived(station, 1)


def test_times_and_marks(path):
    with opened(path, at=1) as station:
        arrived(station, 1)
        last = station.place.last
        stations.until(lambda: station.place.read == last, SOON)
        halt = station.timeline.after(0, 'halt')
        assert station.to_mark(True, 'halt')
        assert arrived(station, halt.seq).state is records.TradingState.HALTED
        assert not station.to_mark(True, 'reduce')
        before = station.timeline.before(halt.seq)
        assert station.to_mark(False)
        arrived(station, before.seq)
        station.to_time(2**62)
        arrived(station, last)


def test_it_plays_to_the_end(path):
    with opened(path, at=1) as station:
        arrived(station, 1)

        def ended():
            station.play(10**15, 10**15)
            return station.place.seq == station.place.last

        stations.until(ended, SOON)


def test_a_wish_to_play_does_not_overtake(path):
    with opened(path, at=1) as station:
        arrived(station, 1)
        with station._changed:
            station.seek(50)
            station.play(10**15, 10**15)
        assert arrived(station, 50).seq == 50


def test_nothing_is_sent_and_the_stop_is_that_of_now(path):
    live = Live()
    with opened(path, live) as station:
        answer = station.submit(commands.CancelAll()).result(SOON)
        assert not answer.ok
        assert 'replay' in answer.message
        asked = station.judge(commands.ReplaceOrder(order_id='x'))
        with pytest.raises(errors.RefusedError):
            asked.result(SOON)
        assert station.emergency_stop('operator', 'key') == 1
        assert live.stopped == [('operator', 'key')]
    with opened(path) as alone:
        assert alone.emergency_stop('operator', 'key') == 0


def test_why_shows_nothing_that_is_later(path):
    signal = next(e for e in logs.events_of(path) if e.type is T.SIGNAL)
    with opened(path, at=signal.seq) as station:
        arrived(station, signal.seq)
        rows = station.why(signal.seq).result(SOON)
        assert [row.seq for row in rows] == [signal.seq]
        station.seek(station.place.last)
        arrived(station, station.place.last)
        assert len(station.why(signal.seq).result(SOON)) > 1


def test_a_log_has_nothing_that_was_printed(path):
    with opened(path) as station:
        assert station.output('sma', 10).result(SOON) == ()


def test_a_live_log_extends_the_timeline(tmp_path):
    home = stations.home_in(tmp_path)
    with stations.running(home) as engine:
        bought = stations.buy(engine)
        stations.wait_for(engine, bought.order_id, 'filled')
        with opened(home.log('demo'), engine) as station:
            stations.until(lambda: not station.place.is_moving, SOON)
            shown, last = station.place.seq, station.place.last
            stations.until(lambda: station.place.last > last, SOON)
            assert station.place.seq == shown
            stations.until(
                lambda: station.timeline.after(0, 'fill') is not None, SOON
            )


def test_a_log_that_is_none_is_told(tmp_path):
    with opened(tmp_path / 'events.db') as station:
        stations.until(lambda: station.place.problem, SOON)
        assert 'no event log' in station.place.problem
        assert not station.place.is_moving
        assert station.bars('AAPL', 5) == station.marks('AAPL', 5) == ()


def test_a_damaged_part_is_told_and_the_rest_can_be_seen(tmp_path):
    path = replays.write(tmp_path / 'events.db', replays.traded())
    logs.tamper(path, 'DELETE FROM events WHERE seq = 30')
    with opened(path, at=10) as station:
        arrived(station, 10)
        station.seek(50)
        stations.until(lambda: 'event 31' in station.place.problem, SOON)
        station.seek(12)
        stations.until(
            lambda: station.place.seq == 12 and not station.place.problem, SOON
        )


def test_it_leaves_no_thread(path):
    with opened(path) as station:
        station.why(1).result(SOON)
        assert station._thread.is_alive()
    assert not station._thread.is_alive()
    names = [each.name for each in threading.enumerate()]
    assert not any(name.startswith('replay') for name in names)


def test_logs_are_found_and_other_files_are_not(tmp_path):
    folder = tmp_path / 'one'
    folder.mkdir()
    log = replays.write(folder / 'events.db', replays.traded(1))
    (folder / 'other.db').write_bytes(b'nothing')
    assert replay.logs(tmp_path) == [log]
    assert replay.logs(tmp_path / 'none') == []
