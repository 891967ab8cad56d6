"""How long it takes until there is something to see."""

import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time

from benchmarks import rows

RUNS = 5
TOOLS = pathlib.Path(sys.executable).parent
# What stands in the first frame of the workstation.
FRAME = b'AAPL'
PATIENCE_S = 20.0


def run() -> list[rows.Row]:
    """Measures whole processes; the middle of several runs."""
    bare = _process(sys.executable, '-c', 'pass')
    frames = [_first_frame() for _ in range(RUNS)]
    return [
        rows.Row('bare Python, start to end', bare, 's'),
        *(
            rows.Row(name, took, 's', f'{took / bare:.1f} of bare Python')
            for name, took in (
                ('sting --help', _process(str(TOOLS / 'sting'), '--help')),
                (
                    'import sting.session',
                    _process(sys.executable, '-c', 'import sting.session'),
                ),
                ('sting-tui --demo to its first frame', rows.median(frames)),
            )
        ),
    ]


def _process(*command: str) -> float:
    def call() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    call()
    return rows.median([rows.took(call).wall for _ in range(RUNS)])


def _first_frame() -> float:
    """Starts the workstation in a terminal of its own, in an empty home."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {
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
