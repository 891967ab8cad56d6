"""The why screen: from an event back to its first cause."""

import asyncio
from typing import Any
from typing import ClassVar

from rich import console
from rich import text
from textual import app
from textual import containers
from textual import screen
from textual import widgets

from sting.model import errors
from sting.model import views
from sting.model import workstation
from tui import format as text_format
from tui import keymap
from tui.panes import moment
from tui.screens import chain

ASKING = 'asking the engine'
_BARS = 2_000
_MARKS = 100
# From so many columns on the chart stands beside the chain, from so many rows
# on below it; with less room it takes its place.
_BESIDE, _BELOW = 130, 32
# Bars of another process come a little later.
_LOOK_S = 0.25


def moment_of(causes: tuple[views.Cause, ...]) -> tuple[str, int]:
    """Gives the symbol and the moment that a chain is about.

    Args:
        causes: The event first, its first cause last.

    Returns:
        The symbol, empty where the chain has none; and the stamp of the bar
        that was answered, else of the fill, else of the event: nanoseconds
        since the epoch, UTC.
    """
    symbol = next((row.symbol for row in causes if row.symbol), '')
    stamps = [
        row.bar.timestamp
        for row in causes
        if row.bar is not None and row.symbol == symbol
    ]
    stamps += [row.mark.timestamp for row in causes if row.mark is not None]
    return symbol, next(iter(stamps), causes[0].timestamp if causes else 0)


class WhyScreen(screen.ModalScreen[None]):
    """Shows what led to an event, the event first, its first cause last."""

    BINDINGS: ClassVar = keymap.bindings('why')
    DEFAULT_CSS = """
    WhyScreen {
        align: center middle;
        #why {
            width: 96%;
            max-width: 180;
            height: auto;
            max-height: 94%;
            border: round $primary;
            background: $panel;
            padding: 0 1;
        }
        #causes { height: auto; max-height: 100%; width: 100%; }
        #chain { height: auto; }
        Moment { display: none; height: 14; width: 100%; margin: 1 0 0 0; }
        .charted Moment { display: block; }
        .below #causes { max-height: 18; }
        #why.beside { layout: horizontal; }
        .beside #causes { width: 1fr; }
        .beside Moment { width: 60; height: 20; margin: 0 0 0 1; }
        .instead #causes { display: none; }
    }
    """

    def __init__(self, station: workstation.Workstation, seq: int) -> None:
        """Makes the screen.

        Args:
            station: The engine to ask.
            seq: Number of the event to explain.
        """
        super().__init__()
        self.key_scope = 'why'
        self._station = station
        self._seq = seq
        self._causes: tuple[views.Cause, ...] = ()
        self._wants_chart = False

    def compose(self) -> app.ComposeResult:
        """Gives a box that is filled when the engine has answered."""
        with containers.Container(id='why') as box:
            box.border_title = f'why {self._seq}'
            box.border_subtitle = 'esc closes'
            with containers.VerticalScroll(id='causes'):
                yield widgets.Static(ASKING, id='chain', markup=False)
            yield moment.Moment()

    def on_mount(self) -> None:
        """Asks."""
        self.query_one('#causes').focus()
        self.run_worker(self._ask())
        self._looking = self.set_interval(_LOOK_S, self._show_chart)

    def on_resize(self) -> None:
        """Gives the chart the room that there is."""
        self._arrange()

    async def _ask(self) -> None:
        try:
            causes = await asyncio.wrap_future(self._station.why(self._seq))
        except errors.StingError as error:
            self._say(text.Text(text_format.clean(str(error))))
            return
        if not causes:
            self._say(text.Text(f'event {self._seq} is not in the log'))
            return
        self._causes = causes
        shown: Any = self.app
        self._say(chain.render(causes, shown.palette))
        when = text_format.date_clock(causes[0].timestamp)
        self.query_one('#why').border_title = f'why {self._seq}  {when} UTC'
        self._show_chart()
        self._arrange()

    def _say(self, message: console.RenderableType) -> None:
        self.query_one('#chain', widgets.Static).update(message)

    # The chart.

    def _show_chart(self) -> None:
        """Draws the bars around the moment, once they are there."""
        symbol, stamp = moment_of(self._causes)
        if not symbol:
            return
        marks = tuple(row.mark for row in self._causes if row.mark is not None)
        bars = self._station.bars(symbol, _BARS)
        if bars:
            self._looking.stop()
        self.query_one(moment.Moment).show(
            bars, stamp, marks or self._station.marks(symbol, _MARKS)
        )

    def _arrange(self) -> None:
        box = self.query_one('#why')
        width, height = self.app.size
        has_chart = bool(moment_of(self._causes)[0])
        beside = has_chart and width >= _BESIDE
        below = has_chart and not beside and height >= _BELOW
        instead = has_chart and self._wants_chart and not (beside or below)
        for name, holds in (
            ('charted', beside or below or instead),
            ('beside', beside),
            ('below', below),
            ('instead', instead),
        ):
            box.set_class(holds, name)
        keys = 'esc closes'
        if has_chart and not (beside or below):
            keys = f'c {"chain" if instead else "chart"}  {keys}'
        box.border_subtitle = keys

    def action_chart(self) -> None:
        """Shows the chart where there is no room for both, or the chain."""
        self._wants_chart = not self._wants_chart
        self._arrange()

    def action_scroll(self, lines: int) -> None:
        """Scrolls the chain."""
        self.query_one('#causes').scroll_relative(y=lines, animate=False)
