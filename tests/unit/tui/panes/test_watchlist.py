"""How old a price may be before it is shown as old."""

import pytest

from sting.model import views
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
