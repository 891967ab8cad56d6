"""The command line."""

import pytest

from sting.model import commands
from sting.model import errors
from sting.model import orders
from tests.unit.tui import stations
from tui import commands as command_line
from tui import ticket

pytestmark = pytest.mark.unit

SNAPSHOT = stations.snapshot()


def parse(line):
    return command_line.parse(line, SNAPSHOT)


@pytest.mark.parametrize(
    ('line', 'draft'),
    [
        ('buy aapl 10', ticket.Draft('buy', 'AAPL', '10')),
        (
            'sell IBM 1%r trailing_stop 2% gtd 2031-12-01 '
            'sl 160 tp 9% extended',
            ticket.Draft(
                'sell',
                'IBM',
                '1%r',
                'trailing_stop',
                time_in_force='gtd',
                trail='2%',
                expires='2031-12-01',
                stop_loss='160',
                take_profit='9%',
                hours='extended',
            ),
        ),
        (
            'sell IBM 5 limit 150.5 day',
            ticket.Draft(
                'sell', 'IBM', '5', 'limit', '150.5', time_in_force='day'
            ),
        ),
        (
            'order buy IBM 5 stop 150',
            ticket.Draft('buy', 'IBM', '5', 'stop', stop_price='150'),
        ),
        (
            'buy IBM 5 stop_limit 150 151',
            ticket.Draft('buy', 'IBM', '5', 'stop_limit', '151', '150'),
        ),
        ('buy IBM 5 ioc', ticket.Draft('buy', 'IBM', '5', time_in_force='ioc')),
    ],
)
def test_orders_go_to_the_review_and_no_further(line, draft):
    assert parse(line) == command_line.Outcome(draft=draft)


@pytest.mark.parametrize(
    ('line', 'said'),
    [
        ('buy AAPL', 'write buy SYMBOL'),
        ('buy AAPL ten', 'quantity: not a number'),
        ('buy AAPL 10 limit', 'price: needed'),
        ('buy AAPL 10 limit 5 now', "'now' is too much"),
        ('buy AAPL 10 sl', 'sl needs a price'),
        ('buy AAPL 10 sl 2% tp', 'tp needs a price'),
        ('buy AAPL 10 gtd', 'expires: needed'),
        (f'buy AAPL 10 limit {"9" * 400}', 'price: is too large'),
        (f'why {"9" * 20}', 'no event has so high'),
        ('order AAPL', 'write order'),
        ('cancel', 'write cancel'),
        ('cancel nothing', "no working order 'nothing'"),
        ('resume please', 'write resume RESUME'),
        ('flatten now', 'write flatten FLATTEN'),
        ('start', 'write start'),
        ('start x', 'there are sma_demo'),
        ('symbol', 'write symbol'),
        ('symbol XYZ', 'not in the watchlist'),
        ('theme a b', 'write theme'),
        ('strategy', 'write strategy'),
        ('strategy x', 'there are sma_demo'),
        ('why not', 'write why NUMBER'),
        ('resum', 'did you mean resume'),
        ('xyzzy', 'there are buy'),
    ],
)
def test_a_wrong_line_says_how_it_is_written(line, said):
    with pytest.raises(errors.InputError, match=said):
        parse(line)


@pytest.mark.parametrize(
    ('line', 'command'),
    [
        ('cancel log-101-0-1', commands.CancelOrder(order_id='log-101-0-1')),
        ('resume RESUME', commands.Resume(confirm='RESUME')),
        ('flatten FLATTEN', commands.Flatten(confirm='FLATTEN')),
        (
            'flatten FLATTEN ibm',
            commands.Flatten(symbol='IBM', confirm='FLATTEN'),
        ),
        ('start sma_demo', commands.StartStrategy(name='sma_demo')),
        ('stop sma_demo', commands.StopStrategy(name='sma_demo')),
        ('reload sma_demo', commands.ReloadStrategy(name='sma_demo')),
        ('rollback sma_demo', commands.RollbackStrategy(name='sma_demo')),
    ],
)
def test_commands(line, command):
    assert parse(line) == command_line.Outcome(command=command)


