"""Files that are opened are seen, by whomever."""

import pathlib
import subprocess
import sys

import pytest

from sting.backtest.robust import opened
from sting.data import places

pytestmark = pytest.mark.unit


@pytest.fixture
def path(tmp_path):
    found = tmp_path / 'bars.csv'
    found.write_text('close\n')
    return found


def test_what_python_opens_is_seen_by_any_name(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    with opened.watched([path]) as seen:
        pathlib.Path('bars.csv').read_text()
    assert seen.own == (path,)
    assert seen.others == ()


def test_what_another_process_opens_is_seen(path):
    with opened.watched([path]) as seen:
        subprocess.run(['cat', path], check=True, capture_output=True)
    assert seen.own == (path,)


def test_what_is_opened_before_and_after_is_not(path):
    path.read_text()
    with opened.watched([path]) as seen:
        pass
    path.read_text()
    assert seen.own == ()


def test_other_data_is_named_but_no_code_and_nothing_installed(path):
    code = path.with_name('helper.py')
    code.write_text('')
    with opened.watched() as seen:
        path.read_text()
        code.read_text()
        installed = pathlib.Path(pytest.__file__).parents[1]
        next(installed.glob('*.dist-info/entry_points.txt')).read_text()
    assert seen.others == (path,)
    assert seen.own == ()


def test_a_file_that_is_gone_and_a_system_without_help_are_no_error(
    path, monkeypatch
):
    with opened.watched([path.with_name('gone.csv')]) as seen:
        path.read_text()
    assert seen.own == ()
    monkeypatch.setattr(sys, 'platform', 'other')
    with opened.watched([path]) as seen:
        path.read_text()
    assert seen.own == (path,)


def test_what_ships_is_read_by_others_too():
    sample = places.SAMPLE_PATH
    with opened.watched([sample]) as seen:
        subprocess.run(['cat', sample], check=True, capture_output=True)
    assert seen.own == ()
