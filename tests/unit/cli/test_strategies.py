"""What can run, and what is running."""

import json

import pytest

from tests.unit.session import stations

pytestmark = pytest.mark.unit

OWN = """
from sting import strategy


class Mine(strategy.AbstractStrategy):
    parameters = {'size': strategy.Parameter(7, low=1, doc='How many.')}
"""


def _rows(sting, *words):
    return json.loads(sting('strategies', '--json', *words).out)


def test_configured_and_shipped_ones_are_listed_without_an_engine(sting, home):
    rows = {row['strategy']: row for row in _rows(sting)}
    cross = rows['sting.library.sma_cross']
    assert (cross['name'], cross['status']) == ('sma_demo', 'configured')
    assert cross['parameters']['fast']['value'] == 10
    assert cross['parameters']['fast']['doc']
    assert rows['sting.library.buy_and_hold']['status'] == 'available'
    assert 'fast=10 slow=30' in sting('strategies').out


def test_running_ones_say_so(sting, engine):
    def demo():
        return next(row for row in _rows(sting) if row['name'] == 'sma_demo')

    stations.until(lambda: demo()['status'] == 'running')
    assert demo()['symbols'] == ['AAPL', 'IBM', 'MSFT', 'GOOG', 'FB']


def test_file_in_the_strategies_folder_is_listed(sting, home):
    home.strategies.mkdir()
    path = home.strategies / 'mine.py'
    path.write_text(OWN)
    row = next(r for r in _rows(sting) if r['strategy'] == str(path))
    assert row['parameters']['size']['default'] == 7


def test_a_forms_fields_are_made_from_what_backtest_takes(sting, home):
    home.strategies.mkdir()
    (home.strategies / 'mine.py').write_text(OWN)
    found = json.loads(
        sting('strategies', '--settings-json', '--json', 'mine.py:Mine').out
    )
    assert [(each['name'], each['low']) for each in found] == [('size', 1)]


def test_configured_file_is_listed_once(sting, home):
    home.strategies.mkdir()
    (home.strategies / 'mine.py').write_text(OWN)
    home.config.mkdir()
    (home.config / 'strategy.yaml').write_text(
        'strategies: {own: {strategy: "mine.py:Mine", parameters: {size: 3}}}'
    )
    rows = [r for r in _rows(sting) if 'mine.py' in r['strategy']]
    assert [(r['name'], r['status']) for r in rows] == [('own', 'configured')]
    assert rows[0]['parameters']['size']['value'] == 3


def test_broken_file_is_listed_with_its_mistake(sting, home):
    home.strategies.mkdir()
    path = home.strategies / 'mine.py'
    path.write_text('class (\n')
    row = next(r for r in _rows(sting) if r['strategy'] == str(path))
    assert row['status'] == 'broken'
    assert f'{path}:1' in row['detail']
    assert 'broken' in sting('strategies').out


def test_unknown_profile_is_refused(sting, home):
    assert sting('strategies', '--profile', 'nope').code == 2


def test_a_test_beside_a_strategy_is_no_strategy(sting, home):
    home.strategies.mkdir()
    (home.strategies / 'mine.py').write_text(OWN)
    (home.strategies / 'test_mine.py').write_text('import unittest\n')
    names = [row['strategy'] for row in _rows(sting)]
    assert str(home.strategies / 'mine.py') in names
    assert not any('test_mine' in name for name in names)


def test_one_that_runs_has_its_performance_and_what_was_not_traded(
    sting, engine
):
    found = _rows(sting, 'sma_demo')
    assert (found['name'], found['untraded']) == ('sma_demo', [])
    assert found['performance']['fills'] >= 0
    out = sting('strategies', 'sma_demo').out
    assert 'after fees' in out
    assert 'AAPL IBM MSFT GOOG FB' in out
    assert 'UNTRADED' in sting('strategies').out


def test_one_that_does_not_run_has_no_performance(sting, home):
    found = _rows(sting, 'sma_demo')
    assert (found['performance'], found['untraded']) == (None, [])
    out = sting('strategies', 'sma_demo').out
    assert 'fast=10 slow=30' in out
    assert 'after fees' not in out


def test_an_unknown_name_exits_with_2_and_says_what_was_meant(sting, home):
    outcome = sting('strategies', 'sma_deno')
    assert outcome.code == 2
    assert "did you mean 'sma_demo'?" in outcome.err


def test_one_alone_shows_its_bars_and_what_bounds_it(sting, home):
    home.config.mkdir()
    (home.config / 'strategy.yaml').write_text(
        'strategies:\n'
        '  sma_demo:\n'
        '    timeframes: [1h, 1d]\n'
        '    capital: 5000\n'
        '    limits: {max_loss: 100, on_loss: stop}\n'
    )
    words = sting('strategies', 'sma_demo').out.split()
    for name, value in (
        ('timeframes', '1h'),
        ('capital', '5,000'),
        ('limits', 'max_loss=100'),
        ('max_loss=100', 'on_loss=stop'),
    ):
        assert words[words.index(name) + 1] == value
    row = next(r for r in _rows(sting) if r['name'] == 'sma_demo')
    assert row['timeframes'] == ['1h', '1d']
    assert (row['capital'], row['limits']) == (
        5000.0,
        {'max_loss': 100.0, 'on_loss': 'stop'},
    )


@pytest.mark.parametrize('name', ['mine', 'mine.py', 'macd_trend'])
def test_one_that_is_available_shows_what_it_takes(sting, home, name):
    home.strategies.mkdir()
    (home.strategies / 'mine.py').write_text(OWN)
    out = sting('strategies', name).out
    assert 'PARAMETER' in out
    assert ('an int of at least 1' in out) == name.startswith('mine')
    assert ('How many.' in out) == name.startswith('mine')


def test_parameters_that_are_not_allowed_are_a_mistake(sting, home):
    home.config.mkdir()
    (home.config / 'strategy.yaml').write_text(
        'strategies: {sma_demo: {parameters: {fast: 0}}}\n'
    )
    row = next(row for row in _rows(sting) if row['name'] == 'sma_demo')
    assert row['status'] == 'broken'
    assert 'parameter fast is 0' in row['detail']
