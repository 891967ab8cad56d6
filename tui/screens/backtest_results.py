"""What a backtest found, as pages that one flips through."""

import asyncio
from collections.abc import Iterator
from collections.abc import Mapping
import pathlib
from typing import Any

from rich import text
from textual import app as textual_app
from textual import containers
from textual import widget
from textual import widgets

from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import requests
from tui.panes import line
from tui.screens import backtest_child
from tui.screens import backtest_figures
from tui.screens import backtest_history
from tui.screens import backtest_map
from tui.screens import backtest_pages
from tui.screens import backtest_runs
from tui.screens import backtest_swept
from tui.screens import backtest_trades
from tui.screens import backtest_walk

# What each page shows, in the order of the keys 1, 2, ...
PAGES: Mapping[str, tuple[str, ...]] = {
    'overview': ('figures', 'curves'),
    'curve': ('curves',),
    'months': ('months',),
    'trades': ('trips',),
    'spread': ('spread',),
    'fills': ('fills',),
    'runs': ('runs',),
    'sweep': ('map',),
    'walk': ('windows',),
}
_PARTS = (
    'figures',
    'curves',
    'months',
    'trips',
    'spread',
    'fills',
    'runs',
    'map',
    'windows',
)
_PADDING = 2
# Pages with keys of their own.
_SCOPES = {'trades': 'trips', 'runs': 'runs', 'sweep': 'map'}


class Titles(line.Line):
    """The pages' names with their keys, the one that is shown marked."""

    def __init__(self) -> None:
        super().__init__()
        self._page = ''

    def on_resize(self) -> None:
        """Names as many as there is room for."""
        self.show_page(self._page)

    def show_page(self, page: str) -> None:
        """Marks a page; without room for all it alone has its name."""
        self._page = page
        style = self.palette.style
        full = sum(len(name) + 4 for name in PAGES) <= self.size.width
        self.put(
            [
                (
                    f' {number} {name} '
                    if full or name == page
                    else f' {number} ',
                    style('focus!', 'cursor')
                    if name == page
                    else style('muted', 'panel'),
                )
                for number, name in enumerate(PAGES, 1)
            ]
        )


