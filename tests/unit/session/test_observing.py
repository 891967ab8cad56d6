"""The log's events on their way to a real server, which is killed."""

import asyncio
import contextlib
import shutil

import msgspec
import pytest

from sting.engine import bus
from sting.engine import clock
from sting.engine import journal
from sting.engine import subscribers
from sting.model import events
from sting.model import market
from sting.model import records
from sting.net import kept
from sting.net import postal
from sting.net import presence
from sting.session import observing
from tests.unit.net import nats_servers

pytestmark = [pytest.mark.unit, pytest.mark.timeout(60)]

COUNT = 3_000
SUBJECTS = presence.Subjects('sting', 'demo')


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


class Engine:
    """A log, and what writes it to a server."""

    def __init__(self, folder, server, log, name='log', days=1):
        self.alerts = []
        self._log = log
        self._folder = folder
        self.way = connection(server)
        self.part = observing.Publishing(
            self.way, SUBJECTS, name, days, self._subscribe, self.alerts.append
        )

    def _subscribe(self, handler):
        self.subscriber = subscribers.PageSubscriber(
            observing.NAME,
            handler,
            log=self._log,
            path=self._folder / 'events.db',
            folder=self._folder / 'cursors',
            event_bus=bus.EventBus(),
            time_source=clock.LiveClock(),
        )
        return self.subscriber

    @property
    def done(self):
        return self.subscriber.cursor


def connection(server):
    return postal.Connection(postal.Access(servers=(server.url,), name='test'))


@contextlib.asynccontextmanager
async def log_of(folder, count=COUNT):
    folder.mkdir(exist_ok=True)
    log = await journal.Journal.open(
        folder / 'events.db', seq=0, head=events.GENESIS
    )
    await log.append(quotes(1, count))
    try:
        yield log
    finally:
        await log.close()


@pytest.fixture
async def server(tmp_path):
    lines = f'jetstream {{ store_dir: "{tmp_path / "kept"}" }}'
    async with nats_servers.serving(tmp_path, lines) as made:
        yield made


async def until(condition, seconds=20):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def stored(server, count):
    """Gives the numbers that the server has, in its order."""
    found = []
    way = connection(server)
    await way.start()
    await until(lambda: way.connected)
    reader = kept.read(way, SUBJECTS.stream, [SUBJECTS.events('>')], 0)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10), contextlib.aclosing(reader):
            async for message in reader:
                found.append(msgspec.json.decode(message.data)['seq'])
                if len(found) == count:
                    break
    info = await way.client.jetstream().stream_info(SUBJECTS.stream)
    await way.stop()
    assert info.state.messages == len(found)
    return found


async def test_each_event_is_there_once_and_in_order_if_the_server_is_killed(
    tmp_path, server
):
    async with log_of(tmp_path) as log:
        engine = Engine(tmp_path, server, log)
        await engine.part.start()
        for _ in range(2):
            before = engine.part.written
            await until(lambda: engine.part.written > before)  # noqa: B023
            server.kill()
            await asyncio.sleep(0.1)
            await server.start()
        await until(lambda: engine.done == COUNT)
        await engine.part.stop()
    assert await stored(server, COUNT) == [*range(1, COUNT + 1)]
    assert engine.alerts[-1] == 'observers get events again'


async def test_it_goes_on_behind_what_the_server_has(tmp_path, server):
    async with log_of(tmp_path) as log:
        engine = Engine(tmp_path, server, log)
        await engine.part.start()
        await until(lambda: engine.part.written > 100)
        # In the middle of a page, which is taken again as a whole.
        await engine.part.stop()
        assert engine.done < COUNT
        engine = Engine(tmp_path, server, log)
        await engine.part.start()
        await until(lambda: engine.done == COUNT)
        await engine.part.stop()
    assert await stored(server, COUNT) == [*range(1, COUNT + 1)]
    assert engine.alerts == []


async def test_a_second_writer_of_a_stream_is_told(tmp_path, server):
    async with (
        log_of(tmp_path / 'a', 20) as log,
        log_of(tmp_path / 'b', 20) as other,
    ):
        one = Engine(tmp_path / 'a', server, log, 'one')
        two = Engine(tmp_path / 'b', server, other, 'two')
        for each in (one, two):
            await each.part.start()
            await until(lambda: each.done == 20)  # noqa: B023
        await log.append(quotes(21, 40))
        await until(lambda: one.done == 40)
        for each in (one, two):
            await each.part.stop()
    found = await stored(server, 60)
    assert found == [*range(1, 21), *range(1, 21), *range(21, 41)]
    assert 'does another engine write there too?' in one.alerts[0]


async def test_how_long_they_are_kept_can_be_changed(tmp_path, server):
    async with log_of(tmp_path, 5) as log:
        for days in (1, 3):
            engine = Engine(tmp_path, server, log, days=days)
            await engine.part.start()
            # The first has events to write, the second one more.
            await until(lambda: engine.done == log.seq)  # noqa: B023
            info = await engine.way.client.jetstream().stream_info(
                SUBJECTS.stream
            )
            await engine.part.stop()
            assert info.config.max_age == days * 86_400
            await log.append(quotes(log.seq + 1, log.seq + 1))


async def test_an_event_too_long_for_the_bus_comes_without_its_data(tmp_path):
    lines = f'jetstream {{ store_dir: "{tmp_path / "kept"}" }}'
    small = 'max_payload: 1300'
    async with (
        nats_servers.serving(tmp_path, lines, small) as server,
        log_of(tmp_path, 3) as log,
    ):
        (long,) = quotes(4, 4)
        note = records.SystemStatus(
            component='test', status='failed', detail='x' * 2_000
        )
        await log.append(
            [
                msgspec.structs.replace(
                    long, type=events.EventType.SYSTEM_STATUS, data=note
                ),
                *quotes(5, 6),
            ]
        )
        engine = Engine(tmp_path, server, log)
        await engine.part.start()
        await until(lambda: engine.done == 6)
        await engine.part.stop()
        assert engine.alerts == []
        assert await stored(server, 6) == [1, 2, 3, 4, 5, 6]


async def test_what_a_server_has_lost_is_written_again(tmp_path, server):
    async with log_of(tmp_path, 20) as log:
        engine = Engine(tmp_path, server, log)
        await engine.part.start()
        await until(lambda: engine.done == 20)
        server.kill()
        shutil.copytree(tmp_path / 'kept', tmp_path / 'older')
        await server.start()
        await log.append(quotes(21, 40))
        await until(lambda: engine.done == 40)
        # As after a power cut: what it confirmed last is not on its disk.
        server.kill()
        shutil.rmtree(tmp_path / 'kept')
        (tmp_path / 'older').rename(tmp_path / 'kept')
        await server.start()
        await log.append(quotes(41, 45))
        await until(lambda: engine.part.written == 45)
        await engine.part.stop()
    assert await stored(server, 45) == [*range(1, 46)]
