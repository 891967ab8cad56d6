"""What is drawn over candles: averages, prices that matter, a crosshair."""

from collections.abc import Sequence
import dataclasses
import itertools
from typing import Protocol

from rich import style as rich_style

from sting.model import market
from tui.charts import canvas

Style = rich_style.Style

# Averages differ by their glyph, not by colour alone.
AVERAGES = '·•+~'
LEVEL = '╌'
CROSS = '┊'
# A price this much of the candles' height away is still worth the room.
_REACH = 0.5


@dataclasses.dataclass(frozen=True)
class Curve:
    """A value for each bar.

    Attributes:
        label: What it is, in a word.
        glyph: What it is drawn with.
        values: One a bar, oldest first; None where there is none.
        style: How it is drawn; None as the averages are.
    """

    label: str
    glyph: str
    values: Sequence[float | None]
    style: Style | None = None


@dataclasses.dataclass(frozen=True)
class Level:
    """A price that matters: a working order, the mean price of a position.

    Attributes:
        price: Where.
        text: What it is, in a few words.
        style: How it is drawn.
    """

    price: float
    text: str
    style: Style


@dataclasses.dataclass(frozen=True)
class Overlays:
    """All that is drawn over the candles.

    Attributes:
        curves: Averages, and indicators on the scale of the prices.
        below: An indicator on a scale of its own, in rows of its own.
        levels: Prices.
        cross: The bar under the crosshair, counted from the newest of all
            bars, 0 being that; None without.
    """

    curves: Sequence[Curve] = ()
    below: Curve | None = None
    levels: Sequence[Level] = ()
    cross: int | None = None


NONE = Overlays()


class Plot(Protocol):
    """Where candles were drawn."""

    canvas: canvas.Canvas
    columns: int
    rows: int
    low: float

    def column(self, index: int) -> int:
        """The cell of a bar, counted from the oldest shown."""
        ...

    def row(self, price: float) -> int | None:
        """The row of a price; None where it is outside."""
        ...


def average(
    bars: Sequence[market.MarketData], length: int, glyph: str
) -> Curve:
    """Works out a simple moving average of the closes.

    Args:
        bars: Oldest first.
        length: How many bars each value is the mean of, at least 1.
        glyph: What it is drawn with.

    Returns:
        The average, with a value a bar.
    """
    sums = [0.0, *itertools.accumulate(bar.close for bar in bars)]
    values: list[float | None] = [None] * min(length - 1, len(bars))
    values += [
        (sums[end] - sums[end - length]) / length
        for end in range(length, len(sums))
    ]
    return Curve(str(length), glyph, values)


def widened(
    low: float, high: float, levels: Sequence[Level]
) -> tuple[float, float]:
    """Takes prices into the range of the candles that are not far away."""
    reach = (high - low) * _REACH
    near = [
        level.price
        for level in levels
        if low - reach <= level.price <= high + reach
    ]
    return min(low, *near, low), max(high, *near, high)


def draw_curves(
    plot: Plot, curves: Sequence[Curve], start: int, end: int, style: Style
) -> None:
    """Draws curves where the candles leave room.

    Args:
        plot: Where.
        curves: Of all bars.
        start: The first bar shown.
        end: The bar after the last shown.
        style: How those without a style of their own.
    """
    for one in curves:
        for index, value in enumerate(one.values[start:end]):
            row = None if value is None else plot.row(value)
            column = plot.column(index)
            if row is not None and plot.canvas.is_blank(column, row):
                plot.canvas.put(column, row, one.glyph, one.style or style)


def draw_levels(plot: Plot, levels: Sequence[Level]) -> None:
    """Draws a line at each price, with its words at the left.

    One that lies outside is told at the edge that it lies beyond.
    """
    words: dict[int, tuple[str, Style]] = {}
    outside = []
    for level in sorted(levels, key=lambda level: -level.price):
        row = plot.row(level.price)
        if row is None:
            outside.append(level)
        else:
            _line(plot, row, level.style)
            words.setdefault(row, (level.text, level.style))
    for level in outside:
        is_below = level.price < plot.low
        rows = range(plot.rows)
        free = reversed(rows) if is_below else rows
        row = next((r for r in free if r not in words), None)
        if row is not None:
            arrow = '↓' if is_below else '↑'
            words[row] = f'{arrow} {level.text}', level.style
    for row, (text, style) in words.items():
        plot.canvas.put(0, row, text[: plot.columns], style)


def _line(plot: Plot, row: int, style: Style) -> None:
    for column in range(plot.columns):
        if plot.canvas.is_blank(column, row):
            plot.canvas.put(column, row, LEVEL, style)


def draw_cross(plot: Plot, index: int, close: float, style: Style) -> None:
    """Draws a line through a bar and one at its close.

    Args:
        plot: Where.
        index: The bar, counted from the oldest shown.
        close: Its close.
        style: How.
    """
    column, level = plot.column(index), plot.row(close)
    for row in range(plot.rows):
        if plot.canvas.is_blank(column, row):
            plot.canvas.put(column, row, CROSS, style)
    if level is not None:
        _line(plot, level, style)
