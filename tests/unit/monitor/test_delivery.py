"""One channel: its pace, its quiet hours, its death and return."""

import asyncio
import datetime

import pytest

from sting.engine import clock
from sting.model import errors
from sting.model import records
from sting.monitor import delivery
from sting.monitor import notices
from sting.monitor import outbox
from sting.monitor import sender
from sting.settings import alerts

pytestmark = pytest.mark.unit

S = records.Severity
NOON = int(datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.UTC).timestamp())
HOUR = 3600.0


class Phone:
    """A service that takes messages, or does not."""

    def __init__(self):
        self.got = []
        self.fault = ''
        self.tries = 0

    async def send(self, _address, messages, _timeout_s):
        self.tries += 1
        if self.fault:
            return sender.Result(0, self.fault)
        self.got.extend(messages)
        return sender.Result(len(messages))


class World:
    """A way to a phone, with what waits and what is told of it."""

    def __init__(self, folder, **configured):
        self.box = outbox.Outbox(folder / 'outbox.db')
        self.phone = Phone()
        self.clock = clock.VirtualClock(NOON * 10**9)
        self.told = []
        self.seq = 0
        self.key = ''
        self.way = delivery.Delivery(
            'phone',
            alerts.Channel(**configured.pop('channel', {})),
            'demo',
            find=self.find,
            box=self.box,
            disk=asyncio.Lock(),
            tell=lambda *words: self.told.append(words),
            time_source=self.clock,
            send=self.phone.send,
            **configured,
        )

    def find(self):
        if self.key:
            raise errors.ConfigError(self.key)
        return alerts.Address('json://h')

    def alert(self, severity=S.WARNING, count=1):
        for _ in range(count):
            self.seq += 1
            one = notices.Notice(
                seq=self.seq,
                timestamp=0,
                severity=severity,
                message=f'm{self.seq}',
            )
            self.box.take(one, ['phone'])
        self.way.look()

    async def settle(self):
        while not await self.way.turn():
            pass

    async def after(self, seconds):
        await self.clock.sleep(seconds)
        await self.settle()

    def told_seqs(self):
        return [each.seqs for each in self.phone.got]


@pytest.fixture
def make(tmp_path):
    made = []

    def call(**configured):
        made.append(World(tmp_path, **configured))
        return made[-1]

    yield call
    for each in made:
        each.box.close()


async def test_each_alert_is_a_message(make):
    world = make()
    world.alert(count=2)
    await world.settle()
    assert world.told_seqs() == [(1,), (2,)]
    assert world.box.waiting('phone') == []
    assert world.way.waits == 0


async def test_a_flood_is_one_message(make):
    world = make(channel={'per_minute': 3})
    world.alert(count=50)
    await world.settle()
    assert world.told_seqs() == [tuple(range(1, 51))]


async def test_more_than_may_be_sent_in_a_minute_comes_together(make):
    world = make(channel={'per_minute': 2})
    world.alert(count=2)
    await world.settle()
    world.alert(count=2)
    world.alert(S.CRITICAL)
    await world.after(59)
    assert len(world.phone.got) == 2
    await world.after(1)
    # Two are due again, and three wait.
    assert world.told_seqs()[2:] == [(3, 4, 5)]
    assert world.phone.got[2].severity is S.CRITICAL


async def test_quiet_hours_let_only_what_is_critical_through(make):
    world = make(quiet=alerts.Quiet(begin='11:00', until='13:00'))
    world.alert()
    world.alert(S.CRITICAL)
    world.alert(S.INFO)
    await world.settle()
    assert world.told_seqs() == [(2,)]
    await world.after(HOUR - 1)
    assert world.told_seqs() == [(2,)]
    await world.after(1)
    assert world.told_seqs() == [(2,), (1, 3)]
    # And then one by one again.
    world.alert(count=2)
    await world.settle()
    assert world.told_seqs()[2:] == [(4,), (5,)]


