"""An engine and three nodes over a NATS server that is killed and comes back.

The nodes are `sting node` in processes of their own. No event is lost, none
acts twice, and each strategy answers the bars in their order.
"""

import asyncio
import collections
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from sting import session
from sting import settings
from sting.engine import chain
from tests.unit.net import nats_servers
from tests.unit.session import stations

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

T = stations.T
NAMES = ('one', 'two', 'three')
TRADER = """
    async def on_market_data(self, data):
        if self.portfolio.quantity(data.symbol) > 0:
            self.sell(data.symbol, 1)
        else:
            self.buy(data.symbol, 1)
"""


class World:
    """A server, nodes as programs, and where their files are."""

    # Other tests may keep the machine busy for seconds.
    lost_s = 30

    def __init__(self, folder):
        self.server = nats_servers.Server(folder)
        self.home = stations.home_in(folder / 'home')
        self.nodes = {}
        self._configure()

    def _configure(self):
        for name in NAMES:
            stations.write_strategy(
                self.home, f'{name}.py', textwrap.dedent(TRADER)
            )
        self.home.config.mkdir(parents=True, exist_ok=True)
        (self.home.config / 'strategy.yaml').write_text(
            'strategies:\n'
            + ''.join(
                f'  {name}:\n'
                f'    strategy: {name}.py\n'
                '    process: {deadline_ms: 30000, signals_per_s: 1000}\n'
                for name in NAMES
            )
        )
        (self.home.config / 'sting.yaml').write_text(
            textwrap.dedent(f"""\
            profiles:
              demo:
                symbols: [AAPL, IBM]
                strategies: [{', '.join(NAMES)}]
                bus:
                  url: {self.server.url}
                  nodes: {{n-one: [one], n-two: [two], n-three: [three]}}
                  lost_s: {self.lost_s}
                  late_s: 60
            feeds:
              demo: {{interval_s: 0.05}}
            """)
        )

    def start_node(self, name, *words):
        self.nodes[name] = subprocess.Popen(
            [sys.executable, '-m', 'sting.cli.main', 'node', name, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ
            | {
                'STING_HOME': str(self.home.config.parent),
                'PYTHONUNBUFFERED': '1',
            },
        )
        return self.nodes[name]

    def serve(self):
        asyncio.run(self.server.start())

    def close(self):
        for each in self.nodes.values():
            each.kill()
            each.communicate()
        self.server.kill()


def opened(home):
    """The engine of what is configured in a home."""
    return session.open('demo', home=home, config=settings.load(home))


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


def statuses(station):
    return {row.name: row.status for row in station.snapshot().strategies}


def all_run(station):
    return {*statuses(station).values()} == {'running'}


def answered(log):
    """Gives the events that each strategy answered, in order of its answers."""
    found = collections.defaultdict(list)
    for event in log:
        signal_of = getattr(event.data, 'signal', None)
        if event.type is T.SIGNAL:
            signal_of = event.data
        if signal_of is not None:
            found[signal_of.strategy].append(event.cause)
    return found


def all_answered(world, seq):
    """Whether each strategy has answered something after an event."""
    found = answered(stations.log_of(world.home))
    return all(max(found[name], default=0) > seq for name in NAMES)


@pytest.mark.parametrize('times', [3, pytest.param(10, marks=pytest.mark.slow)])
def test_no_event_is_lost_or_acts_twice_whatever_becomes_of_the_server(
    world, times
):
    world.serve()
    for name in NAMES:
        world.start_node(f'n-{name}')
    station = opened(world.home)
    station.start()
    try:
        stations.until(lambda: all_run(station), 60)
        for _ in range(times):
            time.sleep(0.5)
            world.server.kill()
            time.sleep(0.5)
            world.serve()
        last = station.snapshot().seq
        stations.until(lambda: all_answered(world, last), 60)
    finally:
        station.close()
    log = stations.log_of(world.home)
    assert chain.verify(world.home.log('demo')).ok
    told = [e.data for e in log if e.type is T.STRATEGY_STATUS]
    assert not [each for each in told if each.status in ('failed', 'lost')]
    began = {
        each.data.strategy: each.seq
        for each in log
        if each.type is T.STRATEGY_STATUS and each.data.status == 'running'
    }
    bars = [e.seq for e in log if e.type is T.MARKET_DATA and e.data.closed]
    for name, causes in answered(log).items():
        assert causes == sorted(set(causes)), f'{name}: doubled or disordered'
        due = [b for b in bars if began[name] < b <= causes[-1]]
        assert [c for c in causes if c > began[name]] == due
        assert len(due) > 20 * times
    ids = [e.data.order_id for e in log if e.type is T.SIGNAL]
    assert len(ids) == len(set(ids))


@pytest.mark.slow
def test_a_node_that_is_killed_and_started_again_goes_on(world):
    world.lost_s = 3
    world._configure()
    world.serve()
    for name in NAMES:
        world.start_node(f'n-{name}')
    station = opened(world.home)
    station.start()
    try:
        stations.until(lambda: all_run(station), 60)
        world.nodes['n-two'].kill()
        world.nodes['n-two'].communicate()
        stations.until(lambda: statuses(station)['two'] == 'lost', 30)
        assert statuses(station)['one'] == 'running'
        again = world.start_node('n-two')
        stations.until(lambda: all_run(station), 60)
        again.send_signal(signal.SIGTERM)
        assert again.wait(30) == 0
        assert 'two starts' in again.stdout.read()
        stations.until(lambda: statuses(station)['two'] != 'running', 30)
        # What waits for its node does not keep the engine from its end.
    finally:
        station.close()
    told = [
        e.data.detail
        for e in stations.log_of(world.home, T.STRATEGY_STATUS)
        if e.data.status == 'failed'
    ]
    assert told == ['node n-two was started anew', 'node n-two was ended']
