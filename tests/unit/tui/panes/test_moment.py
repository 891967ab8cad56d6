"""The small chart around a moment."""

import pytest
from textual import app

from tests.unit.tui import apps
from tests.unit.tui import stations
from tui import themes
from tui.charts import overlays
from tui.panes import moment

pytestmark = pytest.mark.unit

BARS = stations.bars('AAPL', 60)


class Shown(app.App[None]):
    """A moment alone on the screen."""

    palette = themes.Palette(themes.load_all()['dark'])

    def compose(self):
        yield moment.Moment()


async def painted(stamp, bars=BARS, size=(60, 12)):
    shown = Shown()
    async with apps.run(shown, size) as pilot:
        one = shown.query_one(moment.Moment)
        one.show(bars, stamp, ())
        await pilot.pause()
        return apps.text_of(one)


@pytest.mark.parametrize(
    ('stamp', 'place'),
    [
        (BARS[5].timestamp, 5),
        (BARS[5].timestamp - 1, 5),
        (BARS[5].timestamp + 1, 6),
        (BARS[0].timestamp, 0),
        (BARS[-1].timestamp + stations.MINUTE * 99, 59),
        (BARS[0].timestamp - stations.MINUTE, None),
    ],
)
def test_a_moment_belongs_to_the_bar_that_closes_next(stamp, place):
    assert moment.place_of(BARS, stamp) == place


def test_without_bars_there_is_no_place():
    assert moment.place_of([], 1) is None


async def test_a_crosshair_marks_the_bar_and_its_figures_stand_above():
    lines = await painted(BARS[30].timestamp)

    assert f'{BARS[30].close:.2f}' in lines[0]
    columns = {line.index(overlays.CROSS) for line in lines[1:4]}
    assert len(columns) == 1


async def test_bars_after_the_moment_are_shown_too():
    lines = await painted(BARS[30].timestamp)

    cross = lines[1].index(overlays.CROSS)
    assert any(line[cross + 1 : cross + 10].strip(' ╌┈') for line in lines[1:])


async def test_a_moment_before_all_bars_is_said_so():
    lines = await painted(1)

    assert lines[0] == moment.NOT_HERE


async def test_nothing_is_shown_before_the_bars_come():
    assert set(await painted(1, bars=())) == {''}


async def test_it_is_drawn_again_in_another_size():
    shown = Shown()
    async with apps.run(shown, (60, 12)) as pilot:
        one = shown.query_one(moment.Moment)
        one.show(BARS, BARS[30].timestamp, ())
        await pilot.resize_terminal(40, 14)
        await apps.wait(pilot, lambda: one.size == (40, 14))
        lines = apps.text_of(one)
        assert max(map(len, lines)) <= 40
        assert any(overlays.CROSS in line for line in lines)
