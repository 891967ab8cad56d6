"""Following an engine: real sockets, real threads."""

import socket
import threading

import msgspec
import pytest

from sting.control import following
from sting.control import pictures
from sting.model import errors
from tests.unit.control import stations
from tests.unit.tui import stations as plain

pytestmark = pytest.mark.unit


class Seen:
    """What a follower tells."""

    def __init__(self):
        self.pictures = []
        self.lost = []

    def follow(self, path, frames_per_s=20.0):
        return following.Follower(
            path, 'demo', frames_per_s, self.pictures.append, self.lost.append
        )


@pytest.fixture
def home():
    with stations.home() as made:
        yield made


@pytest.fixture
def seen():
    return Seen()


def test_the_first_picture_is_there_when_it_has_started(home, seen):
    with stations.Engine(home) as engine:
        follower = seen.follow(engine.path)
        follower.start()
        try:
            assert seen.pictures[0] == engine.station.now
            assert follower.pid > 0
        finally:
            follower.close()


def test_pictures_come_as_they_change(home, seen):
    with stations.Engine(home) as engine:
        follower = seen.follow(engine.path)
        follower.start()
        try:
            engine.station.now = plain.snapshot(seq=9999)
            stations.wait_for(lambda: seen.pictures[-1].seq == 9999)
            assert seen.pictures[-1] == engine.station.now
        finally:
            follower.close()


def test_an_engine_that_does_not_change_is_heard_all_the_same(
    home, seen, monkeypatch
):
    monkeypatch.setattr('sting.control.watching.QUIET_S', 0.01)
    with stations.Engine(home) as engine:
        follower = seen.follow(engine.path)
        follower.start()
        try:
            stations.wait_for(lambda: len(seen.pictures) > 3)
            assert {one.seq for one in seen.pictures} == {1234}
        finally:
            follower.close()


def test_without_an_engine_it_says_so(home, seen):
    with pytest.raises(errors.NotRunningError, match='profile demo'):
        seen.follow(home.socket('demo')).start()


def test_an_engine_of_another_version_is_refused(home, seen, monkeypatch):
    with stations.Engine(home) as engine:
        monkeypatch.setattr('sting.version.__version__', '0.0.1')
        given = {'version': '9.9.9', 'profile': 'demo', 'pid': 7}
        monkeypatch.setattr(
            following.client, 'ask', lambda *_, **__: dict(given)
        )
        with pytest.raises(errors.RefusedError, match=r'9\.9\.9, this is 0\.0'):
            seen.follow(engine.path).start()


def test_an_engine_that_does_not_know_the_request_is_another_version(
    home, seen, monkeypatch
):
    def ask(*_, **__):
        raise errors.InputError('not a request')

    monkeypatch.setattr(following.client, 'ask', ask)
    with (
        stations.Engine(home) as engine,
        pytest.raises(errors.RefusedError, match='another'),
    ):
        seen.follow(engine.path).start()


def test_a_lost_engine_is_told_and_found_again(home, seen, monkeypatch):
    monkeypatch.setattr(following, 'RETRY_S', 0.01)
    first = stations.Engine(home)
    with first:
        follower = seen.follow(first.path)
        follower.start()
    try:
        stations.wait_for(lambda: 'no engine' in ' '.join(seen.lost))
        again = plain.Station(plain.snapshot(seq=5))
        with stations.Engine(home, again):
            stations.wait_for(lambda: seen.pictures[-1].seq == 5)
    finally:
        follower.close()


class Fake:
    """Says what a test tells it to whoever connects first."""

    def __init__(self, path, *said):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._said = said
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def _serve(self):
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(1000)
            intro = {
                'version': following.version.__version__,
                'profile': 'demo',
                'pid': 1,
            }
            answer = {'ok': True, 'result': intro}
            connection.sendall(msgspec.json.encode(answer) + b'\n')
            connection.recv(1000)
            for part in self._said:
                connection.sendall(part)
            if not self._said:
                self._end.wait(30)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        self._listener.close()


@pytest.mark.parametrize(
    ('said', 'told'),
    [
        ((b'\0\0',), 'hung up'),
        ((b'\0\0\0\7\x81',), 'hung up'),
        ((b'\0\0\0\1\xc1',), 'is no picture'),
        ((b'\xff\xff\xff\xff',), 'bytes is none'),
    ],
)
def test_what_is_no_picture_is_an_error(home, seen, said, told):
    path = home.socket('demo')
    with Fake(path, *said), pytest.raises(errors.StingError, match=told):
        seen.follow(path).start()


def test_an_engine_that_says_nothing_is_lost(home, seen, monkeypatch):
    monkeypatch.setattr(following, 'SILENT_S', 0.05)
    path = home.socket('demo')
    with Fake(path), pytest.raises(errors.StingError, match='said nothing'):
        seen.follow(path).start()


def test_frames_of_one_connection_do_not_count_for_the_next(home, seen):
    body = pictures.Differ().encode(plain.snapshot())
    path = home.socket('demo')
    with Fake(path, body):
        follower = seen.follow(path)
        follower.start()
        try:
            stations.wait_for(lambda: seen.lost)
        finally:
            follower.close()
    assert seen.pictures == [plain.snapshot()]
