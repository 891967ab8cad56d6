"""Lists that paint only what changed."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st
import msgspec
import pytest
from textual import geometry

from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.panes import orders as orders_pane
from tui.panes import table
from tui.panes import watchlist

pytestmark = pytest.mark.unit

COLUMNS = watchlist.Watchlist.all_columns


def column(width, drop=0, grow=False):
    return table.Column('c', width, str, drop=drop, grow=grow)


@given(st.integers(0, 200))
def test_columns_fill_the_width_or_are_the_fewest(width):
    fitted = table.fit_columns(COLUMNS, width)
    used = sum(cells for _, cells in fitted) + len(fitted) - 1
    kept = [c.title for c, _ in fitted]
    assert kept[:3] == ['symbol', 'last', 'change']
    assert used <= width or all(c.drop == 0 for c, _ in fitted)


def test_columns_with_the_highest_number_go_first():
    columns = [column(5), column(6, drop=1), column(7, drop=2)]
    assert table.fit_columns(columns, 20) == [
        (columns[0], 5),
        (columns[1], 6),
        (columns[2], 7),
    ]
    assert table.fit_columns(columns, 19) == [(columns[0], 5), (columns[1], 6)]


def test_the_growing_column_takes_what_is_left():
    columns = [column(5), column(6, grow=True)]
    assert table.fit_columns(columns, 30) == [(columns[0], 5), (columns[1], 24)]


def refreshed(found):
    """Keeps the regions that a widget asks to be painted."""
    regions = []
    original = found.refresh

    def refresh(*given, **options):
        regions.extend(given)
        return original(*given, **options)

    found.refresh = refresh
    return regions


async def test_a_picture_without_change_paints_nothing():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        regions = refreshed(app.screen.watchlist)
        app.screen.watchlist.show(stations.snapshot())
        assert regions == []


async def test_of_a_changed_row_only_the_part_up_to_the_change_is_painted():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        pane = app.screen.watchlist
        regions = refreshed(pane)
        before = stations.snapshot()
        row = msgspec.structs.replace(before.watch[2], last=1.23)
        watch = (*before.watch[:2], row, *before.watch[3:])
        pane.show(stations.snapshot(watch=watch))
        assert regions == [geometry.Region(0, 3, 36, 1)]
        assert '1.23' in apps.text_of(pane)[3]


async def test_the_cursor_stays_on_its_row_when_others_come_in():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        pane = app.screen.query_one(orders_pane.Orders)
        await pilot.press('4')
        async with asyncio.timeout(20):
            # The key moves the focus at once, of which the pane hears later.
            while pane._cursor_key is None:
                await pilot.pause()
        assert pane.current.seq == 101
        new = stations.order(140)
        pane.show(stations.snapshot(orders=(new, *station.now.orders)))
        assert pane.current.seq == 101


async def test_a_list_that_nobody_is_in_shows_its_top():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        pane = app.screen.query_one(orders_pane.Orders)
        await pilot.pause()
        new = stations.order(140)
        pane.show(stations.snapshot(orders=(new, *station.now.orders)))
        assert pane.current.seq == 140


async def test_a_list_that_follows_its_top_stays_there():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('8')
        pane = app.screen.grid.panes['events']
        newest = msgspec.structs.replace(pane.current, seq=2000)
        snapshot = stations.snapshot()
        pane.show(stations.snapshot(events=(*snapshot.events, newest)))
        assert pane.current.seq == 2000
        await pilot.press('down')
        held = pane.current.seq
        pane.show(
            stations.snapshot(
                events=(
                    *snapshot.events,
                    newest,
                    msgspec.structs.replace(newest, seq=2001),
                )
            )
        )
        assert pane.current.seq == held


async def test_a_row_that_vanished_leaves_the_cursor_at_its_place():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'down')
        pane = app.screen.query_one(orders_pane.Orders)
        pane.show(stations.snapshot(orders=(stations.order(7),)))
        assert pane.current.seq == 7
        pane.show(stations.snapshot(orders=()))
        assert pane.current is None
        assert 'no orders' in apps.text_of(pane)[1]


async def test_moving_by_line_page_and_to_the_ends():
    events = tuple(
        views.EventRow(n, n, 'fill', 'x', 'AAPL', 0, f'n{n}')
        for n in range(1, 201)
    )
    app = apps.make(stations.Station(stations.snapshot(events=events)))
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('8')
        pane = app.screen.grid.panes['events']
        for keys, seq in (
            ('j j k', 199),
            ('G', 1),
            ('up', 2),
            ('home', 200),
            ('end', 1),
            ('g', 200),
        ):
            await pilot.press(*keys.split())
            assert pane.current.seq == seq, keys
        await pilot.press('pagedown')
        page = pane.size.height - 2
        assert pane.current.seq == 200 - page
        await pilot.press('pageup', 'up')
        assert pane.current.seq == 200


async def test_the_cursor_is_always_in_view():
    events = tuple(
        views.EventRow(n, n, 'fill', 'x', 'AAPL', 0, f'n{n}')
        for n in range(1, 201)
    )
    app = apps.make(stations.Station(stations.snapshot(events=events)))
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('8', 'G')
        await pilot.pause()
        pane = app.screen.grid.panes['events']
        assert any(
            line.startswith('▸') and 'n1' in line for line in apps.text_of(pane)
        )


async def test_the_filter_keeps_rows_that_hold_the_text():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('8', 'slash', *'FILL')
        pane = app.screen.grid.panes['events']
        assert {row.type for row in pane.rows} == {'fill'}
        await pilot.press('enter')
        await pilot.pause()
        assert pane.has_focus
        assert '/FILL' in str(pane.border_subtitle)
        await pilot.press('escape')
        assert len(pane.rows) == 35


async def test_escape_ends_a_filter_that_is_being_typed():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('8', 'slash', *'zzz')
        pane = app.screen.grid.panes['events']
        assert not pane.rows
        await pilot.press('escape')
        assert len(pane.rows) == 35
        assert pane.has_focus


async def test_a_click_moves_the_cursor():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.click('#watchlist', offset=(5, 4))
        assert app.screen.watchlist.current.symbol == 'MSFT'
        assert app.screen.symbol == 'MSFT'


async def test_steering_characters_do_not_reach_the_screen():
    order = stations.order(1, message='\x1b[2J\n[red]', symbol='A\x07')
    app = apps.make(stations.Station(stations.snapshot(orders=(order,))))
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'plus')
        await pilot.pause()
        pane = app.screen.query_one(orders_pane.Orders)
        line = apps.text_of(pane)[1]
        assert '\x1b' not in line
        assert '\ufffd[2J [red]' in line


async def test_a_row_that_cannot_be_asked_why_says_so():
    snapshot = stations.snapshot(events=(), orders=())
    app = apps.make(stations.Station(snapshot))
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('5', 'w')
        await pilot.pause()
        assert app.screen is not None
        assert 'fills' in next(iter(app._notifications)).message


async def test_lines_are_exactly_as_wide_as_the_pane():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        for name in ('watchlist', 'orders', 'positions', 'events', 'alerts'):
            pane = app.screen.grid.panes[name]
            for y in range(pane.size.height):
                assert pane.render_line(y).cell_length == pane.size.width
