"""The candles of the selected symbol."""

import msgspec
import pytest

from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui import format as text_format
from tui import themes
from tui.charts import overlays
from tui.panes import legend
from tui.screens import why

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
def test_the_time_above_the_chart_is_never_cut(width, written):
    palette = themes.Palette(themes.load_all()['dark'])
    bars = stations.bars('AAPL', 5)
    (line,) = legend.lines(bars, 0, (), palette, width)
    text = line.text
    after = text.split(' V ')[1].split()[1:]
    whole = {'2012-': 2, ':': 1, '': 0}[written]
    assert len(after) == whole
    assert not after or len(after[-1]) == len('13:31:00')
    assert written in ' '.join(after)


async def test_the_crosshair_goes_from_bar_to_bar_and_esc_takes_it_away():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('2', 'c', 'less_than_sign', 'less_than_sign')
        chart = app.screen.chart
        assert chart.cross == 2
        bar = stations.bars('AAPL', 200)[-3]
        top = apps.text_of(chart)[0]
        assert f'C {bar.close:,.2f}' in top
        assert text_format.clock(bar.timestamp) in top
        await pilot.press('greater_than_sign')
        assert chart.cross == 1
        await pilot.press('escape')
        assert chart.cross is None
        assert app.screen.focused_pane is chart


async def test_the_crosshair_takes_the_picture_along():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('2')
        chart = app.screen.chart
        chart.action_cross()
        for _ in range(150):
            chart.action_move_cross(1)
        assert chart.cross == 150
        assert 0 < chart.bars_back <= 150
        await pilot.press('end')
        assert (chart.cross, chart.bars_back) == (0, 0)


async def test_bars_are_shown_in_longer_ones_and_back():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('2', 't')
        chart = app.screen.chart
        assert chart.note.startswith('AAPL 5m')
        await pilot.press('T')
        assert chart.note.startswith('AAPL 1m')
        await pilot.press('T')
        assert chart.note.startswith('AAPL 1d')


async def test_bars_are_given_more_room_and_less():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('2', 'Z', 'z', 'z')
        chart = app.screen.chart
        assert chart.spacing == 3
        await pilot.press('Z')
        assert chart.spacing == 2
        assert chart.note.startswith('AAPL 1m')


async def test_averages_are_named_and_given_in_figures():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('2', 'm', 'm')
        chart = app.screen.chart
        assert 'ma 20/50' in chart.note
        closes = [bar.close for bar in stations.bars('AAPL', 200)][-20:]
        mean = sum(closes) / 20
        assert f'·20 {mean:,.2f}' in apps.text_of(chart)[0]
        await pilot.press('m', 'm')
        assert 'ma' not in chart.note.split()


def told(**changes):
    """A station that keeps a signal, and what was told of symbols last."""
    bar = stations.bars('AAPL', 200)[-9]
    signal = views.SignalRow(
        77, bar.timestamp, 'sma', 'AAPL', 'order buy', bar=bar.timestamp
    )
    made = stations.snapshot(signals=(signal,), **changes)
    first, *rest = made.watch
    watch = (msgspec.structs.replace(first, told=88), *rest)
    return stations.Station(msgspec.structs.replace(made, watch=watch))


@pytest.mark.parametrize(
    ('keys', 'seq'),
    [
        ((), 88),
        # The mark of the station is four bars back, the signal eight.
        (('c', *['less_than_sign'] * 4), 55),
        (('c', *['less_than_sign'] * 8), 77),
        (('c',), None),
        (('down',), None),
    ],
)
async def test_w_asks_for_the_fill_or_signal_under_the_crosshair(keys, seq):
    app = apps.make(told())
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('2', *keys, 'w')
        if seq is None:
            assert app.screen is app._trade
        else:
            await apps.wait(
                pilot, lambda: isinstance(app.screen, why.WhyScreen)
            )
            assert app.screen._seq == seq


async def test_a_chart_without_bars_has_nothing_to_explain_under_a_cross():
    station = told()
    station.bars = lambda symbol, limit: ()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('2', 'c', 'w')
        assert app.screen is app._trade


async def test_working_orders_and_the_position_are_lines():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        last = stations.bars('AAPL', 200)[-1].close
        order = msgspec.structs.replace(
            stations.order(1), price=last, stop_price=None
        )
        held = views.PositionRow('AAPL', 7.0, last * 0.5, last, 0.0, 0.0, 0.0)
        station.now = msgspec.structs.replace(
            station.now, orders=(order,), positions=(held,)
        )
        app.tick()
        await pilot.pause()
        drawn = apps.text_of(app.screen.chart)
        assert any(line.startswith('buy 10 limit') for line in drawn)
        # Far below what the candles cover.
        assert any('↓ position 7' in line for line in drawn)


