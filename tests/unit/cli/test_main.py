"""The entry of the command line."""

import os
import subprocess
import sys

import click
import pytest

from sting import version
from sting.cli import main

pytestmark = pytest.mark.unit


def test_help_lists_every_command(sting):
    out = sting('-h').out
    assert all(name in out for name in main.COMMANDS)


@pytest.mark.parametrize('name', main.COMMANDS)
def test_every_command_has_help(sting, name):
    outcome = sting(name, '-h')
    assert outcome.code == 0
    assert outcome.out.startswith(f'Usage: sting {name}')


@pytest.mark.parametrize('name', main.COMMANDS)
def test_line_in_the_help_is_the_commands_own(name):
    command = main.group.get_command(click.Context(main.group), name)
    assert command is not None
    # Both begin with the same verb.
    assert command.help.split()[0] == main.COMMANDS[name][2].split()[0]


def test_group_knows_its_commands_and_no_others():
    context = click.Context(main.group)
    assert main.group.list_commands(context) == list(main.COMMANDS)
    assert main.group.get_command(context, 'nothing') is None


def test_help_imports_nothing_heavy():
    code = (
        'import sys; from sting.cli import main; main.run(["-h"]); '
        'print(sorted({"numpy", "pandas", "pyarrow", "asyncio", "yaml", '
        '"numba"} & set(sys.modules)))'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True
    )
    assert done.stdout.endswith('[]\n')


def test_version_is_printed(sting):
    assert version.__version__ in sting('--version').out


def test_unknown_command_names_the_nearest(sting):
    outcome = sting('bktest')
    assert outcome.code == 2
    assert "did you mean 'backtest'?" in outcome.err


def test_unknown_option_is_one_line(sting):
    outcome = sting('status', '--jsn')
    assert outcome.code == 2
    assert '--json' in outcome.err
    assert 'sting status -h' in outcome.err


def test_no_command_is_bad_input(sting):
    assert sting().code == 2
    assert sting('--nothing').code == 2


def test_interrupt_is_said_in_one_line(sting, monkeypatch):
    def interrupt(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(main.group, 'main', interrupt)
    outcome = sting('status')
    assert (outcome.code, outcome.err) == (130, 'sting: interrupted\n')


def test_reader_that_has_seen_enough_is_no_error(tmp_path):
    done = subprocess.run(
        f'{sys.executable} -m sting.cli.main backtest '
        'sting.library.buy_and_hold --data sample --json | true',
        shell=True,
        capture_output=True,
        text=True,
        env={**os.environ, 'STING_HOME': str(tmp_path)},
    )
    assert done.stderr == ''


def test_misspelt_yaml_key_is_one_line_with_its_place(sting, home):
    home.config.mkdir()
    (home.config / 'sting.yaml').write_text('profle: demo\n')
    outcome = sting('strategies')
    assert outcome.code == 2
    assert 'sting.yaml:1' in outcome.err
    assert "did you mean 'profile'?" in outcome.err
