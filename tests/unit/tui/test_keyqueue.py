"""Keys that are read together, handed on one at a time."""

import pytest
from textual import events

from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.panes import fields

pytestmark = pytest.mark.unit


def type_at_once(app, *keys):
    """Types keys as one read of the terminal gives them."""
    for key in keys:
        character = '\r' if key == 'enter' else key
        app.post_message(
            events.Key(key, character if len(character) == 1 else None)
        )


async def settle(pilot):
    """Waits until what was typed has gone its way."""
    for _ in range(200):
        await pilot.pause()
        keys = pilot.app._keys
        if keys._token is None and not keys._held:
            return
    raise AssertionError('keys are still held')


async def test_keys_of_one_read_fill_in_the_ticket_in_their_order():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        type_at_once(app, *'b103', *['enter'] * 3)
        await settle(pilot)
        review = app.screen.query_one(fields.Review)
        assert review.has_focus
        assert 'BUY 103 AAPL market gtc' in review.text


async def test_a_command_of_one_read_is_followed_by_keys_for_where_it_led():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        type_at_once(app, 'colon', *'buy AAPL 7', 'enter')
        await settle(pilot)
        assert 'BUY 7 AAPL' in app.screen.query_one(fields.Review).text
        type_at_once(app, 'escape', 'escape', *'s12')
        await settle(pilot)
        draft = app.screen.ticket.draft
        assert (draft.side, draft.quantity) == ('sell', '12')


async def test_what_is_no_quantity_is_said_and_nothing_ends():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        type_at_once(app, *'b7 x ', *['enter'] * 3)
        await settle(pilot)
        assert app.screen.ticket.draft.quantity == '7 x '
        assert not app.screen.query_one(fields.Review).has_focus


async def test_pasted_text_keeps_its_place_among_the_keys():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        type_at_once(app, *'b1')
        app.post_message(events.Paste('23'))
        type_at_once(app, '4')
        await settle(pilot)
        assert app.screen.ticket.draft.quantity == '1234'


async def test_the_emergency_stop_overtakes_the_keys_before_it():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        seen = []
        station_stop = station.emergency_stop

        def stop(who, reason):
            seen.append(app.screen.ticket.draft.quantity)
            station_stop(who, reason)

        station.emergency_stop = stop
        type_at_once(app, *'b123456', 'ctrl+backslash')
        await settle(pilot)
        assert seen == ['']
        assert station.stopped
        assert app.screen.ticket.draft.quantity == '123456'


async def test_a_key_whose_way_has_no_end_does_not_hold_the_next_for_ever():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b')
        await settle(pilot)
        app._keys._token = object()
        app._keys._since = events.Idle().time - 60.0
        await pilot.press('4')
        await settle(pilot)
        assert app.screen.ticket.draft.quantity == '4'
