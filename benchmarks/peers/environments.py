"""Each peer in an environment of its own, in exactly the versions pinned."""

import pathlib
import subprocess
import sys

PINS = pathlib.Path(__file__).parent / 'pins'
# Left alone by git.
FOLDER = pathlib.Path(__file__).parents[2] / '.peers'
# This one's versions need an interpreter newer than sting's oldest.
_NEWER = ('nautilus_rust', (3, 12))
_CANDIDATES = (sys.executable, 'python3.12', 'python3.13', 'python3.14')


class NoInterpreterError(Exception):
    """There is no interpreter that is new enough for a peer."""


def names() -> list[str]:
    """Gives the peers."""
    return sorted(path.stem for path in PINS.glob('*.txt'))


def python(
    peer: str, newer: str | None = None, pins: pathlib.Path | None = None
) -> str:
    """Gives a peer's interpreter, and sets it up where there is none.

    Args:
        peer: Which.
        newer: An interpreter of Python 3.12 or newer, for the peer that needs
            one; None to look for it.
        pins: The folder that has its versions; None for that of the peers.

    Raises:
        NoInterpreterError: There is none.
        subprocess.CalledProcessError: pip failed.
    """
    wanted = (pins or PINS) / f'{peer}.txt'
    home = FOLDER / peer
    stamp = home / 'pins.txt'
    found = str(home / 'bin' / 'python')
    if stamp.exists() and stamp.read_text() == wanted.read_text():
        return found
    print(f'setting up {peer} ...', flush=True)
    base = _base(peer, newer)
    subprocess.run([base, '-m', 'venv', '--clear', str(home)], check=True)
    pip = [found, '-m', 'pip', 'install', '-q', '--disable-pip-version-check']
    subprocess.run([*pip, '--no-deps', '-r', str(wanted)], check=True)
    stamp.write_text(wanted.read_text())
    return found


def _base(peer: str, newer: str | None) -> str:
    name, version = _NEWER
    if peer != name:
        return sys.executable
    for each in (newer,) if newer else _CANDIDATES:
        if _is_at_least(each, version):
            return each
    needed = '.'.join(map(str, version))
    raise NoInterpreterError(
        f'{peer} needs Python {needed} or newer: give one with --newer'
    )


def _is_at_least(interpreter: str, version: tuple[int, int]) -> bool:
    code = f'import sys; sys.exit(sys.version_info < {version})'
    try:
        done = subprocess.run(
            [interpreter, '-c', code], capture_output=True, check=False
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0
