"""A strategy and its test, to start from."""

import json
import os
import pathlib
import stat
import subprocess
import sys

import pytest

from sting.strategy import loader

pytestmark = pytest.mark.unit


def test_what_is_written_is_a_strategy_and_a_test_that_passes(sting, home):
    out = sting('new', 'my_idea', '--json').out
    found = json.loads(out)
    assert found['strategy'] == str(home.strategies / 'my_idea.py')
    assert loader.load(found['strategy']).__name__ == 'MyIdea'
    done = subprocess.run(
        [sys.executable, found['test']],
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | {'PYTHONDONTWRITEBYTECODE': '1'},
    )
    assert (done.returncode, 'Ran 3 tests' in done.stderr) == (0, True)


def test_the_next_commands_are_told(sting, home):
    out = sting('new', 'my_idea').out
    test = home.strategies / 'test_my_idea.py'
    assert f'{test}\n' in out
    assert f'sting backtest {home.strategies}/my_idea.py --data sample' in out
    assert '    my_idea:\n      strategy: my_idea.py\n' in out
    assert f'{home.config}/strategy.yaml' in out


def test_the_files_are_the_users_alone(sting, home):
    sting('new', 'mine')
    for path in home.strategies.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.strategies.stat().st_mode) == 0o700


@pytest.mark.parametrize('there', ['mine.py', 'test_mine.py'])
def test_nothing_is_replaced_and_nothing_half_written(sting, home, there):
    home.strategies.mkdir()
    (home.strategies / there).write_text('my own')
    outcome = sting('new', 'mine')
    assert outcome.code == 2
    assert f'{home.strategies / there}: is there already' in outcome.err
    assert [path.name for path in home.strategies.iterdir()] == [there]
    assert (home.strategies / there).read_text() == 'my own'


@pytest.mark.parametrize(
    ('name', 'said'),
    [
        ('My-Idea', 'try my_idea'),
        ('dip.py', 'try dip'),
        ('../dip', 'try dip'),
        ('1st', 'a letter first'),
        ('class', 'no name for a strategy'),
        ('', 'no name for a strategy'),
        ('a' * 61, 'no name for a strategy'),
        ('test_dip', 'would be taken for a test'),
    ],
)
def test_a_wrong_name_is_refused_with_what_to_write(sting, home, name, said):
    outcome = sting('new', name)
    assert outcome.code == 2
    assert said in outcome.err
    assert not home.strategies.exists()


def test_where_nothing_can_be_written_it_says_so(sting, home, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(pathlib.Path, 'open', refuse)
    outcome = sting('new', 'mine')
    assert outcome.code == 2
    assert 'cannot be written: Permission denied' in outcome.err


def test_the_interpreter_that_has_sting_is_named(sting, home, monkeypatch):
    monkeypatch.setenv('PATH', str(pathlib.Path(sys.executable).parent))
    assert '  python ' in sting('new', 'one').out
    monkeypatch.setenv('PATH', '/nowhere')
    assert f'  {sys.executable} ' in sting('new', 'two').out