def own_lines(*values, name='rsi'):
    stamps = [bar.timestamp for bar in stations.bars('AAPL', len(values))]
    return views.Line('sma', name, tuple(stamps), values)


async def test_indicators_of_strategies_are_drawn_and_taken_away():
    station = stations.Station()
    closes = [bar.close for bar in stations.bars('AAPL', 200)]
    station.own_lines = (
        own_lines(*closes, name='fast'),
        own_lines(*(float(n % 50) for n in range(200))),
        own_lines(*(1_000.0 + n for n in range(200)), name='count'),
    )
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as hands:
        await hands.press('2', 'plus')
        pane = app._trade.chart

        def shown():
            return '\n'.join(apps.text_of(pane))

        assert 'o fast' in shown()
        assert 'rsi 49' in shown()
        await hands.press('i')
        assert 'count 1,199' in shown()
        await hands.press('i')
        assert ' to ' not in shown()
        assert 'o fast' in shown()
        await hands.press('i')
        assert 'fast' not in shown()
        await hands.press('i')
        assert 'rsi 49' in shown()


async def test_a_value_that_comes_after_its_bar_is_drawn_soon():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as hands:
        await hands.press('2', 'plus')
        station.own_lines = (own_lines(*map(float, range(200))),)
        app.tick()
        assert 'rsi' not in '\n'.join(apps.text_of(app._trade.chart))
        # The picture tells that values came, however late.
        rows = tuple(
            msgspec.structs.replace(row, read=1) for row in station.now.watch
        )
        station.now = msgspec.structs.replace(station.now, watch=rows)
        app.tick()
        await hands.pause()
        assert 'rsi 199' in '\n'.join(apps.text_of(app._trade.chart))


async def test_the_indicators_of_one_strategy_are_shown_alone():
    station = stations.Station()
    closes = [bar.close for bar in stations.bars('AAPL', 200)]
    first = own_lines(*closes, name='fast')
    station.own_lines = (
        first,
        msgspec.structs.replace(first, strategy='other', name='slow'),
    )
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as hands:
        await hands.press('2', 'plus')
        pane = app._trade.chart

        def shown():
            return apps.text_of(pane)[0]

        assert 'o sma.fast' in shown()
        assert 'x other.slow' in shown()
        await hands.press('I')
        assert 'o fast' in shown()
        assert 'slow' not in shown()
        assert 'of sma' in pane.note
        await hands.press('I')
        assert 'o slow' in shown()
        assert 'fast' not in shown()
        await hands.press('I')
        assert 'x other.slow' in shown()
        assert ' of ' not in pane.note


async def test_the_next_strategy_has_its_first_indicator_below():
    station = stations.Station()
    rsi = own_lines(*(float(n % 50) for n in range(200)))
    station.own_lines = (
        rsi,
        msgspec.structs.replace(rsi, strategy='other', name='adx'),
    )
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as hands:
        await hands.press('2', 'plus')
        pane = app._trade.chart

        def below():
            return [line for line in apps.text_of(pane) if ' to ' in line]

        assert below()[0].startswith('sma.rsi 49')
        await hands.press('i')
        assert below()[0].startswith('other.adx 49')
        await hands.press('I')
        assert below()[0].startswith('rsi 49')
        await hands.press('I')
        assert below()[0].startswith('adx 49')


async def test_values_that_have_no_room_get_a_line_of_their_own():
    station = stations.Station()
    closes = [bar.close for bar in stations.bars('AAPL', 200)]
    station.own_lines = tuple(
        own_lines(*closes, name=name) for name in ('SMA(10)', 'SMA(30)')
    )
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as hands:
        await hands.press('2', 'plus')
        pane = app._trade.chart
        first, second, *_ = apps.text_of(pane)
        assert 'SMA' not in first
        value = text_format.price(closes[-1])
        assert second.split() == [
            *('o', 'SMA(10)', value),
            *('x', 'SMA(30)', value),
        ]
        assert len(apps.text_of(pane)) == pane.size.height


def test_what_has_no_value_there_is_told_so():
    bars = stations.bars('AAPL', 2)
    curve = overlays.Curve('SMA(10)', 'o', [None, None])
    palette = themes.Palette(themes.load_all()[themes.DEFAULT])
    (line,) = legend.lines(bars, 0, (curve,), palette, 120)
    assert line.text.rstrip().endswith(f' o SMA(10) {text_format.NONE}')
