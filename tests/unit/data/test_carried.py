"""Sources on other nodes, over a real NATS server on loopback."""

import asyncio
import contextlib

import pytest

from sting.data import actions
from sting.data import serving
from sting.data.sources import base
from sting.data.sources import carriage
from sting.data.sources import carried
from sting.data.sources import renamed
from sting.engine import clock
from sting.model import errors
from sting.model import market
from sting.model import records
from sting.net import monitor
from sting.net import postal
from sting.net import presence
from tests.unit.data.sources import feeds
from tests.unit.data.sources import scripted
from tests.unit.data.sources import services
from tests.unit.net import nats_servers
from tests.unit.net import streams

pytestmark = pytest.mark.unit

SUBJECTS = presence.Subjects('test', 'demo')
BEAT = 0.05
MINUTE = services.MINUTE
NOW = services.OPENING + 10**5 * MINUTE
CAPABILITIES = base.Capabilities(
    timeframes=None, batch=100, streams=frozenset(base.Stream), actions=True
)
until = streams.until


class Source(scripted.Source):
    """One that streams what a test says, and has what was said of the past."""

    def __init__(self):
        super().__init__('it', clock.VirtualClock(NOW), frames=None, batch=100)
        self.capabilities = CAPABILITIES
        self.followed = []
        self.watch = None
        self.said = []
        self.refusal = None
        self._some = asyncio.Event()

    async def get_actions(self, symbols, start):
        return tuple(
            actions.Action(
                actions.datetime.date(2020, 1, 1 + n % 28),
                symbol,
                records.ActionKind.SPLIT,
                2.0,
            )
            for n, symbol in enumerate(symbols)
        )

    async def stream(self, wanted, watch):
        if self.refusal is not None:
            raise self.refusal
        self.followed.append(wanted)
        self.watch = watch
        watch.monitor.connected()
        place = 0
        try:
            while True:
                while place < len(self.said):
                    message = self.said[place]
                    place += 1
                    if message.timestamp > wanted.after.get(message.symbol, 0):
                        yield message
                self._some.clear()
                await self._some.wait()
        finally:
            self.watch = None

    def say(self, *messages):
        self.said += messages
        self._some.set()


