"""The line above the candles: one bar in figures."""

from collections.abc import Sequence

from rich import segment
from textual import strip

from sting.model import market
from tui import format as text_format
from tui import themes
from tui.charts import overlays


def line(
    bars: Sequence[market.MarketData],
    back: int,
    curves: Sequence[overlays.Curve],
    palette: themes.Palette,
    width: int,
) -> strip.Strip:
    """Writes a bar as figures.

    Args:
        bars: Oldest first.
        back: Which, counted from the newest, that being 0.
        curves: Their values at that bar are written too, where there is
            room.
        palette: The styles.
        width: Cells.

    Returns:
        A strip of that width; blank where there is no such bar.
    """
    style = palette.style
    parts: list[segment.Segment] = []
    place = len(bars) - 1 - back
    if 0 <= place < len(bars):
        bar = bars[place]
        color = 'up' if bar.close >= bar.open else 'down'
        for name, value in (
            ('O', bar.open),
            ('H', bar.high),
            ('L', bar.low),
            ('C', bar.close),
        ):
            parts.append(segment.Segment(f' {name} ', style('muted')))
            price = text_format.price(value)
            parts.append(segment.Segment(price, style(color)))
        parts.append(segment.Segment(' V ', style('muted')))
        volume = text_format.compact(bar.volume)
        parts.append(segment.Segment(volume, style('')))
        room = width - sum(part.cell_length for part in parts) - 1
        written = (
            text_format.date_clock(bar.timestamp),
            text_format.clock(bar.timestamp),
        )
        when = next((each for each in written if len(each) <= room), '')
        parts.append(segment.Segment(f' {when}', style('muted')))
        room -= len(when)
        for curve in curves:
            at = curve.values[place]
            if at is not None:
                # A digit stands alone, a word is told from its glyph.
                gap = '' if curve.label.isdigit() or not curve.glyph else ' '
                name = f'{curve.glyph}{gap}{curve.label}'
                text = f' {name} {text_format.price(at)}'
                room -= len(text)
                if room >= 0:
                    parts.append(segment.Segment(text, style('focus')))
    return strip.Strip(parts).adjust_cell_length(width, style(''))
