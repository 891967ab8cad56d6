"""Where a user's files lie."""

import os
import pathlib
import stat

import pytest

from sting import settings
from sting.model import errors

pytestmark = pytest.mark.unit


def test_sting_home_holds_everything(tmp_path):
    home = settings.Home.find({'STING_HOME': str(tmp_path)})
    assert home.config == tmp_path / 'config'
    assert home.state('demo') == tmp_path / 'state' / 'demo'
    assert home.cache == tmp_path / 'cache'
    assert home.strategies == tmp_path / 'strategies'


def test_sting_home_may_be_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = settings.Home.find({'STING_HOME': 'here'})
    assert home.config == tmp_path / 'here' / 'config'


def test_without_sting_home_the_xdg_folders_are_used(tmp_path):
    home = settings.Home.find(
        {
            'HOME': str(tmp_path),
            'XDG_CONFIG_HOME': str(tmp_path / 'c'),
            'XDG_STATE_HOME': 'relative/is/ignored',
        }
    )
    assert home.config == tmp_path / 'c' / 'sting'
    assert home.states == tmp_path / '.local' / 'state' / 'sting'
    assert home.cache == tmp_path / '.cache' / 'sting'
    share = tmp_path / '.local' / 'share'
    assert home.strategies == share / 'sting' / 'strategies'


def test_finding_makes_no_folder(tmp_path):
    home = settings.Home.find({'STING_HOME': str(tmp_path / 'new')})
    home.log('demo')
    home.socket('demo')
    assert home.profiles() == ()
    assert list(tmp_path.iterdir()) == []


def test_state_folders_are_private(tmp_path):
    home = settings.Home.find({'STING_HOME': str(tmp_path / 'new')})
    folder = home.state('demo')
    for path in (folder, folder.parent, tmp_path / 'new'):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_log_lies_in_the_state_folder(tmp_path):
    home = settings.Home.find({'STING_HOME': str(tmp_path)})
    assert home.log('demo') == home.state('demo') / 'events.db'


def test_profiles_are_those_that_have_a_folder(tmp_path):
    home = settings.Home.find({'STING_HOME': str(tmp_path)})
    home.state('two')
    home.state('one')
    (home.states / '.hidden').mkdir()
    (home.states / 'file').touch()
    assert home.profiles() == ('one', 'two')


@pytest.mark.parametrize('name', ['', '..', 'a/b', '-x', 'a b', '.x'])
def test_profile_name_cannot_leave_the_folder(tmp_path, name):
    home = settings.Home.find({'STING_HOME': str(tmp_path)})
    with pytest.raises(errors.ConfigError, match='is not a profile'):
        home.state(name)


def _home_of_length(tmp_path, length):
    """A home whose control socket's path has this many bytes."""
    tail = len('/state/demo/control.sock')
    fill = length - tail - len(str(tmp_path)) - 1
    root = tmp_path / ('x' * fill)
    return settings.Home.find(
        {'STING_HOME': str(root), 'XDG_RUNTIME_DIR': '/tmp/sting-test'}
    )


def test_socket_of_107_bytes_stays_in_the_state_folder(tmp_path):
    home = _home_of_length(tmp_path, 107)
    path = home.socket('demo')
    assert path == home.states / 'demo' / 'control.sock'
    assert len(os.fsencode(path)) == 107


def test_longer_socket_goes_to_the_runtime_folder(tmp_path):
    long = _home_of_length(tmp_path, 108)
    run = pathlib.Path(long.runtime)
    home = settings.Home(
        long.config,
        long.states,
        long.cache,
        long.strategies,
        run / tmp_path.name,
    )
    path = home.socket('demo')
    assert path.parent == run / tmp_path.name / 'sting'
    assert len(os.fsencode(path)) <= 107
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path != home.socket('paper')
    path.parent.rmdir()
    path.parent.parent.rmdir()


def test_socket_that_fits_nowhere_is_an_error(tmp_path):
    home = settings.Home.find(
        {
            'STING_HOME': str(tmp_path / ('x' * 120)),
            'XDG_RUNTIME_DIR': str(tmp_path / ('y' * 120)),
        }
    )
    with pytest.raises(errors.ConfigError, match='XDG_RUNTIME_DIR'):
        home.socket('demo')


def test_folder_that_cannot_be_made_names_it(tmp_path):
    (tmp_path / 'file').touch()
    home = settings.Home.find({'STING_HOME': str(tmp_path / 'file')})
    with pytest.raises(errors.ConfigError, match='Not a directory') as caught:
        home.state('demo')
    assert caught.value.path == home.states / 'demo'


def test_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    home = settings.Home.find({'STING_HOME': str(tmp_path)})
    monkeypatch.setattr(os, 'getuid', lambda: 4242)
    with pytest.raises(errors.ConfigError, match='another user'):
        home.state('demo')


def test_without_a_runtime_folder_one_of_the_user_is_used(tmp_path):
    home = settings.Home.find({'STING_HOME': str(tmp_path)})
    assert str(os.getuid()) in home.runtime.name
