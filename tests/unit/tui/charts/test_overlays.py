"""Averages, levels and the crosshair over candles."""

import pytest

from sting.model import market
from tui.charts import candles
from tui.charts import overlays

pytestmark = pytest.mark.unit

STYLE = candles.PLAIN.axis


def bars(*closes):
    return [
        market.MarketData('AAPL', n * 60 * 10**9, c, c + 1, c - 1, c, 1.0)
        for n, c in enumerate(closes, 1)
    ]


def drawn(made, width=40, height=12, **over):
    strips = candles.render(made, width, height, over=overlays.Overlays(**over))
    assert [one.cell_length for one in strips] == [width] * height
    return [one.text for one in strips]


def test_an_average_begins_when_there_are_enough_bars():
    found = overlays.average(bars(1.0, 2.0, 3.0, 5.0), 3, '·')
    assert found.values == [None, None, 2.0, pytest.approx(10 / 3)]
    assert overlays.average(bars(1.0), 3, '·').values == [None]
    assert overlays.average([], 3, '·').values == []


def test_averages_have_a_glyph_each():
    made = bars(*(100.0 + (n % 7) * 3 for n in range(60)))
    means = [
        overlays.average(made, 5, '·'),
        overlays.average(made, 20, '•'),
    ]
    text = ''.join(drawn(made, curves=means))
    assert '·' in text
    assert '•' in text


def test_a_price_that_is_near_gets_room_and_one_far_away_an_arrow():
    made = bars(100.0, 104.0)
    near = overlays.Level(106.0, 'sell 5 limit', STYLE)
    above = overlays.Level(900.0, 'sell 1 limit', STYLE)
    below = overlays.Level(1.0, 'buy 1 stop', STYLE)
    found = drawn(made, levels=[near, above, below])
    assert found[0].startswith('sell 5 limit')
    assert found[0].endswith(overlays.LEVEL, 0, 20)
    assert found[1].startswith('↑ sell 1 limit')
    assert any(line.startswith('↓ buy 1 stop') for line in found)


def test_levels_of_one_price_are_one_line():
    level = overlays.Level(100.0, 'buy 5 limit', STYLE)
    again = overlays.Level(100.0, 'buy 9 limit', STYLE)
    found = drawn(bars(99.0, 101.0), levels=[level, again])
    assert sum('limit' in line for line in found) == 1


def test_the_crosshair_goes_through_its_bar():
    made = bars(*(100.0 + n for n in range(30)))
    found = drawn(made, cross=3)
    column = found[0].index(overlays.CROSS)
    rows = [line for line in found if len(line) > column]
    assert sum(line[column] == overlays.CROSS for line in rows) > 3
    assert overlays.CROSS not in ''.join(drawn(made, cross=None))


def test_a_crosshair_on_a_bar_that_is_not_shown_is_not_drawn():
    made = bars(*(100.0 + n for n in range(300)))
    assert overlays.CROSS not in ''.join(drawn(made, cross=290))


@pytest.mark.parametrize('spacing', [2, 3, 4])
def test_bars_that_have_more_room_keep_their_order(spacing):
    made = bars(*(100.0 + n for n in range(100)))
    strips = candles.render(made, 60, 15, spacing=spacing)
    assert [one.cell_length for one in strips] == [60] * 15
    taken = {
        column
        for one in strips[:11]
        for column, glyph in enumerate(one.text[:50])
        if glyph in '│┃║╽╿'
    }
    assert len({column % spacing for column in taken}) == 1
