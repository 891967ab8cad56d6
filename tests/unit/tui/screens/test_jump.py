"""Letters that go to a place."""

import pytest

from tests.unit.tui import apps
from tests.unit.tui import scenes
from tests.unit.tui import stations
from tui.screens import jump

pytestmark = pytest.mark.unit

SIZES = [
    apps.SMALL,
    pytest.param(apps.MIDDLE, marks=pytest.mark.slow),
    pytest.param(apps.WIDE, marks=pytest.mark.slow),
]


def letters(hands):
    shown = hands.app.screen
    assert isinstance(shown, jump.Jump)
    return shown._found


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('before', [(), ('b',), ('f3',), ('f4',), ('f5',)])
async def test_each_letter_goes_where_it_lies(size, before):
    async with apps.run(apps.make(), size) as hands:
        await hands.press(*before)
        if before == ('f3',):
            # The fields of the strategy's parameters come a moment later.
            shown = hands.app.screen
            await apps.wait(
                hands,
                lambda: (
                    'parameter-quantity'
                    in {place.id for place in jump.places(shown).values()}
                ),
            )
        await hands.press('ctrl+g')
        for letter, place in letters(hands).items():
            await hands.press('escape', 'ctrl+g', letter)
            assert hands.app.focused is place
            await hands.press('ctrl+g')


@pytest.mark.parametrize('size', SIZES)
async def test_a_letter_is_seen_at_the_place_it_goes_to(size):
    async with apps.run(apps.make(), size) as hands:
        await hands.press('ctrl+g')
        lines = scenes.painted(hands.app).splitlines()
        for letter, place in letters(hands).items():
            x, y, *_ = place.region
            assert lines[y][x : x + 3] == f' {letter} '


async def test_no_place_in_sight_is_left_out():
    async with apps.run(apps.make(), apps.WIDE) as hands:
        await hands.press('ctrl+g')
        places = {
            place.scope
            for place in letters(hands).values()
            if hasattr(place, 'number')
        }
        assert places >= {'watchlist', 'chart', 'orders', 'positions'}


@pytest.mark.parametrize('key', ['escape', 'y', 'n', 'enter', 'B', 'f5'])
async def test_any_other_key_only_leaves(key):
    station = stations.Station()
    async with apps.run(apps.make(station)) as hands:
        had = hands.app.focused
        await hands.press('ctrl+g', key)
        assert hands.app.screen is hands.app._trade
        assert hands.app.focused is had
        assert station.given == []


async def test_the_stop_key_stops_and_nothing_waits_for_it():
    station = stations.Station()
    async with apps.run(apps.make(station)) as hands:
        await hands.press('ctrl+g', 'ctrl+backslash')
        assert station.stopped


async def test_a_resize_leaves():
    async with apps.run(apps.make()) as hands:
        await hands.press('ctrl+g')
        await hands.resize_terminal(100, 30)
        await hands.pause()
        assert hands.app.screen is hands.app._trade


async def test_a_question_and_a_line_keep_the_keys():
    async with apps.run(apps.make()) as hands:
        await hands.press('4', 'C')
        asked = hands.app.screen
        await hands.press('ctrl+g')
        assert hands.app.screen is asked
        await hands.press('n', 'colon', 'ctrl+g')
        assert hands.app.screen is hands.app._trade
        assert hands.app.focused.has_focus
        await hands.press(*'help')
        assert 'help' in scenes.painted(hands.app).splitlines()[-1]


async def test_a_review_is_left_by_a_letter_and_sends_nothing():
    station = stations.Station()
    async with apps.run(apps.make(station), apps.WIDE) as hands:
        await hands.press('b', '1', '0', 'enter', 'enter', 'enter')
        review = hands.app.focused
        await hands.press('ctrl+g')
        found = letters(hands)
        letter = next(
            key for key, place in found.items() if place is not review
        )
        await hands.press(letter, 'y')
        assert station.given == []
