"""The age of a price, and the order of the watchlist."""

import pytest

from sting.model import commands
from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.panes import watchlist

pytestmark = pytest.mark.unit


def style(age_s, *feeds):
    snapshot = stations.snapshot(
        watch=(views.WatchRow('A', age_s=age_s),), feeds=feeds
    )
    (row,) = watchlist.Watchlist().rows_of(snapshot)
    return watchlist._age_style(row)


def minutes(status='connected'):
    return views.LinkRow('m', status, '', 1.0, 'one', 60.0)


@pytest.mark.parametrize(
    ('age_s', 'feeds', 'shown'),
    [
        (14.0, (), 'muted'),
        (16.0, (), 'warning'),
        (74.0, (minutes(),), 'muted'),
        (76.0, (minutes(),), 'warning'),
        (99_999.0, (minutes('closed'),), 'muted'),
        (None, (minutes(),), 'warning'),
    ],
)
def test_a_price_is_old_by_the_length_of_the_bars(age_s, feeds, shown):
    assert style(age_s, *feeds) == shown


async def sorted_symbols(title, rows):
    running = apps.make(stations.Station(stations.snapshot(watch=rows)))
    async with apps.run(running, apps.WIDE) as hands:
        pane = running.screen.query_one(watchlist.Watchlist)
        pane.sorted_by = title
        pane._take_rows()
        await hands.pause(0)
        return [row.symbol for row in pane.rows]


@pytest.mark.parametrize(
    ('title', 'field'),
    [
        ('last', 'last'),
        ('change', 'change'),
        ('volume', 'volume'),
        ('age', 'age_s'),
        ('bid', 'bid'),
        ('ask', 'ask'),
    ],
)
async def test_prices_sort_as_numbers_and_not_as_text(title, field):
    values = {'A': 190.5, 'B': 28.7, 'C': 1_000.0, 'D': -3.0}
    # A bid shows the columns of quotes.
    rows = tuple(
        views.WatchRow(name, **{'last': 1.0, 'bid': 1.0, field: value})
        for name, value in values.items()
    )
    assert await sorted_symbols(title, rows) == ['D', 'B', 'A', 'C']


@pytest.mark.parametrize(
    ('last', 'change', 'shown'),
    [
        (110.0, 0.1, '+10.00'),
        (90.0, -0.1, '-10.00'),
        (0.0123, 0.23, '+0.0023'),
        (100.0, 0.0, '0.00'),
        (100.0, 0.000001, '0.00'),
        (100.0, None, '-'),
        (None, None, '-'),
        (0.0, -1.0, '-'),
    ],
)
def test_the_change_is_shown_in_money_too(last, change, shown):
    row = views.WatchRow('A', last=last, change=change)
    assert watchlist._moved(row) == shown


async def test_the_change_in_money_sorts_by_itself():
    rows = tuple(
        views.WatchRow(name, last=last, change=change)
        for name, last, change in (
            ('A', 100.0, 0.01), ('B', 10.0, 0.02), ('C', 10.0, -0.5),
        )
    )  # fmt: skip
    assert await sorted_symbols('net', rows) == ['C', 'B', 'A']


async def test_beside_the_chart_there_is_room_for_both_changes():
    row = views.WatchRow('AAPL', last=110.0, change=0.1, volume=123_456.0)
    running = apps.make(stations.Station(stations.snapshot(watch=(row,))))
    async with apps.run(running, apps.WIDE) as hands:
        await hands.pause()
        shown = apps.text_of(running.screen.query_one(watchlist.Watchlist))
        assert '+10.00% ' in shown[1]
        assert ' +10.00 ' in shown[1]
        assert '123k' in shown[1]


async def test_an_empty_list_says_how_symbols_come_into_it():
    running = apps.make(stations.Station(stations.snapshot(watch=())))
    async with apps.run(running) as hands:
        await hands.pause()
        shown = apps.text_of(running.screen.query_one(watchlist.Watchlist))
        assert 'a adds one, or symbols: [AAPL, IBM] in' in shown[1]


GROUPED = tuple(
    views.WatchRow(name, last=10.0, change=change, group=group)
    for name, change, group in (
        ('AAPL', 0.02, 'tech'),
        ('JPM', -0.01, 'banks'),
        ('GOLD', None, ''),
        ('MSFT', 0.01, 'tech'),
        ('GS', None, 'banks'),
    )
)


