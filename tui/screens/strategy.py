"""One strategy: how it does, and what of it was not traded."""

from collections.abc import Sequence
from typing import ClassVar

from rich import console
from rich import table
from rich import text
from textual import app as textual_app
from textual import containers
from textual import screen
from textual import widgets

from sting.model import views
from sting.model import wording
from sting.model import workstation
from tui import format as text_format
from tui import keymap

REFRESH_S = 0.5
_GONE = 'it is not in this profile any more'
_NONE = 'nothing so far'


def head(row: views.StrategyRow) -> text.Text:
    """Says what runs and how it is."""
    status = f'{row.status}: {row.detail}' if row.detail else row.status
    runs = f'{row.strategy} {row.parameters}'
    lines = [runs, ' '.join(row.symbols), status, row.error]
    if row.code:
        lines.append(
            f'code {row.code}  process {row.pid}  restarts {row.restarts}  '
            f'late answers {row.late}'
        )
    return text.Text('\n'.join(map(text_format.clean, filter(None, lines))))


def figures(done: views.Performance) -> table.Table:
    """Writes the figures in two columns, so that 24 lines hold them."""
    lines = wording.performance(done)
    half = (len(lines) + 1) // 2
    grid = table.Table.grid(padding=(0, 1))
    for style in ('dim', '', 'dim', ''):
        grid.add_column(style=style, overflow='fold')
    for left, right in zip(
        lines[:half], [*lines[half:], ('', '')], strict=False
    ):
        grid.add_row(*left, *right)
    return grid


def refusals(rows: Sequence[views.UntradedRow]) -> console.RenderableType:
    """Writes what was not traded, the newest first."""
    if not rows:
        return text.Text(_NONE, style='dim')
    grid = table.Table.grid(padding=(0, 1))
    grid.add_column(style='dim', no_wrap=True)
    grid.add_column(style='dim', no_wrap=True)
    grid.add_column(style='bold', no_wrap=True)
    grid.add_column(overflow='fold')
    for row in rows:
        grid.add_row(
            str(row.seq),
            text_format.clock(row.timestamp),
            text_format.clean(row.gate),
            text.Text(text_format.clean(row.reason + wording.times(row.times))),
        )
        if row.wanted:
            grid.add_row(
                '', '', '', text.Text(text_format.clean(row.wanted), 'dim')
            )
    return grid


class StrategyScreen(screen.ModalScreen[None]):
    """Shows one strategy, and follows it while it is open."""

    BINDINGS: ClassVar = keymap.bindings('strategy')
    DEFAULT_CSS = """
    StrategyScreen {
        align: center middle;
        #strategy {
            width: 95%;
            max-width: 120;
            height: auto;
            max-height: 90%;
            border: round $primary;
            background: $panel;
            padding: 0 1;
        }
        Static { height: auto; }
        .title { text-style: bold; margin-top: 1; }
    }
    """

    def __init__(self, station: workstation.Workstation, name: str) -> None:
        """Makes the screen.

        Args:
            station: The engine, for its pictures.
            name: The instance's name.
        """
        super().__init__()
        self.key_scope = 'strategy'
        self._station = station
        self._strategy = name

    def compose(self) -> textual_app.ComposeResult:
        """Gives a box that is filled at once and then again and again."""
        with containers.VerticalScroll(id='strategy') as box:
            box.border_title = f'strategy {text_format.clean(self._strategy)}'
            box.border_subtitle = 'esc closes'
            yield widgets.Static(id='head', markup=False)
            yield widgets.Static(id='figures', markup=False)
            yield widgets.Static('not traded', classes='title', markup=False)
            yield widgets.Static(id='untraded', markup=False)

    def on_mount(self) -> None:
        """Shows the strategy from now on."""
        self.show()
        self.set_interval(REFRESH_S, self.show)

    def show(self) -> None:
        """Writes the newest picture."""
        picture = self._station.snapshot()
        row = next(
            (
                each
                for each in picture.strategies
                if each.name == self._strategy
            ),
            None,
        )
        if row is None:
            self.query_one('#head', widgets.Static).update(_GONE)
            return
        own = [each for each in picture.untraded if each.strategy == row.name]
        for name, shown in (
            ('#head', head(row)),
            ('#figures', figures(row.performance)),
            ('#untraded', refusals(own)),
        ):
            self.query_one(name, widgets.Static).update(shown)
