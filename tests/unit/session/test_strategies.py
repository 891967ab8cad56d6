"""Mistakes in configured strategies, found before anything starts."""

import pathlib

import pytest

from sting import settings
from sting.model import commands
from sting.model import errors
from sting.session import strategies
from tests.unit.session import stations

pytestmark = pytest.mark.unit


def configured(tmp_path, text):
    home = stations.home_in(tmp_path)
    home.config.mkdir()
    (home.config / 'strategy.yaml').write_text(text)
    return settings.load(home)


def test_what_ships_has_no_mistake(tmp_path):
    loaded = settings.load(stations.home_in(tmp_path))
    strategies.check(loaded, loaded.strategies)
    assert set(loaded.strategies) <= set(loaded.places)


@pytest.mark.parametrize(
    ('value', 'line', 'words'),
    [
        ('{fst: 3}', 3, "no parameter 'fst'; did you mean 'fast'"),
        ('{fast: many}', 3, 'fast'),
        ('{fast: 0}', 3, 'fast'),
    ],
)
def test_a_wrong_parameter_is_told_with_its_line(tmp_path, value, line, words):
    loaded = configured(
        tmp_path, f'strategies:\n  sma_demo:\n    parameters: {value}\n'
    )
    with pytest.raises(errors.ConfigError, match=words) as told:
        strategies.check(loaded, ['sma_demo'])
    assert told.value.line == line
    assert str(told.value.path).endswith('strategy.yaml')


def test_a_file_that_does_not_load_is_told_with_both_places(tmp_path):
    loaded = configured(
        tmp_path, 'strategies:\n  mine:\n    strategy: bad.py\n'
    )
    (tmp_path / 'strategies').mkdir()
    (tmp_path / 'strategies' / 'bad.py').write_text('import x y\n')
    with pytest.raises(errors.ConfigError, match=r'bad\.py:1: Syntax') as told:
        strategies.check(loaded, ['mine'])
    assert told.value.line == 3


def test_a_timeframe_shorter_than_the_feeds_is_told_with_its_line(tmp_path):
    loaded = configured(
        tmp_path, 'strategies:\n  sma_demo:\n    timeframes: [1h, 1d]\n'
    )
    asked = strategies.check(loaded, ['sma_demo'])
    assert asked == {'sma_demo': ('1h', '1d')}
    strategies.check_timeframes(loaded, asked, '1m')
    with pytest.raises(errors.ConfigError) as told:
        strategies.check_timeframes(loaded, asked, '1d')
    assert str(told.value).endswith(
        'strategy.yaml:3: strategy sma_demo: bars of 1h are asked for, but the '
        'data are bars of 1d; ask for 1d or longer, or give finer data'
    )


def test_a_timeframe_of_the_class_is_told_where_the_strategy_is(tmp_path):
    loaded = configured(
        tmp_path, 'strategies:\n  mine:\n    strategy: one.py\n'
    )
    stations.write_strategy(
        stations.home_in(tmp_path), 'one.py', "timeframes = ['5m']\n"
    )
    asked = strategies.check(loaded, ['mine'])
    with pytest.raises(errors.ConfigError, match='bars of 5m') as told:
        strategies.check_timeframes(loaded, asked, '1h')
    assert told.value.line == 3


def test_code_that_anybody_may_change_starts_no_engine(tmp_path):
    home = stations.home_in(tmp_path)
    path = stations.write_strategy(
        home, 'open.py', 'async def on_market_data(self, data):\n    pass\n'
    )
    pathlib.Path(path).chmod(0o666)
    with (
        pytest.raises(errors.ConfigError, match=r'chmod o-w .*open\.py'),
        stations.running(home, strategies={'open': path}),
    ):
        pass


def test_code_that_became_open_is_not_started_again(tmp_path):
    home = stations.home_in(tmp_path)
    path = stations.write_strategy(
        home, 'open.py', 'async def on_market_data(self, data):\n    pass\n'
    )
    with stations.running(home, strategies={'open': path}) as station:

        def row():
            return station.snapshot().strategies[0]

        stations.until(lambda: row().status == 'running')
        stations.ask(station, commands.StopStrategy(name='open'))
        stations.until(lambda: row().status == 'stopped')
        pathlib.Path(path).chmod(0o666)
        stations.ask(station, commands.StartStrategy(name='open'))
        stations.until(lambda: row().status == 'failed')
    failed = [
        event.data
        for event in stations.log_of(home, stations.T.STRATEGY_STATUS)
        if event.data.status == 'failed'
    ]
    assert [f'chmod o-w {path}' in status.detail for status in failed] == [True]
