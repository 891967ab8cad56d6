"""How long a key waits, and the engine, in a terminal while prices rush in."""

from collections.abc import Mapping
import os
import pathlib
import tempfile
import threading
import time

from benchmarks import lines
from benchmarks import rows
from benchmarks import startup
from sting import settings
from sting.control import client

RATES = (0, 1_000, 5_000)
KEYS = 200
# Nothing else on the screen has it.
_MARK = b'~'
_DELETE = b'\x7f'
_WARM_S = 3.0
_PATIENCE_S = 10.0
STALL_S = 5.0
_STALLED_AT = 1_000
_APART_S = 0.05


def run() -> list[rows.Row]:
    """Types into the line below all panes; then reads nothing for a while."""
    made = []
    with tempfile.TemporaryDirectory() as bytecode:
        environ = startup.environment(bytecode)
        environ = {
            key: value
            for key, value in environ.items()
            if key != 'SSH_CONNECTION'
        }
        for rate in RATES:
            made += _typed(environ, rate)
        made += _stalled(environ)
    return made


def _minutes(rate: int, seconds: float) -> int:
    return max(lines.BARS, int(rate / len(lines.SYMBOLS) * seconds))


def _typed(environ: Mapping[str, str], rate: int) -> list[rows.Row]:
    """Gives how long a key waits for its paint, at so many bars a second."""
    waits = []
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        each = rate / len(lines.SYMBOLS) or lines.NEVER
        with lines.workstation(home, environ, each, _minutes(rate, 60)) as (
            _,
            terminal,
        ):
            lines.read(terminal, _WARM_S)
            os.write(terminal, b':')
            lines.read(terminal, 0.5)
            began, first = time.perf_counter(), _seq(home)
            for nth in range(KEYS):
                # Now before a picture comes, now after it.
                lines.read(terminal, 0.02 + 0.013 * (nth % 8))
                before = time.perf_counter()
                os.write(terminal, _MARK)
                seen = lines.read(terminal, _PATIENCE_S, until=_MARK)
                waits.append(time.perf_counter() - before)
                rows.check(_MARK in seen, True, 'a key that is painted')
                os.write(terminal, _DELETE)
            came = (_seq(home) - first) / (time.perf_counter() - began)
    beside = f'120x60, {len(lines.SYMBOLS)} symbols; {came:,.0f} events/s came'
    return [
        rows.Row(
            f'key to paint, {rate:,} events/s arriving, {name}',
            figure * 1000,
            'ms',
            beside,
        )
        for name, figure in (
            ('p50', rows.median(waits)),
            ('p99', rows.percentile(waits, 99)),
        )
    ]


def _stalled(environ: Mapping[str, str]) -> list[rows.Row]:
    """Gives how late the engine is while nobody reads the terminal."""
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        each = _STALLED_AT / len(lines.SYMBOLS)
        with lines.workstation(
            home, environ, each, _minutes(_STALLED_AT, 60)
        ) as (_, terminal):
            lines.read(terminal, _WARM_S)
            reading = threading.Event()
            reading.set()
            over = threading.Event()

            def read() -> None:
                while not over.is_set():
                    if reading.is_set():
                        lines.read(terminal, _APART_S)
                    else:
                        time.sleep(_APART_S)

            reader = threading.Thread(target=read)
            reader.start()
            try:
                read_lag, read_rate = _lag(home)
                reading.clear()
                lag, rate = _lag(home)
            finally:
                over.set()
                reader.join()
    return [
        rows.Row(
            f"the engine's lag, its terminal not read for {STALL_S:g} s, worst",
            lag,
            'ms',
            f'{read_lag:.3g} ms while it is read; '
            f'{rate:,.0f} events/s came, {read_rate:,.0f} before',
        )
    ]


def _lag(home: pathlib.Path) -> tuple[float, float]:
    """Gives the worst lag over some seconds in ms, and the events a second."""
    asked = _engine(home)
    worst = 0.0
    began = time.perf_counter()
    first = last = asked.request('status')
    while time.perf_counter() - began < STALL_S:
        time.sleep(_APART_S)
        last = asked.request('status')
        worst = max(worst, float(last['loop_lag_ms']))
    took = time.perf_counter() - began
    return worst, (last['seq'] - first['seq']) / took


def _seq(home: pathlib.Path) -> int:
    """Gives the number of the newest event."""
    return int(_engine(home).request('status')['seq'])


def _engine(home: pathlib.Path) -> client.Client:
    """Gives the one that runs there."""
    return client.find(settings.Home.find({'STING_HOME': str(home)}))
