"""Strategies that do all the harm they can, beside a good one.

Each has a process of its own: it is killed in its time, its orders are treated
as configured, it is started again and then no more, and the good one answers
every bar. No process outlives its engine.
"""

import asyncio
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from sting.engine import clock
from sting.model import commands
from sting.model import events
from sting.model import specs
from sting.session import parts
from sting.strategy import instances
from sting.strategy import isolated
from tests.unit.session import stations
from tests.unit.strategy import processes
from tests.unit.strategy import samples

pytestmark = pytest.mark.integration

T = stations.T
DEADLINE_MS = 500.0
LOOPING = frozenset({'loop', 'sleep', 'await_never', 'deaf', 'prints'})
PATIENT = specs.Process(deadline_ms=60_000, late_ms=60_000)
# What each of them does with the first bar that it is given.
TORTURE = {
    'loop': 'while True: pass',
    'sleep': '__import__("time").sleep(3600)',
    'await_never': 'await __import__("asyncio").Event().wait()',
    'deaf': (
        'import signal\n'
        '    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n'
        '    while True: pass'
    ),
    'leak': ('kept = []\n    while True: kept.append(bytearray(1 << 22))'),
    'raise': 'raise RuntimeError("no more")',
    'flood': '[self.buy("X", 1) for _ in range(501)]',
    'fork': '__import__("os").fork()',
    'spawn': '__import__("subprocess").Popen(["sleep", "3600"])',
    'exit': 'raise SystemExit(0)',
    'os_exit': '__import__("os")._exit(0)',
    'abort': '__import__("os").abort()',
    'recursion': 'await self.on_market_data(data)',
    'garbage': (
        'import os\n'
        '    for n in range(3, 4096):\n'
        '        try: os.write(n, b"garbage" * 100)\n'
        '        except OSError: pass'
    ),
    'closed': '__import__("os").closerange(3, 4096)',
    'prints': 'while True: print("x" * 1000)',
}


def limits_of(name):
    """Only what loops is to end by its deadline; the machine may be busy."""
    if name == 'good':
        return PATIENT
    return specs.Process(
        memory_mb=64,
        late_ms=100,
        deadline_ms=DEADLINE_MS if name in LOOPING else 60_000,
        signals_per_s=50,
    )


class Watched:
    """A host with all of them, and what it told."""

    def __init__(self, folder):
        bodies = {
            name: processes.on_bar(statement)
            for name, statement in TORTURE.items()
        }
        bodies['good'] = processes.on_bar('self.buy(data.symbol, 1)')
        self.folder = folder
        self.statuses = {name: [] for name in bodies}
        self.failures = {}
        self.sent = {}
        self.delays = []
        self.host = isolated.IsolatedHost(
            [
                specs.StrategySpec(
                    name,
                    str(processes.write(folder, body, name)),
                    number=number,
                    process=limits_of(name),
                )
                for number, (name, body) in enumerate(bodies.items(), 1)
            ],
            log='t',
            folder=folder / 'out',
            time_source=clock.VirtualClock(1),
            emit=self.emit,
            status=self.status,
        )

    def emit(self, name, seq, wanted):
        if name == 'good':
            self.delays.append(time.perf_counter() - self.sent[seq])

    def status(self, told, cause=0):
        self.statuses[told.strategy].append(told)

    def bar(self, seq, symbol='X'):
        bar = samples.bar(1.0, timestamp=seq)
        self.sent[seq] = time.perf_counter()
        self.host.deliver(
            events.Event(seq, 1, T.MARKET_DATA, 'test', bar, symbol)
        )

    def failed(self, name):
        return [told for told in self.statuses[name] if told.status == 'failed']


