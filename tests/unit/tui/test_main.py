"""The command: mistakes are one line on stderr and exit status 2."""

import io
import sys

import pytest

from sting import settings
from sting import version
from sting.model import records
from tui import main

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    return tmp_path


def test_without_a_terminal_it_says_so(capsys):
    assert main.main(['--demo']) == 2
    said = capsys.readouterr().err
    assert said.startswith('sting-tui: needs a terminal')
    assert said.count('\n') == 1


def test_an_unknown_profile_lists_those_there_are(capsys):
    assert main.main(['--profile', 'nowhere']) == 2
    said = capsys.readouterr().err
    assert 'nowhere' in said
    assert 'demo' in said
    assert said.count('\n') == 1


def test_a_misspelt_key_is_named_with_its_line(home, capsys):
    (home / 'config').mkdir()
    (home / 'config' / 'sting.yaml').write_text('profil: demo\n')
    assert main.main([]) == 2
    said = capsys.readouterr().err
    assert 'sting.yaml:1' in said
    assert said.count('\n') == 1


def test_demo_and_profile_exclude_each_other():
    with pytest.raises(SystemExit) as caught:
        main.main(['--demo', '--profile', 'paper'])
    assert caught.value.code == 2


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main.main(['--version'])
    assert caught.value.code == 0
    assert version.__version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    ('mode', 'typed'), [('live', 'U1'), ('paper', ''), ('demo', '')]
)
def test_the_account_of_a_live_profile_is_asked_for(
    monkeypatch, capsys, mode, typed
):
    monkeypatch.setattr(sys, 'stdin', io.StringIO(' U1 \n'))
    profile = settings.Profile(
        mode=records.Mode(mode),
        broker='mine',
        account='U1',
        feed='market',
        symbols=('AAPL',),
    )
    assert main._ask_account('real', profile) == typed
    said = capsys.readouterr().err
    assert ('profile real is live' in said.lower()) == (mode == 'live')
    assert 'U1' not in said
