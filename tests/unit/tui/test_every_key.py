"""Keys of the table in any order, from every screen and focus."""

import random

import pytest
from textual import command

from sting.model import commands
from tests.unit.tui import apps
from tests.unit.tui import scenes
from tests.unit.tui import stations
from tui import keymap
from tui.panes import fields
from tui.screens import dialogs

pytestmark = pytest.mark.unit

STOPS = ('ctrl+backslash', 'f9')
# What ends the program, and what starts another one.
LEFT_OUT = {'quit', 'run'}
KEYS = sorted(
    {
        key
        for action in keymap.ACTIONS
        for key in action.keys
        if action.id not in LEFT_OUT
    }.union(
        {'enter', 'escape', 'tab', 'shift+tab', '1', '0', 'y', 'n'}
    ).difference(STOPS)
)
PLACES = {
    name: scene.keys
    for name, scene in scenes.SCENES.items()
    if scene.first is None
} | {
    'journal': ('f4',),
    **{f'page {n}': ('f3', 'ctrl+o', str(n)) for n in range(1, 10)},
}


def is_sent(command):
    return isinstance(command, commands.SubmitOrder | commands.ReplaceOrder)


def is_closing(command):
    return isinstance(command, commands.Flatten)


async def walk(name, seed, steps):
    """Presses keys as they are drawn; looks at what each of them did."""
    draw = random.Random(f'{name} {seed}')
    scene = scenes.SCENES.get(name)
    station = stations.Station(None if scene is None else scene.picture)
    app = apps.make(station)
    async with apps.run(app, draw.choice([apps.SMALL, apps.MIDDLE])) as hands:
        await hands.press(*PLACES[name])
        for _ in range(steps):
            key = draw.choice(KEYS)
            reviewing = isinstance(app.focused, fields.Review)
            asking = isinstance(app.screen, dialogs.Ask | dialogs.TypeWord)
            picking = isinstance(app.screen, command.CommandPalette)
            before, stopped = len(station.given), len(station.stopped)
            await hands.press(key)
            new = station.given[before:]
            # Only a y in the review sends, and only an answer closes.
            assert not any(map(is_sent, new)) or (reviewing and key == 'y')
            assert not any(map(is_closing, new)) or asking
            # What was typed into the palette may be what finds the stop.
            assert len(station.stopped) == stopped or (
                picking and key == 'enter'
            )
            assert app.is_running
        for count, key in enumerate(STOPS, len(station.stopped) + 1):
            await hands.press(key)
            assert len(station.stopped) == count


# Each place alone is with test_keys_by_place.
@pytest.mark.parametrize('name', ['trade', 'ticket', 'question', 'page 7'])
async def test_no_keys_do_what_was_not_reviewed_and_the_stop_stops(name):
    await walk(name, 1, 15)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize('seed', range(1, 7))
@pytest.mark.parametrize('name', PLACES)
async def test_nor_do_many_more(name, seed):
    await walk(name, seed, 300)
