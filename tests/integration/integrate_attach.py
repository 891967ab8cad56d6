"""An engine outlives its terminal, and others attach to it."""

import os
import signal
import time

import pytest

from tests.integration import terminal

pytestmark = pytest.mark.integration

READY = r'TRADING'


@pytest.fixture
def home(tmp_path):
    return terminal.make_home(tmp_path)


@pytest.fixture
def opened(home):
    """Opens terminals; ends what still runs in them, kept engines too."""
    made = []

    def open_one(*arguments, wanted=READY, **options):
        made.append(
            terminal.Terminal(
                home, arguments=arguments or ('--demo',), **options
            )
        )
        made[-1].until(wanted)
        return made[-1]

    yield open_one
    for one in made:
        one.close()


# It stands at the top of the list, and is never filled.
WORKING = r'buy\s+AAPL\s+0/7'


def give_order(shown):
    """Gives an order by hand that works on."""
    shown.until(r'AAPL\s+[\d,.]+')
    shown.child.send(':buy AAPL 7 limit 1\r')
    shown.until('y sends')
    shown.press('y')
    shown.until(WORKING)


def by_hand(home):
    """The orders that were not a strategy's."""
    return [
        (order['id'], order['status'], order['filled'])
        for order in terminal.sting(home, 'orders')
        if not order['strategy']
    ]


def test_a_cut_terminal_keeps_its_engine_and_a_new_one_takes_it_back(
    opened, home
):
    owner = opened()
    give_order(owner)
    before, orders = terminal.sting(home, 'status'), by_hand(home)

    owner.hang_up()

    log = home / 'state' / 'demo' / 'detached.log'
    wait_for(lambda: log.exists() and 'stays' in log.read_text())
    shown = opened('--attach')
    shown.until(WORKING)
    after = terminal.sting(home, 'status')
    assert after['pid'] == before['pid'] == owner.child.pid
    assert after['seq'] > before['seq']
    assert [row['status'] for row in after['strategies']] == ['running']
    assert by_hand(home) == orders

    # Leaving the terminal that was attached leaves the engine, too.
    shown.press(terminal.QUIT)
    shown.until(r'The engine goes on')
    shown.press('y')
    assert shown.wait_for_exit() == 0
    assert terminal.sting(home, 'status')['pid'] == before['pid']

    os.kill(before['pid'], signal.SIGTERM)
    assert owner.wait_for_exit() == 0
    assert terminal.sting(home, 'log', 'verify')['ok']


def test_several_watch_and_the_stop_is_theirs_too(opened, home):
    opened()
    first = opened('--read-only', wanted=r'\[READ-ONLY\].*TRADING')
    second = opened('--attach', '--read-only', wanted=r'\[READ-ONLY\]')
    first.child.send(':buy AAPL 7\r')
    first.until('y sends')
    first.press('y')
    first.until('only watches')
    assert by_hand(home) == []

    second.press(terminal.STOP)

    first.until(r'HALTED')
    assert terminal.sting(home, 'status')['state'] == 'HALTED'


def test_halt_stops_everything_and_keeps_the_engine(opened, home):
    config = home / 'config' / 'sting.yaml'
    config.write_text(terminal.FAST_DEMO + 'terminal: {on_hangup: halt}\n')
    owner = opened()

    owner.child.kill(signal.SIGHUP)

    wait_for(lambda: terminal.sting(home, 'status')['state'] == 'HALTED')
    assert terminal.sting(home, 'status')['reason'].startswith('hangup')
    assert terminal.sting(home, 'status')['pid'] == owner.child.pid


def test_a_lost_engine_is_shown_as_lost_and_takes_no_order(opened, home):
    owner = opened()
    shown = opened('--attach')
    shown.until(r'AAPL\s+[\d,.]+')

    owner.child.kill(signal.SIGKILL)

    shown.until(r'LOST \d+s')
    shown.until(r'what is shown is \d+s old')
    shown.child.send(':buy AAPL 7\r')
    shown.until('y sends')
    shown.press('y')
    shown.until('nothing was sent')
    # A stop that reaches nobody holds at the next start.
    shown.press(terminal.STOP)
    shown.until('next start is HALTED')


def test_a_profile_whose_engine_runs_offers_to_attach(opened, home):
    owner = opened()
    shown = opened('--demo', wanted=r'Attach to it\? \[Y/n\]')
    shown.child.send('\r')
    shown.until(READY)
    assert terminal.sting(home, 'status')['pid'] == owner.child.pid

    other = opened('--demo', wanted=r'Attach to it\? \[Y/n\]')
    other.child.send('n\r')
    assert other.wait_for_exit() == 1
    assert 'has an engine already' in other.text


def wait_for(condition):
    end = time.monotonic() + terminal.PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
