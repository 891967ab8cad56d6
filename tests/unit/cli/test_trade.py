"""Orders and cancels from the command line."""

import json

import pytest

from sting.cli import trade
from sting.model import commands

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['buy', 'IBM', '0'], 'above 0'),
        (['buy', 'IBM', 'nan'], 'above 0'),
        (['buy', 'IBM', 'ten'], 'not a valid float'),
        (['hold', 'IBM', '1'], "'hold' is not one of"),
        (['buy', 'IBM', '1', '--type', 'limit'], 'needs a price'),
        (['buy', 'IBM', '1', '--price', '5'], 'takes no price'),
        (['buy', 'IBM', '1', '--type', 'stop'], 'needs a stop price'),
        (['buy', 'I M', '1'], 'not a symbol'),
        (['buy', 'IBM', '1', '--type', 'trailing_stop'], 'needs a trail'),
        (['buy', 'IBM', '1', '--trail', '2%'], 'takes no trail'),
        (['buy', 'IBM', '1', '--tif', 'gtd'], 'at which it expires'),
        (
            ['buy', 'IBM', '1', '--tif', 'gtd', '--expires', 'soon'],
            "'soon' is no moment",
        ),
        (
            ['buy', 'IBM', '1', '--take-profit', '5', '--stop-loss', '6'],
            'must be above its stop loss 6',
        ),
    ],
)
def test_order_that_makes_no_sense_exits_with_2(sting, home, words, message):
    outcome = sting('order', *words)
    assert outcome.code == 2
    assert message in outcome.err


def test_order_without_an_engine_exits_with_3(sting, home):
    assert sting('order', 'buy', 'IBM', 1).code == 3
    assert sting('cancel', 'x').code == 3


def test_a_dry_run_shows_every_rule_and_sends_nothing(sting, engine):
    outcome = sting('order', 'buy', 'IBM', 3, '--dry-run')
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0].split() == ['RULE', 'FIGURE', 'LIMIT', 'LEFT', 'OF']
    word, name, figure, limit, left, unit = lines[1].split(maxsplit=5)
    assert (word, name) == ('ok', 'max_order_notional')
    figure, limit, left = (
        float(text.replace(',', '')) for text in (figure, limit, left)
    )
    assert left == pytest.approx(limit - figure, abs=1.0)
    assert unit == 'in cash'
    assert lines[-1] == 'would approve 3'
    assert json.loads(sting('orders', '--json').out) == []


def test_a_dry_run_that_would_be_denied_exits_with_1(sting, engine):
    outcome = sting('order', 'buy', 'IBM', 100000, '--dry-run', '--json')
    assert outcome.code == 1
    found = json.loads(outcome.out)
    assert found['decision'] == 'deny'
    assert any(rule['failed'] for rule in found['rules'])


def test_order_that_risk_denies_exits_with_1(sting, engine):
    outcome = sting('order', 'buy', 'IBM', 100000)
    assert outcome.code == 1
    assert 'max_order_notional' in outcome.err
    assert outcome.out == ''


def test_denied_order_as_json_says_so_on_stdout(sting, engine):
    outcome = sting('order', 'buy', 'IBM', 100000, '--json')
    assert outcome.code == 1
    assert json.loads(outcome.out)['ok'] is False


def test_symbol_that_is_not_there_exits_with_2_and_names_those_there(
    sting, engine
):
    outcome = sting('order', 'buy', 'NONE', 1)
    assert outcome.code == 2
    assert 'its symbols are AAPL' in outcome.err


def test_limit_order_works_until_it_is_cancelled(sting, engine):
    sent = sting(
        'order', 'buy', 'IBM', 1, '--type', 'limit', '--price', 100, '--json'
    )
    order_id = json.loads(sent.out)['order_id']
    outcome = sting('cancel', order_id)
    assert outcome.code == 0
    assert order_id in outcome.out
    again = sting('cancel', 'no-such-order')
    assert again.code == 1
    assert 'no-such-order' in again.err


def test_an_order_takes_exits_with_it(sting, home, monkeypatch):
    given = []
    monkeypatch.setattr(
        trade, 'give', lambda command, *_: given.append(command)
    )
    exits = ['--take-profit', 120, '--stop-loss', 90]
    assert sting('order', 'buy', 'IBM', 1, *exits).code == 0
    assert (given[0].take_profit, given[0].stop_loss) == (120.0, 90.0)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ([], 'or --off'),
        (['--off', '--stop', '5'], 'or --off'),
        (['--stop', 'x'], 'no price'),
        (['--time', '5y'], 'as in 5d'),
    ],
)
def test_protection_that_makes_no_sense_exits_with_2(
    sting, home, words, message
):
    outcome = sting('protect', 'IBM', *words)
    assert outcome.code == 2
    assert message in outcome.err


def test_a_position_is_protected_as_asked(sting, home, monkeypatch):
    given = []
    monkeypatch.setattr(
        trade, 'give', lambda command, *_: given.append(command)
    )
    words = ['--stop', '2%', '--target', 120, '--trailing', 1.5, '--time', '5d']
    assert sting('protect', 'IBM', *words).code == 0
    assert sting('protect', 'IBM', '--off', '--strategy', 'a').code == 0
    assert given == [
        commands.Protect(
            symbol='IBM',
            stop_loss='2%',
            take_profit=120.0,
            trail=1.5,
            max_holding='5d',
        ),
        commands.Protect(symbol='IBM', strategy='a'),
    ]


def test_nothing_held_is_nothing_protected(sting, engine):
    outcome = sting('protect', 'IBM', '--stop', '2%')
    assert outcome.code == 1
    assert 'nothing of IBM is held' in outcome.err
