"""Candles of half a cell, drawn by hand: one column a bar, newest at right."""

import bisect
from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import math

from rich import style as rich_style
from textual import strip

from sting.model import market
from sting.model import orders
from sting.model import views
from tui.charts import axes
from tui.charts import canvas
from tui.charts import indicators
from tui.charts import overlays
from tui.charts import sparkline

EMPTY = 'no bars yet'
BUY_MARK = '▲'
SELL_MARK = '▼'
LAST_LINE = '┈'

# What a cell shows, by what its upper and its lower half hold.
_NOTHING, _WICK, _BODY = 0, 1, 2
_SHAPES = (
    (' ', '╷', '╻'),
    ('╵', '│', '╽'),
    ('╹', '╿', '┃'),
)
# A bar that rose is hollow and one that fell is filled, so that the two differ
# without colour.
_FILLED = '┃'
_HOLLOW = '║'
# Below these sizes the chart gives up its margins, least important first.
_ROWS_FOR_BELOW = 14
_ROWS_FOR_TIME = 6
_ROWS_FOR_VOLUME = 5
_ROWS_FOR_MARKS = 3
_ROWS_PER_TICK = 3

Style = rich_style.Style
# Position among the shown bars, and the side of a fill in it.
_Marked = tuple[int, orders.OrderSide]


@dataclasses.dataclass(frozen=True)
class Palette:
    """The styles of a candle chart.

    Attributes:
        up: A bar that closed at or above its open.
        down: A bar that closed below its open.
        axis: Labels of prices and times.
        last: The line at the last price.
        last_label: That price on the axis.
        volume_up: Volume of a bar that rose.
        volume_down: Volume of a bar that fell.
        buy: The mark of a bought fill.
        sell: The mark of a sold fill.
        average: Moving averages.
        cross: The crosshair.
        blank: Cells with nothing in them.
    """

    up: Style
    down: Style
    axis: Style
    last: Style
    last_label: Style
    volume_up: Style
    volume_down: Style
    buy: Style
    sell: Style
    average: Style
    cross: Style
    blank: Style


PLAIN = Palette(
    up=Style.parse('bold green'),
    down=Style.parse('red'),
    axis=Style.parse('dim'),
    last=Style.parse('dim'),
    last_label=Style.parse('reverse'),
    volume_up=Style.parse('green'),
    volume_down=Style.parse('red'),
    buy=Style.parse('bold green'),
    sell=Style.parse('bold red'),
    average=Style.parse('cyan'),
    cross=Style.parse('bold'),
    blank=Style.null(),
)


@dataclasses.dataclass(frozen=True)
class _Scale:
    """Turns prices into half cells, 0 at the top.

    Attributes:
        low: Price of the lowest half cell.
        high: Price of the highest half cell.
        top: Rows kept free above.
        rows: Rows between the two prices.
    """

    low: float
    high: float
    top: int
    rows: int

    def half(self, price: float) -> int:
        """The half cell of a price between low and high."""
        share = (self.high - price) / (self.high - self.low)
        return self.top * 2 + round(share * (self.rows * 2 - 1))

    def row(self, price: float) -> int:
        """The row of a price between low and high."""
        return self.half(price) // 2

    def covers(self, price: float) -> bool:
        """Whether a price has a row."""
        return self.low <= price <= self.high


def _range(bars: Sequence[market.MarketData]) -> tuple[float, float]:
    """Gives the lowest and the highest price, never the same."""
    low = min(bar.low for bar in bars)
    high = max(bar.high for bar in bars)
    if high - low <= abs(high) * 1e-9:
        room = abs(high) * 0.005 or 1.0
        return low - room, high + room
    return low, high


@dataclasses.dataclass(frozen=True)
class _Layout:
    """How the room is given out.

    Attributes:
        columns: Cells for bars.
        rows: Rows for candles.
        below: Rows for an indicator, below the candles.
        volume: Rows for volume, below that.
        time: Rows for the time axis, below the volume.
        decimals: Of the prices on the axis.
        axis: Cells for the price axis, at the right.
    """

    columns: int
    rows: int
    below: int
    volume: int
    time: int
    decimals: int
    axis: int


