"""A whole world, and what it says of itself."""

import pytest

from sting.engine import desk
from sting.engine import sequence
from sting.testing.simulation import __main__ as command
from sting.testing.simulation import world

pytestmark = pytest.mark.unit


def test_a_seed_gives_the_same_log_each_time():
    first = world.simulate(3)
    assert first == world.simulate(3)
    assert first.failure == ''
    assert first.fills
    assert first.head != world.simulate(4).head


def test_an_error_in_the_engine_is_a_failure(monkeypatch):
    def broken(*given):
        raise ZeroDivisionError('broken')

    monkeypatch.setattr(desk.OrderDesk, 'request', broken)
    assert world.simulate(1).failure == 'ZeroDivisionError: broken'


def test_an_engine_that_ends_is_a_failure(monkeypatch):
    async def nothing(self):
        return

    monkeypatch.setattr(sequence.Sequence, '_run', nothing)
    assert 'the engine ended' in world.simulate(2).failure


def test_one_seed_is_told_with_its_log(capsys):
    assert command.main(['--seed', '3']) == 0
    told = capsys.readouterr().out
    assert told.startswith('seed 3: ')
    assert world.simulate(3).head in told


def test_several_seeds_are_counted(capsys):
    given = ['--first', '5', '--seeds', '2', '--workers', '2']
    assert command.main(given) == 0
    assert capsys.readouterr().out == '2 seeds, 0 failed\n'


def test_a_seed_that_fails_is_told_with_its_command(capsys, monkeypatch):
    failed = world.Outcome(
        seed=9, head='', events=1, deaths=0, fills=0, failure='it broke'
    )
    monkeypatch.setattr(command, 'run', lambda seeds, workers: [failed])
    assert command.main(['--first', '9', '--seeds', '1']) == 1
    assert capsys.readouterr().out == (
        'seed 9 failed: it broke\n'
        '  again: python -m sting.testing.simulation --seed 9\n'
        '1 seeds, 1 failed\n'
    )
