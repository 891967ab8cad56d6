"""What the commands share."""

import sys

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting import control
from sting import settings
from sting.cli import common
from sting.model import errors
from sting.model import records

pytestmark = pytest.mark.unit


@given(st.text())
def test_clean_text_has_no_control_characters(text):
    assert common.clean(text).isprintable()


@given(st.text().filter(str.isprintable))
def test_clean_leaves_what_can_be_shown(text):
    assert common.clean(text) == text


def test_table_is_aligned_by_its_columns(capsys):
    common.print_table(
        {'a': common.LEFT, 'b': common.RIGHT}, [('x', 10), ('long', 7)]
    )
    assert capsys.readouterr().out == 'A      B\nx     10\nlong   7\n'


def test_table_without_rows_has_its_heading(capsys):
    common.print_table({'a': common.LEFT}, [])
    assert capsys.readouterr().out == 'A\n'


def test_table_escapes_what_comes_from_outside(capsys):
    common.print_table({'a': common.LEFT}, [('\x1b[2Jx\ny',)])
    assert '\x1b' not in capsys.readouterr().out


def test_colour_needs_a_terminal(monkeypatch):
    assert common.styled('x', 'red') == 'x'
    monkeypatch.setattr(sys.stdout, 'isatty', lambda: True)
    monkeypatch.delenv('NO_COLOR', raising=False)
    assert common.styled('x', 'red') == '\x1b[31mx\x1b[0m'
    monkeypatch.setenv('NO_COLOR', '1')
    assert common.styled('x', 'red') == 'x'


@pytest.mark.parametrize(
    ('value', 'text'),
    [(None, '-'), (1234.5, '1,234.5'), (0.1, '0.1'), (3.0, '3')],
)
def test_price_is_as_short_as_it_can_be(value, text):
    assert common.price(value) == text


def test_word_can_be_typed_at_a_terminal(monkeypatch):
    monkeypatch.setattr(sys.stdin, 'isatty', lambda: True, raising=False)
    monkeypatch.setattr(common.click, 'prompt', lambda *_a, **_k: 'RESUME')
    assert common.ask_word('RESUME', None, 'going on') == 'RESUME'
    monkeypatch.setattr(common.click, 'prompt', lambda *_a, **_k: 'yes')
    with pytest.raises(errors.InputError, match='is not RESUME'):
        common.ask_word('RESUME', None, 'going on')


def test_profile_is_the_default_where_nothing_runs(home):
    assert common.choose_profile(home, None) == 'demo'
    assert common.choose_profile(home, 'paper') == 'paper'


def test_profile_that_has_a_log_needs_no_configuration(home):
    home.state('old')
    assert common.choose_profile(home, 'old') == 'old'


def test_profile_is_the_one_that_runs(engine):
    home = settings.Home.find()
    assert common.choose_profile(home, None) == 'demo'
    assert common.engine(None).path == control.find(home).path


def test_progress_is_shown_where_somebody_looks(capsys, monkeypatch):
    with common.progress('files', 2) as told:
        told(1)
    assert capsys.readouterr() == ('', '')
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: True, raising=False)
    with common.progress('files') as told:
        told(1, 4)
        told(3)
    shown = capsys.readouterr().err
    assert 'files' in shown
    assert '4/4' in shown


@pytest.mark.parametrize(
    ('mode', 'given', 'at_terminal', 'typed'),
    [
        ('live', 'U2', True, 'U2'),
        ('live', None, True, 'U1'),
        ('live', None, False, ''),
        ('paper', None, True, ''),
    ],
)
def test_the_account_of_a_live_profile_is_asked_for_at_a_terminal(
    monkeypatch, mode, given, at_terminal, typed
):
    monkeypatch.setattr(sys.stdin, 'isatty', lambda: at_terminal, raising=False)
    monkeypatch.setattr(common.click, 'prompt', lambda *_, **__: ' U1 ')
    profile = settings.Profile(
        mode=records.Mode(mode),
        broker='mine',
        account='U1',
        feed='market',
        symbols=('AAPL',),
    )
    assert common.ask_account('real', profile, given) == typed
