"""Keys of accounts are nowhere: files, outputs, screens, reprs, crashes.

A session trades at a local Alpaca with keys that are looked for afterwards,
whatever went wrong.
"""

import asyncio
import base64
import contextlib
import gc
import os
import subprocess
import sys
import textwrap
import time
import traceback

import pytest

from sting import control
from sting import session
from sting import settings
from sting.engine import bus
from sting.model import commands
from sting.model import orders
from tests.brokers.alpaca import server as servers
from tests.brokers.alpaca import world as worlds
from tests.integration import terminal
from tests.unit.broker import plugins
from tests.unit.session import stations

pytestmark = pytest.mark.integration

KEY, SECRET = servers.KEY, servers.SECRET
WRONG = 'canarycanarycanary01'
BASIC = base64.b64encode(f'{KEY}:{SECRET}'.encode()).decode()
CANARIES = (KEY, SECRET, WRONG, BASIC)
LOOK_S = 40.0

SPY = """
    import os
    import sys

    from sting import strategy


    class Spy(strategy.AbstractStrategy):
        async def on_market_data(self, data):
            print(dict(os.environ), flush=True)
            sys.stderr.write(open('/proc/self/environ').read())
            self.log.info(str(dict(os.environ)))
            raise RuntimeError(dict(os.environ))
"""


def leaks(text):
    """Which of the keys a text has."""
    if isinstance(text, str):
        text = text.encode('utf-8', 'replace')
    return [one for one in CANARIES if one.encode() in text]


def leaking_files(folder):
    return {
        path.name: leaks(path.read_bytes())
        for path in folder.rglob('*')
        if path.is_file() and leaks(path.read_bytes())
    }


@pytest.fixture
def world():
    async def make():
        return worlds.AlpacaWorld()

    made = asyncio.run(make())
    yield made
    asyncio.run(made.close())


@pytest.fixture
def home(tmp_path, world, monkeypatch):
    root = terminal.make_home(
        tmp_path,
        'feeds: {demo: {interval_s: 0.1}}\n'
        'profiles: {canary: {mode: paper, broker: alpaca, feed: demo, '
        'symbols: [AAPL, MSFT], strategies: [spy]}}\n',
    )
    config = root / 'config'
    (config / 'exchanges').mkdir()
    (config / 'exchanges' / 'alpaca.yaml').write_text(
        f'trading_url: http://127.0.0.1:{world.server.port}\nanswer_s: 2\n'
    )
    (config / 'strategy.yaml').write_text(
        'strategies: {spy: {strategy: spy.py}}\n'
    )
    (root / 'strategies').mkdir()
    (root / 'strategies' / 'spy.py').write_text(textwrap.dedent(SPY))
    monkeypatch.setenv('STING_HOME', str(root))
    monkeypatch.setenv('STING_ALPACA_KEY', KEY)
    monkeypatch.setenv('STING_ALPACA_SECRET', SECRET)
    return settings.Home.find()


