"""The screen of one strategy."""

import asyncio

import msgspec
import pytest

from sting.model import errors
from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations

pytestmark = pytest.mark.unit

DONE = views.Performance(
    since=stations.START,
    realized=120.5,
    unrealized=-20.25,
    fees=3.5,
    signals=15,
    orders=12,
    denied=1,
    untraded=2,
    fills=11,
    trips=5,
    wins=3,
    hit_rate=0.6,
    slippage=12.5,
    slippage_bps=1.75,
    bar_to_order_s=0.012,
    wire_p50_ms=0.8,
    wire_p99_ms=2.1,
)
UNTRADED = (
    views.UntradedRow(
        1203, stations.START, 'sma_demo', 'IBM', 'risk',
        'max_position: 12 units is above [/b] \x1b[2J', 'order buy 10 IBM',
    ),
    views.UntradedRow(
        1201, stations.START, 'other', 'FB', 'stale', 'decided 90 s ago',
    ),
    views.UntradedRow(
        1200, stations.START, 'sma_demo', 'FB', 'reached',
        'it comes to 10 FB already',
    ),
)  # fmt: skip


SIGNALS = (
    views.SignalRow(
        1202, stations.START, 'sma_demo', 'IBM', 'buy 10 at market',
        'crossed [/b] above', fate='filled 10 at 99.5', is_done=True,
    ),
    views.SignalRow(
        1201, stations.START, 'other', 'FB', 'sell 7 FB', fate='waits',
    ),
    views.SignalRow(
        1200, stations.START, 'sma_demo', 'FB', 'target 10',
        fate='reached: it comes to 10 FB already', is_done=True,
    ),
    views.SignalRow(
        1199, stations.START, 'sma_demo', 'GOOG', 'buy 3 at 98', fate='waits',
    ),
)  # fmt: skip


def station(**changes):
    row = stations.snapshot().strategies[0]
    rows = (msgspec.structs.replace(row, performance=DONE, **changes),)
    return stations.Station(
        stations.snapshot(strategies=rows, untraded=UNTRADED, signals=SIGNALS)
    )


def painted(app):
    strips = app.screen._compositor.render_strips()
    return '\n'.join(strip.text for strip in strips)


async def until(pilot, *words):
    """Waits until the terminal shows these."""
    for _ in range(400):
        await pilot.pause()
        shown = painted(pilot.app)
        if all(each in shown for each in words):
            return shown
        await asyncio.sleep(0.025)
    raise AssertionError(f'{words} are not in\n{shown}')


async def test_what_failed_to_change_and_what_runs_are_told():
    changes = {'code': 'ebb8f9fa850f72fa', 'pid': 4711, 'restarts': 2}
    app = apps.make(station(error='dip.py:7: SyntaxError', **changes))
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('7', 'd')
        await until(
            pilot,
            'dip.py:7: SyntaxError',
            'code ebb8f9fa850f72fa  process 4711  restarts 2',
        )


@pytest.mark.parametrize('size', [apps.SMALL, apps.WIDE])
async def test_d_shows_how_the_strategy_does(size):
    app = apps.make(station(detail='since noon'))
    async with apps.run(app, size) as pilot:
        await pilot.press('7', 'd')
        await until(
            pilot,
            'strategy sma_demo',
            'running: since noon',
            '+96.75 after fees',
            '5, 3 won (60%)',
            '+12.50 cost (+1.8 bps)',
            'p50 0.8 ms, p99 2.1 ms',
            '15, 2 not traded',
            '12, 1 denied',
        )
        await pilot.press('escape')
        await until(pilot, '1 running')
        assert app.screen is app._trade


async def test_what_was_not_traded_is_listed_with_its_gate():
    app = apps.make(station())
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('7', 'd', 'right')
        shown = await until(
            pilot,
            'it comes to 10 FB already',
            'above [/b]',
            'order buy 10 IBM',
        )
        assert '\x1b' not in shown
        assert 'decided 90 s ago' not in shown


@pytest.mark.parametrize('size', [apps.SMALL, apps.WIDE])
async def test_signals_are_listed_with_what_became_of_them(size):
    app = apps.make(station())
    async with apps.run(app, size) as pilot:
        await pilot.press('7', 'd')
        shown = await until(
            pilot, 'buy 10 at market', 'filled 10 at 99.5', 'waits',
            'reached: it comes to',
        )  # fmt: skip
        assert 'sell 7 FB' not in shown
        assert ('crossed [/b] above' in shown) is (size == apps.WIDE)


@pytest.mark.parametrize('key', ['w', 'enter'])
async def test_a_signal_is_asked_why_and_escape_comes_back(key):
    app = apps.make(station())
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('7', 'd', 'down', key)
        await until(pilot, 'why 1200')
        await pilot.press('escape')
        await until(pilot, 'strategy sma_demo', 'after fees')


async def test_no_filter_opens_behind_the_screen():
    app = apps.make(station())
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('7', 'd', 'slash', *'buy')
        assert not app._trade.query_one('Prompt').display


async def test_its_output_is_a_page_that_follows_its_end():
    made = station()
    lines = tuple(f'line {number} [/b] \x1b[2J' for number in range(100))
    made.outputs['sma_demo'] = (*lines, '  Zero')
    app = apps.make(made)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('7', 'd', 'right', 'right')
        shown = await until(pilot, 'line 99 [/b]', '  Zero')
        assert '\x1b' not in shown
        assert 'line 50' not in shown
        made.outputs['sma_demo'] = (*lines, 'came later')
        await until(pilot, 'came later')
        made.outputs['sma_demo'] = ()
        await until(pilot, 'it wrote and printed nothing')
        await pilot.press('l')
        await until(pilot, 'filled 10 at 99.5')


async def test_who_scrolled_back_in_the_output_stays_there():
    made = station()
    lines = tuple(f'line {number}' for number in range(100))
    made.outputs['sma_demo'] = lines
    app = apps.make(made)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('7', 'd', 'right', 'right')
        await until(pilot, 'line 99')
        await pilot.press('home')
        await until(pilot, 'line 0')
        made.outputs['sma_demo'] = (*lines, 'came later')
        page = app.screen.query_one('#output')
        await apps.wait(pilot, lambda: page.virtual_size.height == 101)
        shown = await until(pilot, 'line 0')
        assert 'came later' not in shown


async def test_what_cannot_be_read_is_said():
    made = station()

    def output(strategy, limit):
        raise errors.NotRunningError('the engine was lost 3 s ago')

    made.output = output
    app = apps.make(made)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('7', 'd', 'left')
        await until(pilot, 'the engine was lost 3 s ago')


async def test_help_and_the_palette_work_over_it():
    app = apps.make(station())
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('7', 'd', 'question_mark')
        await until(pilot, 'Strategy, signals', 'esc goes back')


async def test_it_follows_the_engine():
    made = station()
    app = apps.make(made)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('7', 'd', 'right')
        made.now = stations.snapshot(untraded=())
        await until(pilot, 'nothing so far')
        made.now = stations.snapshot(strategies=())
        await until(pilot, 'not in this profile any more')


async def test_without_a_strategy_there_is_nothing_to_show():
    app = apps.make(stations.Station(stations.snapshot(strategies=())))
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('7', 'd')
        assert app.screen is app._trade


async def test_the_command_line_shows_it_too_and_asks_why():
    app = apps.make(station())
    async with apps.run(app, apps.SMALL) as pilot:
        app._run_line('strategy sma_demo')
        await until(pilot, 'strategy sma_demo', 'after fees')
        app._run_line('why 1203')
        await until(pilot, 'why 1203')
