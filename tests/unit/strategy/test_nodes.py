"""Strategies on other nodes, over a real NATS server on loopback."""

import asyncio

import msgspec
import pytest

from sting.engine import clock
from sting.engine import step
from sting.model import errors
from sting.model import events
from sting.model import portfolio
from sting.model import specs
from sting.net import courier
from sting.net import postal
from sting.net import presence
from sting.strategy import handover
from sting.strategy import host
from sting.strategy import isolated
from sting.strategy import nodes
from sting.strategy import relay
from tests.unit.net import nats_servers
from tests.unit.strategy import processes
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

BUYER = processes.on_bar('self.buy(data.symbol, data.close)')
KEEPER = """
n = 0

async def on_market_data(self, data):
    self.n += 1
    self.log.info(f'{self.n}')

def save_state(self):
    return {'n': self.n}

def load_state(self, state):
    self.n = state['n']
"""
SUBJECTS = presence.Subjects('test', 'demo')
BEAT = 0.1


def connect(server):
    return postal.Connection(postal.Access(servers=(server.url,), name='test'))


class World:
    """An engine's host and nodes, in one loop, on one server."""

    def __init__(self, folder, server, bodies, **times):
        self.server, self.folder = server, folder
        self.signals, self.statuses, self.alerts = [], [], []
        self.late, self.saved, self.notes = [], [], []
        times = {'lost_s': 0.5, 'away_s': 20.0, 'late_s': 30.0} | times
        self.specs = {
            name: specs.StrategySpec(
                name=name,
                reference=str(processes.write(folder, body, name)),
                number=number,
                process=processes.PATIENT,
            )
            for number, (name, body) in enumerate(bodies.items(), start=1)
        }
        self.nodes = nodes.Nodes(
            connect(server),
            SUBJECTS,
            {name: f'n-{name}' for name in bodies},
            alert=self.alerts.append,
            beat_s=BEAT,
            **times,
        )
        self.host = isolated.IsolatedHost(
            [*self.specs.values()],
            log='t',
            folder=folder / 'engine',
            time_source=clock.VirtualClock(50),
            emit=lambda name, seq, made: self.signals.append((name, seq, made)),
            status=lambda status, cause=0: self.statuses.append(status),
            note=lambda name, line: self.notes.append((name, line.text)),
            keep=self.saved.append,
            late=lambda name, seq, made: self.late.append((name, seq, made)),
            elsewhere=self.nodes,
        )
        self.there = {}

    async def node(self, name, known=None, **times):
        made = relay.Host(
            f'n-{name}',
            connect(self.server),
            SUBJECTS,
            {name: self.specs[name]} if known is None else known,
            self.folder / f'node-{name}',
            beat_s=BEAT,
            **times,
        )
        await made.start()
        self.there[name] = made
        return made

    def told(self, name=None):
        return [
            each.status
            for each in self.statuses
            if name in (None, each.strategy)
        ]

    def bar(self, seq, close=1.0):
        bar = samples.bar(close)
        self.host.deliver(
            events.Event(
                seq, 1, events.EventType.MARKET_DATA, 'test', bar, bar.symbol
            )
        )

    async def start(self, *names, **more):
        for name in names:
            await self.host.start(name, seq=1, **more)

    async def until(self, condition):
        await processes.until(condition, 30)


@pytest.fixture
async def make(tmp_path):
    worlds = []
    async with nats_servers.serving(tmp_path) as server:

        async def one(bodies, **times):
            world = World(tmp_path, server, bodies, **times)
            worlds.append(world)
            await world.nodes.start()
            return world

        yield one
        for world in worlds:
            await world.host.close(seq=99)
            await world.nodes.stop()
            for each in world.there.values():
                await each.stop()


