"""The emergency stop from another process, by each of its ways."""

import os
import signal
import subprocess
import sys

import pytest

from sting.control import pulling
from sting.risk import stop
from tests.unit.control import stations

pytestmark = pytest.mark.unit

# Holds an engine's lock, says so, and waits for the signal.
HOLDER = """
import fcntl, os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(file, fcntl.LOCK_EX)
os.write(file, b'process %d, started now' % os.getpid())
print('ready', flush=True)
print(signal.sigwait({signal.SIGUSR1}).name, flush=True)
"""


@pytest.fixture
def home():
    with stations.home() as made:
        yield made


@pytest.fixture
def said():
    return []


@pytest.fixture
def puller(home, said):
    return pulling.Puller(home, 'demo', said.append)


def latched(home):
    latch = stop.Latch(home.state('demo') / stop.LATCH)
    try:
        return latch.is_set, latch.pulls, latch.reason
    finally:
        latch.close()


def test_it_goes_by_latch_and_socket_as_one_pull(home, puller, said):
    with stations.Engine(home) as engine:
        puller.pull('operator', 'enough')
        stations.wait_for(lambda: engine.station.stopped)
    assert engine.station.stopped == ['operator: enough']
    assert engine.station.latched == [1]
    assert latched(home) == (True, 1, ('operator', 'enough'))
    assert said == []


def test_the_number_of_the_pull_is_given(home, puller, monkeypatch):
    monkeypatch.setattr(pulling, 'WAIT_S', stations.PATIENCE_S)
    with stations.Engine(home):
        assert [puller.pull('operator', 'x') for _ in range(2)] == [1, 2]


def test_a_latch_that_is_set_is_not_counted_again(home, puller):
    with stations.Engine(home) as engine:
        puller.pull('operator', 'enough', 4)
        stations.wait_for(lambda: engine.station.stopped)
    assert engine.station.latched == [4]
    assert latched(home)[1] == 0


def test_without_an_engine_the_next_start_is_halted(home, puller, said):
    assert puller.pull('operator', 'enough') == 0
    stations.wait_for(lambda: said)
    assert said == ['no engine answers; its next start is HALTED']
    assert latched(home)[0]


def test_an_engine_whose_socket_is_dead_gets_the_signal(home, puller, said):
    path = home.log('demo').parent / 'engine.lock'
    with subprocess.Popen(
        [sys.executable, '-c', HOLDER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout.readline() == 'ready\n'
        puller.pull('operator', 'enough')
        assert child.stdout.readline() == 'SIGUSR1\n'
        stations.wait_for(lambda: said)
    assert f'went to process {child.pid} as a signal' in said[0]


def test_a_process_that_cannot_be_signalled_is_told(
    home, puller, said, monkeypatch
):
    monkeypatch.setattr(pulling, 'holder', lambda _: 1 << 21)

    def kill(pid, number):
        assert number is signal.SIGUSR1
        raise ProcessLookupError(3, os.strerror(3))

    monkeypatch.setattr(pulling.os, 'kill', kill)
    puller.pull('operator', 'enough')
    stations.wait_for(lambda: said)
    assert 'did not reach process' in said[0]
    assert 'its latch is set' in said[0]


def test_a_stop_that_reached_nothing_is_told_loudly(home, puller, said):
    # A folder in its place: the latch cannot be opened.
    (home.state('demo') / stop.LATCH).mkdir()
    puller.pull('operator', 'enough')
    stations.wait_for(lambda: said)
    assert said[0].startswith('THE STOP REACHED NOTHING')


def test_nobody_is_signalled_for_a_lock_that_nobody_holds(home):
    path = home.log('demo').parent / 'engine.lock'
    assert pulling.holder(path) == 0
    path.write_text(f'process {os.getpid()}, started now')
    assert pulling.holder(path) == 0