async def test_quiet_hours_go_by_the_zone(make):
    new_york = alerts.Quiet(begin='0:00', until='1:00', zone='America/New_York')
    world = make(
        quiet=alerts.Quiet(begin='7:00', until='8:00'), zone=new_york.clock
    )
    world.alert()
    await world.settle()
    assert world.phone.got == []
    await world.after(HOUR)
    assert world.told_seqs() == [(1,)]


async def test_a_dead_channel_is_told_once_and_once_that_it_is_back(make):
    world = make()
    world.phone.fault = 'no network'
    world.alert()
    for wait in (0, 1, 2, 4, 8, 16):
        await world.after(wait)
    assert world.phone.tries == 6
    ((words, source, severity),) = world.told
    assert 'phone takes no alerts: no network' in words
    assert (source, severity) == ('alerts:phone', S.WARNING)
    assert world.way.fault == 'no network'
    world.phone.fault = ''
    world.alert()
    await world.after(31)
    assert world.phone.got == []
    await world.after(1)
    assert world.told_seqs() == [(1,), (2,)]
    assert world.told[1:] == [
        ('channel phone takes alerts again', 'alerts:phone', S.INFO)
    ]
    assert world.way.fault == ''


async def test_retries_come_no_seldomer_than_each_five_minutes(make):
    world = make()
    world.phone.fault = 'no'
    world.alert()
    for _ in range(20):
        await world.after(300)
    assert world.phone.tries == 20


async def test_one_failure_is_not_told(make):
    world = make()
    world.phone.fault = 'no'
    world.alert()
    await world.settle()
    world.phone.fault = ''
    await world.after(1)
    assert world.told_seqs() == [(1,)]
    assert world.told == []


async def test_a_missing_key_is_a_dead_channel_until_it_is_there(make):
    world = make()
    world.key = 'needs a key'
    world.alert()
    for wait in (0, 1, 2):
        await world.after(wait)
    assert 'needs a key' in world.told[0][0]
    world.key = ''
    await world.after(4)
    assert world.told_seqs() == [(1,)]


async def test_what_was_dropped_is_counted_in_the_message(make, monkeypatch):
    monkeypatch.setattr(outbox, 'MOST', 2)
    world = make()
    world.alert(count=5)
    await world.settle()
    (message,) = world.phone.got
    assert message.seqs == (4, 5)
    assert '3 older ones' in message.body
    assert world.box.dropped('phone') == 0
    world.alert()
    await world.settle()
    assert 'older' not in world.phone.got[1].body


async def test_what_was_told_is_not_told_again_while_the_disk_is_full(
    make, monkeypatch
):
    world = make()
    world.alert()

    def full(*_):
        raise errors.JournalError('the disk is full')

    with monkeypatch.context() as patch:
        patch.setattr(world.box, 'told', full)
        with pytest.raises(errors.JournalError):
            await world.settle()
        world.way.look()
        with pytest.raises(errors.JournalError):
            await world.settle()
    world.alert()
    await world.settle()
    assert world.told_seqs() == [(1,), (2,)]
    assert world.box.waiting('phone') == []


async def test_whatever_goes_wrong_is_told_as_the_channels_and_tried_again(
    make,
):
    world = make()
    broken = [True]

    async def send(*words):
        if broken:
            raise RuntimeError('something else')
        return await world.phone.send(*words)

    world.way._send = send
    world.alert()
    task = asyncio.create_task(world.way.run())
    for _ in range(10_000):
        if world.told:
            break
        await asyncio.sleep(0.001)
    assert 'RuntimeError: something else' in world.told[0][0]
    broken.clear()
    for _ in range(10_000):
        if world.phone.got:
            break
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert world.told_seqs() == [(1,)]


async def test_what_waits_is_counted_while_the_channel_is_dead(make):
    world = make()
    world.phone.fault = 'no'
    world.alert()
    await world.settle()
    world.alert(count=2)
    await world.settle()
    assert world.way.waits == 3
    assert world.phone.tries == 1
