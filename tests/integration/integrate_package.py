"""What is released: built, installed where nothing of ours is, and used."""

import os
import pathlib
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ROOT = pathlib.Path(__file__).parents[2]


def run(*command, **more):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, **more
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """What git has of the tree, so that no leftover is packed by mistake."""
    folder = tmp_path_factory.mktemp('source')
    names = run('git', '-C', ROOT, 'ls-files', '-z').split('\0')
    for name in filter(None, names):
        if (ROOT / name).is_file() and not name.startswith('tests/'):
            there = folder / name
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.fixture(scope='module')
def built(source, tmp_path_factory):
    """The sdist, and the wheel that is made of it."""
    out = tmp_path_factory.mktemp('dist')
    run(sys.executable, '-m', 'build', '-n', '--outdir', out, source)
    (sdist,) = out.glob('*.tar.gz')
    (wheel,) = out.glob('*.whl')
    return sdist, wheel


@pytest.fixture(scope='module')
def installed(built, tmp_path_factory):
    """An environment with the wheel and the libraries, and not this tree.

    The libraries are those of the tests: a path in a .pth file is searched,
    but no .pth file in it is read, so that the tree installed there stays out.
    """
    folder = tmp_path_factory.mktemp('venv')
    run(sys.executable, '-m', 'venv', folder)
    _, wheel = built
    tool = [folder / 'bin' / 'python', '-m', 'pip', 'install', '-q']
    run(*tool, '--disable-pip-version-check', '--no-deps', '--no-index', wheel)
    (own,) = folder.glob('lib/python*/site-packages')
    libraries = sysconfig.get_paths()['purelib']
    (own / 'libraries.pth').write_text(f'{libraries}\n')
    return folder


@pytest.fixture
def use(installed, tmp_path):
    """Runs a command of it in an empty folder with an empty home."""
    env = {
        'HOME': str(tmp_path),
        'PATH': f'{installed / "bin"}:/usr/bin:/bin',
        'LANG': 'C.UTF-8',
    }

    def use(*command, **more):
        given = env | more
        return run(
            installed / 'bin' / command[0],
            *command[1:],
            cwd=tmp_path,
            env=given,
        )

    return use


def test_both_hold_what_runs_and_nothing_that_was_left_behind(built):
    sdist, wheel = built
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split('/')[0] for name in names}
    assert {top for top in tops if not top.endswith('.dist-info')} == {
        'sting',
        'tui',
    }
    for name in (
        'sting/py.typed',
        'sting/config/sting.yaml',
        'sting/config/exchanges/paper.yaml',
        'sting/data/samples/daily.parquet',
        'tui/themes/dark.yaml',
        'tui/styles/sting.tcss',
    ):
        assert name in names
    assert any(name.endswith('licenses/LICENSE') for name in names)
    with tarfile.open(sdist) as packed:
        sources = packed.getnames()
    assert any(name.endswith('/docs/guides/KEYS.md') for name in sources)
    assert not [n for n in names + sources if '__pycache__' in n]


def test_it_runs_where_it_was_installed(use, installed):
    where = use('python', '-c', 'import sting; print(sting.__file__)')
    assert pathlib.Path(where.strip()).is_relative_to(installed)
    assert use('sting', '--version').startswith('sting, version 0.1.0')
    assert 'configuration' in use('sting', 'doctor')
    found = use(
        *('sting', 'backtest', 'sting.library.sma_cross', '--json'),
        *('--data', 'sample', '--symbol', 'GOOG'),
    )
    assert '"final_equity"' in found
    assert 'usage' in use('sting-tui', '--help').lower()


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_every_shell_gets_its_completion(use, shell):
    script = use('sting', _STING_COMPLETE=f'{shell}_source')
    assert '_STING_COMPLETE' in script


@pytest.mark.parametrize(
    ('typed', 'offered'),
    [
        ('sting wal', {'walkforward'}),
        ('sting log ver', {'verify'}),
        ('sting backtest --sym', {'--symbol'}),
    ],
)
def test_words_are_completed(use, typed, offered):
    words = typed.split()
    found = use(
        'sting',
        _STING_COMPLETE='bash_complete',
        COMP_WORDS=typed,
        COMP_CWORD=str(len(words) - 1),
    )
    assert offered <= {line.split(',')[-1] for line in found.splitlines()}


@pytest.mark.slow
def test_with_its_own_libraries_alone_it_runs(built, tmp_path):
    """As a stranger installs it: nothing but the wheel and an index."""
    folder = tmp_path / 'venv'
    run(sys.executable, '-m', 'venv', folder)
    _, wheel = built
    run(
        *(folder / 'bin' / 'python', '-m', 'pip', 'install', '-q'),
        *('-c', ROOT / 'constraints.txt', wheel),
        env=os.environ,
    )
    assert run(folder / 'bin' / 'sting', '--version').startswith('sting')
    run(
        *(folder / 'bin' / 'sting', 'backtest', 'sting.library.sma_cross'),
        *('--data', 'sample', '--symbol', 'GOOG'),
        cwd=tmp_path,
        env={'HOME': str(tmp_path), 'PATH': '/usr/bin:/bin'},
    )
