"""The emergency stop while a call into C holds the interpreter's lock."""

import ctypes
import pathlib
import subprocess
import sys
import tempfile
import time

import msgspec

from benchmarks import rows
from sting.risk import guardian
from sting.risk import stop

TRIALS = 50
HELD_US = 60_000
# Another process, which sets the latch and says when.
_PULL = """
import pathlib, sys, time
from sting.risk import stop
latch = stop.Latch(pathlib.Path(sys.argv[1]))
for _ in sys.stdin:
    time.sleep(0.02)
    moment = time.monotonic()
    latch.set('operator', 'benchmark')
    print(moment, flush=True)
"""


def run() -> list[rows.Row]:
    """Measures from the latch to the first cancel, by the guardian."""
    with tempfile.TemporaryDirectory() as folder:
        delays, ready, memory = _measure(pathlib.Path(folder))
    rows.check(len(delays), TRIALS, 'stops that cancelled')
    name = 'latch to first cancel, the lock held in C'
    return [
        rows.Row(f'{name}, p50', rows.percentile(delays, 50), 'ms'),
        rows.Row(f'{name}, the slowest of {TRIALS}', max(delays), 'ms'),
        rows.Row('guardian, start to guarding', ready * 1000.0, 'ms'),
        rows.Row('guardian, memory', memory, 'MB'),
    ]


def _measure(folder: pathlib.Path) -> tuple[list[float], float, float]:
    latch = stop.Latch(folder / stop.LATCH)
    noted = folder / 'noted'
    began = time.perf_counter()
    one = subprocess.Popen(
        (sys.executable, '-m', 'sting.risk.guardian'),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    other = subprocess.Popen(
        (sys.executable, '-c', _PULL, str(folder / stop.LATCH)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    delays = []
    with one, other:
        _say(one, guardian.Begin(str(folder / stop.LATCH), tuple(sys.path)))
        _say(
            one,
            guardian.Arm(
                'benchmark', 'benchmarks.noting:make', {'path': str(noted)}
            ),
        )
        _hear(one)
        ready = time.perf_counter() - began
        status = pathlib.Path(f'/proc/{one.pid}/status').read_text()
        memory = int(status.split('VmRSS:')[1].split()[0]) / 1024.0
        for _ in range(TRIALS):
            _tell(other, b'\n')
            # Nothing in this process moves meanwhile.
            ctypes.PyDLL(None).usleep(HELD_US)
            moment = float(_line(other))
            _hear(one)
            latch.clear()
            cancelled = float(noted.read_text().split()[-1])
            delays.append((cancelled - moment) * 1000.0)
        _say(one, guardian.End())
        _end(other)
    latch.close()
    return delays, ready, memory


def _say(process: subprocess.Popen[bytes], order: guardian.Order) -> None:
    _tell(process, msgspec.json.encode(order) + b'\n')


def _tell(process: subprocess.Popen[bytes], line: bytes) -> None:
    if process.stdin is not None:
        process.stdin.write(line)
        process.stdin.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _hear(process: subprocess.Popen[bytes]) -> guardian.Told:
    return msgspec.json.decode(_line(process), type=guardian.Told)


def _line(process: subprocess.Popen[bytes]) -> bytes:
    return b'' if process.stdout is None else process.stdout.readline()
