"""Sweeps from the command line."""

import json
import os
import signal
import subprocess
import sys
import time

import pyarrow.parquet
import pytest

# Compiling takes seconds, more where others compute too.
pytestmark = [pytest.mark.unit, pytest.mark.timeout(400)]

CROSS = 'sting.library.sma_cross'
DEADLINE_S = 200.0
ENDLESS = """
import os
import pathlib
import time

from sting import strategy


class Mine(strategy.AbstractStrategy):
    parameters = {'n': strategy.Parameter(1), 'folder': strategy.Parameter('')}

    async def on_market_data(self, data):
        name = f'{os.getpid()}.pid'
        pathlib.Path(self.parameters['folder'], name).touch()
        while True:
            time.sleep(0.01)
"""


@pytest.fixture
def run(sting, home):
    def call(*words, strategy=CROSS, **options):
        return sting(
            *('sweep', strategy, '--data', 'sample', '--symbol', 'IBM'),
            *words,
            **options,
        )

    return call


def test_json_has_the_best_and_the_rows_are_in_parquet(run, tmp_path):
    path = tmp_path / 'rows.parquet'
    outcome = run(
        *('--grid', 'fast=5:20:5', 'slow=15|20'),
        *('--metric', 'total_return', '--workers', 2, '--out', path, '--json'),
    )
    assert (outcome.code, outcome.err) == (0, '')
    found = json.loads(outcome.out)
    assert (found['rows'], found['failed'], found['workers']) == (8, 3, 2)
    assert 'must be below slow' in found['first_error']
    assert found['metric'] == 'total_return'
    assert found['note'] == 'SmaCross is no CompiledStrategy'
    assert found['trials'] == 5
    assert 0 <= found['deflated_sharpe'] <= 1
    assert found['elapsed_s'] > 0
    assert found['out'] == str(path)
    rows = pyarrow.parquet.read_table(path).to_pylist()
    assert [(row['fast'], row['slow']) for row in rows] == [
        (fast, slow) for fast in (5, 10, 15, 20) for slow in (15, 20)
    ]
    best = max(
        (row for row in rows if row['error'] is None),
        key=lambda row: row['total_return'],
    )
    assert found['best']['number'] == best['number']
    assert found['best']['parameters'] == {
        'fast': best['fast'],
        'slow': best['slow'],
    }
    assert found['best']['final_equity'] == best['final_equity']


def test_the_best_is_what_a_backtest_gives(run, sting):
    found = json.loads(run('--grid', 'fast=5|10', '--json').out)
    best = found['best']
    single = json.loads(
        sting(
            *('backtest', CROSS, '--data', 'sample', '--symbol', 'IBM'),
            *('--set', f'fast={best["parameters"]["fast"]}', '--json'),
        ).out
    )
    assert {name: single[name] for name in best if name in single} == {
        **{name: best[name] for name in best if name in single},
        'parameters': single['parameters'],
    }


def test_compiled_code_runs_what_can_be_compiled(run):
    outcome = run(
        *('--grid', 'fast=5:9', 'slow=20:24', '--random', 6, '--seed', 3),
        strategy='sting.library.sma_cross_compiled',
    )
    assert outcome.code == 0
    assert 'SHARPE' in outcome.out.splitlines()[0]
    assert '6 runs in' in outcome.out
    assert '; compiled' in outcome.out
    assert 'deflated Sharpe ratio' in outcome.out


def test_text_says_why_it_ran_event_by_event_and_what_was_refused(run):
    out = run('--grid', 'fast=20|30', '--set', 'slow=25').out
    assert 'event by event: SmaCross is no CompiledStrategy' in out
    assert '1 could not be run; the first' in out


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--grid', 'fast'], "--grid 'fast' has to be"),
        (['--grid', 'fst=1:2'], "did you mean 'fast'"),
        (['--grid', 'fast=1:2', '--metric', 'luck'], 'no --metric luck'),
        (['--grid', 'fast=1:2', '--set', 'fast=3'], 'both swept and set'),
        (['--grid', 'fast=90:95'], 'none of the 6 combinations can be run'),
        (['--grid', 'fast=1:2', '--out', '/nowhere/x'], 'cannot be written'),
        (['--grid', 'fast=1:2', '--out', 'x.csv'], 'writes Parquet'),
        (
            ['--grid', 'fast=1:2', '--workers', '2', '--cluster', 'tcp://x:1'],
            'leave one of them out',
        ),
        (
            ['--grid', 'fast=1:2', '--cluster', 'tcp://x:1'],
            'install sting[cluster]',
        ),
        ([], "Missing option '--grid'"),
    ],
)
def test_every_error_is_one_line(run, monkeypatch, words, message):
    monkeypatch.setitem(sys.modules, 'distributed', None)
    outcome = run(*words)
    assert outcome.code in (1, 2)
    assert message in outcome.err
    assert outcome.out == ''


@pytest.mark.parametrize('end_by', ['SIGINT', 'SIGTERM'])
def test_an_interrupt_ends_all_processes_at_once(tmp_path, end_by):
    path = tmp_path / 'endless.py'
    passing = tmp_path / 'passing'
    passing.mkdir()
    path.write_text(ENDLESS)
    process = subprocess.Popen(
        [
            *(sys.executable, '-m', 'sting.cli.main', 'sweep', str(path)),
            *('--data', 'sample', '--symbol', 'IBM', '--workers', '2'),
            *('--grid', 'n=1:9', '--set', f'folder={tmp_path}'),
            *('--out', str(tmp_path / 'x.parquet')),
        ],
        env={
            **os.environ,
            'STING_HOME': str(tmp_path / 'home'),
            'TMPDIR': str(passing),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + DEADLINE_S
    while len(list(tmp_path.glob('*.pid'))) < 2:
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.01)
    # As a terminal does: to the workers too.
    os.killpg(process.pid, signal.Signals[end_by])
    out, err = process.communicate(timeout=DEADLINE_S)
    # click begins a new line before it.
    assert (process.returncode, out) == (130, '')
    assert err.strip() == 'sting: interrupted'
    for each in tmp_path.glob('*.pid'):
        while os.path.exists(f'/proc/{each.stem}'):  # noqa: PTH110
            assert time.monotonic() < end
            time.sleep(0.01)
    assert not [*tmp_path.glob('*.parquet*'), *tmp_path.glob('.*.parquet*')]
    assert not list(passing.iterdir())


def test_a_program_is_told_each_cell_and_how_far_it_is(run):
    outcome = run(
        *('--grid', 'fast=5|20', 'slow=15|30', '--workers', 1),
        *('--json', '--cells', '--progress-json'),
        lines=9,
    )
    assert outcome.code == 0
    assert json.loads(outcome.err.splitlines()[-1]) == {'done': 4, 'total': 4}
    found = json.loads(outcome.out)
    cells = found['cells']
    assert cells['parameters'] == {
        'fast': [5, 5, 20, 20],
        'slow': [15, 30, 15, 30],
    }
    sharpe = cells['figures']['sharpe']
    assert sharpe[2] is None
    assert 'must be below slow' in cells['errors']['2']
    best = found['best']
    assert max(value for value in sharpe if value is not None) == best['sharpe']
    assert cells['figures']['trades'][best['number']] == best['trades']


def test_a_map_has_an_end(run):
    outcome = run('--grid', 'fast=1:200', 'slow=2:201', '--cells', '--json')
    assert outcome.code == 2
    assert '40,000 combinations are too many for a map' in outcome.err
