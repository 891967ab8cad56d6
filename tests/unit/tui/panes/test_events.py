"""The events pane: pause, follow, one event, and large lists."""

import msgspec
import pytest
from textual import widgets

from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.panes import events
from tui.panes import sieve
from tui.screens import event

pytestmark = pytest.mark.unit


def rows(count, first=1):
    return tuple(
        views.EventRow(seq, stations.START, 'fill', 'x', 'IBM', 0, f'n {seq}')
        for seq in range(first, first + count)
    )


async def test_a_pause_keeps_the_events_until_they_are_followed_again():
    station = stations.Station(stations.snapshot(events=rows(5), seq=5))
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('8', 'space')
        station.now = stations.snapshot(events=rows(9), seq=9)
        app.tick()
        pane = app.screen.focused
        assert pane.rows[0].seq == 5
        assert pane.note == 'paused, 4 newer'
        await pilot.press('space')
        assert pane.rows[0].seq == 9
        assert pane.note == ''


async def test_enter_shows_one_event_and_w_what_led_to_it():
    long = 'a long text [b]with[/b] words ' * 9
    row = views.EventRow(7, stations.START, 'fill', 'sim', 'IBM', 3, long)
    app = apps.make(stations.Station(stations.snapshot(events=(row,))))
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('8', 'enter')
        assert isinstance(app.screen, event.EventDetail)
        labels = app.screen.query(widgets.Label)
        shown = ' '.join(str(each.content) for each in labels)
        assert '[b]with[/b]' in shown
        assert 'cause   3' in shown
        await pilot.press('w')
        await pilot.pause()
        assert type(app.screen).__name__ == 'WhyScreen'
        await pilot.press('escape')
        assert app.screen.scope == 'trade'


async def test_of_a_large_list_only_the_lines_seen_are_formatted():
    formatted = []
    app = apps.make(stations.Station(stations.snapshot(events=rows(100_000))))
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('8')
        pane = app.screen.focused
        assert isinstance(pane, events.Events)
        line = pane._line
        pane._line = lambda y: formatted.append(y) or line(y)
        height = pane.size.height
        await pilot.press('G')
        assert pane.current.seq == 1
        # Some paints, each of what is seen.
        assert len(formatted) > 0
        assert max(formatted) <= height


async def test_a_cursor_is_found_where_new_rows_moved_it():
    station = stations.Station(stations.snapshot(events=rows(500)))
    app = apps.make(station)
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('8', *['down'] * 5)
        pane = app.screen.focused
        kept = pane.current.seq
        station.now = stations.snapshot(events=rows(560))
        app.tick()
        assert pane.current.seq == kept
        station.now = stations.snapshot(events=rows(500))
        app.tick()
        assert pane.current.seq == kept


async def test_a_filter_over_a_long_log_lets_keys_come_in_between():
    count = 3 * sieve.PART
    row = stations.snapshot().events[0]
    station = stations.Station(
        stations.snapshot(
            events=tuple(
                msgspec.structs.replace(
                    row, seq=seq, type='bar' if seq % 7 else 'fill'
                )
                for seq in range(1, count + 1)
            )
        )
    )
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('8')
        pane = app.screen.grid.panes['events']
        app._ticking.stop()
        pane.set_filter('fill')
        assert 'looking' in pane.note
        assert 0 < len(pane.rows) < count // 7

        await apps.wait(pilot, lambda: 'looking' not in pane.note)

        assert len(pane.rows) == count // 7
        pane.set_filter('nothing like that')
        await apps.wait(pilot, lambda: 'looking' not in pane.note)
        assert 'none holds the filter' in apps.text_of(pane)[1]
