"""A fork from the journal: in another process, and nothing is sent."""

import asyncio
import pathlib

import pytest
from textual import widgets

from sting import settings
from sting.model import errors
from tests.unit.session import replays
from tests.unit.session import stations as sessions
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.screens import backtest_form
from tui.screens import fork

pytestmark = pytest.mark.unit

SOON = 60.0
LIFE = {
    'pnl': 12.5, 'drawdown': 3.0, 'fees': 1.0, 'orders': 4, 'denied': 0,
    'fills': 4,
}  # fmt: skip
FOUND = {
    'then': LIFE,
    'base': LIFE,
    'fork': {**LIFE, 'pnl': -20.0},
    'curves': {
        'then': [100.0, 112.5],
        'base': [100.0, 112.5],
        'fork': [100.0, 80.0],
    },
}


def test_a_line_of_changes_becomes_a_command():
    path = pathlib.Path('events.db')
    words = fork.arguments(path, 7, ['sma.fast=5', 'max_position=100'])
    assert words == [
        'fork', 'events.db', '--at', '7', '--json', '--set=sma.fast=5',
        '--limit=max_position=100',
    ]  # fmt: skip
    for wrong in ([], ['fast'], ['fast='], ['=3']):
        with pytest.raises(errors.InputError):
            fork.arguments(path, 7, wrong)


def test_the_curves_have_one_scale():
    lines = fork.curves(FOUND)
    assert [line.split()[0] for line in lines] == ['then', 'base', 'fork']
    assert lines[0].endswith('112.50')
    # The lowest of all is that of the fork.
    assert '▁' in lines[2]
    assert '▁' not in lines[0]
    assert '█' not in lines[2]


def test_figures_stand_side_by_side():
    assert fork.drawn(FOUND).row_count == 7


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    home = settings.Home.find()
    home.state('demo')
    world = replays.traded()
    return replays.write(home.log('demo'), world)


CONFIG = """
profiles:
  test: {mode: paper, broker: paper, feed: demo, symbols: [AAPL],
    strategies: [cross]}
"""


@pytest.fixture
def configured(path):
    """A profile for the log, and a home that has it."""
    folder = path.parents[2] / 'config'
    folder.mkdir(exist_ok=True)
    (folder / 'sting.yaml').write_text(CONFIG)
    (folder / 'strategy.yaml').write_text(
        'strategies: {cross: {strategy: sting.library.sma_cross}}\n'
    )
    return path


async def opened(app, pilot):
    await pilot.press('f4')
    journal = app.screen
    await asyncio.to_thread(
        sessions.until, lambda: not journal.replay.place.is_moving, SOON
    )
    journal.replay.seek(20)
    await asyncio.to_thread(
        sessions.until, lambda: journal.replay.place.seq == 20, SOON
    )
    await pilot.press('f')
    assert isinstance(app.screen, fork.ForkScreen)
    return app.screen


def content_of(screen):
    return screen.query_one('#outcome', widgets.Static).content


def about_of(screen):
    return str(screen.query_one('#fork-about', widgets.Label).content)


def field_of(screen, name):
    return screen.query_one(f'#parameter-{name}', backtest_form.ParameterField)


async def asked(pilot, screen):
    """Waits until it is known what can be changed."""
    await apps.wait(
        pilot, lambda: content_of(screen) != 'asking what can be changed'
    )


async def ran(pilot, screen):
    await apps.wait(
        pilot, lambda: content_of(screen) != 'running in another process'
    )


async def test_a_log_of_a_profile_that_is_not_there_has_no_form(path):
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        await asked(pilot, screen)
        assert "'test'" in str(content_of(screen))
        assert not screen.query(backtest_form.ParameterField)
        await pilot.press('ctrl+r')
        assert 'nothing is changed yet' in str(content_of(screen))
        await pilot.press('escape')
        assert app.screen.scope == 'journal'
        assert station.given == []


async def test_the_form_has_what_can_be_changed_and_its_bounds(configured):
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        await asked(pilot, screen)
        # No strategy ran at that moment; there are limits all the same.
        assert 'no strategy of the profile ran' in str(content_of(screen))
        first = field_of(screen, 'max_order_notional')
        assert (first.has_focus, first.placeholder) == (True, '75000')
        assert 'a number of 0 or more' in about_of(screen)
        assert 'sweeps' not in about_of(screen)
        await pilot.press('x', 'ctrl+r')
        assert "'x'" in str(content_of(screen))
        assert first.has_class('-invalid')
        await pilot.press('backspace', 'down', 'enter', 'up')
        assert screen.focused.id == 'parameter-max_position_notional'
        assert station.given == []


@pytest.mark.slow
async def test_what_came_of_it_is_shown(configured):
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        await asked(pilot, screen)
        field_of(screen, 'max_position').value = '5'
        await pilot.press('ctrl+r')
        await ran(pilot, screen)
        shown = content_of(screen)
        assert shown.row_count > 8, shown
        body = screen.query_one('#fork-body')
        await apps.wait(pilot, lambda: body.scroll_y > 0)
        # To the field again, and to the figures again.
        await pilot.press('pageup')
        before = body.scroll_y
        await pilot.press('pagedown')
        assert body.scroll_y > before
        await pilot.press('up')
        assert screen.focused.region.height == 1


@pytest.mark.slow
async def test_a_typed_fork_runs_at_once_and_fills_in_the_form(configured):
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('f4', 'colon')
        await pilot.press(*'fork 20 max_position=5', 'enter')
        await apps.wait(pilot, lambda: isinstance(app.screen, fork.ForkScreen))
        screen = app.screen
        await apps.wait(
            pilot, lambda: screen.query(backtest_form.ParameterField)
        )
        await ran(pilot, screen)
        assert content_of(screen).row_count > 8
        await apps.wait(
            pilot, lambda: field_of(screen, 'max_position').value == '5'
        )
        await pilot.press('escape')
        assert app.screen.scope == 'trade'


@pytest.mark.slow
async def test_the_process_ends_with_the_screen(configured, monkeypatch):
    started = []
    create = asyncio.create_subprocess_exec

    async def noted(*words, **more):
        # Python itself, which waits until its input ends: never.
        made = await create(
            words[0], '-c', 'import time; time.sleep(600)', **more
        )
        started.append(made)
        return made

    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        await asked(pilot, screen)
        monkeypatch.setattr(asyncio, 'create_subprocess_exec', noted)
        field_of(screen, 'max_position').value = '5'
        await pilot.press('ctrl+r')
        await apps.wait(pilot, lambda: started)
        await pilot.press('escape')
        await asyncio.wait_for(started[0].wait(), SOON)
        assert started[0].returncode != 0


@pytest.mark.slow
async def test_the_stop_works_in_it(path):
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        await opened(app, pilot)
        await pilot.press('f9')
        assert station.stopped == ['operator: emergency stop key']


def test_all_that_came_of_it_stands_below_each_other():
    found = {
        **FOUND,
        'changes': [['max_position', '10', '5']],
        'difference': -32.5,
        'notes': ['it is simulated'],
    }
    assert fork._outcome(found).row_count == 7