async def test_a_strategy_elsewhere_answers_as_one_here(make):
    world = await make({'buyer': BUYER})
    node = await world.node('buyer')
    await world.start('buyer')
    assert len(world.statuses[0].code) == 16
    assert node.running == ('buyer',)
    for seq in range(7, 207):
        world.bar(seq)
    await world.until(lambda: len(world.signals) == 200)
    assert [seq for _, seq, _ in world.signals] == [*range(7, 207)]
    assert world.signals[0][2][0].order_id == 't-7-1-1'
    assert world.host.vitals('buyer').pid == 0
    await world.host.stop('buyer', seq=300)
    assert world.told() == ['running', 'stopped']
    assert world.statuses[-1].detail == ''
    await world.until(lambda: not node.running)


async def test_its_state_is_saved_and_its_notes_come(make):
    world = await make({'keeper': KEEPER})
    await world.node('keeper')
    await world.start('keeper')
    world.bar(7)
    world.bar(8)
    await world.until(lambda: len(world.notes) == 2)
    await world.host.stop('keeper', seq=9)
    assert world.saved[0].saved == {'n': 2}
    assert (world.folder / 'node-keeper' / 'keeper.log').exists()


async def test_it_begins_with_a_long_history_and_what_it_missed(make):
    body = """
    async def on_start(self):
        self.sma = self.indicator(strategy.indicators.SMA, period=3)

    async def on_market_data(self, data):
        self.log.info(f'{data.close:g}: {self.sma.value:g}')

    def load_state(self, state):
        self.log.info(f'knows {state}')
    """
    world = await make({'keeper': body})
    await world.node('keeper')
    past = [
        msgspec.structs.replace(samples.bar(3.0), timestamp=nth, symbol='X')
        for nth in range(-9_000, 0)
    ]
    bar = msgspec.structs.replace(samples.bar(6.0), timestamp=1, symbol='X')
    event = events.Event(5, 1, events.EventType.MARKET_DATA, 't', bar, 'X')
    await world.host.start(
        'keeper',
        seq=9,
        history=past,
        recall=lambda: host.Missed(
            b'{"n": 1}', portfolio.Portfolio(), (), [step.Notify(event)]
        ),
    )
    await world.until(lambda: len(world.notes) == 2)
    assert [text for _, text in world.notes] == ["knows {'n': 1}", '6: 4']


async def test_it_waits_for_a_node_that_is_not_there_yet(make):
    world = await make({'buyer': BUYER})
    starting = asyncio.create_task(world.start('buyer'))
    await asyncio.sleep(3 * BEAT)
    world.bar(7)
    assert world.told() == []
    await world.node('buyer')
    await starting
    await world.until(lambda: world.signals)
    assert world.signals[0][1] == 7


async def test_a_start_that_waits_for_a_node_can_be_stopped(make):
    world = await make({'buyer': BUYER})
    starting = asyncio.create_task(world.start('buyer'))
    await asyncio.sleep(2 * BEAT)
    await world.host.stop('buyer', seq=2)
    await starting
    assert world.told() == ['stopped']


async def test_a_failure_is_told_with_its_line_and_not_twice(make):
    world = await make({'bad': processes.on_bar('raise RuntimeError("no")')})
    await world.node('bad')
    await world.start('bad')
    world.bar(7)
    await world.until(lambda: 'restarting' in world.told())
    assert world.told() == ['running', 'failed', 'restarting']
    assert 'bad.py:6' in world.statuses[1].detail
    assert world.host.vitals('bad').waiting == 0


async def test_what_does_not_answer_is_killed_there(make):
    body = processes.on_bar('while True: pass')
    world = await make({'slow': body})
    spec = world.specs['slow']
    hasty = specs.Process(deadline_ms=300, late_ms=100)
    await world.node('slow', {'slow': _with(spec, hasty)})
    await world.start('slow')
    world.bar(7)
    await world.until(lambda: 'failed' in world.told())
    assert 'did not answer within 300 ms' in world.statuses[1].detail


def _with(spec, limits):
    return msgspec.structs.replace(spec, process=limits)


