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
    assert outcome.err == 'sting: the stop missed its goals: working orders\n'
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
