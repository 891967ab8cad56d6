"""The line above the candles: one bar in figures."""

from collections.abc import Sequence

from rich import segment
from textual import strip

from sting.model import market
from tui import format as text_format
from tui import themes
from tui.charts import overlays


def lines(
    bars: Sequence[market.MarketData],
    back: int,
    curves: Sequence[overlays.Curve],
    palette: themes.Palette,
    width: int,
    most: int = 1,
) -> list[strip.Strip]:
    """Writes a bar as figures, and what indicators have there.

    Args:
        bars: Oldest first.
        back: Which, counted from the newest, that being 0.
        curves: Their values at that bar are written too, where there is
            room.
        palette: The styles.
        width: Cells.
        most: How many lines there may be, 1 or 2: values that have no room
            beside the figures get the second.

    Returns:
        Strips of that width; a blank one where there is no such bar.
    """
    style = palette.style
    place = len(bars) - 1 - back
    if not 0 <= place < len(bars):
        return [strip.Strip([]).adjust_cell_length(width, style(''))]
    first = _figures(bars[place], palette, width)
    values = [
        segment.Segment(
            _text(curve, curve.values[place]), curve.style or style('focus')
        )
        for curve in curves
    ]
    room = width - sum(part.cell_length for part in first)
    if most > 1 and room < sum(part.cell_length for part in values):
        found = [first, _fitting(values, width)]
    else:
        found = [first + _fitting(values, room)]
    return [
        strip.Strip(parts).adjust_cell_length(width, style(''))
        for parts in found
    ]


def _figures(
    bar: market.MarketData, palette: themes.Palette, width: int
) -> list[segment.Segment]:
    style = palette.style
    parts: list[segment.Segment] = []
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
    return parts


def _text(curve: overlays.Curve, value: float | None) -> str:
    # A digit stands alone, a word is told from its glyph.
    gap = '' if curve.label.isdigit() or not curve.glyph else ' '
    return f' {curve.glyph}{gap}{curve.label} {text_format.price(value)}'


def _fitting(
    parts: Sequence[segment.Segment], room: int
) -> list[segment.Segment]:
    """Gives those that have room, in order."""
    found = []
    for part in parts:
        room -= part.cell_length
        if room >= 0:
            found.append(part)
    return found