class Reader:
    """Whoever follows: what came, and how the connection was."""

    def __init__(self, source, wanted):
        self.clock = clock.VirtualClock(NOW)
        self.changes, self.issues, self.found = [], [], []
        self.error = None
        self.monitor = monitor.ConnectionMonitor(
            'it', self.clock, self.changes.append
        )
        self._watch = base.Watch(monitor=self.monitor, tell=self.issues.append)
        self.task = asyncio.create_task(self._read(source, wanted))

    async def _read(self, source, wanted):
        stream = source.stream(wanted, self._watch)
        try:
            async with contextlib.aclosing(stream):
                async for message in stream:
                    self.found.append(message)
        except errors.StingError as error:
            self.error = error

    @property
    def states(self):
        return [str(each.state) for each in self.changes]

    async def end(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class World:
    """A server, a node with a source, and the engine's end of it."""

    def __init__(self, server):
        self.server = server
        self.there = Source()
        self.said = []
        self.readers = []
        self.desks = []
        self.ends = []

    def connect(self):
        return postal.Connection(
            postal.Access(servers=(self.server.url,), name='test')
        )

    async def node(self, **given):
        way = self.connect()
        desk = serving.Desk(
            'n1',
            way,
            SUBJECTS,
            {'it': self.there},
            clock.LiveClock(),
            say=self.said.append,
            beat_s=BEAT,
            **given,
        )
        way.renewed = desk.renew
        await way.start()
        await desk.start()
        self.desks.append((way, desk))
        return desk

    async def end_node(self, *, wordless=False):
        way, desk = self.desks.pop()
        if wordless:
            # As a machine that is switched off.
            await way.stop()
        await desk.stop()
        await way.stop()

    def source(self, name='it', lost_s=5.0):
        way = self.connect()
        made = carried.CarriedSource(
            name,
            'n1',
            way,
            SUBJECTS,
            CAPABILITIES,
            lost_s=lost_s,
            beat_s=BEAT,
        )
        way.told = made.bus_changed
        self.ends.append(made)
        return made

    def follow(self, source, *symbols, **given):
        wanted = base.Subscription(
            symbols=symbols or ('AAA',),
            timeframe='1m',
            kinds=frozenset(base.Stream),
            **given,
        )
        reader = Reader(source, wanted)
        self.readers.append(reader)
        return reader

    async def close(self):
        for reader in self.readers:
            await reader.end()
        for source in self.ends:
            await source.close()
        while self.desks:
            await self.end_node()


@pytest.fixture
async def world(tmp_path):
    async with nats_servers.serving(tmp_path) as server:
        made = World(server)
        yield made
        await made.close()


def request(*symbols, minutes=3):
    return base.Request(
        symbols=symbols,
        timeframe='1m',
        start=services.OPENING,
        end=services.OPENING + (minutes - 1) * MINUTE,
    )


async def test_bars_of_the_past_come_as_the_source_gave_them(world):
    await world.node()
    wanted = request('AAA', 'BBB', minutes=carriage.PAGE + 10)
    found = await world.source().get_bars(wanted)
    own = await world.there.get_bars(wanted)
    assert found.symbols == ('AAA', 'BBB')
    assert found.digest() == own.digest()
    assert len(found) == 2 * (carriage.PAGE + 10)


async def test_a_symbol_without_bars_is_known_all_the_same(world):
    await world.node()
    world.there.upto = services.OPENING - MINUTE
    found = await world.source().get_bars(request('AAA'))
    assert (found.symbols, len(found)) == (('AAA',), 0)


async def test_splits_and_dividends_come(world):
    await world.node()
    names = tuple(f'S{n}' for n in range(10))
    found = await world.source().get_actions(names, 0)
    assert found == await world.there.get_actions(names, 0)


@pytest.mark.parametrize(
    'error',
    [
        errors.SourceRefusedError('it: no such symbol'),
        errors.SourceUnavailableError('it: HTTP 503'),
        errors.SourceBodyError('it: garbage'),
        errors.SourceLimitedError('it: too often', 7.0),
    ],
)
async def test_what_the_source_fails_with_is_raised_here(world, error):
    await world.node()
    world.there.error = error
    with pytest.raises(errors.SourceError) as caught:
        await world.source().get_bars(request('AAA'))
    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)
    assert getattr(caught.value, 'wait_s', None) == getattr(
        error, 'wait_s', None
    )


async def test_a_fault_of_the_node_is_an_answer_too(world):
    await world.node()
    world.there.error = ZeroDivisionError('a fault')
    with pytest.raises(
        errors.SourceUnavailableError, match='ZeroDivisionError: a fault'
    ):
        await world.source().get_bars(request('AAA'))


async def test_a_source_that_the_node_has_not_is_a_no(world):
    await world.node()
    with pytest.raises(errors.SourceRefusedError, match="no source 'other'"):
        await world.source('other').get_bars(request('AAA'))


async def test_a_node_that_is_not_there_is_named(world):
    source = world.source(lost_s=0.5)
    with pytest.raises(
        errors.SourceUnavailableError, match=r'it: node n1 is not heard$'
    ):
        await source.get_bars(request('AAA'))
    await world.node()
    assert len(await source.get_bars(request('AAA'))) == 3


async def test_a_server_that_is_away_is_said_to_be_so(world):
    world.server.kill()
    source = world.source(lost_s=0.5)
    with pytest.raises(
        errors.SourceUnavailableError, match=r'not heard; the bus: .*onnect'
    ):
        await source.get_bars(request('AAA'))


async def test_another_version_is_not_asked(world):
    source = world.source(lost_s=0.5)
    way = world.connect()
    await way.start()
    await until(lambda: way.connected)
    asked = asyncio.create_task(source.get_bars(request('AAA')))
    other = presence.encode(presence.Here('x', (), False, '0.0'))
    while not asked.done():
        way.publish(SUBJECTS.desk('n1'), other)
        await asyncio.sleep(0.02)
    with pytest.raises(errors.SourceUnavailableError, match=r'has sting 0\.0'):
        await asked
    await way.stop()


