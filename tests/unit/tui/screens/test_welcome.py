"""The cards of the first start."""

import pytest

from sting import settings
from sting.model import records
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui import first
from tui import keymap
from tui.screens import welcome

pytestmark = pytest.mark.unit


@pytest.fixture
def start(tmp_path):
    home = settings.Home.find({'STING_HOME': str(tmp_path)})
    return first.First(home, 'demo')


def title(app):
    return str(app.screen.query_one('#welcome').border_title)


def painted(app):
    return '\n'.join(apps.text_of(app.screen.query_one('#card')))


@pytest.mark.parametrize('size', [apps.SMALL, apps.MIDDLE])
async def test_each_card_is_seen_whole(start, size):
    app = apps.make(start=start)
    async with apps.run(app, size) as pilot:
        await apps.wait(pilot, lambda: isinstance(app.screen, welcome.Welcome))
        made = welcome.cards(app.snapshot, app.actions, start.places)
        for card in made:
            box = app.screen.query_one('#welcome')
            assert title(app) == f'welcome: {card.title}'
            assert box.max_scroll_y == 0
            shown = painted(app)
            assert all(name in shown for name, _ in card.lines)
            await pilot.press('enter')
        assert app.screen is app.top
    assert not start.is_now


async def test_esc_skips_them_and_they_are_found_again(start):
    app = apps.make(start=start)
    async with apps.run(app) as pilot:
        await apps.wait(pilot, lambda: isinstance(app.screen, welcome.Welcome))
        await pilot.press('right', 'left', 'left', 'escape')
        assert app.screen is app.top
        assert not start.is_now

        await pilot.press('colon', *'welcome', 'enter')
        await apps.wait(pilot, lambda: isinstance(app.screen, welcome.Welcome))
        assert title(app) == 'welcome: what runs'


async def test_the_stop_works_over_a_card(start):
    station = stations.Station()
    app = apps.make(station, start=start)
    async with apps.run(app) as pilot:
        await apps.wait(pilot, lambda: isinstance(app.screen, welcome.Welcome))
        await pilot.press('ctrl+backslash')
        assert station.stopped == ['operator: emergency stop key']


async def test_it_comes_once(start):
    start.remember()
    app = apps.make(start=start)
    async with apps.run(app) as pilot:
        await pilot.pause()
        assert app.screen is app.top


async def test_nothing_lies_over_real_money(start):
    station = stations.Station(stations.snapshot(mode=records.Mode.LIVE))
    app = apps.make(station, start=start)
    async with apps.run(app) as pilot:
        await pilot.pause()
        assert app.screen is app.top


@pytest.mark.parametrize('mode', list(records.Mode))
def test_every_mode_says_what_becomes_of_an_order(mode):
    made = welcome.cards(stations.snapshot(mode=mode), keymap.ACTIONS, {})

    name, said = made[0].lines[0]
    assert (name, bool(said)) == (mode.value.upper(), True)
