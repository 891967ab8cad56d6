"""Parameters as fields."""

import pytest
from textual import widgets

from sting.model import errors
from sting.model import parameters as rules
from tests.unit.tui import apps
from tests.unit.tui.screens import test_backtest
from tui.screens import backtest_form
from tui.screens import backtest_process

pytestmark = pytest.mark.unit

FAST = '#parameter-fast'


def field(shown, name):
    return shown.backtest.query_one(f'#parameter-{name}', widgets.Input)


def about(shown):
    return str(shown.backtest.query_one('#about').render())


async def until_fields(pilot, shown):
    screen = shown.backtest
    await test_backtest.until(
        pilot, lambda: screen.query(FAST) and screen.query_one(FAST).display
    )
    await pilot.pause()


async def test_each_parameter_has_a_field_in_place_of_the_line():
    shown = test_backtest.Shown()
    async with apps.run(shown, (80, 24)) as pilot:
        await until_fields(pilot, shown)

        assert field(shown, 'fast').value == '10'
        assert field(shown, 'slow').value == '30'
        assert not shown.backtest.query_one('#parameters-row').display
        assert test_backtest.form_of(shown) == backtest_form.DEFAULTS


async def test_an_empty_field_leaves_the_strategys_own_value():
    shown = test_backtest.Shown()
    async with apps.run(shown, (80, 24)) as pilot:
        await until_fields(pilot, shown)
        field(shown, 'fast').value = ''
        await pilot.pause()

        assert field(shown, 'fast').placeholder == '12'
        assert test_backtest.form_of(shown).parameters == 'slow=30'


async def test_the_focus_tells_the_bounds_and_what_it_does():
    shown = test_backtest.Shown()
    async with apps.run(shown, (80, 24)) as pilot:
        await until_fields(pilot, shown)
        field(shown, 'fast').focus()
        await pilot.pause()

        assert about(shown) == (
            'fast: an int from 2 to 500. bars of the fast mean. '
            '5:20:5 or 5|10 sweeps'
        )


async def test_a_value_out_of_bounds_is_marked_as_typed_and_runs_nothing():
    shown = test_backtest.Shown()
    async with apps.run(shown, (80, 24)) as pilot:
        await until_fields(pilot, shown)
        field(shown, 'fast').focus()
        await pilot.press('end', '0', '0')
        wrong = "parameter fast is '1000'; it must be an int from 2 to 500"
        await test_backtest.until(pilot, lambda: about(shown) == wrong)
        assert '! fast' in test_backtest.text_of(shown)

        await pilot.press('ctrl+r')
        assert test_backtest.status(shown) == wrong
        assert shown.backtest.outcome is None

        await pilot.press('backspace', 'backspace')
        await test_backtest.until(
            pilot, lambda: '! fast' not in test_backtest.text_of(shown)
        )


async def test_a_strategy_that_cannot_be_loaded_leaves_the_line():
    shown = test_backtest.Shown()
    async with apps.run(shown, (80, 24)) as pilot:
        await until_fields(pilot, shown)
        test_backtest.field(shown, 'strategy').value = 'nowhere'
        await test_backtest.until(
            pilot, lambda: about(shown) == 'there is no module nowhere'
        )
        assert shown.backtest.query_one('#parameters-row').display
        assert not shown.backtest.query_one('#bounds').display


async def test_another_strategy_has_fields_of_its_own():
    shown = test_backtest.Shown()
    async with apps.run(shown, (80, 24)) as pilot:
        await until_fields(pilot, shown)
        test_backtest.field(shown, 'strategy').value = 'good'
        await test_backtest.until(
            pilot, lambda: not shown.backtest.query_one('#bounds').display
        )
        await test_backtest.until(
            pilot,
            lambda: (
                shown.backtest.query_one('#bounds').display
                and field(shown, 'fast').value == ''
            ),
        )


async def test_what_fields_cannot_hold_stays_a_line():
    shown = test_backtest.Shown()
    async with apps.run(shown, (80, 24)) as pilot:
        await until_fields(pilot, shown)
        setting = rules.Setting('fast', 1, 'an int')
        bounds = shown.backtest.query_one(backtest_form.Parameters)
        assert not await bounds.put([setting], 'other=1')
        assert not await bounds.put([setting], 'fast')
        assert not await bounds.put([setting], "fast='1")
        assert not await bounds.put([], '')
        assert await bounds.put([setting], '')
        assert bounds.text == ''


@pytest.mark.parametrize('text', ["a='b c' d=1", 'a=1'])
def test_words_are_read_as_pairs(text):
    found = backtest_form.values_of(text)
    assert found == ({'a': 'b c', 'd': '1'} if ' ' in text else {'a': '1'})


async def test_a_real_strategy_tells_its_parameters():
    child = backtest_process.Process()
    settings = await backtest_form.ask(child, 'sting.library.sma_cross')

    assert settings[0].name == 'fast'
    assert settings[0].convert('5') == 5


async def test_a_strategy_that_is_not_there_is_an_error():
    child = backtest_process.Process()
    with pytest.raises(errors.StrategyError, match='sting'):
        await backtest_form.ask(child, 'sting.library.nothing')