async def test_bars_quotes_trades_and_issues_come_in_order(world):
    await world.node()
    one, two = feeds.minutes(2, ('AAA',))
    quote = market.Quote('AAA', one.timestamp, 1.0, 2.0, 3.0, 4.0)
    trade = market.Trade('AAA', one.timestamp, 1.0, 2.0)
    reader = world.follow(world.source(), after={'AAA': 5})
    await until(lambda: world.there.watch)
    assert world.there.followed[0].after == {'AAA': 5}
    world.there.say(one, quote, trade, two)
    await until(lambda: len(reader.found) == 4)
    assert reader.found == [one, quote, trade, two]
    issue = market.DataIssue('AAA', 1, 'late', 'a bar')
    world.there.watch.tell(issue)
    await until(lambda: reader.issues)
    assert reader.issues == [issue]
    assert reader.states == ['connected']


async def test_how_the_source_is_connected_is_seen_here(world):
    await world.node()
    reader = world.follow(world.source())
    await until(lambda: world.there.watch)
    there = world.there.watch.monitor
    there.complain('x', 'it is odd')
    there.lost('it broke')
    there.reconnecting()
    there.connected()
    there.silent('nothing comes')
    await until(lambda: 'silent' in reader.states)
    assert reader.states == [
        'connected', 'degraded', 'lost', 'reconnecting', 'connected', 'silent',
    ]  # fmt: skip
    assert reader.changes[2].reason == 'it broke'


async def test_a_no_to_a_subscription_is_one_here(world):
    await world.node()
    world.there.refusal = errors.SourceRefusedError('it: too many symbols')
    reader = world.follow(world.source())
    await until(lambda: reader.error)
    assert isinstance(reader.error, errors.SourceRefusedError)
    assert str(reader.error) == 'it: too many symbols'


async def test_names_of_the_source_are_its_own(world):
    await world.node()
    (bar,) = feeds.minutes(1, ('AAA',))
    reader = world.follow(
        renamed.RenamedSource(world.source(), {'ours': 'AAA'}), 'ours'
    )
    await until(lambda: world.there.watch)
    world.there.say(bar)
    await until(lambda: reader.found)
    assert reader.found[0].symbol == 'ours'


async def test_who_reads_no_more_leaves_nothing_open(world):
    await world.node()
    source = world.source()
    reader = world.follow(source)
    await until(lambda: reader.states)
    await reader.end()
    await until(lambda: world.there.watch is None)
    assert reader.states[-1] == 'closed'
    # And so does an engine that ends.
    reader = world.follow(source)
    await until(lambda: world.there.watch)
    await source.close()
    await until(lambda: world.there.watch is None)
    await until(reader.task.done)
    assert reader.states[-1] == 'closed'
    with pytest.raises(errors.SourceUnavailableError, match='was closed'):
        await source.get_bars(request('AAA'))


async def test_nothing_is_lost_while_the_server_is_away(world):
    bars = feeds.minutes(200, ('AAA', 'BBB'))
    await world.node()
    reader = world.follow(world.source(), 'AAA', 'BBB')
    await until(lambda: world.there.watch)
    for at in range(0, len(bars), 100):
        world.there.say(*bars[at : at + 50])
        await asyncio.sleep(0.1)
        world.server.kill()
        world.there.say(*bars[at + 50 : at + 100])
        await asyncio.sleep(0.1)
        await world.server.start()
    await until(lambda: len(reader.found) == len(bars))
    assert reader.found == bars
    assert len(world.there.followed) == 1
    assert reader.states == ['connected']


async def test_a_node_that_is_started_anew_goes_on_behind_the_last_bar(world):
    bars = feeds.minutes(6, ('AAA',))
    await world.node()
    reader = world.follow(world.source(lost_s=0.5))
    await until(lambda: world.there.watch)
    world.there.say(*bars[:2])
    await until(lambda: len(reader.found) == 2)
    await world.end_node()
    await until(lambda: 'lost' in reader.states)
    assert 'node n1 was ended' in reader.monitor.reason
    world.there.say(*bars[2:4])
    await world.node()
    await until(lambda: len(reader.found) == 4)
    assert world.there.followed[-1].after == {'AAA': bars[1].timestamp}
    # One that is switched off is missed after a while.
    await world.end_node(wordless=True)
    await until(lambda: 'not heard' in reader.monitor.reason)
    world.there.say(*bars[4:])
    await world.node()
    await until(lambda: len(reader.found) == 6)
    assert reader.found == bars
    assert reader.monitor.works


