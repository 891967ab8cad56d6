"""The real engine in a world that fails, seed by seed; engines that are wrong.

What it holds to be true is in sting/testing/simulation/oracle.py and world.py.
"""

import os
import pathlib
import subprocess
import sys

import pytest

from sting.testing.simulation import __main__ as command
from sting.testing.simulation import world
from tests.unit.testing import mutants

pytestmark = pytest.mark.integration

SEEDS = pathlib.Path(__file__).parents[1] / 'mock_data' / 'seeds.txt'
# Each mutant is caught by one of these.
CATCHING = range(1, 31)


def known_seeds():
    lines = SEEDS.read_text(encoding='utf-8').splitlines()
    return [int(line.split()[0]) for line in lines if line[:1].isdigit()]


@pytest.mark.parametrize('seed', known_seeds())
def test_a_seed_that_failed_once_holds_now(seed):
    outcome = world.simulate(seed)
    assert not outcome.failure, command.describe(outcome)


@pytest.mark.parametrize('first', [1001, 1006, 1011, 1016])
def test_new_seeds_hold(first):
    for seed in range(first, first + 5):
        outcome = world.simulate(seed)
        assert not outcome.failure, command.describe(outcome)


def test_a_seed_gives_the_same_log_in_any_process():
    given = [sys.executable, '-m', 'sting.testing.simulation', '--seed', '7']
    logs = {
        subprocess.run(
            given,
            env={**os.environ, 'PYTHONHASHSEED': salt},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for salt in ('1', '2')
    }
    assert logs == {command.describe(world.simulate(7)) + '\n'}


@pytest.mark.parametrize('mutant', mutants.ALL, ids=lambda one: one.__name__)
def test_an_engine_that_is_wrong_is_caught(mutant, monkeypatch):
    mutant(monkeypatch)
    assert any(world.simulate(seed).failure for seed in CATCHING)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_five_hundred_seeds_hold(capsys):
    assert command.main(['--seeds', '500']) == 0, capsys.readouterr().out
