"""A disk that is full, slow, or will have nothing written on it."""

import pathlib
import sqlite3
import subprocess
import sys
import time

import msgspec
import pytest

from sting.broker import registry
from sting.model import orders
from tests.integration import durable_program
from tests.integration import integrate_durability
from tests.unit.session import stations

pytestmark = pytest.mark.integration

ROOT = pathlib.Path(__file__).parents[2]
S = orders.OrderStatus
START = """
import sys
from sting import session
from sting.model import errors
from tests.integration import disk_program
from tests.unit.session import stations
home = stations.home_in(sys.argv[1])
config = stations.config(home)
disk_program.limit(int(sys.argv[2]))
try:
    session.open('demo', home=home, config=config).start()
except errors.StingError as error:
    print(type(error).__name__, error)
"""


def run(*command, **options):
    return subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        **options,
    )


@pytest.fixture(scope='module')
def filled_up(tmp_path_factory):
    """The home of an engine whose disk was full for a while; what it saw."""
    folder = tmp_path_factory.mktemp('full')
    program = 'tests.integration.disk_program'
    done = run(sys.executable, '-m', program, str(folder))
    assert done.returncode == 0, done.stderr
    return stations.home_in(folder), msgspec.json.decode(done.stdout)


def test_a_full_disk_halts_and_says_why(filled_up):
    _, seen = filled_up
    assert 'the event log cannot be written' in seen['reason']
    assert seen['cancels'] > 0


def test_nothing_leaves_and_nothing_resumes_while_it_is_full(filled_up):
    _, seen = filled_up
    assert seen['sent_meanwhile'] == 0
    assert 'not in the log yet' in seen['resumed']


def test_what_was_held_back_is_written_once_there_is_room(filled_up):
    home, seen = filled_up
    assert seen['still'] == 'HALTED'
    assert integrate_durability.violations(home, seen['answers']) == []


def test_a_typed_resume_goes_on_from_there(filled_up):
    home, _ = filled_up
    last = stations.log_of(home, stations.T.FILL)[-1]
    change = stations.log_of(home, stations.T.TRADING_STATE)[-1]
    assert change.data.state == 'TRADING'
    assert last.seq > change.seq


def test_no_order_leaves_before_a_slow_disk_has_it(tmp_path, monkeypatch):
    home = stations.home_in(tmp_path)
    monkeypatch.setattr(
        durable_program.OutlivingBroker, 'home', home, raising=True
    )
    monkeypatch.setattr(
        registry.paper, 'PaperBroker', durable_program.OutlivingBroker
    )
    with stations.running(home) as station:
        assert stations.buy(station, quantity=1.0).ok
        stations.until(lambda: durable_program.sent(home))
        database = sqlite3.connect(home.log('demo'), isolation_level=None)
        database.execute('BEGIN IMMEDIATE')
        sent = len(durable_program.sent(home))
        waiting = station.submit(
            stations.commands.SubmitOrder(
                symbol='AAPL', side=stations.BUY, quantity=2.0
            )
        )
        time.sleep(1.0)
        assert not waiting.done()
        assert len(durable_program.sent(home)) == sent
        # The screen does not go on showing a state that may be gone.
        assert station.snapshot().halting
        database.execute('ROLLBACK')
        database.close()
        stations.wait_for(
            station, waiting.result(stations.SOON).order_id, S.FILLED
        )
        # It was slow, not gone: trading goes on by itself.
        stations.until(lambda: station.snapshot().state == 'TRADING')
    assert integrate_durability.violations(home, []) == []


# No room for the latch, and then none for the log.
@pytest.mark.parametrize('most', [0, 4096])
def test_a_start_where_nothing_can_be_written_says_so(tmp_path, most):
    done = run(sys.executable, '-c', START, str(tmp_path), str(most))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('JournalWriteError')
    assert str(tmp_path) in done.stdout