def labels(app):
    """What stands at the left of each line."""
    pane = app.screen.query_one(watchlist.Watchlist)
    shown = apps.text_of(pane)[1 : 1 + len(pane.rows)]
    return [line[1:].split()[0] for line in shown], shown


def grouped():
    snapshot = stations.snapshot(watch=GROUPED)
    return apps.make(stations.Station(snapshot))


async def test_symbols_of_a_group_stand_together_below_its_line():
    app = grouped()
    async with apps.run(app) as hands:
        await hands.pause()
        names, shown = labels(app)
        assert names == ['GOLD', '▾', 'AAPL', 'MSFT', '▾', 'JPM', 'GS']
        assert '▾ tech  2' in shown[1]


async def test_space_folds_a_group_and_enter_unfolds_it():
    app = grouped()
    async with apps.run(app) as hands:
        await hands.press('down', 'down', 'down', 'space')
        names, shown = labels(app)
        assert names == ['GOLD', '▹', '▾', 'JPM', 'GS']
        assert '▹ tech  2  mean +1.50%' in shown[1]
        await hands.press('enter')
        assert labels(app)[0][:4] == ['GOLD', '▾', 'AAPL', 'MSFT']
        assert app._trade.focused_pane is app._trade.watchlist


async def test_on_the_line_above_a_group_the_symbol_stays_what_it_was():
    app = grouped()
    async with apps.run(app) as hands:
        await hands.press('down', 'down')
        assert app._trade.symbol == 'AAPL'
        await hands.press('up')
        assert app._trade.symbol == 'AAPL'
        await hands.press('w')
        assert app.screen is app._trade


async def test_the_list_begins_on_a_symbol():
    rows = tuple(row for row in GROUPED if row.group)
    app = apps.make(stations.Station(stations.snapshot(watch=rows)))
    async with apps.run(app) as hands:
        await hands.pause()
        assert app._trade.watchlist.current.symbol == 'AAPL'


async def test_from_the_chart_one_steps_over_the_lines_of_groups():
    app = grouped()
    async with apps.run(app) as hands:
        await hands.press('2', 'down', 'down', 'down')
        assert app._trade.symbol == 'JPM'
        await hands.press('up')
        assert app._trade.symbol == 'MSFT'
        await hands.press('up', 'up', 'up', 'up')
        assert app._trade.symbol == 'GOLD'


async def test_a_symbol_that_is_asked_for_unfolds_its_group():
    app = grouped()
    async with apps.run(app) as hands:
        await hands.press('down', 'space')
        app._run_line('symbol msft')
        await apps.wait(hands, lambda: app._trade.symbol == 'MSFT')
        assert not app._trade.watchlist.folded


async def test_a_filter_finds_groups_and_what_is_folded():
    app = grouped()
    async with apps.run(app) as hands:
        await hands.press('down', 'space')
        pane = app._trade.watchlist
        pane.set_filter('tech')
        assert [row.symbol for row in pane.rows] == ['', 'AAPL', 'MSFT']


async def test_a_group_is_sorted_within():
    app = grouped()
    async with apps.run(app) as hands:
        await hands.pause()
        pane = app._trade.watchlist
        pane.sorted_by = 'change'
        pane._take_rows()
        names = [row.symbol for row in pane.rows]
        assert names == ['GOLD', '', 'JPM', 'GS', '', 'MSFT', 'AAPL']


async def test_without_groups_there_is_nothing_to_fold():
    app = apps.make()
    async with apps.run(app) as hands:
        await hands.press('space')
        assert 'groups' in next(iter(app._notifications)).message


async def test_a_symbol_is_added_by_typing_and_taken_away_again():
    station = stations.Station(stations.snapshot())
    app = apps.make(station)
    async with apps.run(app) as hands:
        await hands.press('a', *'nvda', 'enter')
        assert station.given == [commands.WatchSymbol(symbol='NVDA')]
        await hands.press('1', 'delete')
        await hands.pause()
        symbol = app._trade.watchlist.current.symbol
        assert station.given[1:] == [commands.UnwatchSymbol(symbol=symbol)]
