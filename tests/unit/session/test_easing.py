"""An engine that runs short gives way in steps, and comes back."""

import contextlib
import os
import pathlib
import resource
import shutil
import subprocess
import time

import msgspec
import pytest

from sting import session
from sting import settings
from sting.engine import archive
from sting.engine import chain
from sting.engine import segments
from sting.model import commands
from sting.model import events
from sting.model import health
from sting.model import records
from sting.monitor import resources
from sting.session import easing
from sting.session import room
from sting.session import sampling
from tests.unit.session import stations

pytestmark = [pytest.mark.unit, pytest.mark.timeout(120)]

MB = 1_000_000
PLENTY = 10**9


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Steps follow one another within a second."""
    monkeypatch.setattr(resources, 'UP_S', 0.2)
    monkeypatch.setattr(resources, 'DOWN_S', 0.4)
    monkeypatch.setattr(easing, 'EVERY_S', 0.05)
    monkeypatch.setattr(sampling, 'EVERY_S', 0.05)


@contextlib.contextmanager
def running(home, **limits):
    """A session with limits, and no other lack than that of a test."""
    given = {'memory_mb': float(PLENTY), 'free_mb': 0.0} | limits
    config = msgspec.structs.replace(
        stations.config(home), resources=settings.Resources(**given)
    )
    station = session.open('demo', home=home, config=config)
    station.start()
    try:
        yield station
    finally:
        station.close()


def taken(home):
    """The steps that the log tells of, in order: up and, with -, down."""
    found = []
    for event in stations.log_of(home, events.EventType.RISK_ALERT):
        text = event.data.message
        for nth, step in enumerate(health.STEPS, start=1):
            if text.endswith(f'step {nth} of 6, {step}'):
                found.append(nth)
            elif f'step {nth}, {step}, is over' in text:
                found.append(-nth)
    return found


def level_of(station):
    return station.snapshot().easing.level


def state_is(station, state):
    return lambda: station.snapshot().state == state


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A file system of 24 MB, and how much of it is to be free.

    A real one where this user may mount one; else what the system tells of
    the disk is made up.
    """
    folder = tmp_path / 'small'
    folder.mkdir()
    ballast = folder / 'ballast'
    mounted = (
        subprocess.run(
            ['mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', str(folder)],
            check=False,
            capture_output=True,
        ).returncode
        == 0
        if os.geteuid() == 0 and shutil.which('mount')
        else False
    )
    free = [PLENTY]

    def leave(size):
        if not mounted:
            free[0] = size
            return
        ballast.unlink(missing_ok=True)
        has = shutil.disk_usage(folder).free
        with ballast.open('wb') as file:
            if has > size:
                os.posix_fallocate(file.fileno(), 0, has - size)

    if not mounted:
        real = shutil.disk_usage
        monkeypatch.setattr(
            shutil,
            'disk_usage',
            lambda path: real(path)._replace(free=free[0]),
        )
    try:
        yield folder, leave
    finally:
        if mounted:
            subprocess.run(['umount', '-l', str(folder)], check=True)


