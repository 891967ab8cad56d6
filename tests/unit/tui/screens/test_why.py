"""The why screen."""

import asyncio
from concurrent import futures

import pytest

from sting.model import errors
from sting.model import orders
from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.charts import overlays
from tui.panes import moment
from tui.screens import why

pytestmark = pytest.mark.unit

BARS = stations.bars('AAPL', 200)
BAR = BARS[150]
MARK = views.Mark(BAR.timestamp + 1, BAR.close, orders.OrderSide.BUY, 10.0, 9)
CHAIN = (
    views.Cause(
        9, MARK.timestamp, 'fill', 'paper', 'AAPL', 7, 'bought 10', mark=MARK
    ),
    views.Cause(
        7, BAR.timestamp, 'order_update', 'risk', 'AAPL', 3,
        'approved [/b] \x1b[2J',
    ),
    views.Cause(
        3, BAR.timestamp, 'market_data', 'demo', 'AAPL', 0, 'a bar', bar=BAR
    ),
)  # fmt: skip
BARE = (views.Cause(4, BAR.timestamp, 'alert_seen', 'operator', '', 0, 'seen'),)


class Station(stations.Station):
    """A workstation that answers why as it is told."""

    def __init__(self, answer):
        super().__init__()
        self._answer = answer
        self.asked = []
        self.has_bars = True

    def why(self, seq):
        self.asked.append(seq)
        future = futures.Future()
        if isinstance(self._answer, Exception):
            future.set_exception(self._answer)
        elif self._answer is not None:
            future.set_result(self._answer)
        return future

    def bars(self, symbol, limit):
        return super().bars(symbol, limit) if self.has_bars else ()


def painted(app):
    strips = app.screen._compositor.render_strips()
    return '\n'.join(strip.text for strip in strips)


async def until(pilot, *words, without=()):
    """Waits until the terminal shows these, and not those."""
    for _ in range(1200):
        await pilot.pause()
        shown = painted(pilot.app)
        if all(each in shown for each in words) and not any(
            each in shown for each in without
        ):
            return shown
        await asyncio.sleep(0.025)
    raise AssertionError(f'{words} are not in, or {without} are in\n{shown}')


def asked(answer):
    """An app over a station that answers so."""
    return apps.make(Station(answer))


async def show(app, *words):
    app.push_screen(why.WhyScreen(app.workstation, 9))
    return await until(apps.Hands(app), *words)


async def test_the_chain_is_shown_from_the_event_to_its_first_cause():
    app = asked(CHAIN)
    async with apps.run(app, apps.SMALL):
        shown = await show(app, 'why 9  2012-', 'bought 10', 'a bar')

    assert app.workstation.asked == [9]
    places = [shown.index(word) for word in ('bought', 'approved', 'a bar')]
    assert places == sorted(places)
    assert 'approved [/b]' in shown
    assert '\x1b' not in shown


async def test_it_says_that_it_waits_for_the_engine():
    app = asked(None)
    async with apps.run(app, apps.SMALL):
        await show(app, why.ASKING)


async def test_an_event_that_is_not_there_is_said_so():
    app = asked(())
    async with apps.run(app, apps.SMALL):
        await show(app, 'event 9 is not in the log')


async def test_an_error_of_the_engine_is_shown():
    app = asked(errors.JournalError('the log cannot be read'))
    async with apps.run(app, apps.SMALL):
        await show(app, 'the log cannot be read')


async def test_escape_closes_it():
    app = asked(CHAIN)
    async with apps.run(app, apps.SMALL) as pilot:
        await show(app, 'a bar')
        await pilot.press('escape')
        await until(pilot, 'watch', without=('a bar',))
        assert app.screen is app._trade


def test_a_chain_is_about_the_bar_that_was_answered():
    assert why.moment_of(CHAIN) == ('AAPL', BAR.timestamp)


def test_without_a_bar_it_is_about_the_fill_and_then_the_event():
    assert why.moment_of(CHAIN[:1]) == ('AAPL', MARK.timestamp)
    assert why.moment_of(CHAIN[1:2]) == ('AAPL', BAR.timestamp)
    assert why.moment_of(()) == ('', 0)


@pytest.mark.parametrize('size', [apps.MIDDLE, apps.WIDE])
async def test_the_bar_is_marked_on_a_small_chart(size):
    app = asked(CHAIN)
    async with apps.run(app, size):
        shown = await show(app, 'a bar', overlays.CROSS, f'{BAR.close:.2f}')
        lines = shown.splitlines()
        chart = app.screen.query_one(moment.Moment).region
        beside = next(i for i, line in enumerate(lines) if 'a bar' in line)
        assert (chart.y <= beside) is (size is apps.WIDE)


async def test_at_80x24_the_chart_takes_the_place_of_the_chain_by_key():
    app = asked(CHAIN)
    async with apps.run(app, apps.SMALL) as pilot:
        shown = await show(app, 'a bar', 'c chart')
        assert overlays.CROSS not in shown
        await pilot.press('c')
        await until(pilot, overlays.CROSS, 'c chain', without=('a bar',))
        await pilot.press('c')
        await until(pilot, 'a bar', without=(overlays.CROSS,))


async def test_a_chain_of_no_symbol_has_no_chart():
    app = asked(BARE)
    async with apps.run(app, apps.WIDE) as pilot:
        await show(app, 'alert_seen')
        await pilot.press('c')
        assert not app.screen.query_one(moment.Moment).display


async def test_bars_that_come_later_are_drawn():
    app = asked(CHAIN)
    app.workstation.has_bars = False
    async with apps.run(app, apps.MIDDLE) as pilot:
        shown = await show(app, 'a bar')
        assert overlays.CROSS not in shown
        app.workstation.has_bars = True
        await until(pilot, overlays.CROSS)


async def test_the_chart_finds_its_room_after_a_resize():
    app = asked(CHAIN)
    async with apps.run(app, apps.SMALL) as pilot:
        await show(app, 'a bar')
        await pilot.resize_terminal(120, 40)
        await until(pilot, 'a bar', overlays.CROSS)


async def test_the_chain_scrolls_by_letters_and_arrows():
    app = asked(tuple(CHAIN[1] for _ in range(60)))
    async with apps.run(app, apps.SMALL) as pilot:
        await show(app, 'approved')
        box = app.screen.query_one('#causes')
        for key, line in (('j', 1), ('k', 0), ('down', 1), ('up', 0)):
            await pilot.press(key)
            await apps.wait(pilot, lambda line=line: box.scroll_y == line)


async def test_the_stop_key_works_here():
    app = asked(CHAIN)
    async with apps.run(app, apps.SMALL) as pilot:
        await show(app, 'a bar')
        await pilot.press('f9')
        assert app.workstation.stopped == ['operator: emergency stop key']
