"""Sweeps and walks forward on the backtest screen."""

import pytest

from sting.model import errors
from tests.unit.tui import apps
from tests.unit.tui.screens import backtest_program
from tests.unit.tui.screens import test_backtest
from tui.screens import backtest_child
from tui.screens import backtest_map
from tui.screens import backtest_swept

pytestmark = pytest.mark.unit

until, text_of = test_backtest.until, test_backtest.text_of


@pytest.fixture
def swept():
    return backtest_swept.Swept.read(backtest_program.SWEPT)


def form(**given):
    return backtest_child.Form(**{'strategy': 'good'} | given)


@pytest.mark.parametrize(
    ('value', 'found'),
    [
        ('7', ()),
        ('-0.5', ()),
        ('10:30', ('10', '30')),
        ('0.5:2:0.5', ('0.5', '2')),
        ('5|10|20', ('5', '10', '20')),
        ('2012-06-01', ()),
        ('file:name', ()),
        ('', ()),
    ],
)
def test_a_value_of_several(value, found):
    assert backtest_child.several(value) == found


def test_a_range_asks_for_a_sweep_and_days_for_a_walk():
    assert form(parameters='fast=10').command == 'backtest'
    asked = form(parameters='fast=5:20:5 slow=30')
    assert asked.command == 'sweep'
    assert {'--grid=fast=5:20:5', '--set=slow=30'} <= {*asked.arguments()}
    walk = form(parameters='fast=5|10', walk=' 500 / 250 ')
    assert walk.command == 'walkforward'
    assert {'--train=500', '--test=250'} <= {*walk.arguments()}


@pytest.mark.parametrize(
    ('given', 'said'),
    [
        ({'walk': '500/250', 'parameters': 'fast=5'}, 'values to learn from'),
        ({'walk': '500', 'parameters': 'fast=5|6'}, 'days to test on'),
        ({'fill': 'all', 'parameters': 'fast=5|6'}, 'one mode'),
    ],
)
def test_what_does_not_fit_together_is_said(given, said):
    with pytest.raises(errors.InputError, match=said):
        form(**given).arguments()


def test_runs_are_found_by_their_values(swept):
    assert swept.axes == {'fast': (5, 10), 'slow': (20, 30), 'days': (1, 2)}
    assert swept.place({'days': 1, 'fast': 10, 'slow': 30}) == 6
    assert swept.at(6) == {'fast': 10, 'slow': 30, 'days': 1}
    assert swept.place({'days': 3, 'fast': 10, 'slow': 30}) is None


def test_the_best_and_the_fifths(swept):
    assert swept.best('sharpe') == 6
    assert swept.levels('sharpe') == [0, 1, 2, 3, None, None, 4, 0]
    # All alike are the best together, of what is better when it is less, too.
    assert swept.best('volatility') == 0
    assert set(swept.levels('volatility')) == {0}


async def begin(pilot):
    """Sweeps what the fields have."""
    fields = pilot.app.backtest
    test_backtest.field(pilot.app, 'strategy').value = 'good'
    await until(
        pilot,
        lambda: [f.value for f in fields.query('#parameter-fast')] == [''],
    )
    test_backtest.field(pilot.app, 'parameter-fast').value = '5|10'
    await pilot.press('ctrl+r')
    await until(pilot, lambda: 'by fast' in text_of(pilot.app))
    return fields.query_one(backtest_map.Map)


@pytest.mark.parametrize('size', [apps.SMALL, apps.MIDDLE, apps.WIDE])
async def test_a_sweep_is_a_map_with_the_best_marked(size):
    async with apps.run(test_backtest.Shown(), size) as pilot:
        drawn = await begin(pilot)
        assert drawn.has_focus
        painted = text_of(pilot.app)
        for words in (
            'Sharpe by fast, down, and slow, across; held: days=1',
            '[*0.77]',
            '0.33',
            'fast=10 slow=30 days=1',
            'total return +25.00%',
            'deflated Sharpe 0.750 among 19 trials',
        ):
            assert ' '.join(words.split()) in ' '.join(painted.split())


async def test_one_walks_over_it_and_is_told_of_each_run():
    async with apps.run(test_backtest.Shown(), (120, 40)) as pilot:
        await begin(pilot)
        for keys, words in (
            (['left'], 'fast must be below slow'),
            (['left', 'up', 'up'], '[0.11]'),
            (['full_stop'], '[0.22]'),
            (['comma', 'comma'], 'held: days=2'),
            (['x'], 'Sharpe by fast, down, and days, across; held: slow=20'),
            (['m'], 'total return by'),
        ):
            await pilot.press(*keys)
            await until(pilot, lambda words=words: words in text_of(pilot.app))


async def test_enter_runs_the_values_under_the_cursor():
    async with apps.run(test_backtest.Shown(), (120, 40)) as pilot:
        shown = pilot.app
        await begin(pilot)
        shown.backtest.outcome = None
        await pilot.press('enter')
        await until(pilot, lambda: shown.backtest.outcome is not None)
        assert test_backtest.form_of(shown).parameters == (
            'fast=10 slow=30 days=1'
        )
        arguments = shown.backtest.outcome.figures['arguments']
        assert arguments[0] == 'backtest'
        assert '--set=fast=10' in arguments
        # The map is there to go on with.
        await pilot.press('8')
        await until(pilot, lambda: '[*0.77]' in text_of(shown))


async def test_a_walk_forward_tells_what_each_window_was_worth():
    async with apps.run(test_backtest.Shown(), (120, 40)) as pilot:
        shown = pilot.app
        test_backtest.field(shown, 'walk').value = '500/250'
        test_backtest.field(shown, 'strategy').value = 'good'
        await pilot.pause()
        test_backtest.field(shown, 'parameters').value = 'fast=5|10'
        await pilot.press('ctrl+r')
        await until(pilot, lambda: shown.backtest.outcome is not None)
        assert shown.backtest.outcome.error == ''
        await pilot.press('ctrl+o', '9')
        for words in (
            '2011-01-03',
            '-0.50',
            '+7.50%',
            'fast=11',
            'efficiency 0.50',
            'overfitting 25%',
        ):
            await until(pilot, lambda words=words: words in text_of(shown))


async def test_before_a_sweep_the_pages_say_how_to_begin_one():
    async with apps.run(test_backtest.Shown(), (80, 24)) as pilot:
        await pilot.press('ctrl+o', '8')
        await until(pilot, lambda: '5|10|20' in text_of(pilot.app))
        await pilot.press('up', 'm', 'x', 'full_stop', 'enter', '9')
        await until(pilot, lambda: '500/250' in text_of(pilot.app))
