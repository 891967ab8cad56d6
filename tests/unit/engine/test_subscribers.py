"""Durable subscribers, on a real log."""

import asyncio

import pytest

from sting.engine import bus
from sting.engine import clock
from sting.engine import journal
from sting.engine import subscribers
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import records

pytestmark = pytest.mark.unit


def quotes(first, last):
    return [
        events.Event(
            n,
            n,
            events.EventType.QUOTE,
            'feed:test',
            market.Quote('A', n, 1.0, 2.0, 3.0, 4.0),
            'A',
        )
        for n in range(first, last + 1)
    ]


class World:
    """A log that can be written and read, and what is reported."""

    def __init__(self, folder, log):
        self.folder = folder
        self.log = log
        self.bus = bus.EventBus()
        self.clock = clock.VirtualClock()

    def subscribe(self, handler, **more):
        return subscribers.Subscriber(
            'mail',
            handler,
            log=self.log,
            path=self.folder / 'events.db',
            folder=self.folder / 'cursors',
            event_bus=self.bus,
            time_source=self.clock,
            **more,
        )


@pytest.fixture
async def world(tmp_path):
    log = await journal.Journal.open(
        tmp_path / 'events.db', seq=0, head=events.GENESIS
    )
    await log.append(quotes(1, 30))
    yield World(tmp_path, log)
    await log.close()


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError('it did not happen')


async def test_every_event_is_taken_in_order(world):
    seen = []

    async def take(event):
        seen.append(event.seq)

    one = world.subscribe(take)
    await one.start()
    await until(lambda: len(seen) == 30)
    await world.log.append(quotes(31, 40))
    await until(lambda: len(seen) == 40)
    await one.stop()
    assert seen == list(range(1, 41))
    assert one.statistics().waiting == 0


async def test_it_goes_on_behind_its_cursor_after_a_restart(world):
    seen = []

    async def take(event):
        seen.append(event.seq)

    first = world.subscribe(take)
    await first.start()
    await until(lambda: len(seen) == 30)
    await first.stop()
    await world.log.append(quotes(31, 33))
    again = world.subscribe(take)
    await again.start()
    await until(lambda: len(seen) == 33)
    await again.stop()
    assert seen == list(range(1, 34))


async def test_what_a_handler_refused_is_given_to_it_again(world):
    seen = []
    broken = [True]

    async def take(event):
        if event.seq == 10 and broken:
            broken.clear()
            raise RuntimeError('no network')
        seen.append(event.seq)

    one = world.subscribe(take)
    await one.start()
    await until(lambda: len(seen) == 30)
    await one.stop()
    assert seen == list(range(1, 31))


async def test_a_failure_is_reported_once_and_its_end_too(world):
    tries = []

    async def take(event):
        tries.append(event.seq)
        if len(tries) < 4:
            raise RuntimeError('no network')

    one = world.subscribe(take)
    await one.start()
    reports = []
    # It runs again once its cursor is on the disk.
    async with asyncio.timeout(10.0):
        while len(reports) < 2:
            reports += await world.bus.take(100)
    assert one.cursor == 30
    await one.stop()
    assert [(r.data.status, r.data.component) for r in reports] == [
        ('failed', 'subscriber:mail'),
        ('running', 'subscriber:mail'),
    ]
    assert 'no network' in reports[0].data.detail


async def test_a_cursor_that_is_none_is_an_error_with_a_remedy(world):
    async def take(event):
        raise AssertionError(event)

    one = world.subscribe(take)
    (world.folder / 'cursors').mkdir()
    (world.folder / 'cursors' / 'mail').write_text('x')
    with pytest.raises(errors.JournalError, match='remove it'):
        await one.start()


async def test_falling_behind_is_reported_once(world, monkeypatch):
    monkeypatch.setattr(subscribers, 'BEHIND', 20)
    monkeypatch.setattr(subscribers, 'PAGE', 5)

    async def take(event):
        await asyncio.sleep(0)

    one = world.subscribe(take)
    await one.start()
    await until(lambda: one.cursor == 30)
    await one.stop()
    reports = await world.bus.take(100)
    assert [r.data.status for r in reports] == ['behind']


async def test_one_that_hangs_delays_nobody(world):
    async def hang(event):
        await asyncio.Event().wait()

    seen = []

    async def take(event):
        seen.append(event.seq)

    stuck = world.subscribe(hang)
    await stuck.start()
    free = world.subscribe(take)
    free.name = 'free'
    await free.start()
    await until(lambda: len(seen) == 30)
    assert stuck.statistics().waiting == 30
    await stuck.stop()
    await free.stop()


async def test_it_is_given_only_what_it_asked_for(world):
    seen = []

    async def take(event):
        seen.append(event.seq)

    alert = events.Event(
        31,
        31,
        events.EventType.RISK_ALERT,
        'engine',
        records.Alert(severity=records.Severity.INFO, message='x'),
    )
    await world.log.append([alert, *quotes(32, 40)])
    one = world.subscribe(take, kinds={events.EventType.RISK_ALERT})
    await one.start()
    await until(lambda: one.cursor == 40)
    await one.stop()
    assert seen == [31]
    assert (world.folder / 'cursors' / 'mail').read_text() == '40'


async def test_a_new_one_may_begin_later(world):
    seen = []

    async def take(event):
        seen.append(event.seq)

    one = world.subscribe(take, first=28)
    await one.start()
    await until(lambda: one.cursor == 30)
    await one.stop()
    await one.begin_behind(27)
    again = world.subscribe(take, first=28)
    await again.start()
    await until(lambda: again.cursor == 30)
    await again.stop()
    assert seen == [29, 30, 28, 29, 30]
