"""The guardian: the stop while the engine's process can do nothing."""

import asyncio
import os
import pathlib
import signal
import subprocess
import sys
import time

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


def held(there, ran, pull):
    """One stop while the engine holds the lock; gives what was seen.

    Returns:
        Seconds to the first cancel and to when nothing worked any more.
    """
    ran.ask('place 3')
    ran.ask('hold', 'holding')
    # What had left before has arrived.
    stations.until(lambda: working(there) >= 3, SOON)
    moment = pull(ran)
    stations.until(lambda: not working(there), SOON)
    nothing = time.monotonic() - moment
    cancels = there.since(moment, 'DELETE')
    ran.ask('.')
    released = time.monotonic()
    ran.ask('resume')
    assert there.since(released, 'POST') == []
    assert not working(there)
    return cancels[0], nothing


def told_of(home):
    """What the guardian told of stops."""
    alerts = [each.data.message for each in stations.log_of(home, T.RISK_ALERT)]
    return [each for each in alerts if each.startswith('guardian at')]


def test_a_stop_works_while_the_engine_can_do_nothing(there, start):
    ran = start('cancel')
    for pull in (Program.pull_latch, Program.pull_signal):
        held(there, ran, pull)
    told = stations.until(lambda: told_of(ran.home), SOON)
    assert 'nothing works there' in told[0]
    # A killed engine leaves nothing behind where the profile wants that.
    ran.ask('place 3')
    guardian = int(ran.ask('guardian', ''))
    ran.process.kill()
    stations.until(lambda: not working(there), SOON)
    stations.until(lambda: not alive(guardian), SOON)
