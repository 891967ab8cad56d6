"""The alerts pane: what was not seen first, and where each leads."""

import pytest

from sting.model import records
from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.panes import table

pytestmark = pytest.mark.unit

INFO = records.Severity.INFO


def alert(seq, message, source='x', *, seen=False):
    return views.AlertRow(seq, stations.START, INFO, message, source, seen)


async def test_alerts_that_were_not_seen_come_first():
    rows = (
        alert(9, 'a', seen=True),
        alert(8, 'b'),
        alert(7, 'c', seen=True),
        alert(6, 'd'),
    )
    app = apps.make(stations.Station(stations.snapshot(alerts=rows)))
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('6')
        assert [row.seq for row in app.screen.focused.rows] == [8, 6, 9, 7]


@pytest.mark.parametrize(
    ('message', 'source', 'pane', 'key'),
    [
        ('order log-99-0-1 was lost', 'orders', 'orders', 'log-99-0-1'),
        ('it failed: KeyError', 'sma_demo', 'strategies', 'sma_demo'),
        ('the stop of IBM, is gone', 'x', 'positions', 'IBM'),
        ('no bars of MSFT.', 'x', 'watchlist', 'MSFT'),
    ],
)
async def test_enter_goes_where_an_alert_came_from(message, source, pane, key):
    station = stations.Station(
        stations.snapshot(alerts=(alert(9, message, source),))
    )
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('6', 'enter')
        await pilot.pause()
        there = app.screen.focused
        assert there.id == pane
        assert there.key_of(there.current) == key


async def test_enter_shows_what_led_to_an_alert_about_nothing_here():
    station = stations.Station(stations.snapshot(alerts=(alert(9, 'disk'),)))
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('6', 'enter')
        await pilot.pause()
        assert type(app.screen).__name__ == 'WhyScreen'


async def test_an_alert_that_came_under_the_key_is_not_marked_as_seen():
    station = stations.Station(stations.snapshot(alerts=(alert(9, 'old'),)))
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('6')
        fresh = (alert(10, 'new'), alert(9, 'old'))
        station.now = stations.snapshot(alerts=fresh)
        app.tick()
        assert app.screen.focused.current.seq == 10
        await pilot.press('a')
        assert not station.given
        await pilot.pause(table.SETTLE_S + 0.1)
        await pilot.press('a')
        await pilot.pause()
        assert len(station.given) == 1
