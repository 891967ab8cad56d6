"""Every way in which a stream fails, through the manager: no wrong bar.

Binance's stream and its REST interface on loopback; time is moved by hand.
"""

import asyncio
import contextlib

import pytest

from sting.data import cache
from sting.data import manager
from sting.data import store
from sting.data.sources import binance
from sting.data.sources import streaming
from sting.model import market
from sting.net import guard
from sting.net import http
from tests.unit.data import hands
from tests.unit.data.sources import feeds
from tests.unit.data.sources import services
from tests.unit.net import servers
from tests.unit.net import streams

pytestmark = pytest.mark.unit

SECOND = 10**9
MINUTE = services.MINUTE
COUNT = 6
KNOWN = services.pairs(COUNT).of('AAA')
BARS = list(KNOWN.rows())
# The minute in which it goes wrong.
FAULTY = 3


def told(bar, **changes):
    return feeds.kline(bar, **changes)


def drop(connection, bar):
    connection.transport.abort()


async def end(connection, bar):
    await connection.close(1001, 'you have been here for 24 hours')


def sends(*make):
    """A fault: these frames instead of the bar's."""

    async def fault(connection, bar):
        for each in make:
            await connection.send(each(bar))

    return fault


def before(bar):
    """The bar that came before."""
    return BARS[BARS.index(bar) - 1]


FAULTS = {
    'silent': (sends(), set()),
    'dropped': (drop, {'lost', 'restored'}),
    'ended after 24 hours': (end, {'lost', 'restored'}),
    'cut off': (sends(lambda bar: told(bar)[:90]), set()),
    'HTML': (sends(lambda bar: '<html>Sorry</html>'), set()),
    'empty': (sends(lambda bar: ''), set()),
    'no text': (sends(lambda bar: b'\xff\xfe\x00'), set()),
    'an apology': (sends(lambda bar: '{"result": null, "id": 1}'), set()),
    'a price that is null': (sends(lambda bar: told(bar, c=None)), set()),
    'a price that is no number': (sends(lambda bar: told(bar, h='x')), set()),
    'a price that is NaN': (
        sends(lambda bar: told(bar, l='NaN')),
        {'rejected'},
    ),
    'a price below zero': (sends(lambda bar: told(bar, l='-1')), {'rejected'}),
    'a high below the close': (
        sends(lambda bar: told(bar, h='1.0', l='0.5')),
        {'rejected'},
    ),
    'a key missing': (
        sends(lambda bar: told(bar).replace('"x": true', '"y": true')),
        set(),
    ),
    'twice': (sends(told, told), set()),
    'an old one again': (sends(lambda bar: told(before(bar)), told), set()),
    'an old one that is another': (
        sends(lambda bar: told(before(bar), v='9.5'), told),
        {'revised'},
    ),
    'changed afterwards': (
        sends(told, lambda bar: told(bar, v='9.5')),
        {'revised'},
    ),
    'of the future': (
        sends(
            lambda bar: told(
                bar,
                t=(bar.timestamp + 600 * MINUTE) // 10**6,
                T=(bar.timestamp + 601 * MINUTE) // 10**6 - 1,
            ),
            told,
        ),
        {'future'},
    ),
    'not closed': (sends(lambda bar: told(bar, closed=False)), set()),
    'of another symbol': (
        sends(lambda bar: told(bar).replace('AAA', 'ZZZ')),
        set(),
    ),
}


