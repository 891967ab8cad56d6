import asyncio
import pathlib
import sys

import pytest
from textual import app
from textual import widgets

from tests.unit.tui import apps
from tests.unit.tui.screens import backtest_program
from tui import keymap
from tui import themes
from tui.screens import backtest
from tui.screens import backtest_child
from tui.screens import backtest_figures
from tui.screens import backtest_form
from tui.screens import backtest_trades

pytestmark = pytest.mark.unit

PROGRAM = (sys.executable, str(pathlib.Path(backtest_program.__file__)))


class Shown(app.App[None]):
    CSS = 'StatusBar, Banner, HintBar { height: 1; }'

    def __init__(self):
        super().__init__()
        self.palette = themes.Palette(themes.load_all()['dark'])
        self.actions = keymap.ACTIONS
        self.backtest = backtest.BacktestScreen(PROGRAM)
        self.asked = []

    def on_mount(self):
        self.push_screen(self.backtest)

    def action_show_screen(self, name):
        self.asked.append(name)


def field(shown, name):
    return shown.backtest.query_one(f'#{name}', widgets.Input)


def form_of(shown):
    return shown.backtest.query_one(backtest_form.Fields).value


def status(shown):
    return str(shown.backtest.query_one('#status').render())


def text_of(shown):
    strips = shown.backtest._compositor.render_strips()
    return '\n'.join(strip.text for strip in strips)


async def until(pilot, true):
    for _ in range(400):
        await pilot.pause()
        if true():
            return
        await asyncio.sleep(0.025)
    raise AssertionError('it never became true')


async def run(pilot, strategy):
    shown = pilot.app
    field(shown, 'strategy').value = strategy
    await pilot.press('ctrl+r')
    await until(pilot, lambda: shown.backtest.outcome is not None)
    await pilot.pause()
    return shown.backtest.outcome


def test_figures_that_are_undefined_are_a_dash():
    texts = dict(backtest_figures.figure_texts(backtest_program.FIGURES))

    assert texts['Sortino'] == '-'
    assert texts['Calmar'] == '-'
    assert texts['Sharpe'] == '1.23'
    assert texts['total return'] == '+12.35%'
    assert texts['max drawdown'] == '25.00%'
    assert texts['final equity'] == '112,345.68'


async def test_a_narrow_screen_leaves_figures_out():
    for size, shows in (((80, 24), False), ((140, 45), True)):
        shown = Shown()
        async with apps.run(shown, size) as pilot:
            await run(pilot, 'good')
            await until(pilot, lambda: 'max drawdown' in text_of(shown))  # noqa: B023
            assert ('mean MAE' in text_of(shown)) is shows


async def test_the_form_starts_with_something_that_runs():
    shown = Shown()
    async with apps.run(shown, (120, 40)):
        assert form_of(shown) == backtest_form.DEFAULTS


async def test_enter_goes_from_field_to_field_and_runs_nothing():
    shown = Shown()
    async with apps.run(shown, (120, 40)) as pilot:
        field(shown, 'strategy').focus()
        await pilot.press('enter')
        assert shown.backtest.focused is field(shown, 'data')

        await pilot.press('down', 'down', 'up')
        assert shown.backtest.focused is field(shown, 'symbols')
        assert status(shown) == backtest.READY


async def test_each_strategy_has_parameters_of_its_own():
    async with Shown().run_test(size=(120, 40)) as pilot:
        strategy = field(pilot.app, 'strategy')
        parameters = field(pilot.app, 'parameters')
        strategy.value = 'mine.py'
        await until(pilot, lambda: parameters.value == '')
        parameters.value = 'days=5'
        await pilot.pause()
        strategy.value = backtest_form.DEFAULTS.strategy
        await until(
            pilot, lambda: parameters.value == backtest_form.DEFAULTS.parameters
        )
        strategy.value = 'mine.py'
        await until(pilot, lambda: parameters.value == 'days=5')


async def test_a_run_shows_figures_curves_and_trades():
    shown = Shown()
    async with apps.run(shown, (140, 45)) as pilot:
        await run(pilot, 'good')
        await until(pilot, lambda: 'max drawdown' in text_of(shown))

        painted = text_of(shown)
        assert '112,345.68' in painted
        assert '-10%' in painted
        assert status(shown).startswith('done')


def test_the_heading_says_what_was_run():
    figures = {
        'strategy': 'good',
        'parameters': {'fast': 10},
        'symbols': ['GOOG', 'IBM'],
        'start': '2012-06-01T20:00:00Z',
        'end': '2012-06-05T20:00:00Z',
    }

    assert backtest_figures.heading(figures) == (
        'good fast=10 GOOG IBM 2012-06-01 2012-06-05'
    )


async def test_a_new_run_takes_the_last_result_away():
    shown = Shown()
    async with apps.run(shown, (140, 45)) as pilot:
        await run(pilot, 'good')
        await until(pilot, lambda: 'drawdown' in text_of(shown))
        shown.backtest.outcome = None
        await run(pilot, 'wrong')
        await until(pilot, lambda: 'equity' not in text_of(shown))

        assert backtest_figures.NOTHING in text_of(shown)
        assert not shown.backtest.query_one(backtest_trades.Trades).rows


async def test_a_second_run_replaces_the_first():
    shown = Shown()
    async with apps.run(shown, (140, 45)) as pilot:
        await run(pilot, 'good')
        shown.backtest.outcome = None
        await run(pilot, 'good')
        curves = shown.backtest.query_one('#curves')
        await until(pilot, lambda: len(curves.children) == 2)

        assert len(shown.backtest.query_one(backtest_trades.Trades).rows) == 2


