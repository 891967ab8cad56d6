"""How long it takes until there is something to see.

Programs run from bytecode, as an installation has it: each is run once before
it is timed, with a folder for bytecode of its own.
"""

from collections.abc import Mapping
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time

from benchmarks import backtests
from benchmarks import growth
from benchmarks import rows
from benchmarks import work

RUNS = 5
BACKTESTS = 3
TOOLS = pathlib.Path(sys.executable).parent
# What stands in the first frame of the workstation.
FRAME = b'AAPL'
PATIENCE_S = 20.0


def run() -> list[rows.Row]:
    """Measures whole processes; the middle of several runs."""
    with tempfile.TemporaryDirectory() as bytecode:
        return _rows(environment(bytecode))


def environment(bytecode: str) -> Mapping[str, str]:
    """Gives the environment of a program that runs from bytecode.

    Args:
        bytecode: The folder for it; what a first run leaves there, the next
            ones find, as in an installation.
    """
    made = os.environ | {'PYTHONPYCACHEPREFIX': bytecode}
    made.pop('PYTHONDONTWRITEBYTECODE', None)
    return made


def _rows(environ: Mapping[str, str]) -> list[rows.Row]:
    bare = _process(environ, sys.executable, '-c', 'pass')
    frames = [_first_frame(environ) for _ in range(1 + RUNS)][1:]
    around = [_around_w1(environ) for _ in range(1 + BACKTESTS)][1:]
    return [
        rows.Row('bare Python, start to end', bare, 's'),
        *(
            rows.Row(name, took, 's', f'{took / bare:.1f} of bare Python')
            for name, took in (
                (
                    'sting --help',
                    _process(environ, str(TOOLS / 'sting'), '--help'),
                ),
                (
                    'import sting.session',
                    _process(
                        environ, sys.executable, '-c', 'import sting.session'
                    ),
                ),
                ('sting-tui --demo to its first frame', rows.median(frames)),
                (
                    'sting backtest of W1 from Parquet, around the run',
                    rows.median(around),
                ),
            )
        ),
    ]


def _process(environ: Mapping[str, str], *command: str) -> float:
    def call() -> None:
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, env=environ
        )

    call()
    return rows.median([rows.took(call).wall for _ in range(RUNS)])


def _around_w1(environ: Mapping[str, str]) -> float:
    """Gives what a backtest takes besides the run: starting, reading, telling.

    W1 has no sessions to look up, so that `--calendar` is `24/7`.
    """
    with tempfile.TemporaryDirectory() as home:
        path = growth.write(pathlib.Path(home) / 'w1.parquet', work.w1())
        words = [
            str(TOOLS / 'sting'), 'backtest', backtests.STRATEGY, '--data',
            str(path), '--calendar', '24/7', '--cash', '1e6',
            '--commission-bps', '10', '--json', '--set', 'fast=10', 'slow=30',
            'quantity=100',
        ]  # fmt: skip
        before = time.perf_counter()
        done = subprocess.run(
            words,
            env={**environ, 'STING_HOME': home},
            capture_output=True,
            text=True,
            check=True,
        )
        took = time.perf_counter() - before
    told = json.loads(done.stdout)
    rows.check(told['fills'], work.W1.fills, 'fills of W1')
    return took - float(told['elapsed_s'])


def _first_frame(environ: Mapping[str, str]) -> float:
    """Starts the workstation in a terminal of its own, in an empty home."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **environ,
            'STING_HOME': home,
            'TERM': 'xterm-256color',
            'COLUMNS': '120',
            'LINES': '40',
        }
        master, slave = pty.openpty()
        before = time.perf_counter()
        with subprocess.Popen(
            [str(TOOLS / 'sting-tui'), '--demo'],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        ) as process:
            os.close(slave)
            try:
                _wait_for(master, before + PATIENCE_S)
                took = time.perf_counter() - before
            finally:
                process.send_signal(signal.SIGTERM)
                _drain(master)
        os.close(master)
    return took


def _wait_for(terminal: int, deadline: float) -> None:
    seen = b''
    while FRAME not in seen:
        ready, _, _ = select.select([terminal], [], [], 1.0)
        if ready:
            seen += os.read(terminal, 65_536)
        rows.check(time.perf_counter() < deadline, True, 'a frame in time')


def _drain(terminal: int) -> None:
    """Reads what the ending workstation writes, or it would wait for us."""
    while True:
        try:
            if not os.read(terminal, 65_536):
                return
        except OSError:
            return