class World:
    """A manager over Binance, what it gave, and the connection to it."""

    def __init__(self, folder, rest, address):
        self.clock = hands.Clock(BARS[0].timestamp)
        source = binance.BinanceSource(
            http.HttpClient(
                'binance', rest, self.clock, policy=guard.Policy(tries=1)
            ),
            self.clock,
            place=streaming.Place(url=address),
        )
        self.manager = manager.DataManager(
            [source],
            cache.DataCache(
                store.BarStore(folder), self.clock, calendar='24/7'
            ),
            self.clock,
            calendar='24/7',
        )
        self.items = []
        self.changed = asyncio.Event()

    async def read(self):
        live = await self.manager.subscribe_real_time(
            ('AAA',), '1m', {'AAA': BARS[0].timestamp}
        )
        async with contextlib.aclosing(live.items()) as items:
            async for item in items:
                self.items.append(item)

    @property
    def bars(self):
        return [
            item
            for item in self.items
            if isinstance(item, market.MarketData) and item.closed
        ]

    @property
    def told(self):
        return {
            item.issue
            for item in self.items
            if isinstance(item, market.DataIssue)
        }

    async def until(self, true, most):
        """Lets time go on, to a moment at most, until something holds."""
        async with asyncio.timeout(30):
            while not true():
                self.clock.move(min(self.clock.now() + SECOND // 2, most))
                await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def following(folder):
    """A world, and the connections that are made to it."""
    made = []

    async def life(connection, service):
        made.append(connection)
        await connection.wait_closed()

    rest = servers.Service(services.Binance(KNOWN))
    async with (
        servers.serving(rest) as url,
        streams.serving(life) as (address, _),
    ):
        world = World(folder, url, address)
        task = asyncio.create_task(world.read())
        try:
            yield world, made, task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await world.manager.close()


@pytest.mark.parametrize('name', FAULTS)
async def test_each_bar_comes_once_and_is_right(name, tmp_path):
    fault, expected = FAULTS[name]
    async with following(tmp_path) as (world, made, task):
        await world.until(lambda: made, world.clock.now())
        for number, bar in enumerate(BARS[1:], start=1):
            world.clock.move(bar.timestamp)
            if number != FAULTY:
                await made[-1].send(told(bar))
            elif (work := fault(made[-1], bar)) is not None:
                await work
            # Between two bars there is time for questions.
            await world.until(
                lambda count=number: len(world.bars) >= count or task.done(),
                bar.timestamp + 50 * SECOND,
            )
            if number == FAULTY:
                await world.until(
                    lambda: world.told >= expected,
                    bar.timestamp + 50 * SECOND,
                )
        assert not task.done()
    assert world.bars == BARS[1:]
    assert world.told == expected


async def test_a_stream_that_is_killed_again_and_again_loses_nothing(tmp_path):
    async with following(tmp_path) as (world, made, task):
        await world.until(lambda: made, world.clock.now())
        for number, bar in enumerate(BARS[1:], start=1):
            connection = made[-1]
            world.clock.move(bar.timestamp)
            if number % 2:
                connection.transport.abort()
            else:
                await connection.send(told(bar))
                connection.transport.abort()
            await world.until(
                lambda old=connection: made[-1] is not old,
                bar.timestamp + 50 * SECOND,
            )
            await world.until(
                lambda count=number: len(world.bars) >= count,
                bar.timestamp + 50 * SECOND,
            )
        assert not task.done()
    assert world.bars == BARS[1:]
    assert world.told == {'lost', 'restored'}


async def test_the_end_of_an_outage_is_seen_within_seconds(tmp_path):
    down = False
    made = []

    async def life(connection, service):
        made.append(connection)
        await connection.wait_closed()

    def refuse(connection, request):
        return connection.respond(503, 'down') if down else None

    klines = services.Binance(KNOWN)

    async def answer(request):
        return await (servers.dropped if down else klines)(request)

    async with (
        servers.serving(servers.Service(answer)) as url,
        streams.serving(life, process=refuse) as (address, _),
    ):
        world = World(tmp_path, url, address)
        task = asyncio.create_task(world.read())
        try:
            await world.until(lambda: made, world.clock.now())
            down = True
            made[0].transport.abort()
            # By now requests are far apart, and their source is left alone.
            end = BARS[3].timestamp + 5 * SECOND
            await world.until(
                lambda: 'stale' in world.told and world.clock.now() >= end, end
            )
            assert not world.bars
            down = False
            await world.until(
                lambda: 'restored' in world.told, end + 600 * SECOND
            )
            seen = world.clock.now() + 10 * SECOND
            await world.until(lambda: len(world.bars) >= 3, seen)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await world.manager.close()
    assert world.bars[:3] == BARS[1:4]
