"""Backtests on large files: their memory does not grow with the bars."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration

PROGRAM = pathlib.Path(__file__).with_name('large_program.py')


def play(folder, bars, symbols, rows):
    """Runs a backtest in a process of its own."""
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'tests.integration.large_program',
            *(str(each) for each in (folder, bars, symbols, rows)),
        ],
        check=True,
        capture_output=True,
        text=True,
        cwd=PROGRAM.parents[2],
        env=os.environ | {'STING_HOME': str(folder), 'TMPDIR': str(folder)},
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found['status'] == 0
    told = json.loads(found['told'])
    assert told['bars'] == bars
    return found['peak_mb'], told


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_large_file_needs_no_more_memory_than_a_small_one(tmp_path):
    small, _ = play(tmp_path, 200_000, 1, 100_000)
    large, _ = play(tmp_path, 800_000, 1, 100_000)
    # In memory the columns of 600,000 bars more are 31 MB, their curve 15,
    # and what is worked out of both as much again.
    assert large - small < 25


@pytest.mark.timeout(300)
def test_read_in_parts_or_at_once_a_run_is_the_same(tmp_path):
    _, in_parts = play(tmp_path, 60_000, 3, 10_000)
    _, at_once = play(tmp_path, 60_000, 3, 10**9)
    for name in ('data_hash', 'log_hash'):
        assert in_parts[name] == at_once[name]
    figures = {
        name: figure
        for name, figure in at_once.items()
        if isinstance(figure, float) and name not in ('elapsed_s', 'bars_per_s')
    }
    assert len(figures) > 10
    for name, figure in figures.items():
        assert in_parts[name] == pytest.approx(figure, rel=1e-9), name


@pytest.mark.slow
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize('symbols', [1, 4])
def test_twenty_million_bars_need_less_than_500_mb(tmp_path, symbols):
    peak, _ = play(tmp_path, 20_000_000, symbols, 4_000_000)
    assert peak < 500
