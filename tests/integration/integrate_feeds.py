"""A feed whose source is on another node, whatever is killed in between.

The node is `sting node` in a process of its own, before services and a NATS
server on loopback. Each bar is in the log once, and in order.
"""

import asyncio
import collections
import os
import subprocess
import textwrap
import time

import pytest

from sting import session
from sting import settings
from sting.engine import chain
from sting.model import commands
from tests.integration import exchanges
from tests.integration import terminal
from tests.unit.net import nats_servers
from tests.unit.session import stations

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

T = stations.T
SYMBOLS = ('BTCUSDT', 'ETHUSDT')
MINUTE = exchanges.MINUTE
SECOND = 10**9
# Pushed in each round: as many while something is away as while all is there.
PIECE = 4
# The rounds have to end before now.
BEHIND = 400


class World:
    """Services, a NATS server, a node, and the engine's home."""

    def __init__(self, folder, services):
        self.services = services
        self.server = nats_servers.Server(folder)
        self.home = stations.home_in(folder / 'engine')
        self._there = terminal.make_home(folder, '')
        self._node = None
        self.first = self.last = exchanges.minute() - BEHIND * MINUTE
        services.upto['binance'] = self.last
        self._configure(self.home.config, services.rest)
        self._configure(self._there / 'config', services.rest)

    def _configure(self, folder, rest):
        (folder / 'exchanges').mkdir(parents=True, exist_ok=True)
        (folder / 'exchanges' / 'binance.yaml').write_text(
            f'base_url: {rest}\n'
            f'data_stream_url: {self.services.streams}\n'
            'per_minute: 60000\nburst: 1000\n'
        )
        (folder / 'sting.yaml').write_text(
            textwrap.dedent(f"""\
            profile: mine
            profiles:
              mine:
                mode: paper
                broker: paper
                feed: mine
                symbols: [{', '.join(SYMBOLS)}]
                cash: 100000
                currency: USDT
                calendar: 24/7
                bus:
                  url: {self.server.url}
                  sources: {{n1: [binance]}}
                  lost_s: 2
            feeds:
              mine: {{kind: market, sources: [binance], patience_s: 3600}}
            """)
        )

    def serve(self):
        asyncio.run(self.server.start())

    def start_node(self):
        self._node = subprocess.Popen(
            [terminal.PROGRAMS / 'sting', 'node', 'n1', '--profile', 'mine'],
            env=os.environ | terminal.environment(self._there),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )

    def kill_node(self):
        self._node.kill()
        self._node.wait()

    def open(self):
        station = session.open(
            'mine', home=self.home, config=settings.load(self.home)
        )
        station.start()
        return station

    def push(self, count=PIECE):
        """The next minutes close, and are known from then on."""
        for _ in range(count):
            self.last += MINUTE
            self.services.upto['binance'] = self.last
            for symbol in SYMBOLS:
                self.services.push(symbol, self.last)

    def follows(self):
        """Waits until the service is listened to."""
        stations.until(lambda: self.services.listening, 40)

    def unfollowed(self):
        stations.until(lambda: not self.services.listening, 40)

    def bars(self):
        """The closes of each symbol's bars in the log, seconds."""
        found = collections.defaultdict(list)
        for event in stations.log_of(self.home, T.MARKET_DATA, profile='mine'):
            found[event.data.symbol].append(event.data.timestamp // SECOND)
        return found

    def has_all(self):
        found = self.bars()
        return all(found[each][-1:] == [self.last] for each in SYMBOLS)

    def wait(self):
        stations.until(self.has_all, 60)

    def close(self):
        if self._node is not None:
            self.kill_node()
        self.server.kill()


@pytest.fixture
def world(tmp_path):
    with exchanges.Exchanges() as services:
        made = World(tmp_path, services)
        yield made
        made.close()


@pytest.mark.parametrize('times', [1, pytest.param(10, marks=pytest.mark.slow)])
def test_each_bar_is_there_once_whatever_is_killed(world, times):
    world.serve()
    world.start_node()
    station = world.open()
    try:
        world.follows()
        world.push()
        world.wait()
        for _ in range(times):
            # The server.
            world.server.kill()
            world.push()
            time.sleep(0.3)
            world.serve()
            world.push()
            world.wait()
            # The node.
            world.kill_node()
            world.unfollowed()
            world.push()
            world.start_node()
            world.follows()
            world.push()
            world.wait()
            # The engine.
            station.close()
            world.push()
            station = world.open()
            world.follows()
            world.wait()
        (row,) = station.snapshot().feeds
        assert (row.status, row.source) == ('connected', 'binance')
    finally:
        station.close()
    wanted = list(range(world.first + MINUTE, world.last + 1, MINUTE))
    for symbol, found in world.bars().items():
        assert [each for each in found if each > world.first] == wanted, symbol
    assert chain.verify(world.home.log('mine')).ok


def test_what_is_added_is_followed_and_a_node_that_is_away_is_told(world):
    world.serve()
    world.start_node()
    station = world.open()
    try:
        world.follows()
        world.push()
        world.wait()
        # It is known by bars of the past, up to now.
        del world.services.upto['binance']
        added = stations.ask(station, commands.WatchSymbol(symbol='SOLUSDT'))
        assert added.ok, added.message
        stations.until(
            lambda: 'SOLUSDT' in station._room._symbols.feed.symbols, 30
        )
        world.follows()
        world.kill_node()
        stations.until(
            lambda: any(
                'node n1 is not heard' in event.data.message
                for event in stations.log_of(
                    world.home, T.RISK_ALERT, profile='mine'
                )
            ),
            30,
        )
    finally:
        station.close()