async def test_a_silence_that_ends_is_no_new_beginning(world):
    bars = feeds.minutes(2, ('AAA',))
    await world.node()
    reader = world.follow(world.source(lost_s=0.3))
    await until(lambda: world.there.watch)
    world.server.kill()
    await until(lambda: not reader.monitor.works and reader.changes)
    world.there.say(bars[0])
    await world.server.start()
    await until(lambda: reader.found)
    world.there.say(bars[1])
    await until(lambda: len(reader.found) == 2)
    assert len(world.there.followed) == 1
    assert reader.states == ['connected', 'lost', 'connected']


async def test_a_question_is_given_up_while_the_node_is_silent(world):
    await world.node()
    world.there.gate = asyncio.Event()
    asked = asyncio.create_task(world.source(lost_s=0.5).get_bars(request('A')))
    await until(lambda: world.there.requests)
    world.server.kill()
    with pytest.raises(errors.SourceUnavailableError, match='not heard'):
        await asked
    world.there.gate.set()


async def test_an_engine_that_is_gone_is_not_served_for_ever(world):
    await world.node(gone_s=0.5)
    source = world.source()
    world.follow(source)
    await until(lambda: world.there.watch)
    # As a process that is killed.
    source._task.cancel()
    await until(lambda: world.there.watch is None)
    assert 'an engine was not heard for 0.5 s' in world.said


async def test_what_a_node_gave_up_is_asked_for_again(world):
    desk = await world.node()
    source = world.source()
    reader = world.follow(source)
    await until(lambda: world.there.watch)
    (name,) = desk._streams
    desk._end(name)
    await until(lambda: len(world.there.followed) == 2)
    assert 'does not hear' in ''.join(e.reason for e in reader.changes)


async def test_old_ticks_are_left_out_and_bars_are_not(world):
    bars = feeds.minutes(serving.TICKS * 2, ('AAA',))
    await world.node()
    reader = world.follow(world.source())
    await until(lambda: world.there.watch)
    world.server.kill()
    quotes = [
        market.Quote('AAA', each.timestamp, 1.0, 2.0, 3.0, 4.0) for each in bars
    ]
    world.there.say(
        *(one for both in zip(bars, quotes, strict=True) for one in both)
    )
    await asyncio.sleep(0.1)
    await world.server.start()
    await until(lambda: bars[-1] in reader.found)
    found = [e for e in reader.found if isinstance(e, market.MarketData)]
    assert found == bars
    assert len(reader.found) - len(found) < serving.TICKS


async def test_too_many_bars_begin_again(world, monkeypatch):
    monkeypatch.setattr(serving, 'MOST', 100)
    bars = feeds.minutes(300, ('AAA',))
    await world.node()
    reader = world.follow(world.source())
    await until(lambda: world.there.watch)
    world.server.kill()
    world.there.say(*bars)
    await until(lambda: world.there.watch is None)
    monkeypatch.undo()
    await world.server.start()
    await until(lambda: len(reader.found) == len(bars))
    assert reader.found == bars
    assert '100 messages wait for the engine' in ''.join(
        e.reason for e in reader.changes
    )


async def test_what_nobody_understands_is_refused(world):
    await world.node()
    source = world.source()
    await source.get_bars(request('AAA'))
    async with source._asking(carriage.Done()) as stream:
        with pytest.raises(errors.SourceRefusedError):
            await carried._next(stream)


def test_columns_that_do_not_fit_are_no_bars():
    rows = carriage.Rows('A', [1, 2], ([1.0],) * 5)
    with pytest.raises(errors.SourceBodyError, match='other lengths'):
        carriage.join([rows], '1m')
    with pytest.raises(errors.SourceBodyError, match='no symbol'):
        carriage.join([], '1m')
