"""The options that all commands share which run backtests."""

import click
from click import testing
import pytest

from sting.cli import runs

pytestmark = pytest.mark.unit


@click.command(cls=runs.ManyValues)
@runs.options
@click.option('--flag', is_flag=True)
def command(strategy, data, symbol, flag, **options):
    click.echo(f'{strategy} {data} {symbol} {flag} {options["given"]}')
    click.echo(runs.words())


def call(*words):
    return testing.CliRunner().invoke(command, words, prog_name='try')


@pytest.mark.parametrize(
    'words',
    [
        ('own.py', '--data', 'a', 'b', '--flag', '--set', 'x=1', 'y=2'),
        ('own.py', '--data=a', 'b', '--set', 'x=1', '--set', 'y=2', '--flag'),
        ('--flag', 'own.py', '--data', 'a', '--data', 'b', '--set=x=1', 'y=2'),
    ],
)
def test_an_option_for_several_takes_them_one_after_another(words):
    first = call(*words).output.splitlines()[0]
    assert first == "own.py ('a', 'b') () True ('x=1', 'y=2')"


def test_the_strategy_may_stand_behind_an_option_for_several():
    found = call('--data', 'a', 'own.py')
    assert found.output.startswith("own.py ('a',)")


def test_the_words_of_the_command_are_kept_as_they_were_typed():
    found = call('own.py', '--data', 'two words.csv', 'b')
    assert found.output.splitlines()[1] == "try own.py --data 'two words.csv' b"
