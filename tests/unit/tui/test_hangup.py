"""Signals end the terminal in order."""

import os
import signal
import subprocess
import sys

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
    hangup.end_on_signals(app)
    async with apps.run(app) as pilot:
        os.kill(os.getpid(), number)
        await pilot.pause(0.1)
        assert app._exit
        assert app.detached is detached


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
