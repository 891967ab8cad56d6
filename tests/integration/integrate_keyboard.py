"""A first day at the workstation, by keyboard alone and in a real pty.

Nothing is there before it, and nothing is used that `?` does not tell.
"""

import re

import pytest

from tests.integration import terminal

pytestmark = pytest.mark.integration

SIZE = (160, 64)
DOWN, CLEAR, F3, RUN = '\x1b[B', '\x15', '\x1bOR', '\x12'


@pytest.fixture
def shown(tmp_path):
    """The workstation as it starts for someone who has no files."""
    made = terminal.Terminal(tmp_path / 'home', SIZE, arguments=())
    made.until('welcome: what runs')
    made.until(lambda: 'TRADING' in state_of(made))
    made.until(lambda: price_of(made))
    yield made
    made.close()


def state_of(shown):
    """The status bar."""
    return shown.text.partition('\n')[0]


def price_of(shown):
    found = re.search(r'AAPL\s+([\d.]+)', shown.text)
    return found and float(found[1])


def send_reviewed(shown):
    """Answers the review line, once it is armed."""
    shown.until('y sends')
    shown.press('y')


def test_a_day_from_nothing_to_a_stop_by_keyboard_alone(shown):
    turn_the_cards(shown)
    learn_the_keys(shown)
    buy_with_stop_and_target(shown)
    move_the_stop(shown)
    cancel_the_target(shown)
    reload_the_strategy(shown)
    run_a_backtest(shown)
    ask_why(shown)
    stop_everything(shown)


def turn_the_cards(shown):
    for wanted in ('how to get about', 'an order, and the stop', 'where'):
        shown.press(terminal.ENTER)
        shown.until(f'welcome: {wanted}')
    shown.press(terminal.ENTER)
    shown.until(lambda: 'welcome:' not in shown.text)


def learn_the_keys(shown):
    shown.press('?')
    for wanted in (r'Emergency stop', r'Opens the ticket to buy'):
        shown.until(wanted)
    shown.press(terminal.ESCAPE, pause=0.4)


def buy_with_stop_and_target(shown):
    shown.press('b', '1', '0', terminal.ENTER)
    # Type and time stay as they are; the exits are no needed fields.
    shown.press(DOWN, DOWN, '2', '%', DOWN, '4', '%', DOWN, DOWN)
    shown.until(r'10 AAPL market gtc, stop loss\W+[\d.]+')
    send_reviewed(shown)

    shown.until(r'filled\s+buy\s+AAPL\s+10/10')
    # Both exits work from the fill on.
    shown.until(lambda: len(exits(shown)) == 2)
    shown.press(terminal.ESCAPE, pause=0.4)


def exits(shown):
    """The prices of the exits that work, in the order of the pane."""
    return [
        float(each)
        for each in re.findall(
            r'accepted\s+sell\s+└AAPL\s+0/10\s+([\d.]+)', shown.text
        )
    ]


def go_to_order(shown, wanted):
    """Moves down the orders to one; the strategy has orders there as well."""
    shown.press('4', 'g', pause=0.3)
    for _ in range(20):
        if re.search(rf'▸{wanted}', shown.text):
            return
        shown.press('j', pause=0.3)
    raise AssertionError(f'no order {wanted}:\n{shown.text}')


def move_the_stop(shown):
    lowest = min(exits(shown))
    moved = f'{lowest - 5:.2f}'
    go_to_order(shown, rf'accepted\s+sell .*{lowest:.2f}')
    shown.press('m', pause=0.3)
    shown.press(terminal.ENTER, CLEAR, *moved, terminal.ENTER)
    shown.until(f'CHANGE to SELL 10 AAPL stop {moved}')
    send_reviewed(shown)

    shown.until(lambda: float(moved) in exits(shown))
    shown.press(terminal.ESCAPE, pause=0.4)


def cancel_the_target(shown):
    highest = max(exits(shown))
    go_to_order(shown, rf'accepted\s+sell .*{highest:.2f}')
    shown.press('c')

    shown.until(lambda: highest not in exits(shown))
    shown.until(r'cancelled\s+sell')


def reload_the_strategy(shown):
    shown.press('7', 'r', pause=0.3)

    shown.until(r'strategy sma_demo: reloaded')


def run_a_backtest(shown):
    shown.press(F3)
    shown.until('commission bps')
    shown.press(RUN)

    shown.until('done;')
    shown.until(r'round trips\s+\d+')
    assert 'TRADING' in state_of(shown)
    shown.press(terminal.ESCAPE, pause=0.4)


def ask_why(shown):
    go_to_order(shown, r'filled\s+buy\s+AAPL\s+10/10')
    shown.press('w')

    shown.until('max_order_notional')
    shown.until(r'operator')
    shown.press(terminal.ESCAPE, pause=0.4)


def stop_everything(shown):
    shown.press('b', '1')
    shown.press(terminal.STOP)

    shown.until(lambda: 'HALTED' in state_of(shown))
    assert terminal.sting(shown.home, 'status')['state'] == 'HALTED'
    assert terminal.sting(shown.home, 'log', 'verify')['ok']
