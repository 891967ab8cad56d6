"""How the engine is, looked at beside it."""

import os

import pytest

from sting import session
from sting.session import sampling
from tests.unit.session import stations

pytestmark = pytest.mark.unit

HOUR_S = 3600.0
SECOND = 1_000_000_000


def test_a_trend_is_that_of_an_hour():
    trend = sampling.Trend()
    # What it takes to start does not count.
    assert trend.take(0.0, 5) is None
    assert trend.take(59.0, 90) is None
    assert trend.take(60.0, 100) is None
    assert trend.take(299.0, 110) is None
    assert trend.take(300.0, 110) == pytest.approx(150.0)
    # What is older than an hour does not count any more.
    for minute in range(6, 200):
        found = trend.take(60.0 * minute, 110)
    assert found == 0.0


def test_a_trend_may_fall():
    trend = sampling.Trend()
    trend.take(0.0, 900)
    trend.take(60.0, 100)
    assert trend.take(60.0 + HOUR_S, 40) == pytest.approx(-60.0)


def test_a_clock_that_keeps_time_has_no_step():
    steps = sampling.Steps()
    assert steps.take(10.0, 1_000 * SECOND) is None
    assert steps.take(11.0, 1_001 * SECOND) == 0.0


def test_a_clock_that_is_set_tells_so_for_a_minute():
    steps = sampling.Steps()
    steps.take(10.0, 1_000 * SECOND)
    assert steps.take(11.0, 1_031 * SECOND) == 30.0
    assert steps.take(69.0, 1_089 * SECOND) == 30.0
    assert steps.take(72.0, 1_092 * SECOND) == 0.0


def test_the_picture_has_the_engines_figures(tmp_path):
    home = stations.home_in(tmp_path)
    with stations.running(home) as station:
        stations.buy(station)

        def sampled():
            found = station.snapshot().health
            names = {each.name for each in found.latencies} if found else set()
            wanted = {'loop late', 'event to log', 'broker: paper'}
            return found if wanted <= names else None

        found = stations.until(sampled)
        for each in found.latencies:
            assert each.taken == sum(each.counts) > 0
            assert 0 <= each.p50_ms <= each.p99_ms <= each.max_ms
        engine = found.processes[0]
        assert (engine.name, engine.pid) == ('engine', os.getpid())
        assert engine.memory > 1_000_000
        assert engine.peak >= engine.memory
        # Too early to say how it grows.
        assert engine.growth is None
        assert found.log >= home.log(station.profile).stat().st_size > 0
        assert found.log_growth is None
        assert 0 < found.free <= found.disk


def test_each_strategy_has_its_process_and_its_answers(tmp_path):
    home = stations.home_in(tmp_path)
    strategies = {'sma': 'sting.library.sma_cross'}
    with stations.running(home, strategies=strategies) as station:

        def sampled():
            picture = station.snapshot()
            found = picture.health
            pids = {row.name: row.pid for row in picture.strategies if row.pid}
            if not found or not pids:
                return None
            known = {row.name: row for row in found.processes}
            names = {each.name for each in found.latencies}
            if not all(f'answer: {name}' in names for name in pids):
                return None
            return known, pids

        known, pids = stations.until(sampled)
        for name, pid in pids.items():
            assert known[name].pid == pid
            assert known[name].memory > 1_000_000


@pytest.mark.parametrize('gone', [True, False])
async def test_a_process_without_figures_is_listed_all_the_same(
    tmp_path, monkeypatch, gone
):
    made = sampling.Sampling(
        tmp_path / 'log',
        [],
        timing=None,
        hosted=None,
        brokers=None,
        counts={},
        time_source=session.workstation.clock.LiveClock(),
    )
    pids = {'engine': os.getpid()}
    made._work({}, pids)
    if gone:
        monkeypatch.setattr(sampling.processes, 'look', lambda pid: None)
        row = made._work({}, pids).processes[0]
        assert (row.memory, row.cpu) == (None, None)
    else:
        row = made._work({}, pids).processes[0]
        assert row.cpu >= 0
    # What is known of one that is gone is forgotten.
    made._work({}, {})
    assert made._used == made._trends == {}


def test_a_disk_that_does_not_tell_is_unknown(tmp_path, monkeypatch):
    made = sampling.Sampling(
        tmp_path / 'log',
        [],
        timing=None,
        hosted=None,
        brokers=None,
        counts={},
        time_source=session.workstation.clock.LiveClock(),
    )

    def fails(path):
        raise PermissionError(path)

    monkeypatch.setattr(sampling.shutil, 'disk_usage', fails)
    (tmp_path / 'log').write_bytes(b'x' * 10)
    found = made._work({'nothing': []}, {})
    assert (found.log, found.free, found.disk) == (10, None, None)
    assert found.latencies == ()