def _layout(
    bars: Sequence[market.MarketData],
    width: int,
    height: int,
    last: float,
    spacing: int,
    has_below: bool,
) -> _Layout:
    time = 1 if height >= _ROWS_FOR_TIME else 0
    volume = 0 if height < _ROWS_FOR_VOLUME else min(1 + height // 12, 3)
    below = 0
    if has_below and height >= _ROWS_FOR_BELOW:
        below = min(1 + height // 8, 5)
    rows = height - time - volume - below
    axis = decimals = 0
    # Bars that the axis covers must not decide how wide it is: hence twice.
    for _ in range(2):
        low, high = _range(bars[-max((width - axis) // spacing, 1) :])
        decimals = axes.price_decimals(low, high, _ticks(rows))
        prices = (low, high, last)
        longest = max(len(f'{price:.{decimals}f}') for price in prices)
        axis = longest + 1 if (longest + 1) * 2 <= width else 0
    return _Layout(width - axis, rows, below, volume, time, decimals, axis)


def _marked(
    bars: Sequence[market.MarketData],
    marks: Sequence[views.Mark],
    start: int,
    end: int,
) -> set[_Marked]:
    """Finds the shown bars in which there were fills, and on which side."""
    stamps = [bar.timestamp for bar in bars]
    step = stamps[1] - stamps[0] if len(stamps) > 1 else axes.DAY
    found = set()
    for mark in marks:
        if mark.timestamp <= stamps[0] - step:
            continue
        # A fill after the newest bar belongs to the one that is still open.
        place = min(bisect.bisect_left(stamps, mark.timestamp), len(bars) - 1)
        if start <= place < end:
            found.add((place - start, mark.side))
    return found


def _scale(
    shown: Sequence[market.MarketData],
    layout: _Layout,
    found: Iterable[_Marked],
    levels: Sequence[overlays.Level],
) -> _Scale:
    """Fits the bars into the rows, with room for marks where there are any."""
    sides = {side for _, side in found}
    top = int(orders.OrderSide.SELL in sides)
    bottom = int(orders.OrderSide.BUY in sides)
    low, high = overlays.widened(*_range(shown), levels)
    return _Scale(low, high, top, layout.rows - top - bottom)


def _ticks(rows: int) -> int:
    """About how many labels the price axis has room for."""
    return max(rows // _ROWS_PER_TICK, 1)


class _Picture:
    """Draws the parts of a chart onto one canvas."""

    def __init__(
        self,
        shown: Sequence[market.MarketData],
        layout: _Layout,
        scale: _Scale,
        palette: Palette,
        spacing: int,
    ) -> None:
        self._shown = shown
        self._layout = layout
        self._scale = scale
        self._palette = palette
        self._spacing = spacing
        self.columns = layout.columns
        self.rows = layout.rows
        self.low = scale.low
        self._left = max(layout.columns - len(shown) * spacing, 0)
        self.canvas = canvas.Canvas(
            layout.columns + layout.axis,
            layout.rows + layout.below + layout.volume + layout.time,
            palette.blank,
        )

    def strips(self) -> list[strip.Strip]:
        """Gives what was drawn."""
        return self.canvas.strips()

    def column(self, index: int) -> int:
        """The cell of a bar, counted from the oldest shown."""
        return self._left + index * self._spacing

    def row(self, price: float) -> int | None:
        """The row of a price; None where it is outside."""
        return self._scale.row(price) if self._scale.covers(price) else None

    def candles(self) -> None:
        """Draws a candle for every bar."""
        for index, bar in enumerate(self._shown):
            self._candle(self.column(index), bar)

    def _candle(self, column: int, bar: market.MarketData) -> None:
        half = self._scale.half
        rose = bar.close >= bar.open
        style = self._palette.up if rose else self._palette.down
        high, low = half(bar.high), half(bar.low)
        top, bottom = half(bar.open), half(bar.close)
        if top > bottom:
            top, bottom = bottom, top
        # Each half cell of these rows, and what of the bar it holds.
        parts = [_NOTHING] * (2 * (low // 2 - high // 2 + 1))
        first = high // 2 * 2
        parts[high - first : low - first + 1] = [_WICK] * (low - high + 1)
        parts[top - first : bottom - first + 1] = [_BODY] * (bottom - top + 1)
        for place in range(0, len(parts), 2):
            shape = _SHAPES[parts[place]][parts[place + 1]]
            if rose and shape == _FILLED:
                shape = _HOLLOW
            self.canvas.put(column, (first + place) // 2, shape, style)

    def marks(self, found: Iterable[_Marked]) -> None:
        """Draws fills: below its bar what was bought, above what was sold."""
        for index, side in found:
            bar = self._shown[index]
            column = self.column(index)
            if side is orders.OrderSide.BUY:
                row = self._scale.row(bar.low) + 1
                self.canvas.put(column, row, BUY_MARK, self._palette.buy)
            else:
                row = self._scale.row(bar.high) - 1
                self.canvas.put(column, row, SELL_MARK, self._palette.sell)

    def volume(self) -> None:
        """Draws the volumes as bars of eighths, the most filling the room."""
        rows = self._layout.volume
        most = max(bar.volume for bar in self._shown)
        if most <= 0 or not rows:
            return
        floor = self._layout.rows + self._layout.below + rows - 1
        for index, bar in enumerate(self._shown):
            column = self.column(index)
            style = self._palette.volume_down
            if bar.close >= bar.open:
                style = self._palette.volume_up
            level = math.ceil(bar.volume / most * rows * 8)
            full, rest = divmod(level, 8)
            for above in range(full):
                block = sparkline.BLOCKS[-1]
                self.canvas.put(column, floor - above, block, style)
            if rest:
                block = sparkline.BLOCKS[rest - 1]
                self.canvas.put(column, floor - full, block, style)

    def prices(self, last: float) -> None:
        """Draws the price axis and the line at the last price."""
        scale = self._scale
        last_row = None
        if scale.covers(last):
            last_row = scale.row(last)
            self._line(last_row)
        if not self._layout.axis:
            return
        count = _ticks(scale.rows)
        for price in axes.price_ticks(scale.low, scale.high, count):
            row = scale.row(price)
            if row != last_row:
                self._label(row, price, self._palette.axis)
        if last_row is not None:
            self._label(last_row, last, self._palette.last_label)

    def _line(self, row: int) -> None:
        style = self._palette.last
        for column in range(self._layout.columns):
            if self.canvas.is_blank(column, row):
                self.canvas.put(column, row, LAST_LINE, style)

    def _label(self, row: int, price: float, style: Style) -> None:
        size = self._layout.axis - 1
        text = f'{price:.{self._layout.decimals}f}'.rjust(size)[:size]
        self.canvas.put(self._layout.columns + 1, row, text, style)

    def times(self) -> None:
        """Draws the time axis."""
        if not self._layout.time:
            return
        row = self._layout.rows + self._layout.below + self._layout.volume
        room = self._layout.columns + self._layout.axis - self._left
        stamps = [
            bar.timestamp for bar in self._shown for _ in range(self._spacing)
        ]
        for column, text in axes.time_labels(stamps, room):
            self.canvas.put(self._left + column, row, text, self._palette.axis)


def _nothing(width: int, height: int, palette: Palette) -> list[strip.Strip]:
    drawn = canvas.Canvas(width, height, palette.blank)
    if len(EMPTY) <= width and height > 0:
        column = (width - len(EMPTY)) // 2
        drawn.put(column, (height - 1) // 2, EMPTY, palette.axis)
    return drawn.strips()


def render(
    bars: Sequence[market.MarketData],
    width: int,
    height: int,
    *,
    marks: Sequence[views.Mark] = (),
    palette: Palette = PLAIN,
    offset: int = 0,
    spacing: int = 1,
    over: overlays.Overlays = overlays.NONE,
) -> list[strip.Strip]:
    """Draws candles, volume, axes, the last price and fills.

    Args:
        bars: Oldest first.
        width: Cells in a row.
        height: Rows.
        marks: Fills; those of bars that are not shown are left out.
        palette: The styles.
        offset: How many of the newest bars are left out, to look back; at
            most all but one.
        spacing: Cells from one bar to the next, at least 1.
        over: What is drawn over the candles.

    Returns:
        `height` strips of `width` cells.
    """
    width, height = max(width, 0), max(height, 0)
    if not bars or not width or not height:
        return _nothing(width, height, palette)
    last = bars[-1].close
    end = max(len(bars) - max(offset, 0), 1)
    newest = bars[max(end - width, 0) : end]
    below = over.below
    layout = _layout(newest, width, height, last, spacing, below is not None)
    start = max(end - max(layout.columns // spacing, 1), 0)
    shown = bars[start:end]
    found = set()
    if layout.rows >= _ROWS_FOR_MARKS:
        found = _marked(bars, marks, start, end)
    scale = _scale(shown, layout, found, over.levels)
    picture = _Picture(shown, layout, scale, palette, spacing)
    picture.candles()
    picture.marks(found)
    picture.volume()
    overlays.draw_curves(picture, over.curves, start, end, palette.average)
    index: int | None = None
    if over.cross is not None and start <= len(bars) - 1 - over.cross < end:
        index = len(bars) - 1 - over.cross - start
        overlays.draw_cross(picture, index, shown[index].close, palette.cross)
    if below is not None and layout.below:
        rows = range(layout.rows, layout.rows + layout.below)
        indicators.draw_below(
            picture, below, start, end, rows, palette.average, index
        )
    picture.prices(last)
    # After the lines, which go through the blanks of words.
    overlays.draw_levels(picture, over.levels)
    picture.times()
    return picture.strips()
