"""The order of the list of strategies."""

import msgspec
import pytest

from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.panes import strategies

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('title', 'field'),
    [('P&L', 'pnl'), ('fills', 'trades'), ('working', 'working')],
)
async def test_figures_sort_as_numbers_and_not_as_text(title, field):
    now = stations.snapshot()
    rows = tuple(
        msgspec.structs.replace(now.strategies[0], name=name, **{field: value})
        for name, value in (('a', 100), ('b', 9), ('c', 20))
    )
    station = stations.Station(stations.snapshot(strategies=rows))
    running = apps.make(station)
    async with apps.run(running, apps.WIDE) as hands:
        pane = running.screen.query_one(strategies.Strategies)
        pane.sorted_by = title
        pane._take_rows()
        await hands.pause(0)
        assert [row.name for row in pane.rows] == ['b', 'c', 'a']
