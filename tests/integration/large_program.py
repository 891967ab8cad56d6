"""Runs a backtest on a file that is made here, and tells its peak memory.

large_program.py FOLDER BARS SYMBOLS LARGE
"""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from sting.backtest import curve
from sting.cli import main
from sting.data import large
from sting.session import processes

START = 1_577_836_800_000_000_000
MINUTE = 60_000_000_000
GROUP = 100_000
NUMBERS = ('open', 'high', 'low', 'close', 'volume')


def write(path, symbol, count, seed):
    """Writes bars of one symbol, a part at a time."""
    random = np.random.default_rng(seed)
    schema = pa.schema(
        [
            ('symbol', pa.string()),
            ('timestamp', pa.timestamp('ns', 'UTC')),
            *((name, pa.float64()) for name in NUMBERS),
        ]
    )
    last = 100.0
    with parquet.ParquetWriter(path, schema) as file:
        for done in range(0, count, GROUP):
            size = min(GROUP, count - done)
            close = last * np.exp(np.cumsum(random.normal(0, 1e-4, size)))
            opens = np.concatenate(([last], close[:-1]))
            last = float(close[-1])
            columns = {
                'symbol': [symbol] * size,
                'timestamp': pa.array(
                    START + MINUTE * np.arange(done, done + size),
                    schema.field('timestamp').type,
                ),
                'open': opens,
                'high': np.maximum(opens, close),
                'low': np.minimum(opens, close),
                'close': close,
                'volume': np.full(size, 1e6),
            }
            file.write_table(pa.table(columns, schema=schema))


def make(folder, count, symbols):
    """Writes the files, in a process of its own: its memory is not ours."""
    for number in range(symbols):
        path = folder / f'S{number}-{count}.parquet'
        write(path, f'S{number}', count // symbols, number)


def play(folder, count, symbols, rows):
    """Runs the backtest and gives what it told, with the peak in MB."""
    large.ROWS = rows
    curve.LARGE = rows
    files = [str(folder / f'S{n}-{count}.parquet') for n in range(symbols)]
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        status = main.run(
            [
                *('backtest', 'sting.library.buy_and_hold', '--data', *files),
                *('--timeframe', '1m', '--calendar', '24/7', '--json'),
            ]
        )
    # What getrusage tells begins with what the process had that started this.
    peak = processes.look(os.getpid()).peak / 2**20
    return {'status': status, 'peak_mb': peak, 'told': told.getvalue()}


if __name__ == '__main__':
    work = pathlib.Path(sys.argv[1])
    numbers = [int(each) for each in sys.argv[2:]]
    if os.environ.get('MAKE'):
        make(work, *numbers[:2])
    else:
        subprocess.run(
            [sys.executable, '-m', __spec__.name, *sys.argv[1:]],
            check=True,
            env=os.environ | {'MAKE': '1'},
        )
        sys.stdout.write(f'{json.dumps(play(work, *numbers))}\n')
