"""An engine without a terminal, in a process of its own."""

import json
import os
import signal
import subprocess
import sys

import pytest

from sting import control
from sting.engine import chain
from tests.unit.broker import plugins
from tests.unit.session import stations

pytestmark = pytest.mark.unit


@pytest.fixture
def start(home):
    started = []

    def call(*words):
        process = subprocess.Popen(
            [sys.executable, '-m', 'sting.cli.main', 'run', *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ},
        )
        started.append(process)
        return process

    yield call
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_engine_runs_until_it_is_told_to_end(sting, home, start, number):
    process = start('--demo')
    line = process.stdout.readline()
    assert line.startswith('profile demo (DEMO, TRADING) runs: pid ')
    assert str(home.socket('demo')) in line
    found = json.loads(sting('status', '--json').out)
    assert found['pid'] == process.pid
    process.send_signal(number)
    assert process.wait(30) == 0
    assert process.stderr.read() == ''
    assert chain.verify(home.log('demo')).ok
    assert not home.socket('demo').exists()
    assert sting('status').code == 3


def test_sigusr1_is_the_emergency_stop(sting, home, start):
    process = start('--profile', 'demo')
    process.stdout.readline()
    process.send_signal(signal.SIGUSR1)
    client = control.find(home)
    stations.until(lambda: client.request('status')['state'] == 'HALTED')
    assert 'SIGUSR1' in client.request('status')['reason']
    process.terminate()
    assert process.wait(30) == 0
    again = start('--demo')
    assert 'HALTED' in again.stdout.readline()


def test_second_engine_of_a_profile_is_refused(home, start):
    first = start('--demo')
    first.stdout.readline()
    second = start('--demo')
    out, err = second.communicate(timeout=60)
    assert second.returncode == 1
    assert out == ''
    assert err.count('\n') == 1
    assert 'another engine' in err
    assert control.find(home).request('status')['pid'] == first.pid


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--profile', 'nope'], 'crypto, demo, '),
        (['--demo', '--profile', 'paper'], 'exclude each other'),
    ],
)
def test_wrong_profile_exits_with_2(start, words, message):
    process = start(*words)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert message in err


def test_live_does_not_start_without_its_account_typed(
    home, start, tmp_path, monkeypatch
):
    plugins.install(tmp_path, monkeypatch)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path / 'site_mine'))
    monkeypatch.setenv('STING_CONFIRM_ACCOUNT', 'U1')
    home.config.mkdir(parents=True)
    (home.config / 'sting.yaml').write_text(
        'profiles: {real: {mode: live, broker: mine, account: U1, '
        'feed: binance, symbols: [BTCUSDT]}}\n'
    )
    for words in ((), ('--confirm', 'U2')):
        process = start('--profile', 'real', *words)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 2
        assert 'profile real is LIVE: real money' in said
        assert said.count('\n') == 1
        assert not home.log('real').exists()
