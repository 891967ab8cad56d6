"""Observers elsewhere get the log's events in order, each once."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from sting.engine import chain
from tests.integration import integrate_nodes
from tests.unit.net import nats_servers
from tests.unit.session import stations

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

CONFIG = """\
profiles:
  demo:
    symbols: [AAPL, IBM]
    strategies: []
    bus: {{url: {url}, events_days: 1}}
feeds:
  demo: {{interval_s: 0.05}}
"""


class Observer:
    """`sting observe` as a program, and what it printed."""

    def __init__(self, home, *words):
        self.events = []
        self._child = subprocess.Popen(
            [sys.executable, '-m', 'sting.cli.main', 'observe', *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ
            | {'STING_HOME': str(home.config.parent), 'PYTHONUNBUFFERED': '1'},
        )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        for line in self._child.stdout:
            self.events.append(json.loads(line))

    @property
    def numbers(self):
        return [each['seq'] for each in self.events]

    def end(self, number=signal.SIGTERM):
        self._child.send_signal(number)
        code = self._child.wait(30)
        self._thread.join()
        self._child.stdout.close()
        return code


@pytest.fixture
def server(tmp_path):
    made = nats_servers.Server(
        tmp_path, f'jetstream {{ store_dir: "{tmp_path / "kept"}" }}'
    )
    yield made
    made.kill()


@pytest.fixture
def home(tmp_path, server):
    made = stations.home_in(tmp_path / 'home')
    made.config.mkdir(parents=True)
    (made.config / 'sting.yaml').write_text(CONFIG.format(url=server.url))
    return made


def serve(server):
    asyncio.run(server.start())


def test_each_event_comes_once_and_in_order_whatever_becomes_of_the_server(
    home, server
):
    serve(server)
    world = integrate_nodes.opened(home)
    world.start()
    with contextlib.ExitStack() as stack:
        stack.callback(world.close)
        first = Observer(home, '--name', 'me')
        stack.callback(first.end)
        stations.until(lambda: len(first.events) > 30)
        for _ in range(2):
            server.kill()
            time.sleep(0.5)
            serve(server)
        last = world.snapshot().seq
        stations.until(lambda: first.numbers[-1] > last, 60)
        stack.pop_all()
        # It is killed, and goes on where it was.
        first.end(signal.SIGKILL)
        second = Observer(home, 'IBM', '--name', 'me')
        last = world.snapshot().seq
        stations.until(lambda: max(second.numbers, default=0) > last, 60)
        assert second.end() == 0
        world.close()
    log = {e.seq: e for e in stations.log_of(home)}
    assert chain.verify(home.log('demo')).ok
    assert first.numbers == [*range(1, first.numbers[-1] + 1)]
    for each in first.events:
        assert each['type'] == log[each['seq']].type.value
        assert each['symbol'] == log[each['seq']].symbol
    due = [
        seq
        for seq, event in log.items()
        if event.symbol == 'IBM'
        and second.numbers[0] <= seq <= second.numbers[-1]
    ]
    assert second.numbers == due
    # At most the one that was printed and not yet noted comes again.
    between = [
        seq
        for seq, event in log.items()
        if event.symbol == 'IBM' and first.numbers[-1] < seq < second.numbers[0]
    ]
    assert not between
    assert second.numbers[0] >= first.numbers[-1]


def test_without_a_stream_the_engine_trades_and_an_alert_tells(
    home, server, tmp_path
):
    plain = nats_servers.Server(tmp_path)
    (home.config / 'sting.yaml').write_text(CONFIG.format(url=plain.url))
    serve(plain)
    world = integrate_nodes.opened(home)
    world.start()
    try:
        stations.until(
            lambda: any(
                'observers get no events' in e.data.message
                for e in stations.log_of(home, stations.T.RISK_ALERT)
            )
        )
        assert world.is_running
    finally:
        world.close()
        plain.kill()
