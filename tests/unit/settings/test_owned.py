"""What somebody else may change is not used."""

import os

import pytest

from sting.model import errors
from sting.settings import owned

pytestmark = pytest.mark.unit


@pytest.fixture
def path(tmp_path):
    found = tmp_path / 'mine.yaml'
    found.touch(mode=0o600)
    return found


@pytest.mark.parametrize('mode', [0o600, 0o644, 0o664, 0o400])
def test_what_its_user_alone_may_change_passes(path, mode):
    path.chmod(mode)
    owned.check(path)


def test_what_is_not_there_passes(tmp_path):
    owned.check(tmp_path / 'nothing')


@pytest.mark.parametrize('mode', [0o602, 0o646, 0o666, 0o777])
def test_what_anybody_may_write_is_refused_with_its_remedy(path, mode):
    path.chmod(mode)
    with pytest.raises(errors.ConfigError, match=f'chmod o-w {path}'):
        owned.check(path)


def test_what_another_group_may_write_is_refused(path, monkeypatch):
    path.chmod(0o660)
    monkeypatch.setattr(os, 'getgid', lambda: path.stat().st_gid + 1)
    with pytest.raises(errors.ConfigError, match='its group may write it'):
        owned.check(path)


def test_what_belongs_to_another_user_is_refused(path, monkeypatch):
    theirs = path.stat().st_uid + 5
    os.chown(path, theirs, -1) if not os.getuid() else monkeypatch.setattr(
        os, 'getuid', lambda: theirs
    )
    with pytest.raises(errors.ConfigError, match='belongs to another user'):
        owned.check(path)


def test_code_is_refused_for_its_folder_too(tmp_path):
    path = tmp_path / 'mine.py'
    path.touch(mode=0o600)
    owned.check_code('sting.library.sma_cross')
    owned.check_code(f'{path}:Mine')
    tmp_path.chmod(0o777)
    with pytest.raises(errors.ConfigError, match=f'chmod o-w {tmp_path}'):
        owned.check_code(f'{path}:Mine')