def run(*words, **variables):
    """What a command says, on stdout and stderr."""
    done = subprocess.run(
        [sys.executable, '-m', 'sting.cli.main', *words],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def until(condition):
    end = time.monotonic() + LOOK_S
    while not (found := condition()):
        assert time.monotonic() < end, 'it did not happen in time'
        time.sleep(0.02)
    return found


@contextlib.contextmanager
def engine(home):
    """An engine in a process of its own, and what it says in the end."""
    said = []
    process = subprocess.Popen(
        [sys.executable, '-m', 'sting.cli.main', 'run', '--profile', 'canary'],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said.append(process.stdout.readline())
        assert said[0].startswith('profile canary'), process.stdout.read()
        yield process, said
    finally:
        process.kill()
        said.append(process.communicate()[0])


def there(world, work):
    return asyncio.run_coroutine_threadsafe(work, world._loop).result(30)


def submit(home, **more):
    found = control.find(home)
    return found.submit(
        commands.SubmitOrder(
            symbol='AAPL',
            side=orders.OrderSide.BUY,
            quantity=1.0,
            type=orders.OrderType.LIMIT,
            price=1.0,
            **more,
        )
    )


def test_a_session_with_faults_and_a_crash_keeps_its_keys(home, world):
    outputs = []
    with engine(home) as (process, said):
        status = control.find(home).request
        until(lambda: status('status')['brokers'][0]['status'] == 'connected')
        until(lambda: bool(submit(home).ok))
        # A service may quote what it was given.
        quoted = f'{KEY} {SECRET} are not known here'
        for status_code, body in (
            (401, {'message': quoted}),
            (422, {'code': 40010001, 'message': quoted}),
            (502, f'<html>{quoted}</html>'),
        ):
            world.server.faults.append(
                servers.Fault('POST', '/v2/orders', status_code, body)
            )
            submit(home)
        until((home.state('canary') / 'strategies').is_dir)
        until(
            lambda: (
                'failed' in str(status('strategies'))
                or 'quarantined' in str(status('strategies'))
            )
        )
        for words in (
            ('status',), ('orders',), ('positions',), ('inbox',),
            ('strategies',), ('log', 'show'), ('keys', 'list'),
        ):  # fmt: skip
            outputs.append(run(*words, '--json'))
        # Another account ends the engine with an error.
        world.server.changed['/v2/account'] = lambda found: (
            found | {'account_number': 'PA0000000000'}
        )
        there(world, world.server.drop())
        world.server.down = False
        process.wait(LOOK_S)
    assert 'PA0000000000' in said[-1]
    assert process.returncode == 1
    assert [text for text in outputs + said if leaks(text)] == []
    # They had the occasion: what the service said is told, and the strategy
    # wrote what it could see.
    assert 'are not known here' in ''.join(outputs)
    printed = [
        path.read_text()
        for path in (home.state('canary') / 'strategies').glob('*')
        if path.is_file()
    ]
    assert 'STING_HOME' in ''.join(printed)
    assert leaking_files(home.config.parent) == {}


def test_the_doctor_does_not_tell_them_and_wrong_ones_neither(home):
    right = run('doctor', '--profile', 'canary', '--json')
    assert 'STING_ALPACA_KEY is in the environment' in right
    wrong = run('doctor', '--profile', 'canary', STING_ALPACA_KEY=WRONG)
    assert 'fail  connection' in wrong
    assert leaks(right) == leaks(wrong) == []


def test_no_repr_and_no_traceback_of_a_running_session_has_them(home):
    station = session.open('canary', home=home)
    station.start()
    try:
        stations.until(lambda: station.snapshot().account)
        for one in gc.get_objects():
            if str(type(one).__module__).startswith(('sting.', 'tests.')):
                assert leaks(repr(one)) == []
        # What no part of sting would send ends the engine.
        station._room.bus.post(
            bus.Lane.REPORTS, bus.Incoming(stations.T.COMMAND, None, 'test')
        )
        assert station.wait(LOOK_S)
        told = ''.join(
            traceback.TracebackException.from_exception(
                station.failure, capture_locals=True
            ).format()
        )
        assert leaks(told + repr(station.snapshot())) == []
    finally:
        station.close()
    assert leaking_files(home.config.parent) == {}


CRASHES = """
    def build(setup):
        key = setup.key('STING_MINE_KEY')
        raise RuntimeError('it breaks with the key in hand')
"""


def test_a_crash_of_the_terminal_shows_no_variables(tmp_path, monkeypatch):
    plugins.install(tmp_path, monkeypatch, source=CRASHES)
    root = terminal.make_home(
        tmp_path,
        'profiles: {mine: {mode: paper, broker: mine, feed: demo, '
        'symbols: [AAPL], account: U1}}\n',
    )
    made = terminal.Terminal(
        root,
        arguments=('--profile', 'mine'),
        STING_MINE_KEY=KEY,
        PYTHONPATH=str(tmp_path / 'site_mine'),
    )
    try:
        assert made.wait_for_exit() == 1
        assert b'it breaks with the key in hand' in made.raw
        assert leaks(made.raw) == []
    finally:
        made.close()


def test_the_screens_do_not_show_them(home):
    made = terminal.Terminal(
        home.config.parent, arguments=('--profile', 'canary')
    )
    try:
        made.until('PA2JWFLA2OZ5')
        for key in ('8', '\x1b[15~', '6', '?', terminal.ESCAPE):
            made.press(key)
        made.press(terminal.STOP)
        made.until('HALTED')
        assert leaks(made.raw) == []
    finally:
        made.close()
    assert leaking_files(home.config.parent) == {}