async def test_a_node_runs_only_what_it_is_configured_to(make):
    world = await make({'buyer': BUYER})
    await world.node('buyer', {})
    await world.start('buyer')
    assert world.told() == ['failed']
    assert "does not run 'buyer'" in world.statuses[0].detail


async def test_a_server_that_is_killed_and_comes_back_costs_nothing(make):
    world = await make({'a': BUYER, 'b': BUYER})
    for name in 'ab':
        await world.node(name)
    await world.start('a', 'b')
    seq = 10
    for _ in range(2):
        for _ in range(50):
            world.bar(seq := seq + 1)
        world.server.kill()
        for _ in range(50):
            world.bar(seq := seq + 1)
        await asyncio.sleep(0.2)
        await world.server.start()
    await world.until(lambda: len(world.signals) == 400)
    for name in 'ab':
        mine = [s for who, s, _ in world.signals if who == name]
        assert mine == [*range(11, 211)]
    assert 'failed' not in world.told()


async def test_a_node_that_is_silent_is_lost_and_comes_back(make):
    world = await make({'buyer': BUYER}, late_s=0.5)
    await world.node('buyer')
    await world.start('buyer')
    world.server.kill()
    world.bar(7)
    await world.until(lambda: world.told()[-1] == 'lost')
    assert 'node n-buyer is lost' in world.alerts[-1]
    await world.server.start()
    await world.until(lambda: world.told()[-1] == 'running')
    assert world.statuses[-1].detail == 'node n-buyer is back'
    # What it wants now is too late, and refused.
    await world.until(lambda: world.late)
    assert not world.signals
    world.bar(8)
    await world.until(lambda: world.signals)


async def test_one_that_is_away_for_long_has_failed_and_is_started_again(make):
    world = await make({'buyer': BUYER}, away_s=1.0)
    node = await world.node('buyer')
    await world.start('buyer')
    world.server.kill()
    await world.until(lambda: 'failed' in world.told())
    assert 'node n-buyer is away' in world.statuses[-2].detail
    await world.until(lambda: 'starting' in world.told())
    again = asyncio.create_task(world.start('buyer'))
    await world.server.start()
    await again
    assert world.told()[-1] == 'running'
    # What ran before was killed there.
    await world.until(lambda: node.running == ('buyer',))


async def test_a_node_started_anew_has_lost_its_processes(make):
    world = await make({'buyer': BUYER})
    node = await world.node('buyer')
    await world.start('buyer')
    await node.stop()
    await world.until(lambda: 'starting' in world.told())
    assert 'was ended' in world.statuses[1].detail
    assert 'when its node is there' in world.statuses[2].detail
    assert world.statuses[3].detail == 'its node was away'
    assert world.host.vitals('buyer').restarts == 1
    again = asyncio.create_task(world.start('buyer'))
    await world.node('buyer')
    await again
    world.bar(8)
    await world.until(lambda: world.signals)


async def test_its_code_and_parameters_change_there_while_it_runs(make):
    body = processes.on_bar("self.buy('X', self.parameters['size'])")
    body += "parameters = {'size': strategy.Parameter(1.0)}\n"
    world = await make({'buyer': body})
    await world.node('buyer')
    await world.start('buyer')
    world.bar(7)
    await world.until(lambda: world.signals)
    processes.write(world.folder, body.replace('1.0', '1.5'), 'buyer')
    ran = world.host.ran('buyer')
    await world.host.change(
        'buyer',
        seq=8,
        past=lambda: handover.Past(portfolio.Portfolio()),
        spec=msgspec.structs.replace(ran.spec, given={'size': 2.0}),
    )
    world.bar(9)
    await world.until(lambda: len(world.signals) == 2)
    assert world.told() == ['running', 'running']
    assert world.statuses[1].code != world.statuses[0].code
    assert [made[0].quantity for _, _, made in world.signals] == [1.0, 2.0]
    assert world.host.settings('buyer')[0].value == 2.0


