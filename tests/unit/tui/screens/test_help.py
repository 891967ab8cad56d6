"""Help, from the key table."""

import io

import pytest
from rich import console

from tests.unit.tui import apps
from tui import commands as command_line
from tui import keymap
from tui.screens import help as help_screen

pytestmark = pytest.mark.unit


def text_of(drawn):
    out = io.StringIO()
    console.Console(file=out, width=200).print(drawn)
    return out.getvalue()


def test_every_action_is_in_the_help():
    text = text_of(help_screen.keys_table('orders'))
    for action in keymap.ACTIONS:
        assert action.help in text
        assert keymap.keys_text(action) in text


def test_every_command_is_in_the_help():
    text = text_of(help_screen.commands_table())
    for word in command_line.WORDS.values():
        assert word.usage in text


def test_the_keys_that_work_here_come_first():
    assert help_screen.order('orders')[:4] == [
        'orders',
        'list',
        'trade',
        'app',
    ]


async def test_it_scrolls_and_closes():
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('question_mark')
        await pilot.pause()
        box = app.screen.query_one('.help')
        await pilot.press('pagedown')
        await pilot.pause(0.5)
        assert box.scroll_y > 0
        await pilot.press('escape')
        assert app.screen.scope == 'trade'