async def test_an_error_is_one_line():
    shown = Shown()
    async with apps.run(shown, (140, 45)) as pilot:
        await run(pilot, 'wrong')

        assert status(shown) == 'prices.csv:7: high is below low'
        assert backtest_figures.NOTHING in text_of(shown)


async def test_the_run_button_runs():
    shown = Shown()
    async with apps.run(shown, (140, 45)) as pilot:
        field(shown, 'strategy').value = 'good'
        # The button moves as fields of parameters come.
        await until(pilot, lambda: shown.backtest.query('#parameter-fast'))
        await until(pilot, lambda: field(shown, 'parameter-fast').value == '')
        await pilot.pause()
        await pilot.click('#run')
        await until(pilot, lambda: shown.backtest.outcome is not None)

        assert shown.backtest.outcome.error == ''


@pytest.mark.parametrize('how', ['key', 'button'])
async def test_a_run_can_be_cancelled(how):
    shown = Shown()
    async with apps.run(shown, (140, 45)) as pilot:
        field(shown, 'strategy').value = 'slow'
        await pilot.press('ctrl+r')
        bar = shown.backtest.query_one(widgets.ProgressBar)
        await until(pilot, lambda: bar.total == 3)
        if how == 'key':
            await pilot.press('ctrl+t')
        else:
            await pilot.click('#cancel')
        await until(pilot, lambda: shown.backtest.outcome is not None)
        await pilot.pause()

        assert status(shown) == backtest_child.CANCELLED
        assert shown.backtest.query_one('#cancel').disabled


async def test_a_second_run_waits_for_the_first():
    shown = Shown()
    async with apps.run(shown, (140, 45)) as pilot:
        field(shown, 'strategy').value = 'slow'
        await pilot.press('ctrl+r', 'ctrl+r')
        assert len(shown._notifications) == 1

        await pilot.press('ctrl+t')
        await until(pilot, lambda: shown.backtest.outcome is not None)


async def test_cancel_without_a_run_does_nothing():
    shown = Shown()
    async with apps.run(shown, (140, 45)) as pilot:
        await pilot.press('ctrl+t')

        assert status(shown) == backtest.READY


async def test_escape_goes_back_to_the_trade_screen():
    shown = Shown()
    async with apps.run(shown, (140, 45)) as pilot:
        await pilot.press('escape')

        assert shown.asked == ['trade']


@pytest.mark.parametrize('size', [(80, 24), (120, 40), (200, 50)])
async def test_every_field_and_the_curves_are_seen_at_any_size(size):
    shown = Shown()
    async with apps.run(shown, size) as pilot:
        await run(pilot, 'good')
        await until(pilot, lambda: '-10' in text_of(shown))
        await until(pilot, lambda: 'slow ' in text_of(shown))

        painted = text_of(shown)
        labels = {label for label, _ in backtest_form.FIELDS.values()}
        # A field for each parameter is in place of the line of them all.
        labels ^= {'parameters', 'fast', 'slow'}
        assert all(label in painted for label in labels)
        assert 'final equity' in painted


async def test_a_field_marks_where_it_is_cut():
    shown = Shown()
    async with apps.run(shown, (80, 24)) as pilot:
        strategy = field(shown, 'strategy')
        strategy.focus()
        await pilot.press('home')
        await pilot.pause()
        assert strategy.render_line(0).text.rstrip() == 'sting.library…'

        await pilot.press('end')
        await pilot.pause()
        text = strategy.render_line(0).text.rstrip()
        assert text.startswith('…')
        assert text.endswith('sma_cross')


def test_the_form_leaves_every_cost_to_the_schedule():
    arguments = backtest_form.DEFAULTS.arguments()

    assert not any('-bps' in each or '--costs' in each for each in arguments)


def test_a_run_in_one_mode_of_filling_has_no_range():
    assert backtest_figures.ambiguity(backtest_program.FIGURES) == ''
    assert backtest_figures.ambiguity({'range': None}) == ''


def test_a_range_names_the_worst_and_the_best_mode_of_filling():
    assert backtest_figures.ambiguity({'range': backtest_program.RANGE}) == (
        'by fill 98,000.00 pessimistic .. 112,345.68 next_open, '
        '12.50% of fills differ'
    )


@pytest.mark.parametrize('size', [(80, 24), (140, 45)])
async def test_the_range_over_the_modes_of_filling_is_shown(size):
    shown = Shown()
    async with apps.run(shown, size) as pilot:
        field(shown, 'fill').value = 'all'
        await run(pilot, 'good')
        await until(pilot, lambda: 'by fill 98,000.00' in text_of(shown))


async def test_the_form_passes_costs_and_the_mode_of_filling():
    shown = Shown()
    async with apps.run(shown, (120, 40)) as pilot:
        field(shown, 'costs').value = 'ibkr_fixed'
        field(shown, 'fill').value = 'pessimistic'
        outcome = await run(pilot, 'good')

        given = outcome.figures['arguments']
        assert '--costs=ibkr_fixed' in given
        assert '--fill=pessimistic' in given


async def test_time_left_stands_beside_the_progress_while_it_runs():
    shown = Shown()
    async with apps.run(shown, (80, 24)) as pilot:
        left = shown.backtest.query_one('#progress')
        assert not left.visible
        field(shown, 'strategy').value = 'slow'
        await pilot.press('ctrl+r')
        await until(pilot, lambda: ':--' in text_of(shown))
        await pilot.press('ctrl+t')
        await until(pilot, lambda: not left.visible)
