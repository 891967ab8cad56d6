"""Indicators of strategies: over the candles, or in rows of their own."""

from collections.abc import Sequence
import dataclasses
import math

from rich import style as rich_style

from sting.model import market
from sting.model import views
from tui import format as text_format
from tui.charts import overlays
from tui.charts import sparkline

# They differ from averages, and from each other, by their glyph.
GLYPHS = 'ox=#'
# One that stays this near the closes is a price: an average, a band, a stop.
_NEAR = 0.3
_MOSTLY = 0.9
# So many of the newest bars tell.
_JUDGED = 500


def aligned(
    bars: Sequence[market.MarketData], lines: Sequence[views.Line]
) -> list[overlays.Curve]:
    """Gives lines a value a bar, the newest that was known when it closed.

    Args:
        bars: Oldest first, of any length.
        lines: Of one symbol.

    Returns:
        A curve a line, named with its strategy where there are several.
    """
    several = len({line.strategy for line in lines}) > 1
    found = []
    stamps = [bar.timestamp for bar in bars]
    for line in lines:
        times, count = line.times, len(line.times)
        values: list[float | None] = []
        place = 0
        for stamp in stamps:
            before = place
            while place < count and times[place] <= stamp:
                place += 1
            values.append(line.values[place - 1] if place > before else None)
        label = text_format.clean(
            f'{line.strategy}.{line.name}' if several else line.name
        )
        found.append(overlays.Curve(label, '', values))
    return found


def split(
    bars: Sequence[market.MarketData],
    curves: Sequence[overlays.Curve],
    styles: Sequence[rich_style.Style] = (),
) -> tuple[list[overlays.Curve], list[overlays.Curve]]:
    """Tells curves on the scale of the prices from the others.

    Args:
        bars: Oldest first.
        curves: With a value a bar.
        styles: For those over the candles, one a glyph; none for the same.

    Returns:
        Those over the candles, with their glyphs, and the others.
    """
    over: list[overlays.Curve] = []
    others = []
    span = max((b.high for b in bars), default=0.0) - min(
        (b.low for b in bars), default=0.0
    )
    for curve in curves:
        place = len(over)
        if place < len(GLYPHS) and _is_price(bars, curve, span):
            over.append(
                dataclasses.replace(
                    curve,
                    glyph=GLYPHS[place],
                    style=styles[place] if place < len(styles) else None,
                )
            )
        else:
            others.append(curve)
    return over, others


def _is_price(
    bars: Sequence[market.MarketData], curve: overlays.Curve, span: float
) -> bool:
    near = [
        # What goes from 0 to 100 may well be near a price of 50.
        abs(value - bar.close) <= min(_NEAR * abs(bar.close), span)
        for bar, value in zip(
            bars[-_JUDGED:], curve.values[-_JUDGED:], strict=True
        )
        if value is not None
    ]
    return bool(near) and sum(near) >= _MOSTLY * len(near)


def draw_below(
    plot: overlays.Plot,
    curve: overlays.Curve,
    start: int,
    end: int,
    rows: range,
    style: rich_style.Style,
    at: int | None = None,
) -> None:
    """Draws a curve as columns from the lowest value shown.

    Args:
        plot: Where.
        curve: Of all bars.
        start: The first bar shown.
        end: The bar after the last shown.
        rows: Those that it has.
        style: How.
        at: The bar whose value is told, counted from the oldest shown; None
            for the newest that has one.
    """
    shown = list(enumerate(curve.values[start:end]))
    known = [value for _, value in shown if value is not None]
    if not known:
        return
    low, high = min(known), max(known)
    # The first row is for its name.
    room = len(rows) - 1
    for index, value in shown:
        if value is None:
            continue
        share = (value - low) / (high - low) if high > low else 0.5
        full, rest = divmod(max(math.ceil(share * room * 8), 1), 8)
        column = plot.column(index)
        for above in range(full):
            block = sparkline.BLOCKS[-1]
            plot.canvas.put(column, rows[-1] - above, block, style)
        if rest:
            block = sparkline.BLOCKS[rest - 1]
            plot.canvas.put(column, rows[-1] - full, block, style)
    told = known[-1] if at is None else shown[at][1]
    text = (
        f'{curve.label} {text_format.price(told)}  '
        f'{text_format.price(low)} to {text_format.price(high)}'
    )
    plot.canvas.put(0, rows[0], text[: plot.columns], style)
