"""Sweeps see what was edited, and a large grid stays within its memory."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

# Processes that compile, on a machine that may be busy.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

BOUND = """
import os

from sting.backtest.sweeping import leaders, spaces, sweeps
from sting.risk import manager
from sting.session import processes
from tests.unit.backtest import bars

def peak(count):
    swept = sweeps.Sweep(
        'tests.unit.backtest.deciders:Mixed',
        bars.walk(2, 1),
        manager.RiskManager(),
        lambda kind: spaces.space(
            {'seed': range(count // 10), 'often': range(1, 11)},
            kind.parameters,
        ),
    )
    found = leaders.Leaders('total_return')
    with swept.pool(2) as pool:
        for block in swept.blocks(pool):
            found.add(block)
    assert found.runs == count, found.runs
    assert found.failed == 0, found.first_error
    return processes.look(os.getpid()).peak / 1024

few = peak(2_000)
print(peak(100_000) - few)
"""


@pytest.fixture
def program(tmp_path):
    """Runs something in a folder and a home of its own."""
    tools = pathlib.Path(sys.executable).parent
    environment = os.environ | {
        'STING_HOME': str(tmp_path / 'home'),
        'PATH': f'{tools}{os.pathsep}{os.environ["PATH"]}',
        'PYTHONPATH': str(pathlib.Path.cwd()),
    }

    def run(*words):
        done = subprocess.run(
            words,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


MINE = """
import helper

from sting import strategy


class Mine(strategy.CompiledStrategy):
    parameters = {'n': strategy.Parameter(1)}

    @staticmethod
    def decide(
        open, high, low, close, volume, position, indicators, state, parameters
    ):
        wanted = helper.wanted(position, parameters[0])
        return wanted, strategy.kinds.MARKET, 0.0, state
"""


@pytest.mark.slow
def test_an_edit_in_what_is_imported_is_in_the_next_sweep(program, tmp_path):
    (tmp_path / 'mine.py').write_text(MINE)
    found = []
    for more in (2, 3, 2):
        (tmp_path / 'helper.py').write_text(
            'def wanted(position, n):\n'
            f'    return 0.0 if position else {more} * n\n'
        )
        out = program(
            *('sting', 'sweep', 'mine.py', '--data', 'sample', '--json'),
            *('--symbol', 'IBM', '--grid', 'n=1:3', '--metric', 'turnover'),
        )
        told = json.loads(out)
        assert told['by_columns'], told['note']
        found.append(told['best']['total_return'])
    assert found[0] == found[2]
    assert found[1] == pytest.approx(1.5 * found[0])


@pytest.mark.slow
def test_memory_does_not_grow_with_the_grid(program):
    more_kb = float(program(sys.executable, '-c', BOUND))
    # As many rows in lists would be 50 MB.
    assert more_kb < 20_000
