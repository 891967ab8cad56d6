"""Where a running engine spends its time, asked over its socket."""

import json
import socket
import sys
import threading

import pytest

from sting import control
from sting import session
from tests.unit.session import stations

pytestmark = pytest.mark.unit


def test_without_an_engine_it_exits_with_3(sting, home):
    assert sting('profile', '1s').code == 3


@pytest.mark.parametrize('length', ['0', '-1s', 'long', '3m', '10h'])
def test_a_length_that_is_none_exits_with_2(sting, home, length):
    outcome = sting('profile', '--', length)
    assert outcome.code == 2
    assert 'such as 10s' in outcome.err


def test_the_engines_threads_and_functions_are_shown(sting, engine):
    out = sting('profile', '700ms').out
    assert 'looks in 0.7 s' in out
    assert '\nengine: ' in out
    assert 'of a processor' in out
    assert 'FUNCTION' in out
    # An engine with little to do may not be seen at work.
    waits = sting('profile', '300ms', '--waiting').out
    assert 'sting/session/workstation.py:Session._run' in waits


def test_waiting_counts_on_demand(sting, engine):
    out = sting('profile', '300ms', '--waiting', '--limit', '1').out
    assert 'sting-control' in out
    assert 'of the time' in out


def test_as_json_it_is_one_object(sting, engine):
    found = json.loads(sting('profile', '0.3s', '--json').out)
    assert 'engine' in {row['thread'] for row in found['threads']}
    row = found['functions'][0]
    assert set(row) == {'thread', 'function', 'self', 'total'}
    assert 0 < row['self'] <= row['total']


def test_stacks_are_written_for_flame_graphs(sting, engine, tmp_path):
    file = tmp_path / 'stacks.txt'
    assert sting('profile', '300ms', '--folded', file).code == 0
    for line in file.read_text().splitlines():
        path, spent = line.rsplit(' ', 1)
        assert int(spent) > 0
        assert len(path.split(';')) > 1
    nowhere = tmp_path / 'none' / 'stacks.txt'
    assert sting('profile', '100ms', '--folded', nowhere).code == 2


def test_one_profile_is_taken_at_a_time(sting, engine):
    first = threading.Thread(
        target=_client(engine).request,
        args=('profile',),
        kwargs={'seconds': 1.5},
    )
    first.start()
    while _sampling_threads() == 0:
        pass
    outcome = sting('profile', '1s')
    first.join()
    assert outcome.code == 1
    assert 'takes a profile already' in outcome.err


def test_who_hangs_up_leaves_no_profile_behind(sting, engine):
    with socket.socket(socket.AF_UNIX) as hasty:
        hasty.connect(str(_client(engine).path))
        hasty.sendall(b'{"request": "profile", "seconds": 60}\n')
        stations.until(_sampling_threads)
    stations.until(lambda: not _sampling_threads())
    assert sting('profile', '100ms').code == 0


def test_an_engine_that_ends_does_not_wait_for_a_profile(home):
    station = session.open('demo', home=home)
    station.start()
    with socket.socket(socket.AF_UNIX) as patient:
        with control.Server(station, home.socket('demo')):
            patient.connect(str(home.socket('demo')))
            patient.sendall(b'{"request": "profile", "seconds": 60}\n')
            stations.until(_sampling_threads)
        assert patient.recv(1) == b''
    station.close()
    stations.until(lambda: not _sampling_threads())


def _client(engine):
    return control.find(engine.home)


def _sampling_threads():
    return sum(
        frame.f_code.co_qualname == 'Sampler.run'
        for top in sys._current_frames().values()
        for frame in _stack(top)
    )


def _stack(frame):
    while frame is not None:
        yield frame
        frame = frame.f_back