async def test_a_node_that_ends_while_a_strategy_is_stopped_is_no_failure(make):
    world = await make({'buyer': BUYER})
    node = await world.node('buyer')
    await world.start('buyer')
    await asyncio.gather(world.host.stop('buyer', seq=9), node.stop())
    assert world.told()[-1] == 'stopped'


async def test_a_node_of_another_version_is_told_once_and_not_used(make):
    world = await make({'buyer': BUYER})
    other = connect(world.server)
    await other.start()
    here = presence.encode(presence.Here('x', (), False, '0.0'))
    for _ in range(50):
        other.publish(SUBJECTS.node('n-buyer'), here)
        await asyncio.sleep(0.01)
    await other.stop()
    assert len(world.alerts) == 1
    assert 'node n-buyer has sting 0.0, the engine' in world.alerts[0]
    await world.node('buyer')
    await world.start('buyer')


async def test_what_a_node_does_not_understand_is_a_failure(make):
    world = await make({'buyer': BUYER})
    node = await world.node('buyer')
    there = connect(world.server)
    said = []
    there.subscribe(SUBJECTS.said('e'), said.append)
    await there.start()
    await world.until(lambda: there.connected)
    nonsense = courier.Courier(
        'e/1', lambda data: there.publish(SUBJECTS.told(node.id), data), print
    )
    nonsense.write(b'\0\0\0\2\x91\x63')
    await world.until(lambda: said)
    nonsense.close()
    await there.stop()
    assert b'does not understand' in said[0]


async def test_a_second_node_of_the_same_name_is_not_heard(make):
    world = await make({'buyer': BUYER})
    first = await world.node('buyer')
    await world.start('buyer')
    second = await world.node('buyer')
    await asyncio.sleep(10 * BEAT)
    world.bar(7)
    await world.until(lambda: world.signals)
    assert (first.running, second.running) == (('buyer',), ())
    told = 'two nodes are called n-buyer; only the one that was here first'
    assert [each for each in world.alerts if told in each] == world.alerts
    assert len(world.alerts) == 1
    await first.stop()


async def test_two_engines_of_one_profile_are_told_and_one_is_served(
    make, tmp_path
):
    world = await make({'buyer': BUYER})
    await world.node('buyer')
    await world.start('buyer')
    other = await make({'buyer': BUYER})
    starting = asyncio.create_task(other.start('buyer'))
    await world.until(lambda: 'failed' in other.told('buyer'))
    await asyncio.gather(starting, return_exceptions=True)
    why = [each.detail for each in other.statuses if each.status == 'failed']
    assert 'node n-buyer works for another engine' in why[0]
    world.bar(7)
    await world.until(lambda: world.signals)
    for each in (world, other):
        await world.until(lambda: each.alerts)  # noqa: B023
        assert 'another engine uses the same prefix' in each.alerts[0]


async def test_a_strategy_whose_engine_takes_nothing_is_given_up(
    make, monkeypatch
):
    monkeypatch.setattr(relay, 'HELD', 10)
    body = 'import time; time.sleep(0.3); self.buy(data.symbol, 1.0)'
    world = await make({'slow': processes.on_bar(body)})
    node = await world.node('slow')
    await world.start('slow')
    for seq in (7, 8, 9):
        world.bar(seq)
    await asyncio.sleep(0.1)
    world.server.kill()
    await world.until(lambda: not node._tasks)


async def test_a_node_ends_what_no_engine_wants(make):
    world = await make({'buyer': BUYER})
    node = await world.node('buyer', gone_s=0.5)
    await world.start('buyer')
    world.server.kill()
    await world.until(lambda: not node.running)


async def test_strategies_that_are_not_on_a_node_run_here(make):
    world = await make({'buyer': BUYER})
    world.nodes._node_of.clear()
    await world.start('buyer')
    assert world.host.vitals('buyer').pid > 0


async def test_the_library_is_asked_for_by_name(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, 'nats', None)
    with pytest.raises(errors.ConfigError, match=r'sting\[nats\]'):
        postal.load()
