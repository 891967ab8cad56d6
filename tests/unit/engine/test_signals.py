"""Signals that are the stop, in a process of their own."""

import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

PROGRAM = """
import ctypes
import os
import select
import signal
import sys
import time
from sting.engine import signals

class Station:
    def emergency_stop(self, who, why):
        told.append((who, why))

told = []
print(signals.pipes())
signals.watch(Station())
signals.watch(Station())
number = getattr(signal, sys.argv[1])
pipe = signals.pipes()[sys.argv[1]]
if sys.argv[2] == 'held':
    # No other thread runs between these two calls, nor while they last.
    sys.setswitchinterval(1000.0)
    libc = ctypes.PyDLL(None)
    poll = (ctypes.c_int * 2)(pipe, select.POLLIN)
    libc.kill(os.getpid(), number)
    assert libc.poll(poll, 1, 30_000) == 1
    sys.setswitchinterval(0.005)
else:
    os.kill(os.getpid(), number)
end = time.monotonic() + 30
while not told and time.monotonic() < end:
    time.sleep(0.001)
print(told[0])
"""


def run(*arguments):
    return subprocess.run(
        (sys.executable, '-c', PROGRAM, *arguments),
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.parametrize('held', ['free', 'held'])
@pytest.mark.parametrize('number', [signal.SIGUSR1, signal.SIGQUIT])
def test_a_signal_is_a_stop_also_while_the_lock_is_held(number, held):
    done = run(number.name, held)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ['{}', f"('signal', '{number.name}')"]
