"""Runs that are kept: to be opened again, compared, read as a page."""

import json

import pytest
from textual import widgets

from tests.unit.tui import apps
from tests.unit.tui.screens import test_backtest
from tests.unit.tui.screens import test_backtest_results
from tui.charts import lines
from tui.screens import backtest
from tui.screens import backtest_child
from tui.screens import backtest_compare
from tui.screens import backtest_form
from tui.screens import backtest_history
from tui.screens import backtest_runs

pytestmark = pytest.mark.unit

until = test_backtest.until
painted = test_backtest_results.painted
CURVE = backtest_child.Curve(
    ('2012-06-01T20:00:00Z', '2012-06-04T20:00:00Z', '2012-06-05T20:00:00Z'),
    (100.0, 90.0, 110.0),
    (0.0, -0.1, 0.0),
)


def form(**changes):
    given = {'strategy': 'lib.cross', 'symbols': 'GOOG', 'parameters': 'fast=1'}
    return backtest_child.Form(**given | changes)


def outcome(**figures):
    given = {'total_return': 0.1, 'sharpe': 1.0, 'trades': 3}
    return backtest_child.Outcome(given | figures, CURVE)


@pytest.fixture
def store(tmp_path):
    return backtest_history.Store(tmp_path / 'backtests')


def test_a_run_is_read_as_it_was_kept(store):
    assert store.runs() == []
    assert store.add(form(), outcome(), lines.thin) == 1
    assert store.add(form(cash='5'), outcome(sharpe=None), lines.thin) == 2
    newest, oldest = store.runs()
    assert (newest.number, newest.form) == (2, form(cash='5'))
    assert newest.figures['sharpe'] is None
    assert oldest.outcome == backtest_child.Outcome(
        outcome().figures,
        backtest_child.Curve(*(list(each) for each in vars(CURVE).values())),
    )


def test_without_a_folder_none_is_kept():
    store = backtest_history.Store()
    assert store.add(form(), outcome(), lines.thin) == 0
    assert store.runs() == []


def test_the_oldest_go_with_their_pages(store, monkeypatch):
    monkeypatch.setattr(backtest_history, 'KEPT', 3)
    for _ in range(3):
        store.add(form(), outcome(), lines.thin)
    store.report(1).write_text('page')
    store.add(form(), outcome(), lines.thin)
    assert [run.number for run in store.runs()] == [4, 3, 2]
    assert not store.report(1).exists()


@pytest.mark.parametrize(
    'text', ['', '{', '[]', '{"form": {}}', '{"form": 1, "figures": {}}']
)
def test_what_cannot_be_read_is_left_out(store, tmp_path, text):
    store.add(form(), outcome(), lines.thin)
    (tmp_path / 'backtests' / '7.json').write_text(text)
    assert [run.number for run in store.runs()] == [1]
    assert store.add(form(), outcome(), lines.thin) == 8


def test_fields_of_another_version_are_passed_over(store, tmp_path):
    store.add(form(), outcome(), lines.thin)
    path = tmp_path / 'backtests' / '1.json'
    kept = json.loads(path.read_text())
    kept['form']['added_later'] = 'x'
    path.write_text(json.dumps(kept))
    assert store.runs()[0].form == form()


def test_a_long_curve_is_kept_in_as_many_points_as_a_screen_shows(store):
    count = 50_000
    values = [100.0 + place % 7 for place in range(count)]
    values[33_333] = 1.0
    curve = backtest_child.Curve(
        ['2012-06-01T20:00:00Z'] * count, values, [0.0] * count
    )
    store.add(form(), backtest_child.Outcome({}, curve), lines.thin)
    kept = store.runs()[0].outcome.curve
    assert len(kept.equity) <= backtest_history.POINTS + 2
    assert min(kept.equity) == 1.0


async def opened(pilot, store):
    """The screen with what is kept, the keys in the list of runs."""
    screen = backtest.BacktestScreen(test_backtest.PROGRAM, store)
    await pilot.app.push_screen(screen)
    await pilot.press('ctrl+o', '7')
    runs = screen.query_one(backtest_runs.Runs)
    await until(pilot, lambda: len(runs.rows) == len(store.runs()))
    return screen, runs


