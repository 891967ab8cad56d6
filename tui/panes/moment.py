"""A small candle chart around one moment."""

import bisect
from collections.abc import Sequence
from typing import Any

from rich import segment
from textual import strip
from textual import widget

from sting.model import market
from sting.model import views
from tui import themes
from tui.charts import candles
from tui.charts import overlays
from tui.panes import legend

# Of what is shown, so much lies after the moment.
_AFTER = 3
NOT_HERE = 'the bars of that time are no longer at hand'


def place_of(bars: Sequence[market.MarketData], stamp: int) -> int | None:
    """Finds the bar of a moment.

    Args:
        bars: Oldest first.
        stamp: Nanoseconds since the epoch, UTC.

    Returns:
        Its place; what is after the newest bar belongs to that. None where
        the moment is older than what there is.
    """
    if not bars:
        return None
    step = bars[1].timestamp - bars[0].timestamp if len(bars) > 1 else 0
    if stamp <= bars[0].timestamp - max(step, 1):
        return None
    place = bisect.bisect_left(bars, stamp, key=lambda bar: bar.timestamp)
    return min(place, len(bars) - 1)


class Moment(widget.Widget):
    """The candles before and after a moment, which a crosshair marks."""

    def __init__(self) -> None:
        super().__init__(id='moment')
        self._bars: Sequence[market.MarketData] = ()
        self._marks: Sequence[views.Mark] = ()
        self._stamp = 0
        self._strips: list[strip.Strip] = []

    def show(
        self,
        bars: Sequence[market.MarketData],
        stamp: int,
        marks: Sequence[views.Mark],
    ) -> None:
        """Takes what is shown.

        Args:
            bars: Oldest first.
            stamp: The moment, nanoseconds since the epoch, UTC.
            marks: Fills.
        """
        self._bars, self._stamp, self._marks = bars, stamp, marks
        self._draw()

    def on_resize(self) -> None:
        """Draws it again in the new size."""
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        place = place_of(self._bars, self._stamp)
        if width < 1 or height < 2:
            self._strips = []
        elif place is None:
            self._strips = [strip.Strip.blank(width) for _ in range(height)]
            self._strips[0] = _said(NOT_HERE if self._bars else '', width)
        else:
            self._strips = self._chart(place, width, height)
        self.refresh()

    def _chart(self, place: int, width: int, height: int) -> list[strip.Strip]:
        back = len(self._bars) - 1 - place
        palette = self._palette
        return [
            *legend.lines(self._bars, back, (), palette, width),
            *candles.render(
                self._bars,
                width,
                height - 1,
                marks=self._marks,
                palette=palette.candles(),
                offset=max(back - width // _AFTER, 0),
                over=overlays.Overlays(cross=back),
            ),
        ]

    @property
    def _palette(self) -> themes.Palette:
        app: Any = self.app
        palette: themes.Palette = app.palette
        return palette

    def render_line(self, y: int) -> strip.Strip:
        """Gives a line of the picture."""
        if y < len(self._strips):
            return self._strips[y]
        return strip.Strip.blank(self.size.width)


def _said(text: str, width: int) -> strip.Strip:
    return strip.Strip([segment.Segment(text)]).adjust_cell_length(width)
