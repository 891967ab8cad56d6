"""Every key of the table, in every place that takes keys."""

import sys
import webbrowser

import pytest

from sting.model import commands
from tests.unit.tui import focuses
from tui import keymap
from tui.screens import drill

pytestmark = pytest.mark.unit

ORDERS = (
    commands.SubmitOrder,
    commands.ReplaceOrder,
    commands.Flatten,
    commands.Protect,
    commands.MoveStop,
    commands.Settle,
)
# Where what is sent was seen before, and y sends it.
ASKED = ('review', 'dialog')
STOP = [
    key
    for action in keymap.ACTIONS
    if action.does == 'emergency_stop'
    for key in action.keys
]
# The scopes from which an order is not far; those of the others take longer.
NEAR = (
    'ticket',
    'review',
    'orders',
    'positions',
    'dialog',
    'typed',
    'prompt',
    'inbox',
    'fork',
    'runs',
    'map',
)
NAMES = list(focuses.ALL)
SLOW = pytest.mark.slow


@pytest.fixture(autouse=True)
def _outside(tmp_path, monkeypatch):
    """A home of its own; no browser and no drill is begun."""
    monkeypatch.setenv('STING_HOME', str(tmp_path / 'home'))
    monkeypatch.setattr(webbrowser, 'open', lambda url: True)
    monkeypatch.setattr(
        drill.DrillPanel, 'program', (sys.executable, '-c', 'pass')
    )


def keys_of(scopes):
    return [
        key
        for action in keymap.ACTIONS
        if action.scope in scopes and action.does != 'emergency_stop'
        for key in action.keys
    ]


def own_keys():
    """Each scope's keys, once, with the first place that is in it."""
    seen = {'app', 'trade', 'list'}
    found = {'pane 1': [*seen]}
    for name, focus in focuses.ALL.items():
        if focus.scope not in seen:
            seen.add(focus.scope)
            found.setdefault(name, []).append(focus.scope)
    return {name: keys_of(scopes) for name, scopes in found.items()}


async def press_each(name, keys, folder):
    """Presses each of the keys in a focus, which is gone to again."""
    focus = focuses.ALL[name]
    left = list(keys)
    while left:
        async with focuses.run(focus, folder) as pilot:
            here = focuses.place(pilot.app)
            while left:
                key = left.pop(0)
                await pilot.press(key)
                given = pilot.app.workstation.given
                sent = [each for each in given if isinstance(each, ORDERS)]
                assert not sent or (key == 'y' and focus.scope in ASKED), (
                    key, sent,
                )  # fmt: skip
                assert not pilot.app.workstation.stopped
                if pilot.app._exit:
                    assert (name, key) == ('quit', 'y')
                    break
                given.clear()
                if focuses.place(pilot.app) != here:
                    await focuses.go(pilot, focus)
                if focuses.place(pilot.app) != here:
                    # What the key changed stays: begin with a new one.
                    break


def test_every_scope_has_a_place():
    within = {
        outer
        for focus in focuses.ALL.values()
        for outer in keymap.around(focus.scope)
    }
    assert within == set(keymap.SCOPES)


async def stops(name, keys, folder):
    """Stops with each of the keys from a focus."""
    focus = focuses.ALL[name]
    async with focuses.run(focus, folder) as pilot:
        app = pilot.app
        if hasattr(app.screen, 'key_scope'):
            # The line under the panes is no pane.
            scope = 'trade' if focus.scope == 'prompt' else focus.scope
            assert app.key_scope == scope, focuses.place(app)
        for count, key in enumerate(keys, 1):
            await pilot.press(key)
            assert len(app.workstation.stopped) == count
            assert not any(
                isinstance(each, ORDERS) for each in app.workstation.given
            )
            if count < len(keys):
                await focuses.go(pilot, focus)


@pytest.mark.parametrize(
    ('name', 'key'),
    [(name, STOP[nth % len(STOP)]) for nth, name in enumerate(NAMES)],
)
async def test_a_stop_key_stops_from_everywhere(name, key, tmp_path):
    await stops(name, [key], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize('name', NAMES)
async def test_every_stop_key_stops_from_everywhere(name, tmp_path):
    await stops(name, STOP, tmp_path)


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(
            name, marks=() if focuses.ALL[name].scope in NEAR else SLOW
        )
        for name in own_keys()
    ],
)
async def test_keys_of_a_place_send_nothing_unseen_and_raise_nothing(
    name, tmp_path
):
    await press_each(name, own_keys()[name], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize('name', NAMES)
async def test_all_keys_everywhere_send_nothing_unseen_and_raise_nothing(
    name, tmp_path
):
    await press_each(name, dict.fromkeys(keys_of(keymap.SCOPES)), tmp_path)