class Drawn(containers.VerticalScroll, can_focus=False):
    """A page of text that is written anew for each width."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self._outcome: backtest_child.Outcome | None = None

    def compose(self) -> textual_app.ComposeResult:
        """Gives what the text is written on."""
        yield widgets.Static(backtest_figures.NOTHING, markup=False)

    def put(self, outcome: backtest_child.Outcome | None) -> None:
        """Shows what a run found; None for no run."""
        self._outcome = outcome
        self.draw()

    def on_resize(self) -> None:
        """Writes it for the new width."""
        self.draw()

    def draw(self) -> None:
        """Writes the text."""
        made: text.Text | str = backtest_figures.NOTHING
        if self.id == 'windows':
            made = backtest_walk.NOTHING
        if self._outcome is not None:
            made = self._written(self._outcome)
        self.query_one(widgets.Static).update(made)

    def _written(self, outcome: backtest_child.Outcome) -> text.Text:
        palette = self.app.palette  # type: ignore[attr-defined]
        width = self.size.width - _PADDING
        found = outcome.figures
        if self.id == 'months':
            return backtest_pages.months(found, width, palette)
        if self.id == 'spread':
            return backtest_pages.spread(outcome.trades, found, width, palette)
        if self.id == 'windows':
            return backtest_walk.windows(found, width, palette)
        return backtest_pages.fills(found, palette)


class Results(containers.Vertical, can_focus=True):
    """The pages of a result, of which one is shown.

    Attributes:
        page: The name of the one that is shown.
    """

    BINDINGS = keymap.bindings('results')
    DEFAULT_CSS = """
    Results {
        width: 1fr;
        Titles { height: 1; margin: 0 0 1 0; }
        #figures, #curves, #months, #spread, #fills, #map, #windows {
            padding: 0 1;
        }
        #figures { height: auto; }
        #curves, #months, #spread, #fills, #trips, #runs, #map, #windows {
            height: 1fr;
        }
        #curves EquityPlot { height: 2fr; }
        #curves DrawdownPlot { height: 1fr; }
    }
    """

    def __init__(self, store: backtest_history.Store) -> None:
        """Makes the pages.

        Args:
            store: The runs of before.
        """
        super().__init__(id='results')
        self.page = 'overview'
        self._store = store
        self._outcome: backtest_child.Outcome | None = None

    def compose(self) -> textual_app.ComposeResult:
        """Gives the titles and every part; most of them are not shown."""
        yield Titles()
        yield backtest_figures.Figures()
        yield containers.Vertical(id='curves')
        yield from self._parts()

    def _parts(self) -> Iterator[widget.Widget]:
        for name in ('months', 'spread', 'fills', 'windows'):
            yield Drawn(name)
        yield backtest_trades.Trades()
        yield backtest_runs.Runs()
        yield backtest_map.Map()

    def on_mount(self) -> None:
        """Shows the first page."""
        self._turn(self.page)

    @property
    def key_scope(self) -> str:
        """The scope of the key table that holds here."""
        if self.target is self:
            return 'results'
        return _SCOPES[self.page]

    @property
    def target(self) -> widget.Widget:
        """What takes the focus for the page that is shown."""
        if self.page == 'trades':
            return self.query_one(backtest_trades.Trades)
        if self.page == 'runs':
            return self.query_one(backtest_runs.Runs)
        drawn = self.query_one(backtest_map.Map)
        # An empty one has no use for keys.
        return drawn if self.page == 'sweep' and drawn.swept else self

    @property
    def has_keys(self) -> bool:
        """Whether the focus is in here."""
        return self.has_focus or self.has_focus_within

    def clear(self) -> None:
        """Takes the last result away."""
        self._outcome = None
        self.query_one(backtest_figures.Figures).clear()
        self.query_one('#curves').remove_children()
        self.query_one(backtest_trades.Trades).put(backtest_child.Outcome())
        for drawn in self.query(Drawn):
            drawn.put(None)

    async def put(self, outcome: backtest_child.Outcome) -> None:
        """Shows a result.

        Args:
            outcome: What a run found.
        """
        # plotext takes a tenth of a second to import.
        from tui.charts import lines  # noqa: PLC0415

        self._outcome = outcome
        self.query_one(backtest_figures.Figures).show(outcome.figures)
        curve = outcome.curve
        await self.query_one('#curves').remove_children()
        await self.query_one('#curves').mount(
            lines.EquityPlot(curve.times, curve.equity),
            lines.DrawdownPlot(curve.times, curve.drawdown),
        )
        self.query_one(backtest_trades.Trades).put(outcome)
        for drawn in self.query(Drawn):
            drawn.put(outcome)

    def put_swept(self, swept: backtest_swept.Swept) -> None:
        """Shows what a sweep gave, until the next one."""
        self.query_one(backtest_map.Map).put(swept)
        self._turn('sweep')

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        self.query_one(Titles).show_page(self.page)
        self.query_one(backtest_trades.Trades).repaint()
        self.query_one(backtest_runs.Runs).repaint()
        self.query_one(backtest_map.Map).repaint()
        for drawn in self.query(Drawn):
            drawn.draw()

    def _turn(self, page: str) -> None:
        had = self.has_keys
        self.page = page
        for name in _PARTS:
            self.query_one(f'#{name}').display = name in PAGES[page]
        self.query_one(Titles).show_page(page)
        if page == 'runs':
            self.run_worker(self.load_runs())
        if had:
            self.target.focus()

    async def load_runs(self) -> None:
        """Shows the runs that are kept now."""
        runs = await asyncio.to_thread(self._store.runs)
        self.query_one(backtest_runs.Runs).put(runs)

    # Actions of the key table.

    def action_page(self, name: str) -> None:
        """Shows a page."""
        self._turn(name)

    def action_flip(self, pages: int) -> None:
        """Shows the next page or the one before, round and round."""
        names = [*PAGES]
        self._turn(names[(names.index(self.page) + pages) % len(names)])

    def action_scroll(self, lines: int) -> None:
        """Scrolls the page that is shown."""
        for drawn in self.query(Drawn):
            if drawn.display:
                drawn.scroll_relative(y=lines, animate=False)

    def action_send_parameters(self) -> None:
        """Asks to have a live strategy go on with these parameters."""
        if self._outcome is None:
            self.notify(backtest_figures.NOTHING)
            return
        found: Mapping[str, Any] = self._outcome.figures
        reference = str(found.get('strategy', ''))
        snapshot: views.Snapshot = self.app.snapshot  # type: ignore[attr-defined]
        fitting = [row for row in snapshot.strategies if runs(row, reference)]
        parameters = dict(found.get('parameters') or {})
        if not parameters:
            self.notify('this strategy takes no parameters')
        elif not fitting:
            there = ', '.join(
                f'{row.name} ({row.strategy})' for row in snapshot.strategies
            )
            self.notify(
                text_format.clean(
                    f'no strategy of this profile runs {reference}; there '
                    f'are: {there or "none"}'
                ),
                severity='error',
                markup=False,
            )
        elif len(fitting) == 1:
            self._send(fitting[0].name, parameters, reference)
        else:
            self._choose([row.name for row in fitting], parameters, reference)

    def _choose(
        self, names: list[str], parameters: Mapping[str, Any], reference: str
    ) -> None:
        """Leaves it to the command line which strategy is meant."""
        words = ' '.join(f'{name}={v}' for name, v in parameters.items())
        del reference
        self.notify(
            text_format.clean(
                f'{", ".join(names)} run it; write :set NAME {words}'
            ),
            markup=False,
        )

    def _send(
        self, name: str, parameters: Mapping[str, Any], reference: str
    ) -> None:
        self.post_message(requests.SetParameters(name, parameters, reference))


def runs(row: views.StrategyRow, reference: str) -> bool:
    """Whether a strategy of the profile runs what a backtest ran.

    Args:
        row: The strategy.
        reference: The module or the file that the backtest ran.
    """
    place, _, kind = reference.partition(':')
    there, _, named = row.strategy.partition(':')
    if kind and named and kind != named:
        return False
    if place.endswith('.py') and there.endswith('.py'):
        return pathlib.Path(place).resolve() == pathlib.Path(there).resolve()
    return place == there
