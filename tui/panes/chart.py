"""Pane 2: the candles of the symbol selected in the watchlist."""

from collections.abc import Iterator
from collections.abc import Sequence

from textual import geometry
from textual import strip

from sting.model import market
from sting.model import orders
from sting.model import views
from sting.model import workstation as workstation_model
from tui import format as text_format
from tui import keymap
from tui import requests
from tui.charts import candles
from tui.charts import frames
from tui.charts import indicators
from tui.charts import overlays
from tui.panes import legend
from tui.panes import pane

_BARS = 2_000
_MARKS = 100
_STEP = 10
# The price axis and some room, in cells.
_EDGE = 12
_SPACINGS = (1, 2, 3, 4)
# Which indicator has rows of its own: no name that a strategy may give.
_FIRST, _NOTHING = '*', ''
# From this height on values that have no room go into a second line.
_ROWS_FOR_TWO = 10
# Of indicators; they differ by their glyphs too.
_COLORS = ('warning', 'good', 'text', 'muted')
_AVERAGES: tuple[tuple[int, ...], ...] = ((), (20,), (20, 50), (20, 50, 200))


class Chart(pane.Pane, can_focus=True):
    """Candles, volume and fills; paints only the lines that changed.

    Attributes:
        symbol: The instrument shown.
        bars_back: How many of the newest bars lie to the right of the picture.
        cross: The bar under the crosshair, 0 for the newest; None without.
        timeframe: What its bars are shown in; empty for their own.
        spacing: Cells from one bar to the next.
        averages: Lengths of the moving averages, in bars.
        whose: The strategy whose indicators are shown; empty for all.
        below: Which indicator of a strategy has rows of its own; None shows
            no indicators.
    """

    number = 2
    scope = 'chart'
    short = 'chart'
    BINDINGS = keymap.bindings('chart')

    def __init__(self, workstation: workstation_model.Workstation) -> None:
        super().__init__()
        self.symbol = ''
        self.bars_back = 0
        self.cross: int | None = None
        self.timeframe = ''
        self.spacing = _SPACINGS[0]
        self.averages = _AVERAGES[0]
        self.whose = ''
        self.below: str | None = _FIRST
        self._workstation = workstation
        self._levels: tuple[overlays.Level, ...] = ()
        self._own: Sequence[market.MarketData] = ()
        self._bars: Sequence[market.MarketData] = ()
        self._marks: Sequence[views.Mark] = ()
        self._lines: Sequence[views.Line] = ()
        self._seen: object = None
        self._strips: list[strip.Strip] = []
        self._generated = False
        self._signals: Sequence[views.SignalRow] = ()
        self._last_told = 0

    def select(self, symbol: str) -> None:
        """Shows another symbol, from its newest bar."""
        if symbol != self.symbol:
            self.symbol = symbol
            self.bars_back = 0
            self.cross = None
            self._seen = None

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest bars of the symbol if there are any."""
        if not self.symbol and snapshot.watch:
            self.symbol = snapshot.watch[0].symbol
        self._generated = snapshot.generated
        self._signals = snapshot.signals
        watched = (r.told for r in snapshot.watch if r.symbol == self.symbol)
        self._last_told = next(watched, 0)
        seen = self._signature(snapshot)
        if seen == self._seen or not self.display:
            return
        self._seen = seen
        self._own = self._workstation.bars(self.symbol, _BARS)
        self._marks = self._workstation.marks(self.symbol, _MARKS)
        self._lines = self._workstation.lines(self.symbol, _BARS)
        self._levels = tuple(self._prices_that_matter(snapshot))
        self._group()

    def _group(self) -> None:
        """Shows the bars in the timeframe chosen."""
        if self._own and self.timeframe not in self._timeframes():
            self.timeframe = ''
        own = self._own[0].timeframe if self._own else ''
        self._bars = frames.grouped(self._own, self.timeframe or own)
        self._say_name()
        self._draw()

    def _timeframes(self) -> tuple[str, ...]:
        return frames.longer(self._own[0].timeframe) if self._own else ()

    def _prices_that_matter(
        self, snapshot: views.Snapshot
    ) -> Iterator[overlays.Level]:
        """Gives the lines of working orders and of the position."""
        for order in snapshot.orders:
            price = order.stop_price or order.price
            if order.symbol != self.symbol or not order.is_working or not price:
                continue
            is_buy = order.side is orders.OrderSide.BUY
            left = text_format.quantity(order.quantity - order.filled)
            yield overlays.Level(
                price,
                f'{"buy" if is_buy else "sell"} {left} {order.type.value}',
                self.palette.style('up' if is_buy else 'down'),
            )
        for row in snapshot.positions:
            if row.symbol == self.symbol and row.quantity:
                held = text_format.quantity(row.quantity)
                yield overlays.Level(
                    row.average_price,
                    f'position {held}',
                    self.palette.style('muted'),
                )

    def _signature(self, snapshot: views.Snapshot) -> object:
        """Gives what says whether the picture is still right."""
        row = next((r for r in snapshot.watch if r.symbol == self.symbol), None)
        held = next(
            (p for p in snapshot.positions if p.symbol == self.symbol), None
        )
        return (
            self.symbol,
            # Values of indicators come a little after their bar.
            row and (row.timestamp, row.last, row.read),
            held and (held.quantity, held.realized),
            tuple(
                (o.id, o.price, o.stop_price, o.filled, o.quantity)
                for o in snapshot.orders
                if o.symbol == self.symbol and o.is_working
            ),
            # Those of another process come a little later.
            snapshot.attached and snapshot.attached.answers,
        )

    def _say_name(self) -> None:
        words = [text_format.clean(self.symbol)]
        if self._bars:
            words.append(text_format.clean(self._bars[-1].timeframe))
        words += [
            f'ma {"/".join(map(str, self.averages))}' if self.averages else ''
        ]
        if self.whose in self._strategies():
            words.append(f'of {text_format.clean(self.whose)}')
        if self._generated:
            words.append('generated')
        if self.bars_back:
            words.append(f'{self.bars_back} bars back')
        self.set_note(' '.join(word for word in words if word))

    def _draw(self) -> None:
        width, height = self.size
        if width < 1 or height < 1:
            return
        means = [
            overlays.average(self._bars, length, glyph)
            for length, glyph in zip(
                self.averages, overlays.AVERAGES, strict=False
            )
        ]
        over, others = self._indicators()
        below = self._below_of(others)
        drawn = legend.lines(
            self._bars,
            self.bars_back if self.cross is None else self.cross,
            [*means, *over, *others],
            self.palette,
            width,
            2 if height >= _ROWS_FOR_TWO else 1,
        )
        drawn += [
            line.simplify()
            for line in candles.render(
                self._bars,
                width,
                height - len(drawn),
                marks=self._marks,
                palette=self.palette.candles(),
                offset=self.bars_back,
                spacing=self.spacing,
                over=overlays.Overlays(
                    [*means, *over], below, self._levels, self.cross
                ),
            )
        ]
        old = self._strips
        self._strips = drawn
        for y, line in enumerate(drawn):
            if y >= len(old) or list(old[y]) != list(line):
                self.refresh(geometry.Region(0, y, width, 1))

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
        if self.cross is not None:
            self.cross = 0
        self._say_name()
        self._draw()

    def action_cross(self) -> None:
        """Shows the crosshair on the newest bar seen, or takes it away."""
        self.cross = self.bars_back if self.cross is None else None
        self._draw()

    def action_move_cross(self, bars: int) -> None:
        """Moves the crosshair to an older bar, or to a newer one if below 0."""
        if not self._bars:
            return
        cross = self.bars_back if self.cross is None else self.cross + bars
        self.cross = min(max(cross, 0), len(self._bars) - 1)
        oldest = self.bars_back + max(
            self.size.width // self.spacing - _EDGE, 1
        )
        if self.cross < self.bars_back or self.cross > oldest:
            self.action_pan(1 if self.cross > oldest else -1)
        self._draw()

    def drop_cross(self) -> bool:
        """Takes the crosshair away; says whether there was one."""
        found = self.cross is not None
        self.cross = None
        self._draw()
        return found

    def action_timeframe(self, steps: int) -> None:
        """Shows longer bars, or shorter ones when negative."""
        known = self._timeframes()
        if not known:
            return
        place = known.index(self.timeframe) if self.timeframe in known else 0
        self.timeframe = known[(place + steps) % len(known)]
        self.bars_back = 0
        self.cross = None
        self._group()

    def action_zoom_bars(self, steps: int) -> None:
        """Gives each bar more room, or less when negative."""
        place = _SPACINGS.index(self.spacing) + steps
        self.spacing = _SPACINGS[min(max(place, 0), len(_SPACINGS) - 1)]
        self._draw()

    def action_why(self) -> None:
        """Asks what led to what is under the crosshair, or came last."""
        if seq := self._told():
            self.post_message(requests.Why(seq))
        else:
            where = 'in this bar' if self.cross is not None else 'here yet'
            self.notify(f'nothing was wanted or filled {where}')

    def _told(self) -> int:
        """Gives the last fill of the bar under the crosshair, or signal."""
        if self.cross is None:
            return self._last_told
        place = len(self._bars) - 1 - self.cross
        if place < 0:
            return 0
        end = self._bars[place].timestamp
        start = self._bars[place - 1].timestamp if place else 0
        # What came after the newest bar belongs to the one that is open.
        is_newest = not self.cross

        def holds(stamp: int) -> bool:
            return start < stamp and (stamp <= end or is_newest)

        fills = [mark.seq for mark in self._marks if holds(mark.timestamp)]
        signals = [
            row.seq
            for row in self._signals
            if row.symbol == self.symbol and holds(row.bar)
        ]
        return max(fills, default=0) or max(signals, default=0)

    def action_averages(self) -> None:
        """Draws more moving averages, and then none."""
        place = _AVERAGES.index(self.averages) + 1
        self.averages = _AVERAGES[place % len(_AVERAGES)]
        self._say_name()
        self._draw()

    def _indicators(
        self,
    ) -> tuple[list[overlays.Curve], list[overlays.Curve]]:
        """Gives those of strategies, over the candles and with other scales."""
        if self.below is None or not self._bars:
            return [], []
        shown = [
            line
            for line in self._lines
            if self.whose in ('', line.strategy)
            or self.whose not in self._strategies()
        ]
        curves = indicators.aligned(self._bars, shown)
        styles = [self.palette.style(name) for name in _COLORS]
        return indicators.split(self._bars, curves, styles)

    def _strategies(self) -> list[str]:
        """Gives the strategies that have indicators of the symbol."""
        return list(dict.fromkeys(line.strategy for line in self._lines))

    def _below_of(
        self, others: Sequence[overlays.Curve]
    ) -> overlays.Curve | None:
        """Gives the one with rows of its own; the first if none is asked."""
        found = [curve for curve in others if curve.label == self.below]
        if not found and self.below == _FIRST:
            found = list(others)
        return found[0] if found else None

    def action_indicators(self) -> None:
        """Shows the next indicator below, then none there, then none."""
        if not self._lines:
            self.notify('no strategy that runs has an indicator of it')
        shown, self.below = self.below, self.below or _FIRST
        _, others = self._indicators()
        first = self._below_of(others)
        known: list[str | None] = [curve.label for curve in others]
        known += [_NOTHING, None]
        if shown == _FIRST:
            shown = _NOTHING if first is None else first.label
        place = known.index(shown) + 1 if shown in known else 0
        self.below = known[place % len(known)]
        self._draw()

    def action_whose(self) -> None:
        """Shows the indicators of the next strategy alone, then of all."""
        known = ['', *self._strategies()]
        place = known.index(self.whose) + 1 if self.whose in known else 1
        self.whose = known[place % len(known)]
        # What was below may be another's.
        self.below = _FIRST
        self._say_name()
        self._draw()

    def action_symbol(self, lines: int) -> None:
        """Takes the symbol above or below in the watchlist."""
        self.post_message(requests.Step(lines))
