"""Reading 10,000,000 bars from CSV and from Parquet, beside pandas and polars.

Each reads in a process of its own, which tells its seconds, without imports,
and its peak of memory. sting also holds every row against its rules and sorts;
pandas and polars read the columns and parse the times. polars has an
environment of its own.
"""

from collections.abc import Iterator
import json
import pathlib
import subprocess
import sys
import tempfile

from benchmarks import rows
from benchmarks.peers import environments
from sting.cli import main

BARS = 10_000_000
RUNS = 3
PINS = pathlib.Path(__file__).parent / 'pins'

# What each reads with; `bars` has columns, `close` among them.
_READS = {
    'sting': (
        'from sting.data import files, large, raw, table, validator',
        'bars = files.read(sys.argv[1], calendar="24/7").table; '
        'close = bars.close',
    ),
    'pandas': (
        'import pandas',
        'bars = pandas.read_{kind}(sys.argv[1]{csv}); close = bars["close"]',
    ),
    'polars': (
        'import polars',
        'bars = polars.read_{kind}(sys.argv[1]{csv}); close = bars["close"]',
    ),
}
_CSV = {
    'sting': '',
    'pandas': ', parse_dates=["timestamp"]',
    'polars': ', try_parse_dates=True',
}
_CHILD = """import json, sys, time
{imports}
before = time.perf_counter()
{reads}
took = time.perf_counter() - before
peak = next(
    int(line.split()[1]) / 1024
    for line in open('/proc/self/status')
    if line.startswith('VmHWM:')
)
told = [len(bars), round(float(close.sum()), 3)]
print(json.dumps({{'s': took, 'mb': peak, 'told': told}}))
"""


def run() -> Iterator[rows.Row]:
    """Measures both kinds of files."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in ('csv', 'parquet'):
            path = pathlib.Path(folder) / f'bars.{kind}'
            _make(path)
            found = {
                name: _best(name, python, kind, path)
                for name, python in _pythons().items()
            }
            told = {str(each['told']) for each in found.values()}
            rows.check(len(told), 1, f'what was read: {told}')
            mine = found.pop('sting')
            beside = '; '.join(
                f'{name} {each["s"]:.2f} s, {each["mb"]:,.0f} MB'
                for name, each in found.items()
            )
            title = f'{BARS:,} bars of {kind.upper()}, read and checked'
            yield rows.Row(title, mine['s'], 's', beside)
            yield rows.Row(f'{title}: peak', mine['mb'], 'MB', beside)
            path.unlink()


def _make(path: pathlib.Path) -> None:
    """Writes bars that have their length in their times."""
    words = ['--bars', str(BARS), '--calendar', '24/7', '--out', str(path)]
    done = subprocess.run(
        [sys.executable, '-m', main.__name__, 'data', 'demo', *words],
        check=True,
        capture_output=True,
    )
    rows.check(done.returncode, 0, 'sting data demo')


def _pythons() -> dict[str, str]:
    """Gives the interpreter of each; without polars where pip fails."""
    found = {'sting': sys.executable, 'pandas': sys.executable}
    try:
        found['polars'] = environments.python('polars', pins=PINS)
    except subprocess.CalledProcessError:
        print('polars cannot be installed', file=sys.stderr)
    return found


def _best(
    name: str, python: str, kind: str, path: pathlib.Path
) -> dict[str, float]:
    """Reads a few times; gives the quickest."""
    imports, reads = _READS[name]
    csv = _CSV[name] if kind == 'csv' else ''
    code = _CHILD.format(
        imports=imports, reads=reads.format(kind=kind, csv=csv)
    )
    told = []
    for _ in range(RUNS):
        done = subprocess.run(
            [python, '-c', code, str(path)],
            check=True,
            capture_output=True,
            text=True,
        )
        told.append(json.loads(done.stdout))
    return min(told, key=lambda each: each['s'])
