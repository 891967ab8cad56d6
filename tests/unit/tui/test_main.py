"""The command: mistakes are one line on stderr and exit status 2."""

import io
import sys

import pytest

from sting import settings
from sting import version
from sting.model import records
from tests.unit.control import stations
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


@pytest.mark.parametrize('options', [['--attach'], ['--read-only']])
def test_without_an_engine_there_is_nothing_to_attach_to(options, capsys):
    assert main.main(options) == 3
    said = capsys.readouterr().err
    assert said.startswith('sting-tui: no engine is running')
    assert said.count('\n') == 1


def test_check_needs_no_terminal_and_says_what_is_there(home, capsys):
    (home / 'config').mkdir()
    (home / 'config' / 'keymap.yaml').write_text('buy: B\nsell: S\n')
    assert main.main(['--check']) == 0
    keys, themes = capsys.readouterr().out.splitlines()
    assert keys == 'keys: buy B, sell S'
    assert 'dark' in themes


def test_check_tells_all_that_is_wrong_with_its_lines(home, capsys):
    (home / 'config' / 'themes').mkdir(parents=True)
    (home / 'config' / 'keymap.yaml').write_text('buy: B\nsell: nokey\n')
    for name in ('one', 'two'):
        file = home / 'config' / 'themes' / f'{name}.yaml'
        file.write_text(f'name: {name}\n\ndark: maybe\n')
    assert main.main(['--check']) == 2
    told = capsys.readouterr()
    lines = told.err.splitlines()
    assert all(line.startswith('sting-tui: ') for line in lines)
    assert [line.rpartition('/')[2].partition(' ')[0] for line in lines] == [
        'keymap.yaml:2:',
        'one.yaml:3:',
        'two.yaml:3:',
    ]
    # The themes that are right are named all the same.
    assert 'dark' in told.out


@pytest.mark.parametrize(
    ('text', 'options'),
    [('', ['--theme', 'drak']), ('terminal: {theme: drak}\n', [])],
)
def test_check_wants_the_theme_that_is_asked_for(home, capsys, text, options):
    (home / 'config').mkdir()
    (home / 'config' / 'sting.yaml').write_text(text)
    assert main.main(['--check', *options]) == 2
    assert "no theme 'drak'; there are" in capsys.readouterr().err


class Typing(io.StringIO):
    """A terminal at which something was typed."""

    def isatty(self):
        return True


class Launch:
    """Keeps how the terminal was to be run."""

    def __init__(self):
        self.ran = []

    def run(self, home, config, name, **options):
        self.ran.append(('run', name, options))
        return 0

    def attach(self, home, config, name, **options):
        self.ran.append(('attach', name, options))
        return 0


@pytest.fixture
def launched(monkeypatch):
    """Types at a terminal, with nothing behind it."""
    made = Launch()
    monkeypatch.setitem(sys.modules, 'tui.launch', made)
    monkeypatch.setattr(main.gc, 'disable', lambda: None)

    def typing(text, *arguments):
        monkeypatch.setattr(sys, 'stderr', Typing())
        monkeypatch.setattr(sys, 'stdin', Typing(text))
        return main.main(arguments), made.ran

    return typing


@pytest.fixture
def engine(tmp_path):
    """An engine of profile demo, on its control socket."""
    folders = settings.Home.find({'STING_HOME': str(tmp_path)})
    folders.state('demo')
    with stations.Engine(folders) as made:
        yield made


def test_without_an_engine_one_is_run(launched):
    status, ran = launched('', '--demo')
    assert (status, ran[0][:2]) == (0, ('run', 'demo'))


@pytest.mark.parametrize(
    ('options', 'read_only'),
    [
        (['--attach'], False),
        (['--attach', '--profile', 'demo'], False),
        (['--read-only'], True),
    ],
)
def test_the_engine_that_runs_is_attached_to(
    launched, engine, options, read_only
):
    status, ran = launched('', *options)
    assert (status, ran[0][:2]) == (0, ('attach', 'demo'))
    assert ran[0][2]['read_only'] is read_only


@pytest.mark.parametrize('answer', ['\n', 'y\n', 'Yes\n'])
def test_to_attach_is_offered_where_an_engine_runs(launched, engine, answer):
    status, ran = launched(answer, '--demo')
    assert (status, ran[0][:2]) == (0, ('attach', 'demo'))


@pytest.mark.parametrize('answer', ['n\n', '', 'what\n'])
def test_who_does_not_want_to_attach_gets_no_second_engine(
    launched, engine, answer
):
    status, ran = launched(answer, '--demo')
    assert (status, ran) == (1, [])
    assert 'has an engine already' in sys.stderr.getvalue()


LIVE = """
profiles:
  demo: {mode: live, broker: alpaca, account: U1, feed: binance, symbols: [IBM]}
"""


@pytest.mark.parametrize(
    ('typed', 'options', 'status'),
    [
        ('U1\n', ['--attach'], 0),
        ('U2\n', ['--attach'], 2),
        ('', ['--attach'], 2),
        ('', ['--read-only'], 0),
    ],
)
def test_a_live_engine_takes_commands_where_its_account_was_typed(
    launched, engine, home, typed, options, status
):
    (home / 'config').mkdir()
    (home / 'config' / 'sting.yaml').write_text(LIVE)
    found, ran = launched(typed, *options)
    assert (found, len(ran)) == (status, not status)
