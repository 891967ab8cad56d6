"""One strategy: how it does, what it wanted, what it wrote."""

import asyncio
from collections.abc import Iterable
from collections.abc import Sequence
from typing import ClassVar

from rich import console
from rich import table
from rich import text
from textual import app as textual_app
from textual import containers
from textual import screen
from textual import widgets

from sting.model import errors
from sting.model import views
from sting.model import wording
from sting.model import workstation
from tui import format as text_format
from tui import keymap
from tui.panes import line
from tui.panes import signals

REFRESH_S = 0.5
# What it wrote is read so often while it is seen, and so many lines of it.
READ_S = 1.0
LINES = 200
# By id: what the pages are called.
PAGES = {
    'signals': 'signals',
    'untraded': 'not traded',
    'output': 'output',
}
_GONE = 'it is not in this profile any more'
_NONE = 'nothing so far'
_NO_OUTPUT = 'it wrote and printed nothing: self.log.info(text) does'


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


def printed(rows: Iterable[str]) -> text.Text:
    """Shows what a strategy wrote and printed, the newest last."""
    found = '\n'.join(map(text_format.clean, rows))
    return text.Text(found) if found else text.Text(_NO_OUTPUT, 'dim')


class Tabs(line.Line):
    """The names of the pages, the one that is shown marked."""

    def show_page(self, page: str) -> None:
        """Marks a page."""
        style = self.palette.style
        self.put(
            [
                (
                    f' {name} ',
                    style('focus!', 'cursor')
                    if each == page
                    else style('muted', 'panel'),
                )
                for each, name in PAGES.items()
            ]
        )


class Page(containers.VerticalScroll):
    """Lines of text; one that shows its end follows it."""

    def __init__(self, name: str, *, follows: bool) -> None:
        """Makes an empty page.

        Args:
            name: Its id.
            follows: It begins at its end.
        """
        super().__init__(id=name)
        self._follows = follows

    def compose(self) -> textual_app.ComposeResult:
        """Gives what the text is written on."""
        yield widgets.Static(markup=False)

    def put(self, shown: console.RenderableType) -> None:
        """Shows a text."""
        at_end = self._follows and self.is_vertical_scroll_end
        self.query_one(widgets.Static).update(shown)
        if at_end:
            self.scroll_end(animate=False)


class StrategyScreen(screen.ModalScreen[None]):
    """Shows one strategy, and follows it while it is open.

    Attributes:
        page: Which of PAGES is shown.
    """

    BINDINGS: ClassVar = keymap.over('strategy')
    AUTO_FOCUS = None
    DEFAULT_CSS = """
    StrategyScreen {
        align: center middle;
        #strategy {
            width: 95%;
            max-width: 150;
            height: 95%;
            border: round $primary;
            background: $panel;
            padding: 0 1;
        }
        Static { height: auto; }
        Tabs { height: 1; margin-top: 1; }
        Page { display: none; height: 1fr; min-height: 4; }
        Signals { display: none; height: 1fr; min-height: 4; }
    }
    """

    def __init__(self, station: workstation.Workstation, name: str) -> None:
        """Makes the screen.

        Args:
            station: The engine, for its pictures and the strategy's lines.
            name: The instance's name.
        """
        super().__init__()
        self.page = next(iter(PAGES))
        self._station = station
        self._strategy = name
        self._shown: dict[str, object] = {}
        self._reading = False

    @property
    def key_scope(self) -> str:
        """The scope of the key table that holds where the focus is."""
        return 'signals' if self.page == 'signals' else 'strategy'

    def compose(self) -> textual_app.ComposeResult:
        """Gives a box that is filled at once and then again and again."""
        with containers.Vertical(id='strategy') as box:
            box.border_title = f'strategy {text_format.clean(self._strategy)}'
            box.border_subtitle = '\u2190 \u2192 pages  w why  esc closes'
            yield widgets.Static(id='head', markup=False)
            yield widgets.Static(id='figures', markup=False)
            yield Tabs()
            yield signals.Signals(self._strategy)
            yield Page('untraded', follows=False)
            yield Page('output', follows=True)

    def on_mount(self) -> None:
        """Shows the strategy from now on."""
        self._turn_to(self.page)
        self.show()
        self.set_interval(REFRESH_S, self.show)
        self.set_interval(READ_S, self._read)

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
            self._put('head', None, text.Text(_GONE))
            return
        own = [each for each in picture.untraded if each.strategy == row.name]
        self._put('head', row, head(row))
        self._put('figures', row.performance, figures(row.performance))
        self._put('untraded', own, refusals(own))
        self.query_one(signals.Signals).show(picture)

    def _put(
        self, name: str, what: object, shown: console.RenderableType
    ) -> None:
        """Writes a part again if it says something else than before."""
        if name in self._shown and self._shown[name] == what:
            return
        self._shown[name] = what
        found = self.query_one(f'#{name}')
        if isinstance(found, Page):
            found.put(shown)
        elif isinstance(found, widgets.Static):
            found.update(shown)

    # What it wrote.

    def _read(self) -> None:
        """Has the lines read, unless they are not seen or on their way."""
        if self.page == 'output' and not self._reading:
            self._reading = True
            self.run_worker(self._ask())

    async def _ask(self) -> None:
        try:
            found = await asyncio.wrap_future(
                self._station.output(self._strategy, LINES)
            )
        except errors.StingError as error:
            said = str(error)
            self._put('output', said, text.Text(text_format.clean(said)))
        else:
            self._put('output', found, printed(found))
        finally:
            self._reading = False

    # Pages.

    def action_turn(self, steps: int) -> None:
        """Shows the next page."""
        names = [*PAGES]
        self._turn_to(names[(names.index(self.page) + steps) % len(names)])

    def _turn_to(self, page: str) -> None:
        self.page = page
        for name in PAGES:
            self.query_one(f'#{name}').display = name == page
        self.query_one(f'#{page}').focus()
        self.query_one(Tabs).show_page(page)
        self._read()

    def action_scroll(self, lines: int) -> None:
        """Scrolls the page."""
        self.query_one(f'#{self.page}').scroll_relative(y=lines, animate=False)
