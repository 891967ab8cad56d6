"""What a supervisor is told, over a real socket."""

import os
import socket

import pytest

from sting.engine import clock
from sting.monitor import systemd

pytestmark = pytest.mark.unit


@pytest.fixture
def line(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / 'notify'))
        made.settimeout(5)
        yield made


def heard(line):
    found = []
    line.setblocking(False)
    try:
        while True:
            found.append(line.recv(4096).decode())
    except BlockingIOError:
        return found


def make(line, time_source=None, **more):
    environ = {'NOTIFY_SOCKET': line.getsockname(), **more}
    made = systemd.Notifier.find(environ, time_source or clock.VirtualClock())
    assert environ == {}
    return made


def test_it_says_how_the_engine_is_where_that_changed(line):
    one = make(line)
    one.ready('demo TRADING')
    one.say('demo TRADING')
    one.say('demo HALTED')
    one.stopping()
    assert heard(line) == [
        'READY=1\nSTATUS=demo TRADING',
        'STATUS=demo HALTED',
        'STOPPING=1\nSTATUS=ends in order',
    ]


async def test_the_watchdog_is_fed_while_the_engine_turns(line):
    time_source = clock.VirtualClock()
    one = make(line, time_source, WATCHDOG_USEC='8000000')
    assert one.watchdog_s == 8.0
    one.beat(1)
    assert heard(line) == ['WATCHDOG=1']
    await time_source.sleep(1.9)
    one.beat(2)
    assert heard(line) == []
    await time_source.sleep(0.1)
    one.beat(3)
    assert heard(line) == ['WATCHDOG=1']
    await time_source.sleep(100)
    one.beat(3)
    assert heard(line) == []


@pytest.mark.parametrize(
    'more',
    [{}, {'WATCHDOG_USEC': 'x'}, {'WATCHDOG_USEC': '1', 'WATCHDOG_PID': '1'}],
)
def test_no_watchdog_is_fed_where_none_is_meant(line, more):
    one = make(line, **more)
    one.beat(1)
    assert heard(line) == []


def test_a_watchdog_of_this_process(line):
    one = make(line, WATCHDOG_USEC='1000', WATCHDOG_PID=str(os.getpid()))
    assert one.watchdog_s == 0.001


def test_a_socket_without_a_file():
    name = f'sting-{os.getpid()}'
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f'\0{name}')
        one = systemd.Notifier.find(
            {'NOTIFY_SOCKET': f'@{name}'}, clock.VirtualClock()
        )
        one.ready('x')
        assert line.recv(100) == b'READY=1\nSTATUS=x'


def test_nobody_listens(tmp_path):
    for address in ('', str(tmp_path / 'none')):
        one = systemd.Notifier(address, 0.0, clock.VirtualClock())
        one.ready('x')
        one.stopping()
