"""The trade screen: panes, focus, zoom, titles, every key everywhere."""

import pytest
from textual import content

from sting.model import commands
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui import keymap
from tui.panes import prompt
from tui.screens import trade

pytestmark = pytest.mark.unit

PANES = ('watchlist', 'chart', 'ticket', 'orders', 'positions', 'alerts')


def title_of(found):
    return content.Content.from_markup(found.border_title).plain


def seen(app):
    return [p.scope for p in app.screen.grid.panes.values() if p.display]


@pytest.mark.parametrize(
    ('size', 'count'), [(apps.WIDE, 8), (apps.MIDDLE, 6), (apps.SMALL, 1)]
)
async def test_panes_by_size(size, count):
    app = apps.make()
    async with apps.run(app, size) as pilot:
        await pilot.pause()
        assert len(seen(app)) == count


@pytest.mark.parametrize('size', [apps.WIDE, apps.MIDDLE, apps.SMALL])
async def test_numbers_go_to_panes_also_to_hidden_ones(size):
    app = apps.make()
    async with apps.run(app, size) as pilot:
        for number, found in enumerate(app.screen.grid.panes.values(), 1):
            if found.scope == 'ticket':
                continue
            await pilot.press(str(number))
            await pilot.pause()
            assert found.has_focus
            assert found.display
            assert found.size.width > 10


async def test_titles_have_number_name_and_keys():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        titles = {
            name: title_of(found)
            for name, found in app.screen.grid.panes.items()
        }
        assert '4 orders' in titles['orders']
        assert 'c cancel' in titles['orders']
        assert '5 positions' in titles['positions']
        assert str(app.screen.grid.panes['orders'].border_subtitle) == (
            '1 working'
        )


async def test_a_shared_area_names_all_its_panes():
    app = apps.make()
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.pause()
        title = title_of(app.screen.grid.panes['events'])
        assert title.split() == ['8', 'events', '6', 'alerts(1)', '7', 'strat']


async def test_the_small_screen_names_all_panes_in_one_line():
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.pause()
        title = title_of(app.screen.watchlist)
        assert all(str(number) in title for number in range(1, 9))
        assert len(title) <= 76


async def test_zoom_and_back():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'plus')
        await pilot.pause()
        assert seen(app) == ['orders']
        assert app.screen.grid.panes['orders'].size.width == 198
        await pilot.press('5')
        await pilot.pause()
        assert seen(app) == ['positions']
        await pilot.press('escape')
        await pilot.pause()
        assert len(seen(app)) == 8


async def test_tab_goes_through_the_panes_by_number():
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('4', 'tab')
        assert app.screen.focused.id == 'positions'
        await pilot.press('8', 'tab')
        assert app.screen.focused.id == 'watchlist'
        await pilot.press('shift+tab')
        assert app.screen.focused.id == 'events'


async def test_left_and_right_go_to_the_pane_beside():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('l')
        assert app.screen.focused.id == 'chart'
        await pilot.press('left')
        assert app.screen.focused.id == 'watchlist'
        await pilot.press('h')
        assert app.screen.focused.id == 'watchlist'


async def test_left_and_right_turn_the_tabs_of_a_small_screen():
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('right')
        assert app.screen.focused.id == 'chart'
        await pilot.press('left', 'left')
        assert app.screen.focused.id == 'events'


async def test_a_resize_keeps_the_focus_and_what_is_typed():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b', '4', '2')
        await pilot.resize_terminal(*apps.SMALL)
        await pilot.pause(0.1)
        assert seen(app) == ['ticket']
        assert app.screen.focused.id == 'field-quantity'
        assert app.screen.ticket.draft.quantity == '42'
        await pilot.resize_terminal(*apps.MIDDLE)
        await pilot.pause(0.1)
        assert len(seen(app)) == 6


async def test_the_command_line_takes_the_place_of_the_hints():
    app = apps.make()
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('4', 'colon')
        line = app.screen.query_one(prompt.Prompt)
        height = app.screen.grid.size.height
        assert line.display
        await pilot.press('escape')
        assert not line.display
        assert app.screen.grid.size.height == height
        assert app.screen.focused.id == 'orders'


async def test_the_command_line_opens_from_another_screen():
    app = apps.make()
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('f5', 'colon')
        await pilot.pause()
        assert isinstance(app.screen, trade.TradeScreen)
        assert app.screen.query_one(prompt.Prompt).display


SLOW = [
    'b 1 enter enter enter',
    '8 enter',
    '5 p',
    '5 X',
    '5 v',
    '4 X',
    'b 1 enter enter enter down',
    *('1', '2', '5', '6', '7', '8'),
    'b',
    'colon',
    '8 slash',
    'f5',
    'f1',
    '5 x',
    '4 C',
    'ctrl+q',
    'ctrl+p',
]


@pytest.mark.parametrize(
    'focus',
    [
        '4',
        *(pytest.param(keys, marks=pytest.mark.slow) for keys in SLOW),
    ],
)
async def test_every_key_in_every_focus_sends_no_order_and_raises_nothing(
    focus,
):
    station = stations.Station()
    app = apps.make(station)
    keys = [
        key
        for action in keymap.ACTIONS
        for key in action.keys
        if action.id not in ('quit', 'yes')
    ]
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press(*focus.split())
        await pilot.press(*keys)
        await pilot.pause()
        assert app.is_running
        assert not any(
            isinstance(each, commands.SubmitOrder | commands.Flatten)
            for each in station.given
        )
