"""The command line: completion, history, actions by name."""

import pytest

from sting.model import commands
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui import commands as command_line
from tui import history
from tui.panes import prompt
from tui.screens import dialogs

pytestmark = pytest.mark.unit


def line_of(app):
    return app.screen.query_one(prompt.Prompt).line.value


async def test_tab_completes_as_far_as_it_is_plain():
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('colon', *'the', 'tab')
        assert line_of(app) == 'theme'
        await pilot.press(*' li', 'tab')
        assert line_of(app) == 'theme light'
        await pilot.press('tab')
        assert line_of(app) == 'theme light'
        await pilot.press('enter')
        assert app.theme == 'light'


async def test_tab_takes_a_command_among_longer_ones_and_leaves_what_is_none():
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('colon', *'cance', 'tab')
        assert line_of(app) == 'cancel'
        await pilot.press(*'xx', 'tab')
        assert line_of(app) == 'cancelxx'


async def test_up_and_down_walk_through_what_was_typed():
    typed = history.History()
    typed.add('theme light')
    typed.add('theme dark')
    app = apps.make(typed=typed)
    async with apps.run(app) as pilot:
        await pilot.press('colon', 'h', 'up')
        assert line_of(app) == 'theme dark'
        await pilot.press('up', 'up')
        assert line_of(app) == 'theme light'
        await pilot.press('down', 'down', 'down')
        assert line_of(app) == 'h'
        await pilot.press('up', 'up', 'enter')
        assert app.theme == 'light'
        assert typed.lines[-1] == 'theme light'


@pytest.mark.parametrize(
    ('line', 'scope'), [('system', 'system'), ('pane_4', 'orders')]
)
async def test_an_action_runs_by_its_name(line, scope):
    app = apps.make()
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('colon', *line, 'enter')
        assert app.key_scope == scope


async def test_an_action_of_a_pane_goes_there_and_asks_as_its_key_does():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('colon', *'cancel_all', 'enter')
        assert isinstance(app.screen, dialogs.Ask)
        assert not station.given
        await pilot.press('y')
        assert station.given == [commands.CancelAll()]


async def test_an_action_of_lists_says_where_it_works():
    app = apps.make()
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('2', 'colon', *'turn_sort', 'enter')
        await pilot.press()
        said = [notice.message for notice in app._notifications]
        assert said == ['turn_sort works in lists']


def test_no_name_sends_an_order_or_answers_a_question():
    for name in ('send', 'yes', 'no', 'next_field'):
        assert name not in command_line.NAMED


def test_an_action_is_explained_while_it_is_typed():
    assert command_line.explain('zoom').startswith('Gives the pane')