def test_a_disk_that_fills_up_is_met_step_by_step(small_disk):
    folder, leave = small_disk
    home = stations.home_in(folder)
    with running(home, free_mb=8.0) as station:
        kept = stations.buy(station, 1.0, type='limit', price=1.0)
        assert kept.ok
        leave(5 * MB)
        stations.until(lambda: level_of(station) == 2)
        shown = station.snapshot()
        assert shown.easing.step == 'caches dropped'
        assert 'MiB are free where the log is' in shown.easing.reasons[0]
        assert 'resources' in {each.area for each in shown.verdict.reasons}
        leave(MB // 2)
        stations.until(state_is(station, 'HALTED'))
        assert level_of(station) == 6
        # What stopped trading stays, and all else comes back.
        leave(20 * MB)
        stations.until(lambda: level_of(station) == 0)
        stations.until(lambda: taken(home)[-1:] == [-1])
        assert station.snapshot().state == 'HALTED'
        assert 'resources' in station.snapshot().reason
        done = stations.ask(station, commands.Resume(confirm='RESUME'))
        assert done.ok, done.message
        stations.until(state_is(station, 'TRADING'))
    assert taken(home) == [1, 2, 3, 4, 5, 6, -6, -5, -4, -3, -2, -1]
    assert chain.verify(home.log('demo')).ok
    states = [
        event.data.state
        for event in stations.log_of(home, events.EventType.TRADING_STATE)
    ]
    assert states == ['REDUCING', 'HALTED', 'TRADING']


def own_memory():
    text = pathlib.Path('/proc/self/status').read_text()
    (line,) = (x for x in text.splitlines() if x.startswith('VmRSS'))
    return int(line.split()[1]) * 1024


def test_memory_that_is_used_up_is_given_back(tmp_path):
    home = stations.home_in(tmp_path)
    limit = own_memory() / MB * 1.6
    with running(home, memory_mb=limit) as station:
        stations.until(lambda: station.snapshot().health)
        assert level_of(station) == 0
        hog = bytearray(int(limit * MB * 0.9) - own_memory())
        stations.until(lambda: level_of(station) >= 3)
        assert (
            f'of {limit * MB // 2**20:,.0f} MiB of memory in use'
            in (station.snapshot().easing.reasons[0])
        )
        # Fewer pictures, but still some.
        assert station._room.every_s == room.THIN_S
        del hog
        stations.until(lambda: level_of(station) == 0)
        assert station._room.every_s == room.PICTURE_S
        assert station.snapshot().state == 'TRADING'
    steps = taken(home)
    assert steps[:3] == [1, 2, 3]
    assert sorted(steps[3:]) == sorted(-step for step in steps if step > 0)


def test_files_that_run_out_are_met_step_by_step(tmp_path):
    home = stations.home_in(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = []
    with running(home) as station:
        stations.until(lambda: station.snapshot().health)
        most = station.snapshot().health.processes[0].files + 100
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
        try:
            with contextlib.suppress(OSError):
                while True:
                    held.append(os.open(os.devnull, os.O_RDONLY))
            assert held
            stations.until(state_is(station, 'HALTED'))
            assert 'files are open' in station.snapshot().easing.reasons[-1]
        finally:
            for each in held:
                os.close(each)
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        stations.until(lambda: level_of(station) == 0)
        assert station.snapshot().state == 'HALTED'
    assert taken(home)[:6] == [1, 2, 3, 4, 5, 6]
    assert chain.verify(home.log('demo')).ok


def test_old_events_leave_the_log_while_the_engine_writes_it(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(archive, 'KEEP', 20)
    monkeypatch.setattr(easing, 'PIECE', 50)
    home = stations.home_in(tmp_path)
    with running(home) as station:
        stations.until(lambda: station.snapshot().seq > 300)
        inner = station._room
        inner._loop.call_soon_threadsafe(
            lambda: inner._behind.append(
                inner._loop.create_task(inner._checkpoints.make())
            )
        )
        log = home.log('demo')
        stations.until(
            lambda: stations.log_of(home, events.EventType.CHECKPOINT)
        )
        inner._loop.call_soon_threadsafe(inner._easing._archive)

        def archived():
            return [
                event
                for event in stations.log_of(
                    home, events.EventType.SYSTEM_STATUS
                )
                if event.data.status == 'archived'
            ]

        (told,) = stations.until(archived)
        assert told.data.detail.startswith('archived events 1 to ')
        pieces = sorted((log.parent / segments.FOLDER).iterdir())
        assert len(pieces) > 2
        seq = station.snapshot().seq
        stations.until(lambda: station.snapshot().seq > seq + 20)
    assert chain.verify(log).ok
    # And all of it is there after a restart.
    assert stations.state_of(home).seq > seq
    with running(home) as station:
        assert station.snapshot().seq > seq


def test_a_clock_that_is_moved_is_told_once(tmp_path):
    home = stations.home_in(tmp_path)
    with running(home) as station:
        stations.until(lambda: station.snapshot().health)
        steps = station._room._sampling._steps
        wall, now = steps._ahead[0]
        steps._ahead[0] = (wall, now - 3600.0)

        def told():
            return [
                event.data.message
                for event in stations.log_of(home, events.EventType.RISK_ALERT)
                if 'clock was moved' in event.data.message
            ]

        stations.until(told)
        time.sleep(0.3)
        (message,) = told()
        assert '+3,600.0 s' in message


def test_what_fails_beside_the_engine_is_told_and_it_goes_on(
    tmp_path, monkeypatch
):
    def fail():
        raise TypeError('the system tells it in another form')

    monkeypatch.setattr(resources, 'machine_memory', fail)
    home = stations.home_in(tmp_path)
    with running(home) as station:
        (told,) = stations.until(
            lambda: stations.log_of(home, events.EventType.RISK_ALERT)
        )
        seq = station.snapshot().seq
        stations.until(lambda: station.snapshot().seq > seq + 20)
    assert told.data.severity is records.Severity.CRITICAL
    assert told.data.message == (
        'easing failed and is missing until sting starts again: '
        "TypeError('the system tells it in another form')"
    )
