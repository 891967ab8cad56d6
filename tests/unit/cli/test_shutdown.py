"""`sting shutdown`: the stop, the flatten in slices, the end."""

import json
import threading
import time

import pytest

from sting import control
from sting import session
from sting.cli import shutdown
from sting.model import commands
from tests.unit.cli import conftest

pytestmark = pytest.mark.unit


@pytest.fixture
def station(home, monkeypatch):
    """An engine of its own, which a signal to its process would end."""
    home.config.mkdir()
    (home.config / 'sting.yaml').write_text(conftest.FAST)
    made = session.open('demo', home=home)
    server = control.Server(made, home.socket('demo'))
    made.start()
    server.start()
    ending = []

    def end():
        server.stop()
        made.close()

    def kill(pid, number):
        assert pid == made.snapshot().pid
        ending.append(threading.Thread(target=end))
        ending[0].start()

    monkeypatch.setattr(shutdown.os, 'kill', kill)
    while any(row.age_s is None for row in made.snapshot().watch):
        time.sleep(0.01)
    yield made
    for thread in ending:
        thread.join(30.0)
    end()


def held(sting, quantity):
    sting('order', 'buy', 'IBM', quantity)
    until = time.monotonic() + 30.0
    while not json.loads(sting('positions', '--json').out):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_it_ends_the_engine(sting, station):
    outcome = sting('shutdown')
    assert outcome.code == 0
    assert outcome.out == 'demo: ended\n'
    assert station.wait(30.0)


def test_in_an_emergency_it_stops_flattens_in_slices_and_ends(sting, station):
    held(sting, 6)
    outcome = sting(
        'shutdown', '--emergency', '--slices', 3, '--every', 0.5,
        '--confirm', 'FLATTEN',
    )  # fmt: skip
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0] == 'demo: stopped'
    assert lines[1].startswith('demo: closing 1 position')
    assert lines[-1] == 'demo: ended'
    assert station.wait(30.0)
    picture = station.snapshot()
    assert picture.state == 'HALTED'
    assert not any(row.quantity for row in picture.positions)


def test_an_emergency_needs_the_word_and_does_nothing_without(sting, station):
    outcome = sting('shutdown', '--emergency', '--confirm', 'flatten')
    assert outcome.code == 2
    assert station.snapshot().state == 'TRADING'


def test_what_does_not_close_keeps_the_engine(sting, station, monkeypatch):
    held(sting, 6)
    monkeypatch.setattr(shutdown, 'CLOSE_S', 0.5)
    monkeypatch.setattr(shutdown, 'AGAIN_S', 0.5)
    monkeypatch.setattr(shutdown, '_held', lambda client: ['IBM'])
    outcome = sting('shutdown', '--emergency', '--confirm', 'FLATTEN')
    assert outcome.code == 1
    assert 'IBM did not close within 0.5 s; the engine goes on' in outcome.err
    assert station.is_running


def test_what_a_late_cancel_took_out_is_closed_again(
    sting, station, monkeypatch
):
    held(sting, 6)
    monkeypatch.setattr(shutdown, 'AGAIN_S', 0.2)
    submit = control.Client.submit
    taken = []

    def first_is_taken(client, command):
        if not taken:
            taken.append(command)
            return submit(client, commands.CancelOrder(order_id='none'))
        return submit(client, command)

    monkeypatch.setattr(control.Client, 'submit', first_is_taken)
    outcome = sting('shutdown', '--emergency', '--confirm', 'FLATTEN')
    assert taken == [commands.Flatten(confirm='FLATTEN')]
    assert outcome.code == 0
    assert not any(row.quantity for row in station.snapshot().positions)


def test_without_an_engine_it_exits_with_3(sting, home):
    assert sting('shutdown').code == 3
