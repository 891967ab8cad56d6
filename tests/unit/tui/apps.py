"""The app over a plain workstation, for tests with a pilot."""

import asyncio
from collections.abc import AsyncIterator
import contextlib

from textual import pilot as textual_pilot

from tests.unit.tui import stations
from tui import app
from tui import themes

WIDE = (200, 50)
MIDDLE = (120, 40)
SMALL = (80, 24)
# A key goes from the app to the screen, to a pane, and what that asks for
# (the focus, a dialog) comes back by the same way.
_HOPS = 4


class Hands(textual_pilot.Pilot):
    """A pilot whose key presses have been answered when they return.

    Textual's own waits for one message a widget: a busy machine shows tests
    that look before the focus has arrived.
    """

    async def press(self, *keys: str) -> None:
        """Presses keys and waits until nobody has to answer any more."""
        await super().press(*keys)
        for _ in range(_HOPS):
            await self.pause(0)


def make(station=None, **options):
    """An app that is not running yet."""
    return app.StingApp(
        station or stations.Station(), themes.load_all(), **options
    )


@contextlib.asynccontextmanager
async def run(running, size=(80, 24)) -> AsyncIterator[Hands]:
    """Runs an app without a terminal, in the hands of a test."""
    async with running.run_test(size=size):
        yield Hands(running)


async def wait(pilot, is_so):
    """Waits until something is so; half a minute at most."""
    for _ in range(1200):
        if is_so():
            return
        await pilot.pause()
        await asyncio.sleep(0.025)
    raise AssertionError('it never was so')


def text_of(painted):
    """What a widget shows, line by line, without styles."""
    return [
        painted.render_line(y).text.rstrip() for y in range(painted.size.height)
    ]
