"""Signals end the terminal in order."""

import gc
import os
import signal
import subprocess
import sys
import threading

import pytest

from tests.unit.tui import apps
from tui import hangup

pytestmark = pytest.mark.unit


@pytest.fixture
def handlers():
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ('number', 'detached'),
    [(signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGHUP, True)],
)
async def test_a_signal_ends_the_app(number, detached, handlers):
    app = apps.make()
    ended = hangup.end_on_signals(app)
    async with apps.run(app) as pilot:
        os.kill(os.getpid(), number)
        await pilot.pause(0.1)
        assert app._exit
        assert app.detached is detached
    # A terminal that goes away does not end the process.
    assert ended.is_set() is not detached


def test_after_letting_go_writes_go_nowhere_and_the_status_is_0():
    code = (
        'import os, sys\n'
        'from tui import hangup\n'
        'os.close(1)\n'
        'hangup.let_go_of_terminal()\n'
        'print("lost")\n'
        'sys.stderr.write("lost too")\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, check=False
    )
    assert done.returncode == 0
    assert done.stderr == b''


def test_after_letting_go_what_is_written_is_in_the_file(tmp_path):
    log = tmp_path / 'detached.log'
    log.write_text('before\n')
    code = (
        'import pathlib, sys\n'
        'from tui import hangup\n'
        f'hangup.let_go_of_terminal(pathlib.Path({str(log)!r}))\n'
        'assert sys.stdin.read() == ""\n'
        'print("kept", flush=True)\n'
        'sys.stderr.write("kept too\\n")\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b'', b'')
    assert log.read_text() == 'before\nkept\nkept too\n'


def test_a_file_that_cannot_be_written_is_no_error(tmp_path):
    code = (
        'import pathlib\n'
        'from tui import hangup\n'
        f'hangup.let_go_of_terminal(pathlib.Path({str(tmp_path)!r}))\n'
        'print("lost")\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b'', b'')


@pytest.fixture
def alone(monkeypatch):
    """Leaves the session of the process that runs the tests alone."""
    called = []
    monkeypatch.setattr(os, 'setsid', lambda: called.append('setsid'))
    return called


def test_the_process_stays_until_it_is_told_to_end(handlers, alone, capsys):
    ended, waits = threading.Event(), []

    def wait(timeout):
        waits.append(timeout)
        os.kill(os.getpid(), signal.SIGHUP)
        if len(waits) == 3:
            ended.set()
        return False

    gc.disable()
    try:
        hangup.outlive_terminal(ended, wait)
        assert gc.isenabled()
    finally:
        gc.enable()
    assert len(waits) == 3
    assert alone == ['setsid']
    assert f'process {os.getpid()} stays' in capsys.readouterr().out


def test_the_process_ends_with_its_engine(handlers, alone):
    hangup.outlive_terminal(threading.Event(), lambda _: True)


def test_the_first_of_a_group_stays_in_it(handlers, monkeypatch):
    def refuse():
        raise PermissionError

    monkeypatch.setattr(os, 'setsid', refuse)
    hangup.outlive_terminal(threading.Event(), lambda _: True)
