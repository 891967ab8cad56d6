"""A real SSH session: cut in the middle, and taken up again from another."""

import asyncio
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import asyncssh
import pyte
import pytest

from sting.control import pulling
from tests.integration import terminal

pytestmark = pytest.mark.integration

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = terminal.PROGRAMS / 'sting-tui'
TERMS = ('xterm', 'xterm-256color', 'tmux-256color')
PATIENCE_S = 60.0
# It stands at the top of the list, and is never filled.
WORKING = r'buy\s+AAPL\s+0/7'


@pytest.fixture
def home(tmp_path):
    return terminal.make_home(tmp_path)


@pytest.fixture
def line(home, tmp_path):
    """Gives what an SSH client needs to reach a server on this machine."""
    keys = tmp_path / 'keys'
    keys.mkdir()
    for name in ('host', 'user'):
        made = asyncssh.generate_private_key('ssh-ed25519')
        made.write_private_key(str(keys / name))
        made.write_public_key(str(keys / f'{name}.pub'))
    with subprocess.Popen(
        [sys.executable, '-m', 'tests.integration.ssh_server', str(keys)],
        cwd=ROOT,
        env=terminal.environment(home),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        yield {
            'host': '127.0.0.1',
            'port': int(server.stdout.readline()),
            'client_keys': [str(keys / 'user')],
            'known_hosts': ([str(keys / 'host.pub')], [], []),
            'username': 'operator',
            'config': None,
        }
        server.terminate()


@pytest.fixture
def kept(home):
    """Ends an engine that stays without a terminal."""
    yield
    lock = home / 'state' / 'demo' / 'engine.lock'
    if pid := pulling.holder(lock):
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + PATIENCE_S
    while (pid := pulling.holder(lock)) and time.monotonic() < end:
        time.sleep(0.05)
    if pid:
        os.kill(pid, signal.SIGKILL)
    assert not pid


class Shown:
    """A session with sting-tui in it, and what it paints."""

    def __init__(self, process, size):
        self.process = process
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)

    @property
    def text(self):
        return '\n'.join(self.screen.display)

    async def until(self, wanted):
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not re.search(wanted, self.text):
                    data = await self.process.stdout.read(65_536)
                    assert data, f'it ended before {wanted}:\n{self.text}'
                    self._stream.feed(data)
        except TimeoutError:
            raise AssertionError(f'never saw {wanted}:\n{self.text}') from None

    def type(self, keys):
        self.process.stdin.write(keys.encode())


@contextlib.asynccontextmanager
async def session(line, *arguments, term=TERMS[1], size=(120, 40)):
    """Opens sting-tui at the other end; leaving hangs up."""
    connection = await asyncssh.connect(**line)
    try:
        process = await connection.create_process(
            ' '.join([str(PROGRAM), *arguments]),
            term_type=term,
            term_size=size,
            encoding=None,
        )
        yield Shown(process, size)
    finally:
        # As a line that is cut: nothing is said.
        connection.abort()
        await connection.wait_closed()


async def ask(home, what):
    return await asyncio.to_thread(terminal.sting, home, what)


async def test_a_session_is_cut_and_another_takes_all_as_it_was(
    line, home, kept
):
    async with session(line, '--demo', term='tmux-256color') as shown:
        await shown.until(r'AAPL\s+[\d,.]+')
        await shown.until('TRADING')
        shown.type(':buy AAPL 7 limit 1\r')
        await shown.until('y sends')
        shown.type('y')
        await shown.until(WORKING)
        before = await ask(home, 'status')

    async with session(line, '--attach', term='xterm') as shown:
        await shown.until(WORKING)
        await shown.until('sma_demo|7 strat')
        after = await ask(home, 'status')
        assert after['pid'] == before['pid']
        assert after['seq'] >= before['seq']
        assert after['state'] == 'TRADING'
        assert [row['status'] for row in after['strategies']] == ['running']
        # The stop of this session is the engine's.
        shown.type(terminal.STOP)
        await shown.until('HALTED')
        shown.type(terminal.ESCAPE)
        assert (await ask(home, 'status'))['state'] == 'HALTED'


@pytest.mark.slow
@pytest.mark.parametrize('size', [(80, 24), (120, 40)])
@pytest.mark.parametrize('term', TERMS)
async def test_it_works_in_every_terminal(line, home, kept, term, size):
    async with session(line, '--demo', term=term, size=size) as shown:
        await shown.until(r'AAPL\s+[\d,.]+')
        await shown.until('TRADING')
        shown.type(':buy AAPL 7 limit 1\r')
        await shown.until('y sends')
        shown.type('y')
        shown.type('4')
        await shown.until(WORKING)
        shown.type('\x11')
        await shown.until('Quit with')
        shown.type('y')
        result = await shown.process.wait()
        assert result.exit_status == 0
