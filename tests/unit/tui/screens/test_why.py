from concurrent import futures

import msgspec
import pytest
from textual import app

from sting.model import errors
from sting.model import views
from tests.unit.tui import apps
from tui.screens import why

pytestmark = pytest.mark.unit

CHAIN = (
    views.EventRow(
        9,
        1_338_580_800_000_000_000,
        'fill',
        'paper',
        'GOOG',
        7,
        'bought 100 at 570.12',
    ),
    views.EventRow(
        7,
        1_338_580_740_000_000_000,
        'order_update',
        'risk',
        'GOOG',
        3,
        'approved [/b] \x1b[2J',
    ),
    views.EventRow(
        3, 1_338_580_740_000_000_000, 'market_data', 'demo', '', 0, 'bar'
    ),
)


class Station:
    """A workstation as far as why goes."""

    def __init__(self, answer):
        self._answer = answer
        self.asked = []

    def why(self, seq):
        self.asked.append(seq)
        future = futures.Future()
        if isinstance(self._answer, Exception):
            future.set_exception(self._answer)
        elif self._answer is not None:
            future.set_result(self._answer)
        return future


class Shown(app.App[None]):
    def __init__(self, station):
        super().__init__()
        self._station = station

    def on_mount(self):
        self.push_screen(why.WhyScreen(self._station, 9))


async def text_of(pilot):
    await pilot.pause()
    await pilot.pause()
    strips = pilot.app.screen._compositor.render_strips()
    return '\n'.join(strip.text for strip in strips)


def test_an_event_has_number_time_type_and_what_it_says():
    assert why.cells(CHAIN[0], 0) == (
        '9',
        '2012-06-01 20:00:00',
        'fill',
        'GOOG bought 100 at 570.12',
    )


def test_causes_are_indented_by_depth():
    assert [why.cells(row, depth)[0] for depth, row in enumerate(CHAIN)] == [
        '9',
        '└ 7',
        ' └ 3',
    ]


def test_a_symbol_is_not_said_twice():
    row = msgspec.structs.replace(CHAIN[0], text='buy 20 GOOG')

    assert why.cells(row, 0)[3] == 'buy 20 GOOG'


def test_text_from_outside_cannot_steer_the_terminal():
    assert '\x1b' not in why.cells(CHAIN[1], 1)[3]


async def test_text_from_outside_is_not_markup():
    async with apps.run(Shown(Station(CHAIN)), (100, 30)) as pilot:
        assert 'approved [/b]' in await text_of(pilot)


async def test_the_chain_is_shown_from_the_event_to_its_first_cause():
    station = Station(CHAIN)
    async with apps.run(Shown(station), (100, 30)) as pilot:
        painted = await text_of(pilot)

    assert station.asked == [9]
    places = [painted.index(word) for word in ('fill', 'approved', 'bar')]
    assert places == sorted(places)
    assert 'why 9' in painted


async def test_it_says_that_it_waits_for_the_engine():
    async with apps.run(Shown(Station(None)), (100, 30)) as pilot:
        assert why.ASKING in await text_of(pilot)


async def test_an_event_that_is_not_there_is_said_so():
    async with apps.run(Shown(Station(())), (100, 30)) as pilot:
        assert 'event 9 is not in the log' in await text_of(pilot)


async def test_an_error_of_the_engine_is_shown():
    station = Station(errors.JournalError('the log cannot be read'))
    async with apps.run(Shown(station), (100, 30)) as pilot:
        assert 'the log cannot be read' in await text_of(pilot)


async def test_escape_closes_it():
    shown = Shown(Station(CHAIN))
    async with apps.run(shown, (100, 30)) as pilot:
        assert isinstance(shown.screen, why.WhyScreen)
        await pilot.press('escape')
        await pilot.pause()

        assert not isinstance(shown.screen, why.WhyScreen)
