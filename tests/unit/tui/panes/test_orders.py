"""The orders pane: groups, distances, cancels of several."""

import pytest

from sting.model import commands
from sting.model import orders
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.panes import orders as orders_pane
from tui.panes import table

pytestmark = pytest.mark.unit

SELL = orders.OrderSide.SELL
LAST = stations.snapshot().watch[0].last
MANY = (
    stations.order(103, symbol='IBM', side=SELL),
    stations.order(102, side=SELL, parent='log-101-0-1'),
    stations.order(101, price=LAST * 0.9, created=stations.START, filled=4.0),
    stations.order(100, status=orders.OrderStatus.CANCELLED),
)


def make():
    station = stations.Station(stations.snapshot(orders=MANY, open_orders=3))
    return station, apps.make(station)


def lines(app):
    return apps.text_of(app.screen.grid.panes['orders'])


def test_exits_stand_under_their_order():
    ids = [row.seq for row in orders_pane.grouped(MANY)]
    assert ids == [103, 101, 102, 100]
    without = [row for row in MANY if row.seq != 101]
    assert orders_pane.grouped(without) == without


async def test_a_row_tells_distance_age_and_what_is_filled():
    _, app = make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'plus')
        await pilot.pause()
        assert '-10.00%' in lines(app)[2]
        assert '4/10' in lines(app)[2]
        assert ' 40m ' in lines(app)[2]
        assert '└AAPL' in lines(app)[3]


async def test_done_orders_are_hidden_and_shown():
    _, app = make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'd')
        assert len(app.screen.focused.rows) == 3
        assert app.screen.focused.note == '3 working only'
        await pilot.press('d')
        assert len(app.screen.focused.rows) == 4


@pytest.mark.parametrize(
    ('key', 'question', 'command'),
    [
        ('x', 'Cancel IBM: 1 working', commands.CancelAll(symbol='IBM')),
        ('X', 'Cancel all sells: 2 working', commands.CancelAll(side=SELL)),
    ],
)
async def test_a_symbol_or_a_side_is_cancelled_after_a_question(
    key, question, command
):
    station, app = make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', key)
        assert app.screen._question.startswith(question)
        await pilot.press('y')
        await pilot.pause()
        assert station.given == [command]


async def test_nothing_is_cancelled_where_nothing_works():
    row = stations.order(100, status=orders.OrderStatus.CANCELLED)
    station = stations.Station(stations.snapshot(orders=(row,), open_orders=0))
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'x', 'X')
        messages = [notice.message for notice in app._notifications]
        assert messages == [
            'no order is working: AAPL',
            'no order is working: all buys',
        ]
        assert app.screen.scope == 'trade'


async def test_rows_are_sorted_by_a_column_and_turned():
    _, app = make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'plus', 'z', 'z', 'z')
        pane = app.screen.focused
        assert pane.sorted_by == 'symbol'
        assert '▲symbol' in lines(app)[0]
        # A branch is part of the text.
        assert [row.seq for row in pane.rows] == [101, 100, 103, 102]
        await pilot.press('Z')
        assert '▼symbol' in lines(app)[0]
        assert [row.seq for row in pane.rows] == [102, 103, 101, 100]
        pane.sorted_by, pane.reversed = 'away', False
        pane.set_filter('')
        # What is done has no distance.
        assert pane.rows[-1].seq == 100


async def test_a_filter_takes_words_and_columns():
    _, app = make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4')
        pane = app.screen.focused
        for text, count in (
            ('symbol:ibm', 1),
            ('accepted sell', 2),
            ('side:buy aapl', 2),
            ('side:aapl', 0),
            ('nothing:there', 0),
        ):
            pane.set_filter(text)
            assert len(pane.rows) == count, text


async def test_a_key_meant_for_an_order_that_went_cancels_no_other():
    station, app = make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'd')
        pane = app.screen.focused
        assert pane.current.seq == 103
        # Filled in the moment before the key.
        station.now = stations.snapshot(orders=MANY[1:], open_orders=2)
        app.tick()
        assert pane.current.seq != 103
        await pilot.press('c')
        assert not station.given
        await pilot.pause(table.SETTLE_S + 0.1)
        await pilot.press('c')
        await pilot.pause()
        (given,) = station.given
        assert given == commands.CancelOrder(order_id=pane.rows[0].id)


async def test_an_order_that_the_cursor_was_moved_to_is_cancelled_at_once():
    station, app = make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'd')
        station.now = stations.snapshot(orders=MANY[1:], open_orders=2)
        app.tick()
        await pilot.press('down', 'c')
        await pilot.pause()
        assert len(station.given) == 1
