"""A whole world, and what it says of itself."""

import collections

import numpy as np
import pytest

from sting.engine import desk
from sting.engine import sequence
from sting.testing import broker
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


@pytest.mark.parametrize('kind', ['whole', 'parts'])
def test_exits_are_held_at_a_broker_that_takes_them(kind, capsys):
    outcome = world.simulate(2, kind)
    assert outcome.failure == ''
    assert outcome.held
    assert outcome == world.simulate(2, kind)
    assert command.main(['--seed', '2', '--broker', kind]) == 0
    assert f'{outcome.held} held exits' in capsys.readouterr().out


def test_a_quarter_of_the_worlds_has_such_a_broker():
    drawn = collections.Counter(
        world.draw_kind(np.random.default_rng(seed)) for seed in range(400)
    )
    assert set(drawn) == {'plain', 'whole', 'parts'}
    assert 260 < drawn['plain'] < 340


def test_a_failure_of_a_chosen_broker_is_told_with_it():
    failed = world.Outcome(
        seed=9, head='', events=1, deaths=0, fills=0, failure='it broke'
    )
    assert command.describe(failed, 'whole').endswith('--seed 9 --broker whole')


def test_exits_that_wait_there_and_not_here_are_found(monkeypatch):
    monkeypatch.setattr(broker.Venue, '_tend_asleep', lambda self, entry: None)
    # In few worlds an exit works to the end.
    failure = world.simulate(15, 'whole').failure
    assert 'wait for their entry here; at the broker the order waits' in failure


def test_several_seeds_are_counted(capsys):
    given = ['--first', '5', '--seeds', '2', '--workers', '2']
    assert command.main(given) == 0
    assert capsys.readouterr().out == '2 seeds, 0 failed\n'


def test_a_seed_that_fails_is_told_with_its_command(capsys, monkeypatch):
    failed = world.Outcome(
        seed=9, head='', events=1, deaths=0, fills=0, failure='it broke'
    )
    monkeypatch.setattr(command, 'run', lambda seeds, workers, kind: [failed])
    assert command.main(['--first', '9', '--seeds', '1']) == 1
    assert capsys.readouterr().out == (
        'seed 9 failed: it broke\n'
        '  again: python -m sting.testing.simulation --seed 9\n'
        '1 seeds, 1 failed\n'
    )