def test_cancelling_all_asks_first():
    outcome = parse('cancel all')
    assert outcome.command == commands.CancelAll()
    assert '1 working order?' in outcome.question


@pytest.mark.parametrize(
    ('line', 'action'),
    [
        ('halt', 'emergency_stop'),
        (
            'set sma_demo fast=12 slow=',
            "set_parameters('sma_demo', {'fast': '12', 'slow': None})",
        ),
        ('resume', 'resume'),
        ('flatten', 'flatten_all'),
        ('shutdown', 'shutdown'),
        ('shutdown 5', 'shutdown(5, 1.0)'),
        ('shutdown 5 30', 'shutdown(5, 30.0)'),
        ('symbol ibm', "select_symbol('IBM')"),
        ('theme', 'next_theme'),
        ('theme light', "take_theme('light')"),
        ('help', 'show_help'),
        ('inbox', 'show_inbox'),
        ('strategy sma_demo', "show_strategy('sma_demo')"),
        ('why 12', 'explain(12)'),
        ('quit', 'leave'),
    ],
)
def test_actions(line, action):
    assert parse(line) == command_line.Outcome(action=action)


def test_an_empty_line_does_nothing():
    assert parse('  ') == command_line.Outcome()


def test_only_working_orders_can_be_cancelled():
    done = stations.order(5, status=orders.OrderStatus.FILLED)
    snapshot = stations.snapshot(orders=(done,))
    with pytest.raises(errors.InputError):
        command_line.parse(f'cancel {done.id}', snapshot)


def test_completions_are_lines_that_begin_with_a_command():
    lines = command_line.completions(SNAPSHOT, ['dark'])
    assert 'buy AAPL ' in lines
    assert 'theme dark' in lines
    assert 'cancel log-101-0-1' in lines
    known = {*command_line.WORDS, *command_line.NAMED}
    assert all(line.split()[0] in known for line in lines)


@pytest.mark.parametrize(
    ('line', 'text'),
    [
        ('', ' '.join(command_line.WORDS)),
        ('s', 'sell stopped shutdown start stop strategy set symbol'),
        ('can', 'cancel ID | all'),
        ('theme li', 'theme [NAME]'),
        ('xyz', ''),
    ],
)
def test_what_is_typed_is_explained(line, text):
    assert command_line.explain(line) == text


def test_reduce_takes_its_reason():
    outcome = command_line.parse('reduce too wild', stations.snapshot())
    assert outcome.command == commands.Reduce(reason='too wild')


@pytest.mark.parametrize(
    'words', ['0', 'all', '5 -1', '5 nan', '5 inf', '5 30 1', '1e3']
)
def test_a_shutdown_that_makes_no_sense_is_refused(words):
    with pytest.raises(errors.InputError, match='shutdown'):
        parse(f'shutdown {words}')


@pytest.mark.parametrize(
    ('line', 'command'),
    [
        (
            'protect ibm stop 2% trail 1.5 time 5d',
            commands.Protect(
                symbol='IBM', stop_loss='2%', trail=1.5, max_holding='5d'
            ),
        ),
        ('protect IBM off', commands.Protect(symbol='IBM')),
    ],
)
def test_a_protection_is_asked_about(line, command):
    outcome = parse(line)
    assert outcome.command == command
    assert 'IBM' in outcome.question


def test_a_fork_has_an_event_and_changes():
    outcome = parse('fork 20 sma.fast=5 max_position=100')
    assert outcome.action == "fork(20, ('sma.fast=5', 'max_position=100'))"
    for wrong in ('fork', 'fork 20', 'fork max_position=5'):
        with pytest.raises(errors.InputError, match='write fork EVENT'):
            parse(wrong)


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('protect IBM', 'write protect SYMBOL'),
        ('protect IBM stop', 'write protect SYMBOL'),
        ('protect IBM floor 5', 'write protect SYMBOL'),
        ('protect IBM stop low', 'no price'),
        ('protect IBM time soon', 'is no time'),
        ('preset', 'write preset NAME'),
    ],
)
def test_a_wrong_protection_or_preset_says_how_it_is_written(line, message):
    with pytest.raises(errors.InputError, match=message):
        parse(line)
