"""The emergency shutdown from the terminal."""

import sys

import pytest

from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui import shutdown
from tui.screens import dialogs

pytestmark = pytest.mark.unit

ECHO = 'import sys; sys.exit("sting: " + " ".join(sys.argv[1:]))'


async def test_it_is_the_command_of_the_shell_with_the_typed_word():
    said = await shutdown.run(
        'demo', 'FLATTEN', 5, 30.0, (sys.executable, '-c', ECHO)
    )
    assert said == (
        'shutdown --emergency --slices=5 --every=30.0 --confirm=FLATTEN '
        '--profile=demo'
    )


async def test_one_that_cannot_be_started_is_told():
    said = await shutdown.run('demo', 'FLATTEN', 1, 1.0, ('/nowhere/at/all',))
    assert said.startswith('the shutdown cannot be started')


@pytest.mark.parametrize('word', ['FLATTEN', 'flatten'])
async def test_the_stop_is_pulled_once_the_word_is_typed(monkeypatch, word):
    asked = []

    async def run(*given):
        asked.append(given)
        return 'AAPL did not close'

    monkeypatch.setattr(shutdown, 'run', run)
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app) as pilot:
        app.action_shutdown(5, 30.0)
        await pilot.pause()
        assert isinstance(app.screen, dialogs.TypeWord)
        assert station.stopped == []
        await pilot.press(*word, 'enter')
        await pilot.pause()
        if word == 'FLATTEN':
            assert station.stopped == ['operator: shutdown']
            assert asked == [(app.snapshot.profile, 'FLATTEN', 5, 30.0)]
        else:
            assert (station.stopped, asked) == ([], [])
            assert isinstance(app.screen, dialogs.TypeWord)


async def test_a_screen_that_only_watches_has_none():
    station = stations.Station()
    watching = views.Attachment(read_only=True)
    station.now = stations.snapshot(attached=watching)
    app = apps.make(station)
    async with apps.run(app) as pilot:
        app.action_shutdown()
        await pilot.pause()
        assert not isinstance(app.screen, dialogs.TypeWord)
