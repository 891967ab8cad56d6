"""An engine of very many symbols, as `sting run` has them.

Each symbol's bar comes every twenty seconds, from a file; nothing trades.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time

from benchmarks import rows
from sting import control
from sting import settings
from sting.model import errors
from sting.session import processes

SIZES = (1_000, 10_000)
# All symbols' bars of a minute, one after the other, in so many seconds.
PASS_S = 20.0
PASSES = 3
# Of each symbol in the file, more than are read.
BARS = 12
LOOK_S = 0.4
PATIENCE_S = 120.0
MB = 1e6
PROFILE = 'many'
CONFIG = """
profiles:
  many:
    {{mode: paper, broker: paper, feed: many, symbols: [{symbols}],
      strategies: [], cash: 100000, calendar: 24/7}}
feeds:
  many: {{kind: file, path: bars.csv, bars_per_s: {pace}}}
"""


def run() -> list[rows.Row]:
    """Measures an engine of each size, one after the other."""
    return [row for size in SIZES for row in measured(size)]


def measured(size: int, pass_s: float = PASS_S) -> list[rows.Row]:
    """Measures an engine while the bars of some minutes come.

    Args:
        size: How many symbols it has.
        pass_s: Seconds in which each symbol's next bar comes.

    Returns:
        Its memory, what a bar takes of a processor, and the longest that its
        loop was behind.
    """
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, 'STING_HOME': folder}
        home = settings.Home.find(environ)
        write(home, size, pass_s)
        with _engine(home, environ) as (process, engine):
            # What a start leaves to do is done then.
            time.sleep(pass_s)
            before = _look(process)
            first = engine.request('status')
            worst = 0.0
            end = time.monotonic() + PASSES * pass_s
            while time.monotonic() < end:
                time.sleep(LOOK_S)
                lag = float(engine.request('status')['loop_lag_ms'])
                worst = max(worst, lag)
            after = _look(process)
            bars = int(engine.request('status')['seq']) - int(first['seq'])
    # A pass more or less, as they began before.
    wanted = (PASSES - 1) * size <= bars <= (PASSES + 1.5) * size
    rows.check(wanted, True, f'{bars} events of {size} symbols')
    spent = (after.cpu_s - before.cpu_s) / bars * 1000
    name = f'{size:,} symbols, a bar each {pass_s:g} s'
    return [
        rows.Row(f'{name}: sting run', after.memory / MB, 'MB'),
        rows.Row(
            f'{name}: a bar', spent, 'ms', f'of CPU, all that runs; {bars:,}'
        ),
        rows.Row(f"{name}: the loop's worst lag", worst, 'ms'),
    ]


def write(home: settings.Home, size: int, pass_s: float) -> None:
    """Writes the settings of an engine and the file of its bars.

    Args:
        home: Where they go.
        size: How many symbols there are.
        pass_s: Seconds in which each symbol's next bar comes.
    """
    names = [f'S{n:05}' for n in range(size)]
    home.config.mkdir(parents=True)
    (home.config / 'sting.yaml').write_text(
        CONFIG.format(symbols=', '.join(names), pace=1 / pass_s)
    )
    with (home.config / 'bars.csv').open('w') as file:
        file.write('timestamp,symbol,open,high,low,close,volume\n')
        for minute in range(BARS):
            for n, name in enumerate(names):
                price = 100 + n % 50 + minute / 100
                four = ','.join(4 * [f'{price:.2f}'])
                file.write(
                    f'2024-01-01T00:{minute:02}:00Z,{name},{four},1000\n'
                )


@contextlib.contextmanager
def _engine(
    home: settings.Home, environ: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[str], control.Client]]:
    """Starts an engine, and waits until the bars come."""
    with subprocess.Popen(
        [sys.executable, '-m', 'sting.cli.main', 'run', '--profile', PROFILE],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            rows.check('runs: pid' in line, True, line)
            engine = control.Client(home.socket(PROFILE))
            _until_bars(engine)
            yield process, engine
        finally:
            process.send_signal(signal.SIGTERM)


def _until_bars(engine: control.Client) -> None:
    """Waits until some bars have come and been shown."""
    deadline = time.monotonic() + PATIENCE_S
    first = None
    while time.monotonic() < deadline:
        with contextlib.suppress(errors.StingError):
            seq = int(engine.request('status')['seq'])
            first = seq if first is None else first
            if seq > first:
                return
        time.sleep(LOOK_S)
    rows.check(False, True, 'bars in time')


def _look(process: subprocess.Popen[str]) -> processes.Usage:
    used = processes.look(process.pid)
    if used is None:
        raise rows.WrongError('the system does not tell what a process uses')
    return used
