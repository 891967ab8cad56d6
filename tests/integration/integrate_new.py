"""From `sting new` to a strategy that is tested, tried and listed."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture
def call(tmp_path):
    """Runs a command line in a shell, in a home of its own."""
    tools = pathlib.Path(sys.executable).parent
    environment = os.environ | {
        'STING_HOME': str(tmp_path),
        'PATH': f'{tools}:{os.environ["PATH"]}',
    }

    def run(line):
        done = subprocess.run(
            ['bash', '-c', line],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, f'{line}: {done.stdout}{done.stderr}'
        return done.stdout

    return run


def test_what_is_new_passes_its_test_trades_and_is_listed(call, tmp_path):
    told = json.loads(call('sting new my_idea --json'))
    test, backtest = told['next']
    call(test)
    assert json.loads(call(f'{backtest} --json'))['trades'] > 10
    rows = json.loads(call('sting strategies --json'))
    names = {row['strategy']: row['status'] for row in rows}
    assert names[told['strategy']] == 'available'
    (tmp_path / 'config').mkdir(exist_ok=True)
    (tmp_path / 'config' / 'strategy.yaml').write_text(
        'strategies:\n  my_idea:\n    strategy: my_idea.py\n'
    )
    found = json.loads(call('sting strategies my_idea --json'))
    assert found['status'] == 'configured'
    assert found['parameters']['period']['value'] == 20


def test_pytest_and_unittest_find_the_test(call, tmp_path):
    call('sting new my_idea')
    call('python -m unittest discover strategies')
    assert '3 passed' in call('python -m pytest -q strategies')
