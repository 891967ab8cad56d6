"""Pane 2: the candles of the symbol selected in the watchlist."""

from collections.abc import Sequence

from rich import segment
from textual import geometry
from textual import strip

from sting.model import market
from sting.model import views
from sting.model import workstation as workstation_model
from tui import format as text_format
from tui import keymap
from tui import requests
from tui.charts import candles
from tui.panes import pane

_BARS = 500
_MARKS = 100
_STEP = 10


class Chart(pane.Pane, can_focus=True):
    """Candles, volume and fills; paints only the lines that changed.

    Attributes:
        symbol: The instrument shown.
        bars_back: How many of the newest bars lie to the right of the picture.
    """

    number = 2
    scope = 'chart'
    short = 'chart'
    BINDINGS = keymap.bindings('chart')

    def __init__(self, workstation: workstation_model.Workstation) -> None:
        super().__init__()
        self.symbol = ''
        self.bars_back = 0
        self._workstation = workstation
        self._bars: Sequence[market.MarketData] = ()
        self._marks: Sequence[views.Mark] = ()
        self._seen: object = None
        self._strips: list[strip.Strip] = []
        self._generated = False

    def select(self, symbol: str) -> None:
        """Shows another symbol, from its newest bar."""
        if symbol != self.symbol:
            self.symbol = symbol
            self.bars_back = 0
            self._seen = None

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest bars of the symbol if there are any."""
        if not self.symbol and snapshot.watch:
            self.symbol = snapshot.watch[0].symbol
        self._generated = snapshot.generated
        seen = self._signature(snapshot)
        if seen == self._seen or not self.display:
            return
        self._seen = seen
        self._bars = self._workstation.bars(self.symbol, _BARS)
        self._marks = self._workstation.marks(self.symbol, _MARKS)
        self._say_name()
        self._draw()

    def _signature(self, snapshot: views.Snapshot) -> object:
        """Gives what says whether the picture is still right."""
        row = next((r for r in snapshot.watch if r.symbol == self.symbol), None)
        held = next(
            (p for p in snapshot.positions if p.symbol == self.symbol), None
        )
        return (
            self.symbol,
            row and (row.timestamp, row.last),
            held and (held.quantity, held.realized),
            snapshot.attached and snapshot.attached.answers,
        )

    def _say_name(self) -> None:
        words = [text_format.clean(self.symbol)]
        if self._bars:
            words.append(text_format.clean(self._bars[-1].timeframe))
        if self._generated:
            words.append('generated')
        if self.bars_back:
            words.append(f'{self.bars_back} bars back')
        self.set_note(' '.join(word for word in words if word))

    def _draw(self) -> None:
        width, height = self.size
        if width < 1 or height < 1:
            return
        drawn = [self._figures(width)]
        drawn += [
            line.simplify()
            for line in candles.render(
                self._bars,
                width,
                height - 1,
                marks=self._marks,
                palette=self.palette.candles(),
                offset=self.bars_back,
            )
        ]
        old = self._strips
        self._strips = drawn
        for y, line in enumerate(drawn):
            if y >= len(old) or list(old[y]) != list(line):
                self.refresh(geometry.Region(0, y, width, 1))

    def _figures(self, width: int) -> strip.Strip:
        """Writes the newest bar shown as figures."""
        style = self.palette.style
        parts = []
        shown = len(self._bars) - self.bars_back
        if shown > 0:
            bar = self._bars[shown - 1]
            color = 'up' if bar.close >= bar.open else 'down'
            for name, value in (
                ('O', bar.open),
                ('H', bar.high),
                ('L', bar.low),
                ('C', bar.close),
            ):
                parts.append(segment.Segment(f' {name} ', style('muted')))
                parts.append(
                    segment.Segment(text_format.price(value), style(color))
                )
            parts.append(segment.Segment(' V ', style('muted')))
            parts.append(
                segment.Segment(text_format.compact(bar.volume), style(''))
            )
            room = width - sum(part.cell_length for part in parts) - 1
            written = (
                text_format.date_clock(bar.timestamp),
                text_format.clock(bar.timestamp),
            )
            when = next((each for each in written if len(each) <= room), '')
            parts.append(segment.Segment(f' {when}', style('muted')))
        return strip.Strip(parts).adjust_cell_length(width, style(''))

    def render_line(self, y: int) -> strip.Strip:
        """Gives a line of the picture."""
        if y < len(self._strips):
            return self._strips[y]
        return strip.Strip.blank(self.size.width, self.palette.style(''))

    def repaint(self) -> None:
        """Draws it again, as after a change of theme."""
        self._strips = []
        self._draw()
        self.refresh()

    def on_resize(self) -> None:
        """Draws it again in the new size."""
        self.repaint()

    def action_pan(self, steps: int) -> None:
        """Moves in time: to older bars, or to newer ones when negative."""
        most = max(0, len(self._bars) - _STEP)
        self.bars_back = min(max(self.bars_back + steps * _STEP, 0), most)
        self._say_name()
        self._draw()

    def action_newest(self) -> None:
        """Goes back to the newest bar."""
        self.bars_back = 0
        self._say_name()
        self._draw()

    def action_symbol(self, lines: int) -> None:
        """Takes the symbol above or below in the watchlist."""
        self.post_message(requests.Step(lines))
