"""The guardian: the stop while the engine's process can do nothing."""

import asyncio
import contextlib
import functools
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import time
from typing import NamedTuple

import pytest

from sting.model import events
from sting.risk import stop
from tests.brokers.alpaca import server as servers
from tests.integration import integrate_alpaca
from tests.unit.session import stations

pytestmark = pytest.mark.integration

ROOT = pathlib.Path(__file__).parents[2]
SOON = 60.0
T = events.EventType


class Server(servers.Server):
    """Notes when each request came.

    Attributes:
        times: Method and the moment, seconds of `time.monotonic`.
    """

    def __init__(self, world, assets):
        super().__init__(world, assets)
        self.times = []

    def _fault(self, request):
        self.times.append((time.monotonic(), request.method))
        return super()._fault(request)


class World(integrate_alpaca.World):
    servers = Server

    def since(self, moment, method):
        return [
            at - moment
            for at, each in list(self.server.times)
            if each == method and at >= moment
        ]


class Program:
    """The engine in its process."""

    def __init__(self, folder, policy='keep'):
        self.home = stations.home_in(folder)
        self.process = subprocess.Popen(
            (
                sys.executable,
                '-m',
                'tests.integration.guarded_program',
                str(folder),
                policy,
            ),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, what, said='done'):
        self.process.stdin.write(what + '\n')
        self.process.stdin.flush()
        return self.hear(said)

    def hear(self, said='done'):
        found = self.process.stdout.readline().strip()
        assert said in ('', found), found
        return found

    @property
    def latch(self):
        return stop.Latch(self.home.state('demo') / stop.LATCH)

    def pull_latch(self):
        latch = self.latch
        moment = time.monotonic()
        latch.set('operator', 'from elsewhere')
        latch.close()
        return moment

    def pull_signal(self, number=signal.SIGUSR1):
        moment = time.monotonic()
        self.process.send_signal(number)
        return moment

    def pull_quit(self):
        return self.pull_signal(signal.SIGQUIT)

    def end(self):
        self.process.stdin.write('end\n')
        self.process.stdin.flush()
        assert self.process.wait(SOON) == 0

    def close(self):
        self.process.kill()
        self.process.wait(SOON)
        self.process.stdin.close()
        self.process.stdout.close()


async def _made():
    return World()


@pytest.fixture
def there():
    made = asyncio.run(_made())
    yield made
    asyncio.run(made.close())


@pytest.fixture
def start(tmp_path, there, monkeypatch):
    monkeypatch.setenv('STING_ALPACA_KEY', servers.KEY)
    monkeypatch.setenv('STING_ALPACA_SECRET', servers.SECRET)
    exchanges = stations.home_in(tmp_path).config / 'exchanges'
    exchanges.mkdir(parents=True)
    (exchanges / 'alpaca.yaml').write_text(
        f'trading_url: http://127.0.0.1:{there.server.port}\n'
        'orders_per_minute: 100000\norders_burst: 1000\n'
    )
    made = []

    def begin(policy='keep'):
        made.append(Program(tmp_path, policy))
        return made[-1]

    yield begin
    for each in made:
        each.close()


def working(there):
    return len(there.venue.working())


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Seen(NamedTuple):
    """What a stop did, seen from the broker; seconds since it was pulled.

    Attributes:
        cancel: To the first cancel.
        nothing: To when nothing worked any more.
        order: To the last order that came; 0 where none did.
    """

    cancel: float
    nothing: float
    order: float


@contextlib.contextmanager
def held(ran):
    """A call into C keeps the interpreter's lock."""
    ran.ask('hold', 'holding')
    yield
    ran.ask('.')


@contextlib.contextmanager
def blocked(ran, how='wait', flood=1_000):
    """The engine's loop is blocked and flooded."""
    ran.ask(f'block {how} {flood}', 'holding')
    yield
    ran.ask('free')


@contextlib.contextmanager
def locked(ran):
    """Another process has the log."""
    database = sqlite3.connect(ran.home.log('demo'), isolation_level=None)
    database.execute('BEGIN IMMEDIATE')
    yield
    database.execute('ROLLBACK')
    database.close()


def work(there, ran):
    """Has three orders work; the last stop may have come late for one."""
    end = time.monotonic() + SOON
    while working(there) < 3:
        assert time.monotonic() < end, 'no orders work'
        ran.ask('place 1')


def stopped(there, ran, trouble, pull):
    """One stop in trouble, and a resume after it."""
    work(there, ran)
    with trouble(ran):
        # What had left before has arrived.
        stations.until(lambda: working(there) >= 3, SOON)
        moment = pull(ran)
        stations.until(lambda: not working(there), SOON)
        nothing = time.monotonic() - moment
        cancels = there.since(moment, 'DELETE')
    ended = time.monotonic()
    ran.ask('resume')
    assert there.since(ended, 'POST') == []
    assert not working(there)
    return Seen(
        cancels[0], nothing, max(there.since(moment, 'POST'), default=0.0)
    )


def kept_back(home):
    """Orders that were decided and that reports of stops name as withheld."""
    return {
        order_id
        for each in stations.log_of(home, T.STOP_REPORT)
        for order_id in each.data.withheld
    }


def told_of(home):
    """What the guardian told of stops."""
    alerts = [each.data.message for each in stations.log_of(home, T.RISK_ALERT)]
    return [each for each in alerts if each.startswith('guardian at')]


def test_a_stop_works_while_the_engine_can_do_nothing(there, start):
    ran = start('cancel')
    stopped(there, ran, held, Program.pull_latch)
    stopped(there, ran, held, Program.pull_signal)
    stopped(there, ran, blocked, Program.pull_signal)
    stopped(there, ran, locked, Program.pull_latch)
    told = stations.until(lambda: told_of(ran.home), SOON)
    assert 'nothing works there' in told[0]
    # A killed engine leaves nothing behind where the profile wants that.
    work(there, ran)
    guardian = int(ran.ask('guardian', ''))
    ran.process.kill()
    stations.until(lambda: not working(there), SOON)
    stations.until(lambda: not alive(guardian), SOON)


FLOOD = 100_000
CASES = (
    (held, Program.pull_latch),
    (held, Program.pull_signal),
    (held, Program.pull_quit),
    (blocked, Program.pull_signal),
    (functools.partial(blocked, how='spin'), Program.pull_quit),
    (blocked, Program.pull_latch),
    (locked, Program.pull_signal),
    (locked, Program.pull_latch),
)


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_two_hundred_of_two_hundred_are_in_time(there, start):
    ran = start()
    seen = []
    for number in range(200):
        trouble, pull = CASES[number % len(CASES)]
        if number == 3:
            trouble = functools.partial(blocked, flood=FLOOD)
        seen.append(stopped(there, ran, trouble, pull))
    ran.end()
    lines = [f'{len(kept_back(ran.home))} orders withheld']
    for name in Seen._fields:
        found = sorted(getattr(one, name) * 1000.0 for one in seen)
        lines.append(f'{name}: p50 {found[100]:.1f} ms, last {found[-3:]}')
    sys.stdout.write('\n'.join(lines) + '\n')
    assert kept_back(ran.home)
    assert [one for one in seen if one.cancel > 0.05] == []
    assert [one for one in seen if one.order > 0.02] == []
    assert stations.state_of(ran.home).working_count() == 0
