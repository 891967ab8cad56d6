"""A home of its own for each test, and engines that really run."""

import dataclasses
import time

import pytest

from sting import control
from sting import session
from sting import settings
from sting.cli import main

FAST = 'feeds: {demo: {interval_s: 0.02}}\n'


@dataclasses.dataclass
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


@dataclasses.dataclass
class Engine:
    """A running engine of the demo profile."""

    home: settings.Home
    station: session.Session


@pytest.fixture
def sting(capsys):
    """Runs the command line in this process; an error is one line."""

    def call(*arguments, lines=1):
        capsys.readouterr()
        code = main.run([str(word) for word in arguments])
        out, err = capsys.readouterr()
        assert err.count('\n') <= lines
        return Outcome(code, out, err)

    return call


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home."""
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    return settings.Home.find()


@pytest.fixture(scope='module')
def _engine(tmp_path_factory):
    root = tmp_path_factory.mktemp('home')
    home = settings.Home.find({'STING_HOME': str(root)})
    home.config.mkdir()
    (home.config / 'sting.yaml').write_text(FAST)
    station = session.open('demo', home=home)
    station.start()
    # An order before the first price would be denied.
    while any(row.age_s is None for row in station.snapshot().watch):
        time.sleep(0.01)
    with control.Server(station, home.socket('demo')):
        yield Engine(home, station)
    station.close()


@pytest.fixture
def engine(_engine, monkeypatch):
    """A running engine in the home that the command line looks into."""
    monkeypatch.setenv('STING_HOME', str(_engine.home.config.parent))
    return _engine
