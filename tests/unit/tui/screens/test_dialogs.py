"""Questions."""

import pytest
from textual import widgets

from tests.unit.tui import apps
from tui.screens import dialogs

pytestmark = pytest.mark.unit


async def ask(dialog, *keys):
    answers = []
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        app.push_screen(dialog, answers.append)
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
    return answers


@pytest.mark.parametrize(
    ('keys', 'answers'),
    [
        (['y'], [True]),
        (['n'], [False]),
        (['escape'], [False]),
        (['enter'] * 5, []),
        (['space', 'tab', 'x'], []),
    ],
)
async def test_only_y_is_yes(keys, answers):
    assert await ask(dialogs.Ask('Sure?', 'LIVE'), *keys) == answers


@pytest.mark.parametrize(
    ('keys', 'answers'),
    [
        ([*'RESUME', 'enter'], [True]),
        ([*'resume', 'enter'], []),
        (['enter'], []),
        (['y', 'escape'], [False]),
    ],
)
async def test_a_typed_word_has_to_be_exact(keys, answers):
    assert await ask(dialogs.TypeWord('Go on?', 'RESUME'), *keys) == answers


async def test_a_question_shows_markup_as_it_is():
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        app.push_screen(dialogs.Ask('[red]A[/red]?'))
        await pilot.pause()
        label = app.screen.query_one('.question', widgets.Label)
        assert str(label.content) == '[red]A[/red]?'
