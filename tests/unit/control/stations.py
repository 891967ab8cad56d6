"""A home with a socket in it, and what waits for threads."""

import contextlib
import pathlib
import tempfile
import time

from sting import control
from sting import settings
from tests.unit.tui import stations

# Nothing waits this long when all is well; a loaded machine is slow.
PATIENCE_S = 30.0


def wait_for(condition):
    """Waits until something holds, and gives it."""
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.005)
    assert found
    return found


@contextlib.contextmanager
def home():
    """A user's folders under a short path: a socket's may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix='st') as name:
        made = settings.Home.find({'STING_HOME': name})
        made.state('demo')
        yield made


class Engine:
    """A plain workstation on a real control socket."""

    def __init__(self, folders, station=None):
        self.home = folders
        self.path = pathlib.Path(folders.socket('demo'))
        self.station = station or stations.Station()
        self.server = control.Server(self.station, self.path)

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.stop()
