"""The candles of the selected symbol."""

import msgspec
import pytest

from tests.unit.tui import apps
from tests.unit.tui import stations

pytestmark = pytest.mark.unit


async def test_the_chart_shows_the_selected_symbol_and_its_origin():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        chart = app.screen.chart
        assert chart.note == 'AAPL 1m generated'
        last = stations.bars('AAPL', 200)[-1]
        assert f'C {last.close:,.2f}' in apps.text_of(chart)[0]


async def test_moving_in_the_watchlist_changes_the_chart():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('down', 'down')
        await pilot.pause()
        assert app.screen.chart.note.startswith('MSFT')


async def test_up_and_down_in_the_chart_change_the_symbol():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('2', 'down')
        await pilot.pause()
        assert app.screen.chart.symbol == 'IBM'
        await pilot.press('k')
        await pilot.pause()
        assert app.screen.chart.symbol == 'AAPL'


async def test_panning_in_time_and_back():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('2', 'left_square_bracket', 'pageup')
        chart = app.screen.chart
        assert chart.note.endswith('20 bars back')
        await pilot.press('right_square_bracket')
        assert chart.bars_back == 10
        await pilot.press('end')
        assert chart.bars_back == 0
        await pilot.press('pagedown')
        assert chart.bars_back == 0


async def test_lines_are_as_wide_as_the_pane_and_drawn_to_its_foot():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        chart = app.screen.chart
        for y in range(chart.size.height):
            assert chart.render_line(y).cell_length == chart.size.width


async def test_a_picture_without_news_draws_nothing():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        strips = app.screen.chart._strips
        app.screen.chart.show(stations.snapshot(seq=9999))
        assert app.screen.chart._strips is strips


async def test_a_new_price_draws_again():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        strips = app.screen.chart._strips
        now = stations.snapshot()
        row = msgspec.structs.replace(
            now.watch[0], timestamp=stations.START + 9
        )
        app.screen.chart.show(stations.snapshot(watch=(row, *now.watch[1:])))
        assert app.screen.chart._strips is not strips


async def test_no_bars_are_no_error():
    station = stations.Station(stations.snapshot(watch=()))
    station.bars = lambda symbol, limit: ()
    station.marks = lambda symbol, limit: ()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('2', 'pageup', 'down')
        await pilot.pause()
        assert app.screen.chart.note == 'generated'


@pytest.mark.parametrize(
    ('width', 'written'),
    [(90, '2012-'), (58, ':'), (48, '')],
)
async def test_the_time_above_the_chart_is_never_cut(width, written):
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        text = app.screen.chart._figures(width).text
        after = text.split(' V ')[1].split()[1:]
        whole = {'2012-': 2, ':': 1, '': 0}[written]
        assert len(after) == whole
        assert not after or len(after[-1]) == len('13:31:00')
        assert written in ' '.join(after)
