"""The line at the bottom."""

import pytest

from tests.unit.tui import apps
from tui.panes import hintbar

pytestmark = pytest.mark.unit


async def test_the_hints_follow_the_focus():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        bar = app.screen.query_one(hintbar.HintBar)
        await pilot.press('4')
        assert 'c cancel' in bar.text
        await pilot.press('5')
        assert 'x flatten' in bar.text
        assert 'c cancel' not in bar.text


@pytest.mark.parametrize('size', [apps.WIDE, apps.MIDDLE, apps.SMALL])
async def test_the_stop_comes_first_and_nothing_is_cut(size):
    app = apps.make()
    async with apps.run(app, size) as pilot:
        await pilot.pause()
        bar = app.screen.query_one(hintbar.HintBar)
        assert bar.text.startswith(' ^\\ STOP ')
        assert len(bar.text) <= size[0]


@pytest.mark.parametrize('size', [apps.WIDE, apps.MIDDLE, apps.SMALL])
@pytest.mark.parametrize('pane', '1245678')
async def test_the_help_is_told_however_little_room_there_is(size, pane):
    app = apps.make()
    async with apps.run(app, size) as pilot:
        await pilot.press(pane)
        bar = app.screen.query_one(hintbar.HintBar)
        assert ' ? help' in bar.text
        assert len(bar.text) <= size[0]


async def test_in_a_field_a_key_is_told_that_is_not_typed():
    app = apps.make()
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('b')
        bar = app.screen.query_one(hintbar.HintBar)
        assert ' F1 help' in bar.text
