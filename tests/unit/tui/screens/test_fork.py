"""A fork from the journal: in another process, and nothing is sent."""

import asyncio
import pathlib

import pytest
from textual import widgets

from sting import settings
from sting.model import errors
from sting.model import views
from tests.unit.session import replays
from tests.unit.session import stations as sessions
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.screens import fork
from tui.screens import fork_fields

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


async def test_it_runs_and_nothing_is_sent(path):
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        # The log names a profile that is configured nowhere.
        line = screen.query_one('#change', widgets.Input)
        line.value = 'max_position=5'
        await pilot.press('enter')
        await asyncio.to_thread(
            sessions.until,
            lambda: content_of(screen) != 'running in another process',
            SOON,
        )
        assert "'test'" in str(content_of(screen))
        line.value = 'max_position'
        await pilot.press('enter')
        assert 'RULE=VALUE' in str(content_of(screen))
        await pilot.press('escape')
        assert app.screen.scope == 'journal'
        assert station.given == []


async def test_each_parameter_and_limit_has_a_field_with_its_bounds(path):
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        strategies = (
            views.StrategyRow(
                'sma', 'sting.library.sma_cross', 'running', (), 'fast=7'
            ),
            views.StrategyRow('gone', 'no_such_file.py', 'stopped', ()),
        )
        limits = settings.load(settings.Home.find()).risk.rules
        then = stations.snapshot(strategies=strategies)
        screen = fork.ForkScreen(path, 7, then, limits)
        await app.push_screen(screen)
        made = screen.query_one(fork_fields.Changes)
        await apps.wait(pilot, lambda: made.query(fork_fields.ParameterField))
        fields = {each.change: each for each in made.query('.change')}
        assert list(fields)[:2] == ['sma.fast', 'sma.slow']
        assert fields['sma.fast'].placeholder == '7'
        assert fields['max_position'].placeholder == '2000'
        await pilot.press('down')
        assert screen.focused is fields['sma.fast']
        assert 'sma.fast: ' in str(content_of(screen))
        await pilot.press('5', 'down', *'never')
        assert 'slow' in str(content_of(screen))
        assert fields['sma.slow'].has_class('-invalid')
        await pilot.press('enter')
        assert 'running' not in str(content_of(screen))
        fields['sma.slow'].value = ''
        fields['max_position'].value = '-1'
        assert made.check() == 'max_position: a number, 0 or more'
        fields['max_position'].value = '5'
        assert made.check() == ''
        assert made.changes == ['sma.fast=5', 'max_position=5']


@pytest.mark.slow
async def test_what_came_of_it_is_shown(path):
    (path.parents[2] / 'config').mkdir(exist_ok=True)
    (path.parents[2] / 'config' / 'sting.yaml').write_text(
        'profiles: {test: {mode: paper, broker: paper, feed: demo, '
        'symbols: [AAPL]}}\n'
    )
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        line = screen.query_one('#change', widgets.Input)
        line.value = 'max_position=5'
        await pilot.press('enter')
        await asyncio.to_thread(
            sessions.until,
            lambda: content_of(screen) != 'running in another process',
            SOON,
        )
        shown = content_of(screen)
        assert shown.row_count > 8, shown


@pytest.mark.slow
async def test_the_process_ends_with_the_screen(path, monkeypatch):
    started = []
    create = asyncio.create_subprocess_exec

    async def noted(*words, **more):
        # Python itself, which waits until its input ends: never.
        made = await create(
            words[0], '-c', 'import time; time.sleep(600)', **more
        )
        started.append(made)
        return made

    monkeypatch.setattr(asyncio, 'create_subprocess_exec', noted)
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        screen.query_one('#change', widgets.Input).value = 'max_position=5'
        await pilot.press('enter')
        await asyncio.to_thread(sessions.until, lambda: started, SOON)
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
