"""A night in small: what fails does not keep the rest from running."""

import os
import pathlib
import runpy
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.unit

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def night(tmp_path):
    """The tool, with a folder of its own for what it writes."""
    tool = runpy.run_path(str(ROOT / 'tools' / 'nightly.py'))
    # Its functions share what they know by name.
    tool['main'].__globals__['TO'] = tmp_path / 'nightly'
    return tool['main'].__globals__


def step(night, code, **how):
    command = [sys.executable, '-c', code]
    return night['Step']('tiny', command, how.pop('limit_s', 60), **how)


def child(pid):
    """The first child of a process, as soon as it has one."""
    path = pathlib.Path(f'/proc/{pid}/task/{pid}/children')
    while not (begun := path.read_text().split()):
        time.sleep(0.01)
    return int(begun[0])


def is_alive(pid):
    try:
        return 'zombie' not in pathlib.Path(f'/proc/{pid}/status').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_night_in_small_has_its_page(night, tmp_path):
    words = '--seeds 2 --first 7 --workers 1 --bars 2000 --only'
    chosen = ('simulation', 'bars', 'backtest-sma')
    assert night['main']([*words.split(), *chosen]) == 0
    page = (tmp_path / 'nightly' / 'SUMMARY.md').read_text()
    assert page.startswith('# Nightly: all passed\n')
    assert '2 seeds from 7 on' in page
    assert '| simulation | passed |' in page
    assert '2 seeds, 0 failed' in page
    first, again = [line for line in page.splitlines() if 'trades' in line]
    assert first.split('|')[-2] == again.split('|')[-2]
    assert (tmp_path / 'nightly' / 'bars.log').exists()


def test_goals_are_counted_and_those_lost_come_first(night, tmp_path):
    rows = ['| a | 1 s | <= 2: met | |', '| b | 3 s | <= 2: **not met** | |']
    (tmp_path / 'nightly').mkdir()
    (tmp_path / 'nightly' / 'BENCHMARKS.md').write_text('\n'.join(rows))
    made = night['run'](step(night, '', told=night['judged']))
    assert made.told == '1 goals met, 1 not'
    page = night['summary']([made], 'A night.')
    assert page.endswith(f'{rows[1]}\n{rows[0]}\n')


def test_a_step_that_fails_is_told_and_the_next_one_runs(night, tmp_path):
    # A limit that nothing keeps, before one that is not met.
    words = ['--bars', '2000', '--limit', '0.01', '--only', 'bars', 'sim']
    assert night['main'](words) == 1
    page = (tmp_path / 'nightly' / 'SUMMARY.md').read_text()
    assert page.startswith('# Nightly: 2 of 2 steps failed\n')
    assert '| bars | **over its limit** |' in page
    assert '| simulation | **over its limit** |' in page


def test_the_first_failure_is_found(night):
    said = 'a\nFAILED tests/unit/x.py::test_y - assert 1 == 2\nFAILED z\n'
    made = night['run'](step(night, f'print({said!r}); raise SystemExit(1)'))
    assert made.result == night['FAILED']
    assert made.failure == 'FAILED tests/unit/x.py::test_y - assert 1 == 2'
    made = night['run'](step(night, 'import nothing_of_that_name'))
    assert made.failure.startswith('ModuleNotFoundError: ')


def test_what_a_step_started_ends_with_it(night):
    code = (
        'import subprocess, sys\n'
        "child = subprocess.Popen(['sleep', '100'])\n"
        'print(child.pid, flush=True)\n'
        'child.wait()'
    )
    made = night['run'](step(night, code, limit_s=1.0))
    assert made.result == night['LATE']
    while is_alive(int(made.failure)):
        time.sleep(0.01)


def test_a_second_run_has_to_say_the_same(night):
    one = night['run'](step(night, 'print("log 1")'))
    assert (one.result, one.told) == (night['PASSED'], 'log 1')
    two = night['run'](step(night, 'print("log 2")', like='tiny'), [one])
    assert two.result == night['FAILED']
    assert two.failure == 'log 2, and before it was log 1'


def test_what_a_step_used_is_told(night):
    code = 'x = bytearray(200 << 20); [i for i in range(2_000_000)]'
    made = night['run'](step(night, code))
    assert made.peak_mb > 200
    assert 0 < made.cpu_s < 60


def test_a_name_that_no_step_has_is_refused(night, capsys):
    with pytest.raises(SystemExit):
        night['main'](['--only', 'simluation'])
    assert 'simluation' in capsys.readouterr().err


def test_who_ends_the_night_ends_what_runs(tmp_path):
    tool = subprocess.Popen(
        [
            *(sys.executable, ROOT / 'tools' / 'nightly.py'),
            *('--only', 'simulation', '--workers', '1'),
        ],
        env=os.environ | {'NIGHTLY': str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert tool.stdout.readline() == b'simulation ...\n'
    # The step, and a process that it started.
    begun = [child(tool.pid)]
    begun.append(child(begun[0]))
    tool.terminate()
    assert tool.wait(30) != 0
    tool.stdout.close()
    for pid in begun:
        while is_alive(pid):
            time.sleep(0.01)
