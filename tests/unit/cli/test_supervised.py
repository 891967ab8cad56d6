"""`sting run` under a supervisor that speaks as systemd does."""

import configparser
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from sting import control
from sting.cli import main
from sting.engine import chain
from tests.unit.session import stations

pytestmark = pytest.mark.unit

SETUP = pathlib.Path(__file__).parents[3] / 'docs' / 'setup'
UNITS = ('sting@.service', 'sting-failed@.service')
SLOW = """
import pathlib
import time
from sting.risk import rules

class Slow(rules.AccountRule):
    name, unit = 'slow', 'units'

    def figure(self, order, account):
        if order.quantity == 13:
            pathlib.Path({mark!r}).touch()
            time.sleep(3.0)
        return 0.0
"""


class Supervisor:
    """Starts an engine, and hears what it says of itself."""

    def __init__(self, folder):
        self._path = str(folder / 'n')
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(self._path)
        self._line.settimeout(0.1)
        self.process = None

    def start(self, watchdog_s=1.0):
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'sting.cli.main', 'run', '--demo'],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                'NOTIFY_SOCKET': self._path,
                'WATCHDOG_USEC': str(int(watchdog_s * 1e6)),
            },
        )

    def until(self, words, seconds=30.0):
        """Hears until something is said."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(words in each for each in self.hear(0.1)):
                return
        raise AssertionError(f'{words} was not said')

    def hear(self, seconds):
        """Gives what is said for so long."""
        found = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                found.append(self._line.recv(4096).decode())
            except TimeoutError:
                continue
        return found

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
        self._line.close()


@pytest.fixture
def supervisor(home, tmp_path):
    made = Supervisor(tmp_path)
    yield made
    made.close()


def test_it_says_when_it_is_ready_and_that_it_ends(sting, home, supervisor):
    supervisor.start()
    supervisor.until('READY=1\nSTATUS=demo (DEMO) TRADING')
    supervisor.until('WATCHDOG=1')
    assert sting('halt', lines=9).code == 0
    supervisor.until('STATUS=demo (DEMO) HALTED: operator: sting halt')
    supervisor.process.send_signal(signal.SIGTERM)
    supervisor.until('STOPPING=1')
    assert supervisor.process.wait(30) == 0
    assert chain.verify(home.log('demo')).ok
    told = [one.data for one in stations.log_of(home, stations.T.SYSTEM_STATUS)]
    of_engine = [one.status for one in told if one.component == 'engine']
    assert of_engine == ['started', 'stopped']


def test_the_watchdog_is_not_fed_while_the_loop_hangs(home, supervisor):
    mark = home.config / 'hangs'
    (home.config / 'rules').mkdir(parents=True)
    (home.config / 'rules' / 'slow.py').write_text(SLOW.format(mark=str(mark)))
    (home.config / 'risk.yaml').write_text(
        'own:\n  slow: {rule: rules/slow.py, limit: 1}\n'
    )
    supervisor.start(watchdog_s=0.8)
    supervisor.until('READY=1')
    client = control.find(home)
    stations.until(lambda: client.request('status')['seq'] > 20)
    order = threading.Thread(
        target=main.run, args=(['order', 'buy', 'IBM', '13'],)
    )
    order.start()
    stations.until(mark.exists)
    # What was said until then.
    supervisor.hear(0.5)
    assert 'WATCHDOG=1' not in supervisor.hear(1.0)
    supervisor.until('WATCHDOG=1')
    order.join()


def test_a_restart_after_a_kill_goes_on(sting, home, supervisor):
    supervisor.start()
    supervisor.until('READY=1')
    client = control.find(home)
    stations.until(lambda: client.request('status')['seq'] > 20)
    assert sting('order', 'buy', 'IBM', '10').code == 0
    stations.until(lambda: client.request('status')['positions'])
    supervisor.process.kill()
    supervisor.process.communicate()
    supervisor.start()
    supervisor.until('READY=1')
    found = json.loads(sting('status', '--json').out)
    assert [row['quantity'] for row in found['positions']] == [10.0]
    assert found['state'] == 'TRADING'


@pytest.mark.parametrize('name', UNITS)
def test_the_units_run_commands_that_there_are(sting, name):
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str
    unit.read(SETUP / name)
    words = shlex.split(unit['Service']['ExecStart'])
    assert words[0] == '%h/sting/bin/sting'
    for command in (words[1:2], words[1:3]):
        if command[-1] in ('run', 'alerts', 'send'):
            told = sting(*command, '-h').out
    for word in words:
        if word.startswith('--'):
            assert word in told


def test_the_unit_is_one_of_a_service_that_notifies():
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str
    unit.read(SETUP / UNITS[0])
    service = unit['Service']
    assert service['Type'] == 'notify'
    assert service['Restart'] == 'on-failure'
    assert service['KillMode'] == 'mixed'
    assert float(service['WatchdogSec']) >= 10
    # An end may take twice `session.workstation.CLOSE_S`.
    assert float(service['TimeoutStopSec']) > 60
