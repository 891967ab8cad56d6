"""The workstation as a person sees it: the real program in a real pty."""

import itertools
import re
import signal
import time

import pytest

from tests.integration import terminal

pytestmark = pytest.mark.integration

READY = r'TRADING'
# What only this pane shows, by the number that goes to it.
PANES = {
    '1': r'change\s+net\s+trend',
    '2': r'O [\d.]+ H [\d.]+ L',
    '3': r'quantity\s+how many',
    '4': r'status\s+side\s+symbol',
    '5': r'P&L open',
    '6': r'severity|no alerts',
    '7': r'sma_demo',
    '8': r'seq.*what',
}


@pytest.fixture
def home(tmp_path):
    return terminal.make_home(tmp_path)


@pytest.fixture
def opened(home):
    """Opens terminals, and ends what still runs in them."""
    made = []

    def open_one(**options):
        made.append(terminal.Terminal(home, **options))
        made[-1].until(READY)
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def last_price(shown):
    found = re.search(r'AAPL\s+([\d,.]+)', shown.text)
    return found and found[1]


def start_order(shown, quantity='10'):
    """Fills the ticket in up to the review line."""
    shown.until(lambda: last_price(shown))
    shown.press('b', *quantity)
    for _ in range(4):
        shown.press(terminal.ENTER)


def test_prices_move(opened):
    shown = opened()
    shown.until(lambda: last_price(shown))
    before = last_price(shown)

    shown.until(lambda: last_price(shown) != before)

    assert 'DEMO' in shown.text


def test_a_reviewed_order_is_sent_by_y_and_filled(opened):
    shown = opened()
    start_order(shown, '7')
    shown.pump(0.5)
    shown.press('y')

    shown.until(r'filled\s+buy\s+AAPL\s+7/7')


def test_keys_that_arrive_in_one_read_keep_their_order(opened):
    shown = opened()
    shown.until(lambda: last_price(shown))

    shown.child.send('b10' + terminal.ENTER * 3)

    shown.until(r'BUY 10 AAPL market gtc')


def test_an_order_is_changed_by_keys_that_arrive_in_one_read(opened):
    shown = opened()
    shown.until(lambda: last_price(shown))
    shown.child.send(':buy AAPL 10 limit 1\r')
    shown.until('y sends')
    shown.press('y')
    shown.until(r'buy\s+AAPL\s+0/10')
    shown.press('4', pause=0.3)

    shown.child.send('m\x1512' + terminal.ENTER * 2)

    shown.until(r'CHANGE to BUY 12 AAPL limit 1 ')


def test_a_held_enter_sends_nothing(opened, home):
    shown = opened()
    start_order(shown, '7')
    shown.press(*[terminal.ENTER] * 20, pause=0.03)
    shown.pump(0.5)

    assert not [
        order
        for order in terminal.sting(home, 'orders')
        if not order['strategy']
    ]


def state_of(shown):
    """The status bar."""
    return shown.text.partition('\n')[0]


def test_the_stop_works_while_typing_and_outlives_the_program(opened, home):
    shown = opened()
    shown.until(lambda: last_price(shown))
    took = []
    for _ in range(3):
        shown.press('b', '1')
        shown.child.send(terminal.STOP)
        took.append(shown.until(lambda: 'HALTED' in state_of(shown)))
        if took[-1] < 1.0:
            break
        # Others use the machine as well: the best of three counts.
        terminal.sting(home, 'resume', '--confirm', 'RESUME')
        shown.until(lambda: 'TRADING' in state_of(shown))
        shown.press(terminal.ESCAPE)
    assert min(took) < 1.0

    shown.press(terminal.QUIT)
    shown.pump(0.5)
    if not shown.child.terminated and re.search(r'Quit\?', shown.text):
        shown.press('y')
    assert shown.wait_for_exit() == 0

    again = terminal.Terminal(home)
    try:
        again.until('HALTED')
        assert terminal.sting(home, 'status')['state'] == 'HALTED'
    finally:
        again.close()


def set_on_hangup(home, policy):
    """Writes what is to become of the engine without its terminal."""
    config = home / 'config' / 'sting.yaml'
    text = terminal.FAST_DEMO + f'terminal: {{on_hangup: {policy}}}\n'
    config.write_text(text, encoding='utf-8')


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(opened, home, number):
    set_on_hangup(home, 'stop')
    shown = opened()
    shown.until(lambda: last_price(shown))
    shown.child.kill(number)

    assert shown.wait_for_exit() == 0
    assert terminal.sting(home, 'log', 'verify')['ok']
    # The terminal is left as it was found: out of the alternate screen.
    assert b'\x1b[?1049l' in shown.raw


def test_a_closed_terminal_ends_it_in_order(opened, home):
    set_on_hangup(home, 'stop')
    shown = opened()
    shown.until(lambda: last_price(shown))
    shown.hang_up()

    assert shown.wait_for_exit() == 0
    assert terminal.sting(home, 'log', 'verify')['ok']


def test_a_stalled_reader_does_not_stall_the_engine(opened, home):
    shown = opened()
    shown.until(lambda: last_price(shown))
    time.sleep(1)
    seen = [terminal.sting(home, 'status')['seq']]
    for _ in range(3):
        time.sleep(1)
        seen.append(terminal.sting(home, 'status')['seq'])

    # Five symbols ten times a second.
    assert all(late - early > 25 for early, late in itertools.pairwise(seen))
    # And when the reader comes back, so does the screen.
    price = last_price(shown)
    shown.until(lambda: last_price(shown) != price)


@pytest.mark.parametrize('size', [(80, 24), (120, 40), (200, 50)])
def test_every_pane_can_be_reached_at_any_size(opened, size):
    shown = opened(size=size)

    for number, wanted in PANES.items():
        shown.press(number)
        shown.until(wanted)
        if number == '3':
            # In a field a digit is typed; esc goes back to the lists.
            shown.press('\x1b', pause=0.3)


@pytest.mark.parametrize('variables', [{'TERM': 'xterm'}, {'NO_COLOR': '1'}])
def test_a_plain_terminal_shows_the_panes(opened, variables):
    shown = opened(**variables)

    shown.until(lambda: last_price(shown))
    assert '1 watchlist' in shown.text
    assert '4 orders' in shown.text


def test_why_walks_from_an_order_back_to_the_bar(opened):
    shown = opened()
    shown.press('4')
    shown.until(r'filled\s+buy')
    shown.press('w')

    for wanted in (
        r'max_order_notional',
        r'order_request .*sma_demo',
        r'signal .*order (buy|sell)',
        r'because .*crossed (above|below)',
        r'market_data .*1m o',
    ):
        shown.until(wanted)


def test_a_backtest_runs_beside_the_engine(opened):
    shown = opened(size=(140, 45))
    shown.press('\x1bOR')
    shown.until('commission bps')
    shown.press('\x12')

    shown.until('done;')
    shown.until('drawdown')
    assert re.search(r'round trips\s+\d+', shown.text)
    assert 'TRADING' in shown.text
