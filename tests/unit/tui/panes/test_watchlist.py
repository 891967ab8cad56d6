"""The age of a price, and the order of the watchlist."""

import pytest

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
