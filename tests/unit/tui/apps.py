"""The app over a plain workstation, for tests with a pilot."""

from tests.unit.tui import stations
from tui import app
from tui import themes

WIDE = (200, 50)
MIDDLE = (120, 40)
SMALL = (80, 24)


def make(station=None):
    """An app that is not running yet."""
    return app.StingApp(station or stations.Station(), themes.load_all())


def text_of(painted):
    """What a widget shows, line by line, without styles."""
    return [
        painted.render_line(y).text.rstrip() for y in range(painted.size.height)
    ]
