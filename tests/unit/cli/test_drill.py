"""`sting drill`."""

import json

import pytest

from sting.session import drill

pytestmark = pytest.mark.unit


@pytest.fixture
def one_case(monkeypatch):
    monkeypatch.setattr(drill, 'ORDER_MS', 1e9)
    monkeypatch.setattr(drill, 'CANCEL_MS', 1e9)
    calm = drill.CASES['working orders']
    monkeypatch.setattr(drill, 'CASES', {'working orders': calm})


def test_the_table_has_a_line_for_each_case(sting, home, one_case):
    outcome = sting('drill')
    assert outcome.code == 0
    head, line, goals = outcome.out.splitlines()
    assert head.split()[:2] == ['CASE', 'FLAG']
    assert line.startswith('working orders')
    assert line.endswith('ok')
    assert goals.startswith('milliseconds since the stop was pulled')


def test_as_json_a_missed_goal_exits_with_1(sting, home, one_case, monkeypatch):
    monkeypatch.setattr(drill, 'CANCEL_MS', 0.0)
    outcome = sting('drill', '--profile', 'paper', '--json')
    assert outcome.code == 1
    assert outcome.err.startswith(
        'sting: the stop missed its goals: working orders'
    )
    found = json.loads(outcome.out)
    assert found['profile'] == 'paper'
    (case,) = found['cases']
    assert (case['case'], case['ok'], case['left']) == (
        'working orders', False, 0,
    )  # fmt: skip


def test_a_live_profile_is_said_not_to_be_touched(sting, home, one_case):
    home.config.mkdir()
    (home.config / 'sting.yaml').write_text(
        'profiles:\n'
        '  real:\n'
        '    mode: live\n'
        '    broker: ibkr\n'
        '    account: U1\n'
        '    feed: binance\n'
        '    symbols: [BTCUSDT]\n'
    )
    outcome = sting('drill', '--profile', 'real')
    assert outcome.code == 0
    assert outcome.out.startswith('real is LIVE and is not touched')


def test_a_missed_goal_of_a_busy_machine_is_told_as_such(
    sting, home, one_case, monkeypatch
):
    monkeypatch.setattr(drill, 'CANCEL_MS', 0.0)
    monkeypatch.setattr(drill, 'BUSY_MS', 0.0)
    outcome = sting('drill')
    assert 'MISSED, busy machine' in outcome.out
    assert 'the machine was busy: a wait of 1 ms took' in outcome.err
    last = sting('drill', '--last')
    assert last.code == 0
    assert last.out.startswith('drilled 2')
    assert 'MISSED, busy machine' in last.out


def test_the_last_drill_is_kept_for_its_profile(sting, home, one_case):
    assert sting('drill', '--json').code == 0
    found = json.loads(sting('drill', '--last', '--json').out)
    (case,) = found['last']['cases']
    assert (case['case'], case['ok']) == ('working orders', True)
    other = sting('drill', '--last', '--profile', 'paper')
    assert other.code == 2
    assert 'paper was never drilled' in other.err
    nothing = sting('drill', '--last', '--json', '--profile', 'paper')
    assert json.loads(nothing.out) == {'profile': 'paper', 'last': None}
