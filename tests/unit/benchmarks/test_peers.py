"""How the peers are set up, played in turn and held against sting."""

import json
import subprocess
import sys

import pytest

from benchmarks import work
from benchmarks.peers import __main__ as program
from benchmarks.peers import contest
from benchmarks.peers import environments
from benchmarks.peers import goals
from benchmarks.peers import race

pytestmark = pytest.mark.unit

FAST = race.Contender('fast', 'W1')
SLOW = race.Contender('slow', 'W1', rounds=1)


@pytest.fixture
def scripts(monkeypatch, tmp_path):
    """A folder with contenders of its own in place of the peers'."""
    folder = tmp_path / 'benchmarks' / 'peers'
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / '__init__.py').write_text('')
    monkeypatch.setattr(race, 'ROOT', tmp_path)
    return folder


def play(rounds, *contenders):
    told = []
    found = race.play(contenders, lambda _: sys.executable, rounds, told.append)
    return found, told


def test_time_of_something_wrong_is_not_given():
    with pytest.raises(contest.WrongError, match='fills: 3, expected 4'):
        contest.check(3, 4, 'fills')
    with pytest.raises(contest.WrongError, match='equity'):
        contest.near(1.0, 1.2, 0.1, 'equity')
    with pytest.raises(contest.WrongError):
        contest.near(float('nan'), 1.2, 0.1, 'equity')


def test_contender_tells_what_it_took_and_its_memory(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['x', 'W1'])
    contest.main({'W1': lambda: contest.timed(lambda: None)})
    took = json.loads(capsys.readouterr().out)
    assert set(took) == {'seconds', 'cpu', 'memory_mb'}
    assert took['memory_mb'] > 1


def test_contenders_play_in_turn_and_some_in_fewer_rounds(scripts):
    for name in ('fast', 'slow'):
        (scripts / f'{name}.py').write_text(
            'print("hello")\nprint(\'{"a":1}\')'
        )
    found, told = play(2, FAST, SLOW)
    assert found == {FAST: {'a': 1}, SLOW: {'a': 1}}
    assert told == ['1: fast W1 a 1', '1: slow W1 a 1', '2: fast W1 a 1']


def test_contender_with_a_wrong_result_ends_the_race(scripts):
    (scripts / 'fast.py').write_text('raise ValueError("fills")')
    with pytest.raises(race.FailedError, match='fast W1: ValueError: fills'):
        play(1, FAST)


def test_middle_of_the_rounds_counts():
    rounds = [{'a': 3.0}, {'a': 1.0}, {'a': 2.0}]
    assert race.median(rounds) == {'a': 2.0}


def test_goal_is_met_or_not_or_not_taken():
    faster = goals.times(goals.took('slow', 'W1'), goals.took('fast', 'W1'))
    goal = goals.Goal('speed', faster, 4)
    results = {FAST: {'cpu': 1.0}, SLOW: {'cpu': 5.0}}
    assert goal.line(results) == '| speed | 5 | >= 4 | met |'
    results[SLOW] = {'cpu': 3.0}
    assert goal.line(results) == '| speed | 3 | >= 4 | **not met** |'
    assert goal.line({FAST: {'cpu': 1.0}}).startswith('| speed | not taken')


def test_less_is_better_where_a_goal_says_so():
    memory = goals.took('fast', 'W1', 'memory_mb')
    goal = goals.Goal('memory', memory, 200, at_least=False, unit='MB')
    line = goal.line({FAST: {'memory_mb': 150.0}})
    assert line == '| memory | 150 MB | <= 200 MB | met |'


def test_runs_are_compared_one_by_one():
    figure = goals.a_run('fast', 'W1')
    assert figure({FAST: {'cpu': 10.0, 'runs': 1_000}}) == 0.01


def test_every_contender_but_sting_has_pins():
    peers = {each.script for each in program.CONTENDERS} - {program.OURS}
    assert peers == set(environments.names())


def test_pins_are_names_and_versions_alone():
    for path in environments.PINS.glob('*.txt'):
        for line in path.read_text().splitlines():
            name, equals, version = line.partition('==')
            assert equals, line
            assert not set(name + version) & set('/@: '), line


def test_peer_is_set_up_once_and_again_for_other_pins(monkeypatch, tmp_path):
    ran = []

    def run(command, **_):
        ran.append(command)
        (tmp_path / 'home' / 'one').mkdir(parents=True, exist_ok=True)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(environments, 'FOLDER', tmp_path / 'home')
    monkeypatch.setattr(environments.subprocess, 'run', run)
    (tmp_path / 'one.txt').write_text('one==1')
    found = environments.python('one', pins=tmp_path)
    assert found == str(tmp_path / 'home' / 'one' / 'bin' / 'python')
    assert len(ran) == 2
    environments.python('one', pins=tmp_path)
    assert len(ran) == 2
    (tmp_path / 'one.txt').write_text('one==2')
    environments.python('one', pins=tmp_path)
    assert len(ran) == 4


def test_peer_without_an_interpreter_is_told(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(environments, 'FOLDER', tmp_path)
    arguments = ['--newer', 'no-such-python', '--only', 'nautilus_rust']
    assert program.main(arguments) == 2
    assert 'give one with --newer' in capsys.readouterr().err


def test_page_shows_goals_and_what_everybody_took():
    results = {program.CONTENDERS[0]: {'cpu': 1.5, 'limit_cpu': 0.75}}
    page = program._page(results, 1)
    assert '| W1 over the bare coroutine loop | 0.5 | >= 0.4 | met |' in page
    assert '| ours | W1 | 1.5 |  |  |' in page
    assert str(work.W1.fills) not in page
