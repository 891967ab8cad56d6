"""The drill on F5, with a program that stands for `sting`."""

import io
import sys

import pytest
from rich import console

from sting.model import drills
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.screens import drill

pytestmark = pytest.mark.unit

RESULT = drills.Result(
    profile='demo',
    at=stations.START,
    cases=(
        drills.Case(
            case='calm',
            ok=True,
            order_ms=0.0,
            first_ms=1.25,
            report_ms=9.0,
            left=0,
        ),
        drills.Case(
            case='flood',
            ok=False,
            order_ms=21.0,
            first_ms=None,
            report_ms=None,
            left=3,
            busy=True,
        ),
    ),
)


def program(monkeypatch, text):
    monkeypatch.setattr(
        drill.DrillPanel, 'program', (sys.executable, '-c', text)
    )


def said(app):
    panel = app.screen.query_one(drill.DrillPanel)
    drawn = console.Console(width=150, file=io.StringIO())
    drawn.print(panel.content)
    return drawn.file.getvalue()


async def shown(app, pilot, condition):
    """Waits until the panel shows something."""
    for _ in range(3_000):
        app.screen.show(app.snapshot)
        if condition(said(app)):
            return
        await pilot.pause(0.01)
    raise AssertionError(said(app))


async def test_it_says_how_the_last_one_went():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('f5')
        await pilot.pause()
        assert 'never drilled: d pulls the stop' in said(app)
        station.now = stations.snapshot(drill=RESULT)
        app.tick()
        await pilot.pause()
        lines = [line.split() for line in said(app).splitlines()]
        assert ['calm', '0.0', 'ms', '1.2', 'ms', '0', 'ok'] in lines
        flood = ['flood', '21.0', 'ms', '-', '3', 'MISSED,', 'busy', 'machine']
        assert flood in lines


async def test_a_key_starts_one_and_what_goes_wrong_is_told(monkeypatch):
    program(
        monkeypatch,
        'import sys; sys.exit("sting: " + " ".join(sys.argv[1:]))',
    )
    app = apps.make(stations.Station())
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('f5')
        await pilot.pause()
        await pilot.press('d', 'y')
        await shown(
            app, pilot, lambda text: 'drill --json --profile=demo' in text
        )
        assert 'sting:' not in said(app)


async def test_it_asks_first_and_no_starts_none(monkeypatch):
    program(monkeypatch, 'import time; time.sleep(600)')
    app = apps.make(stations.Station())
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('f5')
        await pilot.pause()
        await pilot.press('d')
        asked = ' '.join(
            str(label.render()) for label in app.screen.query('Label')
        )
        assert 'Drill the emergency stop?' in asked
        assert 'profile demo' in asked
        await pilot.press('n')
        app.screen.show(app.snapshot)
        assert 'drilling' not in said(app)
        assert app.screen.query_one(drill.DrillPanel)._process is None


async def test_one_that_runs_is_told_and_ends_with_the_screen(
    monkeypatch, tmp_path
):
    mark = tmp_path / 'ended'
    program(
        monkeypatch,
        'import pathlib, time\n'
        'try: time.sleep(600)\n'
        f'except KeyboardInterrupt: pathlib.Path({str(mark)!r}).touch()',
    )
    app = apps.make(stations.Station())
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('f5')
        await pilot.pause()
        await pilot.press('d', 'y', 'd', 'y')
        await shown(app, pilot, lambda text: 'drilling on paper' in text)
        panel = app.screen.query_one(drill.DrillPanel)
        while panel._process is None:
            await pilot.pause(0.01)
        process = panel._process
        await pilot.press('escape')
        await pilot.pause()
    assert process.returncode is not None


async def test_one_that_cannot_be_started_is_told(monkeypatch):
    monkeypatch.setattr(drill.DrillPanel, 'program', ('/nowhere/at/all',))
    app = apps.make(stations.Station())
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('f5')
        await pilot.pause()
        await pilot.press('d', 'y')
        await shown(app, pilot, lambda text: 'cannot be started' in text)
