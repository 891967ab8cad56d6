"""The screen of one strategy."""

import asyncio

import msgspec
import pytest

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


def station(**changes):
    row = stations.snapshot().strategies[0]
    rows = (msgspec.structs.replace(row, performance=DONE, **changes),)
    return stations.Station(
        stations.snapshot(strategies=rows, untraded=UNTRADED)
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
        await pilot.press('7', 'd')
        shown = await until(
            pilot,
            'it comes to 10 FB already',
            'above [/b]',
            'order buy 10 IBM',
        )
        assert '\x1b' not in shown
        assert 'decided 90 s ago' not in shown


async def test_it_follows_the_engine():
    made = station()
    app = apps.make(made)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('7', 'd')
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
