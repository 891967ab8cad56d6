"""Indicators of strategies on the chart."""

import pytest

from sting.model import market
from sting.model import views
from tui.charts import candles
from tui.charts import indicators
from tui.charts import overlays

pytestmark = pytest.mark.unit

MINUTE = 60 * 10**9


def bars(*closes, every=1):
    return [
        market.MarketData('A', n * every * MINUTE, c, c + 1, c - 1, c, 1.0)
        for n, c in enumerate(closes, 1)
    ]


def line(name, *values, first=1, strategy='sma'):
    stamps = tuple((first + n) * MINUTE for n in range(len(values)))
    return views.Line(strategy, name, stamps, values)


def test_each_bar_has_the_value_of_its_own_time():
    (found,) = indicators.aligned(
        bars(1.0, 2.0, 3.0, 4.0), [line('fast', 7.0, 8.0, first=2)]
    )
    assert found.label == 'fast'
    assert found.values == [None, 7.0, 8.0, None]


def test_a_longer_bar_has_the_last_value_in_it():
    (found,) = indicators.aligned(
        bars(1.0, 2.0, every=3), [line('fast', *map(float, range(1, 8)))]
    )
    assert found.values == [3.0, 6.0]


def test_the_strategy_is_named_where_there_are_several():
    found = indicators.aligned(
        bars(1.0), [line('fast', 1.0), line('fast', 1.0, strategy='other')]
    )
    assert [curve.label for curve in found] == ['sma.fast', 'other.fast']


def test_what_stays_near_the_closes_is_drawn_over_them():
    made = bars(100.0, 101.0, 102.0)
    curves = indicators.aligned(
        made, [line('fast', 99.0, 100.0, 101.0), line('rsi', 20.0, 50.0, 70.0)]
    )
    over, others = indicators.split(made, curves)
    assert [(c.label, c.glyph) for c in over] == [('fast', 'o')]
    assert [c.label for c in others] == ['rsi']


def test_what_goes_from_0_to_100_is_no_price_of_50():
    made = bars(*(50.0 + n % 3 for n in range(40)))
    values = [50.0 + 14 * (-1) ** n for n in range(40)]
    curves = indicators.aligned(made, [line('rsi', *values)])
    assert indicators.split(made, curves) == ([], curves)


def test_those_over_the_candles_have_a_style_each():
    made = bars(100.0, 101.0)
    styles = [candles.PLAIN.up, candles.PLAIN.down]
    curves = indicators.aligned(
        made, [line(f'n{n}', 100.0, 100.0) for n in range(3)]
    )
    over, _ = indicators.split(made, curves, styles)
    assert [curve.style for curve in over] == [*styles, None]


def test_the_crosshair_tells_the_value_of_its_bar():
    made = bars(*(100.0 + n % 5 for n in range(30)))
    (rsi,) = indicators.aligned(
        made, [line('rsi', *(float(n) for n in range(30)))]
    )
    over = overlays.Overlays(below=rsi, cross=9)
    lines = [one.text for one in candles.render(made, 60, 20, over=over)]
    assert any(text.startswith('rsi 20.00') for text in lines)


def test_more_than_there_are_glyphs_for_are_not_lost():
    made = bars(100.0)
    curves = indicators.aligned(made, [line(f'n{n}', 100.0) for n in range(6)])
    over, others = indicators.split(made, curves)
    assert len(over) == 4
    assert len(others) == 2


@pytest.mark.parametrize(('height', 'is_there'), [(13, False), (14, True)])
def test_an_indicator_of_another_scale_has_rows_of_its_own(height, is_there):
    made = bars(*(100.0 + n % 5 for n in range(30)))
    (rsi,) = indicators.aligned(
        made, [line('rsi', *(float(n) for n in range(30)))]
    )
    strips = candles.render(made, 60, height, over=overlays.Overlays(below=rsi))
    lines = [one.text for one in strips]
    assert [one.cell_length for one in strips] == [60] * height
    named = [text for text in lines if 'rsi 29' in text]
    assert bool(named) is is_there
    if is_there:
        assert '0 to 29' in named[0]
        # It rises from the left to the right.
        row = lines[lines.index(named[0]) + 1]
        assert row.rstrip()[-1] in '▁▂▃▄▅▆▇█'


def test_a_line_that_never_moves_is_drawn_all_the_same():
    made = bars(100.0, 101.0)
    (flat,) = indicators.aligned(made, [line('rsi', 5.0, 5.0)])
    lines = [
        one.text
        for one in candles.render(
            made, 40, 20, over=overlays.Overlays(below=flat)
        )
    ]
    assert any('rsi 5' in text for text in lines)
