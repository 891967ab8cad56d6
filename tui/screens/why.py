"""The why screen: from an event back to its first cause."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from rich import table
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

ASKING = 'asking the engine'


def cells(row: views.EventRow, depth: int) -> tuple[str, str, str, str]:
    """Writes an event for a line of its own.

    Args:
        row: The event.
        depth: How many causes lie between it and the event asked about.

    Returns:
        Number, indented by depth; time; type; what it says.
    """
    lead = ' ' * max(depth - 1, 0) + ('└ ' if depth else '')
    what = text_format.clean(row.text)
    symbol = text_format.clean(row.symbol)
    if symbol and symbol not in what:
        what = f'{symbol} {what}'
    return (
        f'{lead}{row.seq}',
        text_format.date_clock(row.timestamp),
        text_format.clean(row.type),
        what,
    )


def chain(rows: Sequence[views.EventRow]) -> table.Table:
    """Writes the whole chain, one line an event."""
    grid = table.Table.grid(padding=(0, 1))
    grid.add_column(style='bold', no_wrap=True)
    grid.add_column(style='dim', no_wrap=True)
    grid.add_column(style='bold', no_wrap=True)
    grid.add_column(overflow='fold')
    for depth, row in enumerate(rows):
        grid.add_row(*map(text.Text, cells(row, depth)))
    return grid


class WhyScreen(screen.ModalScreen[None]):
    """Shows what led to an event, the event first, its first cause last."""

    BINDINGS: ClassVar = keymap.bindings('why')
    DEFAULT_CSS = """
    WhyScreen {
        align: center middle;
        #why {
            width: 90%;
            height: auto;
            max-height: 80%;
            border: round $primary;
            background: $panel;
            padding: 0 1;
        }
        #chain { height: auto; }
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

    def compose(self) -> app.ComposeResult:
        """Gives a box that is filled when the engine has answered."""
        with containers.VerticalScroll(id='why') as box:
            box.border_title = f'why {self._seq}'
            box.border_subtitle = 'esc closes'
            yield widgets.Static(ASKING, id='chain', markup=False)

    def on_mount(self) -> None:
        """Asks."""
        self.run_worker(self._ask())

    async def _ask(self) -> None:
        try:
            rows = await asyncio.wrap_future(self._station.why(self._seq))
        except errors.StingError as error:
            self._say(text.Text(text_format.clean(str(error))))
            return
        if rows:
            self._say(chain(rows))
        else:
            self._say(text.Text(f'event {self._seq} is not in the log'))

    def _say(self, message: text.Text | table.Table) -> None:
        self.query_one('#chain', widgets.Static).update(message)