async def test_each_is_killed_and_the_good_one_does_not_notice(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(instances, 'BACKOFF_S', 3600.0)
    watched = Watched(tmp_path)
    try:
        await watched.host.start('good', seq=1)
        figures = {}
        for seq, name in enumerate(TORTURE, start=2):
            await watched.host.start(name, seq=seq)
            process = watched.host._running[name].process
            began = time.perf_counter()
            watched.bar(seq)
            async with asyncio.timeout(60):
                while not watched.failed(name):
                    # The good one is given bars meanwhile.
                    await asyncio.sleep(0.01)
                    watched.bar(1000 + len(watched.sent))
            await process.gone()
            figures[name] = time.perf_counter() - began
            failure = process.failure
            if failure.waited:
                # By the host's own clock; what its loop was late is in it.
                assert failure.allowed >= DEADLINE_MS / 1000
                assert failure.waited <= failure.allowed + 0.05
            assert gone(process.pid)
        await processes.until(lambda: len(watched.delays) == len(watched.sent))
        assert not watched.failed('good')
    finally:
        await watched.host.close(seq=99)
    told = {name: watched.failed(name)[0].detail for name in TORTURE}
    for name in LOOPING:
        assert 'did not answer within 500 ms' in told[name], name
    for name in ('leak', 'raise', 'fork', 'spawn', 'exit', 'recursion'):
        assert f'{name}.py:' in told[name], told[name]
    assert 'it may use 64 MB' in told['leak']
    assert 'above 50 signals' in told['flood']
    assert 'SIGABRT' in told['abort']
    assert 'with status 0' in told['os_exit']
    printed = sum(
        each.stat().st_size for each in (tmp_path / 'out').glob('prints.log*')
    )
    assert printed <= 9 << 20
    delays = sorted(watched.delays)
    p99 = delays[int(len(delays) * 0.99)] * 1000
    sys.stdout.write(f'good: {len(delays)} bars, p99 {p99:.2f} ms\n')
    for name, spent in figures.items():
        sys.stdout.write(
            f'{name}: gone after {spent * 1000:.0f} ms: {told[name]}\n'
        )


def gone(pid):
    return not pathlib.Path(f'/proc/{pid}').exists()


def once(statement):
    """A strategy that buys, rests a limit order, and fails once it holds."""
    return f"""
    async def on_start(self):
        self.asked = False

    async def on_market_data(self, data):
        if data.symbol != 'AAPL':
            return
        if not self.asked:
            self.asked = True
            self.buy('AAPL', 5)
            self.buy('AAPL', 1, strategy.OrderType.LIMIT, price=1.0)
        elif self.portfolio.held:
            {statement}
    """


@pytest.mark.parametrize('policy', ['keep', 'cancel', 'flatten'])
def test_orders_are_treated_as_configured(tmp_path, monkeypatch, policy):
    monkeypatch.setattr(instances, 'BACKOFF_S', 3600.0)
    home = stations.home_in(tmp_path)
    path = stations.write_strategy(
        home, 'bad.py', once('raise RuntimeError("no more")')
    )
    entry = {'strategy': path, 'on_failure': policy, 'process': PATIENT}
    with stations.running(home, strategies={'bad': entry}) as station:
        row = stations.until(
            lambda: next(
                (
                    row
                    for row in station.snapshot().strategies
                    if row.status == 'restarting'
                ),
                None,
            ),
            60.0,
        )
        assert 'after failure 1 of 3' in row.detail
        working = {'keep': 1, 'cancel': 0, 'flatten': 0}[policy]
        held = {'keep': 5.0, 'cancel': 5.0, 'flatten': 0.0}[policy]

        def treated():
            picture = station.snapshot()
            quantity = sum(
                one.quantity
                for one in picture.positions
                if one.symbol == 'AAPL'
            )
            return (picture.open_orders, quantity) == (working, held)

        stations.until(treated, 60.0)
        alerts = [alert.message for alert in station.snapshot().alerts]
        assert any('strategy bad failed' in text for text in alerts)
        assert stations.ask(station, commands.StopStrategy(name='bad')).ok
    statuses = [
        event.data.status for event in stations.log_of(home, T.STRATEGY_STATUS)
    ]
    assert statuses[-1] == 'stopped'


def test_it_is_started_again_and_then_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(instances, 'BACKOFF_S', 0.05)
    home = stations.home_in(tmp_path)
    path = stations.write_strategy(
        home,
        'bad.py',
        'async def on_market_data(self, data):\n    raise ValueError',
    )
    strategies = {'bad': {'strategy': path, 'process': PATIENT}}
    with stations.running(home, strategies=strategies) as station:
        row = stations.until(
            lambda: next(
                (
                    row
                    for row in station.snapshot().strategies
                    if row.status == 'quarantined'
                ),
                None,
            ),
            60.0,
        )
        assert (row.restarts, row.pid) == (2, 0)
        assert 'bad.py:6: ValueError' in row.detail
    # A new engine does not start it either, until the operator does.
    with stations.running(home, strategies=strategies) as station:
        seq = station.snapshot().seq
        stations.until(lambda: station.snapshot().seq > seq + 20, 60.0)
        (row,) = station.snapshot().strategies
        assert row.status == 'quarantined'
        assert stations.ask(station, commands.StartStrategy(name='bad')).ok


def test_its_state_survives_a_kill_of_its_process(tmp_path, monkeypatch):
    monkeypatch.setattr(instances, 'BACKOFF_S', 0.05)
    home = stations.home_in(tmp_path)
    path = stations.write_strategy(
        home,
        'counter.py',
        """
        async def on_start(self):
            self.seen = []

        async def on_market_data(self, data):
            if data.symbol == 'AAPL':
                self.seen.append(data.timestamp)

        async def on_stop(self):
            self.log.info(' '.join(map(str, self.seen)))

        def save_state(self):
            return {'seen': self.seen}

        def load_state(self, state):
            self.seen = state['seen']
        """,
    )
    limits = specs.Process(
        deadline_ms=60_000, late_ms=60_000, state_every_s=1.0
    )
    entry = {'strategy': path, 'process': limits}
    with stations.running(home, strategies={'counter': entry}) as station:
        stations.until(lambda: stations.log_of(home, T.STRATEGY_STATE), 60.0)
        (row,) = station.snapshot().strategies
        signal_to(row.pid, signal.SIGKILL)
        stations.until(
            lambda: (
                station.snapshot().strategies[0].restarts == 1
                and station.snapshot().strategies[0].status == 'running'
            ),
            60.0,
        )
    stopped = stations.log_of(home, T.STRATEGY_STATE)[-1].data
    stamps = [
        event.data.timestamp
        for event in stations.log_of(home, T.MARKET_DATA)
        if event.symbol == 'AAPL' and event.seq <= stopped.seq
    ]
    first = stopped.saved['seen'][0]
    assert stopped.saved['seen'] == [each for each in stamps if each >= first]


def signal_to(pid, number):
    subprocess.run(['kill', f'-{int(number)}', str(pid)], check=True)


def strategy_processes(parent):
    found = []
    for stat in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
        try:
            words = stat.read_bytes().split(b'\0')
        except OSError:
            continue
        if b'sting.strategy.child' in words and str(parent).encode() in words:
            found.append(stat.parent)
    return found


def test_no_process_outlives_an_engine_that_is_killed(tmp_path):
    engine = subprocess.Popen(
        [sys.executable, '-m', 'tests.integration.engine_program',
         str(tmp_path), '7'],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert engine.stdout.readline() == b'ready\n'
        found = stations.until(lambda: strategy_processes(engine.pid), 60.0)
        assert len(found) == 1
    finally:
        engine.kill()
        engine.wait()
        engine.stdout.close()
    stations.until(lambda: not strategy_processes(engine.pid), 60.0)


def test_what_it_prints_is_in_its_own_file(tmp_path):
    home = stations.home_in(tmp_path)
    path = stations.write_strategy(
        home,
        'talker.py',
        'async def on_market_data(self, data):\n    print("a bar came")',
    )
    strategies = {'talker': {'strategy': path, 'process': PATIENT}}
    file = home.state('demo') / parts.STRATEGIES / 'talker.log'
    with stations.running(home, strategies=strategies):
        stations.until(
            lambda: file.exists() and 'a bar came' in file.read_text(), 60.0
        )
    assert file.stat().st_mode & 0o777 == 0o600
