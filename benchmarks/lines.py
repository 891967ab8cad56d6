"""What the workstation writes and computes while prices change, or do not."""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import os
import pathlib
import pty
import select
import signal
import subprocess
import tempfile
import time
import zlib

import numpy as np

from benchmarks import rows
from benchmarks import startup

SYMBOLS = tuple(f'S{n:02}' for n in range(50))
BARS = 600
BARS_PER_S = 10
WARM_S = 5.0
MEASURE_S = 10.0
_SEED = 7
# One bar, and the next after the measuring.
NEVER = 0.001

_CONFIG = f"""
profiles:
  bench:
    mode: paper
    broker: paper
    feed: bench
    symbols: [{', '.join(SYMBOLS)}]
    strategies: []
    cash: 100000
    calendar: 24/7
feeds:
  bench: {{kind: file, path: bars.csv, bars_per_s: BARS_PER_S}}
"""


def run() -> list[rows.Row]:
    """Counts what is written over SSH and at home, in the same layout."""
    with tempfile.TemporaryDirectory() as bytecode:
        environ = startup.environment(bytecode)
        over = {**environ, 'SSH_CONNECTION': '1 2 3 4'}
        far, _ = _watched(over, '+')
        opened, far_cpu = _watched(over, '')
        home = {key: environ[key] for key in environ if key != 'SSH_CONNECTION'}
        near, _ = _watched(home, '+')
        _, busy = _watched(home, '')
        _, idle = _watched(home, '', NEVER)
    packed = len(zlib.compress(far, 6))
    return [
        rows.Row(
            f'to the terminal, {len(SYMBOLS)} symbols all seen, ssh',
            len(far) / MEASURE_S / 1024,
            'KiB/s',
            f'{len(far) / packed:.1f} times as much as packed by ssh -C; '
            f'{len(far) / len(near):.2f} of a local terminal',
        ),
        rows.Row(
            f'the trade screen, {len(SYMBOLS)} symbols all changing, ssh',
            len(opened) / MEASURE_S / 1024,
            'KiB/s',
            'as it opens, 120x60',
        ),
        *(
            rows.Row(
                f'the trade screen and its engine, {what}',
                cpu / MEASURE_S * 100,
                '% of a core',
                'as it opens, 120x60',
            )
            for what, cpu in (
                ('nothing changes', idle),
                (f'{len(SYMBOLS)} symbols all changing', busy),
                (f'{len(SYMBOLS)} symbols all changing, ssh', far_cpu),
            )
        ),
    ]


def _watched(
    environ: Mapping[str, str], keys: str, bars_per_s: float = BARS_PER_S
) -> tuple[bytes, float]:
    """Gives what the workstation writes, and its seconds of CPU meanwhile.

    Args:
        environ: The environment.
        keys: What is typed first: `+` shows the watchlist alone, with all.
        bars_per_s: How often each price changes.
    """
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        with workstation(home, environ, bars_per_s) as (process, main):
            os.write(main, keys.encode())
            warm = read(main, WARM_S)
            if keys:
                last = SYMBOLS[-1].encode()
                rows.check(last in warm, True, 'all symbols')
            before = _cpu(process.pid)
            found = read(main, MEASURE_S)
            spent = _cpu(process.pid) - before
            rows.check(process.poll(), None, 'a workstation that runs')
    is_still = bars_per_s == NEVER
    rows.check(is_still or len(found) > 1024, True, 'a screen that changes')
    return found, spent


@contextlib.contextmanager
def workstation(
    home: pathlib.Path,
    environ: Mapping[str, str],
    bars_per_s: float,
    minutes: int = BARS,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Runs the workstation in a terminal of its own.

    Args:
        home: Where its files go.
        environ: The environment.
        bars_per_s: How often each price changes.
        minutes: How many bars each symbol has.

    Yields:
        The process, and the end of the terminal that is read.
    """
    (home / 'config').mkdir()
    (home / 'config' / 'sting.yaml').write_text(
        _CONFIG.replace('BARS_PER_S', f'{bars_per_s:f}')
    )
    (home / 'config' / 'bars.csv').write_text(_bars(minutes))
    main, side = pty.openpty()
    os.set_blocking(main, False)
    with subprocess.Popen(
        [str(startup.TOOLS / 'sting-tui'), '--profile', 'bench'],
        stdin=side,
        stdout=side,
        stderr=side,
        env={
            **environ,
            'STING_HOME': str(home),
            'TERM': 'xterm-256color',
            'COLUMNS': '120',
            'LINES': '60',
        },
        start_new_session=True,
    ) as process:
        os.close(side)
        try:
            began = read(main, 60.0, until=b'TRADING')
            rows.check(b'TRADING' in began, True, 'an engine at work')
            yield process, main
        finally:
            process.send_signal(signal.SIGTERM)
            while process.poll() is None:
                read(main, 0.1)
            os.close(main)


def _cpu(pid: int) -> float:
    """Gives the seconds that a process has computed, in all its threads."""
    text = pathlib.Path(f'/proc/{pid}/stat').read_text()
    user, system = text.rpartition(')')[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf('SC_CLK_TCK')


def read(terminal: int, seconds: float, until: bytes | None = None) -> bytes:
    """Reads for a while, or until something was written."""
    found = bytearray()
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        if until is not None and until in found:
            break
        if select.select([terminal], [], [], left)[0]:
            # What has ended hangs up.
            with contextlib.suppress(OSError):
                found += os.read(terminal, 1 << 20)
    return bytes(found)


def _bars(minutes: int) -> str:
    """Writes minutes of prices that all walk."""
    steps = np.random.default_rng(_SEED).normal(
        0.0, 0.001, (minutes, len(SYMBOLS))
    )
    prices = 100.0 * np.exp(np.cumsum(steps, axis=0))
    lines = ['timestamp,symbol,open,high,low,close,volume']
    for minute, row in enumerate(prices):
        day, rest = divmod(minute, 1440)
        stamp = f'2024-01-{1 + day:02}T{rest // 60:02}:{rest % 60:02}:00Z'
        lines += [
            f'{stamp},{symbol},{price:.2f},{price:.2f},{price:.2f},'
            f'{price:.2f},{1000 + minute}'
            for symbol, price in zip(SYMBOLS, row, strict=True)
        ]
    return '\n'.join(lines) + '\n'