async def test_a_run_that_went_well_is_kept_and_listed(store):
    async with apps.run(apps.make(), apps.SMALL) as pilot:
        screen, runs = await opened(pilot, store)
        assert backtest_runs.NO_RUNS in painted(screen)
        await pilot.press('escape')
        screen.query_one('#strategy', widgets.Input).value = 'good'
        await pilot.press('ctrl+r')
        await until(pilot, lambda: runs.rows)
        assert '+12.35%' in painted(screen)
        screen.query_one('#strategy', widgets.Input).value = 'wrong'
        await pilot.press('ctrl+r')
        await until(pilot, lambda: screen.outcome.error)
        assert len(store.runs()) == 1


async def test_one_that_is_opened_fills_in_its_form(store):
    asked = form(
        cash='777', strategy='sting.library.sma_cross', parameters='fast=5'
    )
    store.add(asked, outcome(final_equity=123456.0), lines.thin)
    async with apps.run(apps.make(), apps.WIDE) as pilot:
        screen, _ = await opened(pilot, store)
        await pilot.press('enter')
        await test_backtest_results.until_says(
            pilot, screen, 'final equity', '123,456', 'without its trades'
        )
        made = screen.query_one(backtest_form.Fields).value
        assert made == asked
        fields = screen.query_one(backtest_form.Parameters)
        await until(pilot, lambda: fields.display)
        fast = fields.query_one('#parameter-fast', widgets.Input)
        assert fast.value == '5'
        assert screen.query_one(backtest_form.Fields).value == asked


async def test_two_that_are_marked_stand_side_by_side(store):
    store.add(form(), outcome(), lines.thin)
    store.add(form(), outcome(), lines.thin)
    store.add(form(parameters='fast=2'), outcome(total_return=0.15), lines.thin)
    async with apps.run(apps.make(), apps.SMALL) as pilot:
        _, runs = await opened(pilot, store)
        await pilot.press('c')
        assert not isinstance(pilot.app.screen, backtest_compare.Compared)
        await pilot.press('space', 'down', 'space', 'down', 'space')
        assert runs.marked == [2, 1]
        await pilot.press('space', 'space', 'up', 'space', 'up', 'space')
        assert runs.marked == [1, 3]
        await pilot.press('c')
        shown = painted(pilot.app.screen)
        for words in (
            'A: run 1',
            'B: run 3',
            'A fast=1',
            'B fast=2',
            '+10.00%',
            '+15.00%',
            '+5.00%',
        ):
            assert words in shown
        await pilot.press('escape')
        assert not isinstance(pilot.app.screen, backtest_compare.Compared)


async def test_a_marked_one_is_compared_with_that_under_the_cursor(store):
    store.add(form(), outcome(), lines.thin)
    store.add(form(), outcome(), lines.thin)
    async with apps.run(apps.make(), apps.WIDE) as pilot:
        await opened(pilot, store)
        await pilot.press('space', 'down', 'c')
        await pilot.pause()
        plot = pilot.app.screen.query_one(lines.GrowthPlot)
        text = str(plot.render())
        assert 'A' in text or 'B' in text
        assert '0%' in text


async def test_its_page_is_written_once_and_opened(store, monkeypatch):
    store.add(form(strategy='good'), outcome(), lines.thin)
    seen = []
    monkeypatch.setenv('DISPLAY', ':0')
    monkeypatch.setattr('webbrowser.open', seen.append)
    async with apps.run(apps.make(), apps.WIDE) as pilot:
        await opened(pilot, store)
        await pilot.press('o')
        await until(pilot, lambda: seen)
        path = store.report(1)
        assert path.read_text() == 'page'
        assert seen == [path.as_uri()]
        path.write_text('kept')
        await pilot.press('o')
        await until(pilot, lambda: len(seen) == 2)
        assert path.read_text() == 'kept'


async def test_without_a_window_the_path_is_said(store, monkeypatch):
    store.add(form(strategy='good'), outcome(), lines.thin)
    seen = []
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr('webbrowser.open', seen.append)
    async with apps.run(apps.make(), apps.WIDE) as pilot:
        screen, _ = await opened(pilot, store)
        await pilot.press('o')
        await test_backtest_results.until_says(pilot, screen, '.html')
    assert seen == []


async def test_a_page_that_cannot_be_written_is_told(store):
    store.add(form(strategy='wrong'), outcome(), lines.thin)
    async with apps.run(apps.make(), apps.WIDE) as pilot:
        screen, _ = await opened(pilot, store)
        await pilot.press('o')
        await test_backtest_results.until_says(
            pilot, screen, 'high is below low'
        )
