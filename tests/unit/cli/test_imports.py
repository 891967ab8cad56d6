"""What the commands may import: heavy libraries load when they are used."""

import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
from pyarrow import parquet
import pytest

pytestmark = pytest.mark.unit

CROSS = 'sting.library.sma_cross'
# Besides Python's own. These make more modules as they are loaded: Cython's
# and setuptools' say so by an underscore.
HELP = {'click', 'sting'}
BACKTEST = HELP | {
    'cython_runtime', 'msgspec', 'numpy', 'pyarrow', 'typing_extensions',
    'yaml',
}  # fmt: skip
TERMINAL = {
    'cython_runtime', 'msgspec', 'platformdirs', 'rich', 'sting', 'textual',
    'tui', 'typing_extensions', 'yaml',
}  # fmt: skip

_SHOW = (
    'import sys; names = {name.partition(".")[0] for name in sys.modules}; '
    'print(*sorted(name for name in names - set(sys.stdlib_module_names) '
    'if name.isidentifier() and name[0] != "_"), file=sys.stderr)'
)


def imported(tmp_path, code, show=_SHOW):
    """Gives the top-level modules that a program has imported in the end."""
    done = subprocess.run(
        [sys.executable, '-c', f'{code}; {show}'],
        capture_output=True,
        text=True,
        env={**os.environ, 'STING_HOME': str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    # Under coverage its modules are in every process; pyarrow takes cloudpickle
    # where it is installed, as it is with the cluster's libraries.
    unasked = {'coverage', 'cloudpickle'}
    return set(done.stderr.splitlines()[-1].split()) - unasked


def command(*words):
    return f'from sting.cli import main; main.run({list(words)!r})'


@pytest.fixture
def bars(tmp_path):
    """A Parquet file of minutes."""
    path = tmp_path / 'bars.parquet'
    stamps = np.arange(300) * 60_000_000_000 + 1_577_836_800_000_000_000
    price = 100 + np.sin(np.arange(300) / 5)
    columns = {
        'timestamp': pa.array(stamps, pa.timestamp('ns', 'UTC')),
        'symbol': ['W'] * 300,
        **dict.fromkeys(('open', 'high', 'low', 'close'), price),
        'volume': np.full(300, 1e6),
    }
    parquet.write_table(pa.table(columns), path)
    return str(path)


def test_help_loads_what_parses_the_command_line_alone(tmp_path):
    assert imported(tmp_path, command('-h')) <= HELP


@pytest.mark.parametrize('calendar', ['XNYS', '24/7'])
def test_backtest_of_a_parquet_file_needs_no_pandas(tmp_path, bars, calendar):
    words = ('--data', bars, '--calendar', calendar, '--set', 'fast=3')
    assert imported(tmp_path, command('backtest', CROSS, *words)) <= BACKTEST


def test_backtest_loads_no_more_of_its_libraries_than_it_needs(tmp_path, bars):
    alone = parquet.read_table(bars).drop_columns(['symbol'])
    path = str(tmp_path / 'alone.parquet')
    parquet.write_table(alone, path)
    run = command('backtest', CROSS, '--data', path, '--calendar', '24/7')
    code = f'{run}; print(*sys.modules, file=sys.stderr)'
    done = imported(tmp_path, f'import sys; {code}', show='')
    assert done.isdisjoint({'pyarrow.compute', 'sting.control', 'numba'})
    assert 'pyarrow.parquet' in done


def test_terminal_loads_no_arrays_before_its_first_frame(tmp_path):
    assert imported(tmp_path, 'import tui.launch') <= TERMINAL
