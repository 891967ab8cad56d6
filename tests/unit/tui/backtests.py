"""A backtest screen with runs and results, for whoever looks at it."""

import atexit
import os
import pathlib
import shutil
import sys
import tempfile

from textual import widgets

from tests.unit.tui import apps
from tests.unit.tui.screens import backtest_program
from tests.unit.tui.screens import test_backtest_runs
from tui.charts import lines
from tui.screens import backtest
from tui.screens import backtest_history

PROGRAM = (sys.executable, str(pathlib.Path(backtest_program.__file__)))
# 2026-01-05, 15:00 UTC.
_KEPT = 1_767_625_200
_ALL = tempfile.mkdtemp(prefix='sting-runs-')
atexit.register(shutil.rmtree, _ALL, ignore_errors=True)


def _kept(folder):
    """Two runs, in a folder."""
    store = backtest_history.Store(folder)
    for fast, sharpe in ((10, 0.8), (20, 1.1)):
        store.add(
            test_backtest_runs.form(parameters=f'fast={fast}'),
            test_backtest_runs.outcome(sharpe=sharpe),
            lines.thin,
        )
    for path in folder.iterdir():
        os.utime(path, (_KEPT, _KEPT))
    return store


async def install(pilot):
    """Puts in a screen with two runs that were kept."""
    app = pilot.app
    if app.is_screen_installed('backtest'):
        return
    store = _kept(pathlib.Path(tempfile.mkdtemp(dir=_ALL)))
    app.install_screen(backtest.BacktestScreen(PROGRAM, store), 'backtest')


async def run(pilot):
    """The same with a result; the keys are back where they were."""
    await install(pilot)
    await pilot.press('f3')
    screen = pilot.app.screen
    if screen.outcome is None:
        screen.query_one('#strategy', widgets.Input).value = 'good'
        await pilot.press('ctrl+r')
        await apps.wait(pilot, lambda: screen.outcome is not None)
    await pilot.press('escape', 'escape')


async def sweep(pilot):
    """The same with a sweep."""
    app = pilot.app
    await install(pilot)
    await pilot.press('f3')
    screen = app.screen
    if screen.outcome is None:
        screen.query_one('#strategy', widgets.Input).value = 'good'
        await apps.wait(
            pilot,
            lambda: (
                [each.value for each in screen.query('#parameter-fast')] == ['']
            ),
        )
        screen.query_one('#parameter-fast', widgets.Input).value = '5|10'
        await pilot.press('ctrl+r')
        await apps.wait(pilot, lambda: app.key_scope == 'map')
    await pilot.press('escape', 'escape')
