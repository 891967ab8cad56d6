"""The engine behind the terminal, and what is shown until it is open."""

import pytest

from sting import control
from sting import settings
from sting.model import errors
from sting.model import records
from tests.unit.tui import stations
from tui import launch

pytestmark = pytest.mark.unit


@pytest.fixture
def home(tmp_path):
    return settings.Home.find({'STING_HOME': str(tmp_path)})


@pytest.fixture
def quiet(monkeypatch):
    """Leaves the signals of the process that runs the tests alone."""
    monkeypatch.setattr('sting.session.watch_signals', lambda station: None)


def test_the_first_picture_has_mode_and_symbols(home):
    config = settings.load(home)
    first = launch.first_picture('demo', config.profile('demo'))
    assert first.mode is records.Mode.DEMO
    assert [row.symbol for row in first.watch] == list(stations.SYMBOLS)
    assert first.pid == 0


def test_the_engine_can_be_reached_by_others_while_it_is_open(home, quiet):
    engine = launch.Engine(home, settings.load(home), 'demo')
    station = engine.open(lambda _: None)
    try:
        status = control.find(home).request('status')
        assert status['profile'] == 'demo'
    finally:
        engine.close()
        station.close()
    with pytest.raises(errors.NotRunningError):
        control.find(home).request('status')


def test_a_second_engine_of_a_profile_is_refused_and_nothing_is_left(
    home, quiet
):
    config = settings.load(home)
    engine = launch.Engine(home, config, 'demo')
    station = engine.open(lambda _: None)
    try:
        with pytest.raises(errors.StingError):
            launch.Engine(home, config, 'demo').open(lambda _: None)
        assert control.find(home).request('status')['profile'] == 'demo'
    finally:
        engine.close()
        station.close()


def test_an_engine_that_was_never_opened_can_be_closed(home):
    launch.Engine(home, settings.load(home), 'demo').close()
