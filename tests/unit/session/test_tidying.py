"""The cache ends: what nobody has read for long goes."""

import asyncio
import contextlib
import os
import tempfile
import threading

import pytest

from sting import settings
from sting.engine import clock
from sting.model import market
from sting.session import tidying

pytestmark = pytest.mark.unit

NOW = 1_800_000_000.0
DAY = 86_400.0
MB = tidying.MB


@pytest.fixture
def cache(tmp_path):
    """Files of 1 MB that were read 1, 10, 100 and 1,000 days ago, one now."""
    for days in (0, 1, 10, 100, 1000):
        path = tmp_path / 'data' / f'{days}.bin'
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(MB))
        at = NOW - days * DAY
        os.utime(path, (at, at))
    return tmp_path


def left(cache):
    return sorted(int(path.stem) for path in (cache / 'data').iterdir())


@pytest.mark.parametrize(
    ('days', 'megabytes', 'kept'),
    [
        (None, None, [0, 1, 10, 100, 1000]),
        (50.0, None, [0, 1, 10]),
        (None, 2.0, [0, 1]),
        (500.0, 3.0, [0, 1, 10]),
        # What may be written just now stays whatever is asked for.
        (0.001, 0.001, [0]),
    ],
)
def test_the_oldest_go(cache, days, megabytes, kept):
    policy = settings.Retention(cache_days=days, cache_mb=megabytes)
    would = tidying.tidy(cache, policy, NOW, dry=True)
    assert left(cache) == [0, 1, 10, 100, 1000]
    done = tidying.tidy(cache, policy, NOW)
    assert done == would
    assert left(cache) == kept
    assert done == tidying.Freed(
        5 - len(kept), (5 - len(kept)) * MB, len(kept) * MB
    )


def test_what_was_read_lately_counts_as_new(cache):
    old = cache / 'data' / '1000.bin'
    os.utime(old, (NOW - DAY, NOW - 1000 * DAY))
    policy = settings.Retention(cache_days=50.0)
    tidying.tidy(cache, policy, NOW)
    assert left(cache) == [0, 1, 10, 1000]


def test_a_link_is_left_alone_and_no_folder_is_no_matter(cache, tmp_path):
    outside = tmp_path.parent / f'{tmp_path.name}-outside'
    outside.write_text('x')
    os.utime(outside, (0, 0))
    (cache / 'link').symlink_to(outside)
    policy = settings.Retention(cache_days=0.5, cache_mb=None)
    tidying.tidy(cache, policy, NOW)
    assert outside.exists()
    assert (cache / 'link').is_symlink()
    assert tidying.tidy(cache / 'none', policy, NOW) == tidying.Freed()


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


def test_a_folder_that_goes_meanwhile_is_no_matter(cache):
    policy = settings.Retention(cache_days=None, cache_mb=None)
    with folders_come_and_go(cache / 'data'):
        for _ in range(1_000):
            assert tidying.tidy(cache, policy, NOW).files == 0


def test_an_engine_does_it_and_says_so(cache):
    told = []
    time_source = clock.VirtualClock(int(NOW * market.NANOSECONDS))
    policy = settings.Retention(cache_days=50.0)
    made = tidying.Tidying(
        cache, policy, lambda *words: told.append(words), time_source
    )
    asyncio.run(made.tidy())
    asyncio.run(made.tidy())
    assert told == [
        ('cleaned', '2 files of the cache, 2.0 MB; 3.0 MB are left')
    ]
    assert left(cache) == [0, 1, 10]


def test_the_first_time_is_soon_after_the_start(cache, monkeypatch):
    monkeypatch.setattr(tidying, 'FIRST_S', 0.0)

    async def run():
        time_source = clock.VirtualClock(int(NOW * market.NANOSECONDS))
        policy = settings.Retention(cache_days=50.0)
        told = asyncio.Event()
        made = tidying.Tidying(
            cache, policy, lambda *_: told.set(), time_source
        )
        await made.start()
        async with asyncio.timeout(20):
            await told.wait()
        await made.stop()

    asyncio.run(run())
    assert left(cache) == [0, 1, 10]
