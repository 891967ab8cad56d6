"""`sting fork`: its words; what it does is tested with the session."""

import json

import pytest

from tests.unit.session import replays

pytestmark = pytest.mark.unit


@pytest.fixture
def path(tmp_path):
    return str(replays.write(tmp_path / 'events.db', replays.traded()))


def test_a_table_with_the_change_and_the_notes(sting, path):
    result = sting(
        'fork', path, '--profile', 'demo', '--at', '20',
        '--limit', 'max_position=5', 'price_collar=0.5',
    )  # fmt: skip
    assert result.code == 0, result.err
    assert 'from event 20' in result.out
    assert 'max_position: ' in result.out
    assert '-> 5' in result.out
    assert 'price_collar' in result.out
    assert 'the change makes +0.00' in result.out
    assert '- no strategy of the profile ran' in result.out


def test_json_has_the_curves(sting, path):
    result = sting(
        'fork', path, '--profile', 'demo', '--time', '2013-03-01T12:02',
        '--limit', 'max_position=5', '--json',
    )  # fmt: skip
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert set(found['curves']) == {'then', 'base', 'fork'}
    assert found['fork']['fills'] == 0
    assert found['then']['fills'] > 0


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        ([], 'either --at N or --time T'),
        (['--at', '3', '--set', 'fast'], 'write NAME=VALUE'),
        (['--at', '3', '--set', 'fast=3'], 'STRATEGY.PARAMETER=VALUE'),
        (['--at', '3', '--limit', 'x=nan'], 'a number of 0 or more'),
        (['--at', '3'], 'nothing is changed'),
        (['--at', '3', '--set', 'sma.fast=3'], "strategy 'sma'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(sting, path, words, said):
    result = sting('fork', path, '--profile', 'demo', *words)
    assert result.code == 2
    assert said in result.err
    assert result.err.count('\n') == 1


def test_a_form_asks_what_can_be_changed(sting, path):
    result = sting(
        'fork', path, '--profile', 'demo', '--at', '20', '--offer', '--json'
    )
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert set(found) == {'strategies', 'limits', 'notes'}
    assert 'max_position' in {each['name'] for each in found['limits']}
