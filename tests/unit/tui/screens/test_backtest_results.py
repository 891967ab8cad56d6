"""The pages of a result."""

import msgspec
import pytest
from textual import widgets

from tests.unit.tui import apps
from tests.unit.tui import stations
from tests.unit.tui.screens import test_backtest
from tui.screens import backtest
from tui.screens import backtest_results
from tui.screens import backtest_trades
from tui.screens import setting

pytestmark = pytest.mark.unit

ROW = stations.snapshot().strategies[0]


async def shown(pilot, **changes):
    """The screen with a result, the keys in its pages."""
    app = pilot.app
    app.workstation.now = stations.snapshot(**changes)
    app.tick()
    screen = backtest.BacktestScreen(test_backtest.PROGRAM)
    await app.push_screen(screen)
    screen.query_one('#strategy', widgets.Input).value = 'good'
    await pilot.press('ctrl+r')
    await test_backtest.until(pilot, lambda: screen.outcome is not None)
    await test_backtest.until(
        pilot,
        lambda: screen.query_one(backtest_trades.Trades).rows,
    )
    await pilot.press('ctrl+o')
    return screen, screen.query_one(backtest_results.Results)


def painted(screen):
    strips = screen._compositor.render_strips()
    return '\n'.join(strip.text for strip in strips)


async def until_says(pilot, screen, *words):
    try:
        await test_backtest.until(
            pilot, lambda: all(word in painted(screen) for word in words)
        )
    except AssertionError:
        raise AssertionError(f'{words} not in\n{painted(screen)}') from None


@pytest.mark.parametrize('size', [(80, 24), (120, 40), (200, 50)])
async def test_every_page_is_seen_at_any_size(size):
    async with apps.run(apps.make(), size) as pilot:
        screen, _ = await shown(pilot)
        await until_says(pilot, screen, 'final equity', '-10')
        for key, words in (
            ('2', ('-10',)),
            ('3', ('2012', '-6.1')),
            ('4', ('2012-06-05 20:00', '+975.00', '-250.00')),
            ('5', ('mean, median', '1 won')),
            ('6', ('one mode of filling',)),
        ):
            await pilot.press(key)
            await until_says(pilot, screen, *words)


async def test_pages_are_flipped_round_and_round():
    async with apps.run(apps.make(), apps.SMALL) as pilot:
        _, results = await shown(pilot)
        seen = []
        for _ in backtest_results.PAGES:
            await pilot.press('right')
            seen.append(results.page)
        assert seen == [*[*backtest_results.PAGES][1:], 'overview']
        await pilot.press('left', 'h')
        assert results.page == [*backtest_results.PAGES][-2]
        await pilot.press('down', 'k')


async def test_one_reads_at_full_width_and_goes_back_to_the_form():
    async with apps.run(apps.make(), apps.SMALL) as pilot:
        screen, results = await shown(pilot)
        form = screen.query_one('#form')
        assert not form.display
        assert screen.key_scope == 'results'
        await pilot.press('4')
        assert screen.key_scope == 'trips'
        await pilot.press('escape')
        assert form.display
        assert screen.key_scope == 'backtest'
        await pilot.press('ctrl+o', 'ctrl+o')
        assert not results.has_keys


async def test_w_tells_why_a_trade_was_begun_and_ended():
    async with apps.run(apps.make(), apps.SMALL) as pilot:
        await shown(pilot)
        await pilot.press('4', 'down', 'w')
        why = pilot.app.screen
        assert [line for _, line in why.lines if line] == [
            'GOOG buy 100  +975.00 (+1.71%), held 3d',
            'in  2012-06-01 20:00  buy 100 at 570.50 (open)',
            'order b-1: market, wanted 2012-05-31 20:00',
            'because: fast above slow',
            'with fast=3 slow=2',
            'out  2012-06-04 20:00  sell 150 at 580.25 (touch)',
            'order b-2: limit limit 580.25, wanted 2012-06-01 20:00, '
            'exit of b-1',
            'because: no reason given',
        ]
        await pilot.press('w', 'up', 'w')
        assert 'no order asked for it' in [
            line for _, line in pilot.app.screen.lines
        ]


async def test_a_trade_whose_fills_are_not_kept_says_so():
    row = backtest_trades.Row(1, {'symbol': 'GOOG', 'quantity': '1'})
    lines = backtest_trades.why(row, backtest_results.backtest_child.Outcome())
    assert ('muted', 'in: its fills are not kept') in lines
    assert row.share is None


async def test_p_reviews_the_parameters_for_the_strategy_that_runs_it():
    row = msgspec.structs.replace(ROW, strategy='good')
    async with apps.run(apps.make(), apps.SMALL) as pilot:
        await shown(pilot, strategies=(row,))
        await pilot.press('p')
        await pilot.pause()
        assert isinstance(pilot.app.screen, setting.Review)
        label = pilot.app.screen.query_one('.changes Label')
        assert 'fast -> 10' in str(label.content)
        assert not pilot.app.workstation.given


@pytest.mark.parametrize(
    ('rows', 'said'),
    [
        ((), 'no strategy of this profile runs good; there are: none'),
        ((ROW,), 'sma_demo (sting.library.sma_cross)'),
        (
            tuple(
                msgspec.structs.replace(ROW, name=name, strategy='good')
                for name in ('one', 'two')
            ),
            'one, two run it; write :set NAME fast=10',
        ),
    ],
)
async def test_without_one_that_fits_p_says_what_there_is(rows, said):
    async with apps.run(apps.make(), apps.SMALL) as pilot:
        await shown(pilot, strategies=rows)
        await pilot.press('p')
        await pilot.pause()
        notices = [each.message for each in pilot.app._notifications]
        assert any(said in each for each in notices)


@pytest.mark.parametrize(
    ('configured', 'ran', 'same'),
    [
        ('/a/one.py', '/a/./one.py:Mine', True),
        ('/a/one.py:Other', '/a/one.py:Mine', False),
        ('/a/one.py', '/a/two.py', False),
        ('sting.library.x', 'sting.library.x', True),
    ],
)
def test_a_result_belongs_to_what_was_run(configured, ran, same):
    row = msgspec.structs.replace(ROW, strategy=configured)
    assert backtest_results.runs(row, ran) is same
