"""What is old goes by the limits, and nothing that a restart needs."""

import asyncio
import contextlib
import os
import tempfile
import threading
import time

import msgspec
import pytest

from sting import session
from sting import settings
from sting.engine import bus
from sting.engine import chain
from sting.engine import clock
from sting.model import events
from sting.model import market
from sting.session import cleaning
from sting.session import intake
from sting.settings import retention
from tests.unit.session import stations

pytestmark = pytest.mark.unit

DAY = 86_400 * market.NANOSECONDS
NOW = 20_000 * DAY
NEVER = retention.Keep()
KEPT = settings.Retention(
    bars=NEVER, compiled=NEVER, logs=NEVER, damaged=NEVER, backtests=NEVER
)


@pytest.fixture
def home(tmp_path):
    return stations.home_in(tmp_path)


def put(path, *, days, size=1_000, now=NOW):
    """Writes a file that is so many days old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'x' * size)
    stamp = now - round(days * DAY)
    os.utime(path, ns=(stamp, stamp))
    return path


def month(home, name, *, days, **more):
    return put(home.bars / 'yahoo' / 'IBM' / '1d' / name, days=days, **more)


def clean(home, now=NOW, **limits):
    given = msgspec.structs.replace(KEPT, **limits)
    found = cleaning.clean(home, given, now)
    return {each.kind: each for each in found}


def test_what_is_older_than_its_days_goes(home):
    old = month(home, '2013-03.parquet', days=31)
    new = month(home, '2013-04.parquet', days=29)
    found = clean(home, bars=retention.Keep(days=30))['bars']
    assert (found.files, found.bytes) == (1, 1_000)
    assert (found.kept, found.kept_bytes) == (1, 1_000)
    assert not old.exists()
    assert new.exists()


def test_above_the_megabytes_the_oldest_go(home):
    files = [
        month(home, f'2013-0{n}.parquet', days=10 - n, size=400_000)
        for n in range(1, 5)
    ]
    clean(home, bars=retention.Keep(mb=1))
    assert [file.exists() for file in files] == [False, False, True, True]


def test_a_small_one_does_not_outlive_a_newer_one_that_had_no_room(home):
    small = month(home, '2013-01.parquet', days=3, size=10)
    month(home, '2013-02.parquet', days=2, size=900_000)
    new = month(home, '2013-03.parquet', days=1, size=200_000)
    assert clean(home, bars=retention.Keep(mb=1))['bars'].files == 2
    assert not small.exists()
    assert new.exists()


def test_what_was_read_lately_counts_as_new(home):
    path = month(home, '2013-03.parquet', days=31)
    os.utime(path, ns=(NOW - DAY, NOW - 31 * DAY))
    clean(home, bars=retention.Keep(days=30))
    assert path.exists()


def test_what_may_be_written_just_now_stays_whatever_is_asked_for(home):
    path = month(home, '2013-03.parquet', days=0.01)
    clean(home, bars=retention.Keep(days=0.001, mb=0.000_1))
    assert path.exists()


@contextlib.contextmanager
def folders_come_and_go(place):
    """As where files are written whole, in a folder of their own."""
    ended = threading.Event()

    def work():
        while not ended.is_set():
            with tempfile.TemporaryDirectory(dir=place):
                pass

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_folder_that_goes_meanwhile_is_no_matter(home):
    path = month(home, '2013-03.parquet', days=31)
    with folders_come_and_go(path.parent):
        for _ in range(500):
            assert clean(home)['bars'].kept == 1


def test_fetched_bars_stay_by_default(home):
    old = month(home, '2013-03.parquet', days=3_000)
    cleaning.clean(home, settings.Retention(), NOW)
    assert old.exists()


def test_of_logs_only_full_files_go(home):
    folder = home.state('demo')
    written = [
        put(folder / 'strategies.log', days=900),
        put(folder / 'strategies' / 'sma.log', days=900),
    ]
    full = [
        put(folder / 'strategies.log.1', days=900),
        put(folder / 'strategies' / 'sma.log.1', days=900),
    ]
    assert clean(home, logs=retention.Keep(days=90))['logs'].files == 2
    assert all(file.exists() for file in written)
    assert not any(file.exists() for file in full)


def test_what_was_set_aside_goes(home):
    month(home, '2013-03.parquet.corrupt', days=31)
    month(home, '2013-03.parquet.old', days=31)
    put(home.cache / 'compiled' / 'a.corrupt', days=31)
    code = put(home.cache / 'compiled' / 'a.code', days=31)
    found = clean(home, damaged=retention.Keep(days=30))['damaged']
    assert found.files == 3
    assert code.exists()


def test_the_last_backtest_of_a_profile_stays(home):
    runs = home.state('demo') / 'backtests'
    for number in (1, 9, 10):
        put(runs / f'{number}.json', days=400)
    put(runs / '10.html', days=400)
    other = put(home.state('paper') / 'backtests' / '3.json', days=400)
    clean(home, backtests=retention.Keep(days=365, mb=0.000_1))
    assert sorted(file.name for file in runs.iterdir()) == [
        '10.html',
        '10.json',
    ]
    assert other.exists()


def test_nothing_that_a_restart_or_an_audit_needs_is_ever_found(home):
    folder = home.state('demo')
    needed = [
        put(folder / name, days=9_000)
        for name in (
            'events.db', 'events.mark', 'halt.latch', 'engine.lock',
            'segments/000000000001.parquet', 'alerts/a.db', 'drill.json',
            'strategies/versions/a.py', 'published/n1', '../trials.db',
        )
    ]  # fmt: skip
    least = retention.Keep(days=0.001, mb=0.000_001)
    cleaning.clean(
        home, settings.Retention(**dict.fromkeys(cleaning._KINDS, least)), NOW
    )
    assert all(file.exists() for file in needed)


def test_links_are_left_alone(home, tmp_path):
    real = put(tmp_path / 'mine.parquet', days=900)
    link = home.bars / 'yahoo' / 'IBM' / '1d' / '2013-03.parquet'
    link.parent.mkdir(parents=True)
    link.symlink_to(real)
    assert clean(home, bars=retention.Keep(days=1))['bars'].files == 0
    assert link.is_symlink()
    assert real.exists()


def test_what_was_written_since_it_was_looked_at_stays(home):
    path = month(home, '2013-03.parquet', days=31)
    limits = msgspec.structs.replace(KEPT, bars=retention.Keep(days=30))
    (bars, *_) = cleaning.plan(home, limits, NOW)
    month(home, '2013-03.parquet', days=0)
    assert cleaning.remove(bars).files == 0
    assert path.exists()


def test_a_preview_removes_nothing_and_says_the_same(home):
    path = month(home, '2013-03.parquet', days=31)
    limits = msgspec.structs.replace(KEPT, bars=retention.Keep(days=30))
    (bars, *_) = cleaning.plan(home, limits, NOW)
    told = cleaning.preview(bars)
    assert path.exists()
    assert cleaning.remove(bars) == told


def test_what_cannot_be_removed_is_told_and_the_rest_goes(home):
    stays = month(home, '2013-03.parquet', days=31)
    goes = month(home, '2013-04.parquet', days=31)
    limits = msgspec.structs.replace(KEPT, bars=retention.Keep(days=30))
    (bars, *_) = cleaning.plan(home, limits, NOW)
    # A folder cannot be unlinked, whoever asks.
    stays.unlink()
    stays.mkdir()
    os.utime(stays, ns=(NOW - 31 * DAY, NOW - 31 * DAY))
    found = cleaning.remove(bars)
    assert found.files == 1
    assert len(found.failed) == 1
    assert str(stays) in found.failed[0]
    assert not goes.exists()


async def test_it_waits_after_the_start_and_then_cleans_once_a_day(home):
    first = month(home, '2013-03.parquet', days=31)
    second = month(home, '2013-04.parquet', days=29.5)
    time_source = clock.VirtualClock(NOW)
    told = bus.EventBus()
    made = cleaning.Cleaning(
        home,
        msgspec.structs.replace(KEPT, bars=retention.Keep(days=30)),
        intake.Intake(told, lambda *_: ''),
        time_source,
    )
    await made.start()
    assert first.exists()
    async with asyncio.timeout(10):
        while first.exists():
            await time_source.sleep(0)
        assert time_source.monotonic() >= NOW / 1e9 + cleaning.FIRST_S
        while second.exists():
            await time_source.sleep(0)
    await made.stop()
    assert time_source.now() >= NOW + cleaning.EVERY_S * market.NANOSECONDS


@pytest.mark.timeout(60)
def test_a_running_engine_cleans_and_its_log_still_verifies(home, monkeypatch):
    monkeypatch.setattr(cleaning, 'FIRST_S', 0.2)
    now = time.time_ns()
    full = put(home.state('demo') / 'strategies.log.1', days=91, now=now)
    new = put(home.state('demo') / 'strategies.log.2', days=1, now=now)
    station = session.open('demo', home=home, config=stations.config(home))
    station.start()
    with contextlib.closing(station):
        stations.until(lambda: not full.exists())
        stations.until(
            lambda: any(
                event.data.status == 'cleaned'
                for event in stations.log_of(
                    home, events.EventType.SYSTEM_STATUS
                )
            )
        )
    assert new.exists()
    assert chain.verify(home.log('demo')).ok
