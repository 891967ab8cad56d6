"""The backtest screen: a form, a run in another process, what it found."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from rich import cells
from rich import console
from rich import segment
from rich import table
from rich import text
from textual import containers
from textual import events
from textual import strip
from textual import widget
from textual import widgets

from tui import format as text_format
from tui import keymap
from tui.screens import backtest_child
from tui.screens import base

READY = 'ctrl+r runs'
RUNNING = 'running; ctrl+t cancels'
NOTHING = 'no result yet'
DEFAULTS = backtest_child.Form(
    strategy='sting.library.sma_cross',
    symbols='GOOG',
    cash='100000',
    commission_bps='0',
    slippage_bps='0',
    parameters='fast=10 slow=30',
)
# Label and what an empty field means, by the form's field.
FIELDS: Mapping[str, tuple[str, str]] = {
    'strategy': ('strategy', 'module or file.py:Class'),
    'data': ('data', 'sample, or files'),
    'symbols': ('symbols', 'all'),
    'start': ('start', 'first day'),
    'end': ('end', 'last day'),
    'cash': ('cash', 'default'),
    'commission_bps': ('commission bps', 'default'),
    'slippage_bps': ('slippage bps', 'default'),
    'parameters': ('parameters', 'name=value ...'),
}
SHOWN_TRADES = 200
_TRADE_COLUMNS = (
    'closed',
    'symbol',
    'side',
    'quantity',
    'in at',
    'out at',
    'pnl',
    'MAE',
    'MFE',
)
_TEXT_COLUMNS = 3
_FIGURE_WIDTH = 23


def share(value: float) -> str:
    """Writes a fraction in per cent, without a sign where it is positive."""
    return f'{value * 100:.2f}%'


def ratio(value: float) -> str:
    """Writes a ratio with two decimals."""
    return f'{value:.2f}'


FIGURES: Mapping[str, tuple[str, Callable[[float], str]]] = {
    'final_equity': ('final equity', text_format.money),
    'total_return': ('total return', text_format.percent),
    'cagr': ('per year', text_format.percent),
    'max_drawdown': ('max drawdown', share),
    'volatility': ('volatility', share),
    'sharpe': ('Sharpe', ratio),
    'sortino': ('Sortino', ratio),
    'calmar': ('Calmar', ratio),
    'trades': ('round trips', text_format.quantity),
    'win_rate': ('won', share),
    'profit_factor': ('profit factor', ratio),
    'exposure': ('exposure', share),
    'turnover': ('turnover', ratio),
    'fees': ('fees', text_format.money),
    'benchmark_return': ('benchmark', text_format.percent),
    'bars': ('bars', text_format.quantity),
    # What follows is shown where there is room.
    'alpha': ('alpha', text_format.percent),
    'beta': ('beta', ratio),
    'value_at_risk': ('5% VaR, daily', share),
    'conditional_value_at_risk': ('CVaR', share),
    'expectancy': ('expectancy', text_format.money),
    'mean_mae': ('mean MAE', share),
    'mean_mfe': ('mean MFE', share),
    'elapsed_s': ('seconds', ratio),
}
# Lines of figures, at most: the curves need the others.
ROWS = 8


def figure_texts(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Gives label and text of each key figure; what is undefined is a dash."""
    found = []
    for name, (label, write) in FIGURES.items():
        value = figures.get(name)
        written = text_format.NONE
        if isinstance(value, int | float):
            written = write(float(value))
        found.append((label, written))
    return found


def heading(figures: Mapping[str, Any]) -> str:
    """Says what was run: strategy, parameters, symbols and days."""
    parameters = figures.get('parameters') or {}
    words = [
        str(figures.get('strategy', '')),
        *(f'{name}={value}' for name, value in parameters.items()),
        *map(str, figures.get('symbols') or ()),
        *(str(figures.get(end, ''))[:10] for end in ('start', 'end')),
    ]
    return text_format.clean(' '.join(word for word in words if word))


def trade_texts(trade: Mapping[str, str]) -> tuple[str, ...]:
    """Gives the cells of a round trip, in the order of the table's columns."""
    return (
        trade.get('exit_time', '')[:16].replace('T', ' '),
        trade.get('symbol', ''),
        trade.get('side', ''),
        _number(trade, 'quantity', text_format.quantity),
        _number(trade, 'entry_price', text_format.price),
        _number(trade, 'exit_price', text_format.price),
        _number(trade, 'pnl', text_format.gain),
        _number(trade, 'mae', share),
        _number(trade, 'mfe', share),
    )


def _number(
    trade: Mapping[str, str], name: str, write: Callable[[float], str]
) -> str:
    try:
        return write(float(trade.get(name, '')))
    except ValueError:
        return text_format.NONE


class Field(widgets.Input):
    """A line of text that marks where it is cut."""

    def render_line(self, y: int) -> strip.Strip:
        """Gives the line, with an ellipsis at each end that is cut."""
        line = super().render_line(y)
        width = self.scrollable_content_region.width
        left = self.scroll_offset.x
        if left + width < cells.cell_len(self.value):
            line = strip.Strip.join([line.crop(0, width - 1), self._mark()])
        if left and self.value:
            line = strip.Strip.join([self._mark(), line.crop(1)])
        return line

    def _mark(self) -> strip.Strip:
        return strip.Strip([segment.Segment('…', self.rich_style)])


class Figures(widgets.Static):
    """The key figures, in as many columns as fit."""

    def __init__(self) -> None:
        super().__init__(NOTHING, id='figures')
        self._heading = ''
        self._pairs: Sequence[tuple[str, str]] = ()

    def show(self, figures: Mapping[str, Any]) -> None:
        """Shows the figures of a result."""
        self._heading = heading(figures)
        self._pairs = figure_texts(figures)
        self._draw()

    def clear(self) -> None:
        """Shows that there is no result."""
        self._pairs = ()
        self.update(NOTHING)

    def on_resize(self, _: events.Resize) -> None:
        """Fits the columns to the new width."""
        self._draw()

    def _draw(self) -> None:
        if not self._pairs:
            return
        columns = max(self.size.width // _FIGURE_WIDTH, 1)
        pairs = self._pairs[: columns * ROWS]
        rows = -(-len(pairs) // columns)
        grid = table.Table.grid(padding=(0, 1))
        for _ in range(columns):
            grid.add_column(no_wrap=True)
            grid.add_column(no_wrap=True, justify='right')
            grid.add_column()
        for row in range(rows):
            line: list[text.Text] = []
            for label, value in pairs[row::rows]:
                line += [
                    text.Text(label, style='dim'),
                    text.Text(value, style='bold'),
                    text.Text(''),
                ]
            grid.add_row(*line)
        title = text.Text(self._heading, no_wrap=True, overflow='ellipsis')
        self.update(console.Group(title, grid))


class BacktestScreen(base.BaseScreen):
    """Runs a strategy over history and shows how it went.

    Attributes:
        outcome: What the last run found; None before the first.
    """

    scope = 'backtest'
    BINDINGS = keymap.bindings('backtest')
    DEFAULT_CSS = """
    BacktestScreen {
        #form { width: 31; padding: 0 1; }
        &.-wide #form { width: 44; }
        .field { height: 1; }
        .field Label { width: 15; }
        .field Input { width: 1fr; }
        #buttons { height: 1; margin: 1 0; }
        #buttons Button { margin: 0 1 0 0; }
        #progress { width: 1fr; }
        #progress Bar { width: 1fr; }
        #status { height: auto; }
        #results { width: 1fr; padding: 0 1; }
        #figures { height: auto; }
        #curves { height: 1fr; }
        #curves EquityPlot { height: 2fr; }
        #curves DrawdownPlot { height: 1fr; }
        #trades { height: 10; display: none; }
        &.-high #trades { display: block; }
    }
    """

    def __init__(self, program: Sequence[str] = backtest_child.PROGRAM) -> None:
        """Makes the screen.

        Args:
            program: The `sting` command that runs the backtest.
        """
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, '-narrow'), (100, '-wide')]
        self.VERTICAL_BREAKPOINTS = [(0, '-low'), (32, '-high')]
        self.outcome: backtest_child.Outcome | None = None
        self._program = program
        self._child: backtest_child.Child | None = None
        # What was filled in for a strategy is of no use to another one.
        self._parameters = {DEFAULTS.strategy: DEFAULTS.parameters}

    def body(self) -> Iterator[widget.Widget]:
        """Gives the form at the left and the results beside it."""
        with containers.Horizontal():
            with containers.Vertical(id='form'):
                for name, (label, empty) in FIELDS.items():
                    with containers.Horizontal(classes='field'):
                        yield widgets.Label(label)
                        yield Field(
                            getattr(DEFAULTS, name),
                            placeholder=empty,
                            id=name,
                            compact=True,
                        )
                with containers.Horizontal(id='buttons'):
                    yield widgets.Button('Run', id='run', compact=True)
                    yield widgets.Button('Cancel', id='cancel', compact=True)
                yield widgets.ProgressBar(
                    total=1, show_eta=False, id='progress'
                )
                yield widgets.Static(READY, id='status', markup=False)
            with containers.Vertical(id='results'):
                yield Figures()
                yield containers.Vertical(id='curves')
                yield widgets.DataTable[text.Text](
                    id='trades', cursor_type='row', zebra_stripes=True
                )

    def on_mount(self) -> None:
        """Sets up the table of trades."""
        trades = self.query_one('#trades', widgets.DataTable)
        trades.add_columns(*_TRADE_COLUMNS)
        self.query_one('#cancel', widgets.Button).disabled = True

    def on_input_submitted(self, _: widgets.Input.Submitted) -> None:
        """Goes to the next field."""
        self.focus_next()

    def on_input_changed(self, event: widgets.Input.Changed) -> None:
        """Keeps the parameters of each strategy beside it."""
        parameters = self.query_one('#parameters', widgets.Input)
        if event.input.id == 'strategy':
            parameters.value = self._parameters.get(event.value, '')
        elif event.input is parameters:
            strategy = self.query_one('#strategy', widgets.Input).value
            self._parameters[strategy] = parameters.value

    async def on_button_pressed(self, event: widgets.Button.Pressed) -> None:
        """Runs or cancels."""
        if event.button.id == 'run':
            self.action_run_backtest()
        else:
            await self.action_cancel_backtest()

    def form(self) -> backtest_child.Form:
        """Gives what is filled in."""
        return backtest_child.Form(
            **{
                name: self.query_one(f'#{name}', widgets.Input).value
                for name in FIELDS
            }
        )

    def action_run_backtest(self) -> None:
        """Starts the backtest, unless one runs."""
        if self._child is not None:
            self.notify('a backtest runs already; ctrl+t cancels it')
            return
        self._child = backtest_child.Child(self._program)
        self._say(RUNNING)
        self._progress(0, 1)
        self.query_one('#cancel', widgets.Button).disabled = False
        self._clear()
        self.run_worker(self._run(self._child, self.form()))

    def _clear(self) -> None:
        """Takes the last result away, which is not of what is filled in."""
        self.query_one(Figures).clear()
        self.query_one('#curves').remove_children()
        self.query_one('#trades', widgets.DataTable).clear()

    async def action_cancel_backtest(self) -> None:
        """Ends the running backtest, if there is one."""
        if self._child is not None:
            await self._child.cancel()

    async def _run(
        self, child: backtest_child.Child, form: backtest_child.Form
    ) -> None:
        try:
            self.outcome = await child.run(form, self._progress)
        finally:
            self._child = None
        self.query_one('#cancel', widgets.Button).disabled = True
        if self.outcome.error:
            self._say(text_format.clean(self.outcome.error))
            return
        self._progress(1, 1)
        self._say(f'done; {READY} again')
        await self._show(self.outcome)

    def _progress(self, done: int, total: int) -> None:
        bar = self.query_one('#progress', widgets.ProgressBar)
        bar.update(total=max(total, 1), progress=done)

    def _say(self, message: str) -> None:
        self.query_one('#status', widgets.Static).update(message)

    async def _show(self, outcome: backtest_child.Outcome) -> None:
        # plotext takes a tenth of a second to import.
        from tui.charts import lines  # noqa: PLC0415

        self.query_one(Figures).show(outcome.figures)
        curves = self.query_one('#curves', containers.Vertical)
        curve = outcome.curve
        equity = lines.EquityPlot(curve.times, curve.equity)
        drawdown = lines.DrawdownPlot(curve.times, curve.drawdown)
        await curves.mount(equity, drawdown)
        trades = self.query_one('#trades', widgets.DataTable)
        for trade in reversed(outcome.trades[-SHOWN_TRADES:]):
            trades.add_row(
                *(
                    text.Text(
                        text_format.clean(cell),
                        justify='left' if place < _TEXT_COLUMNS else 'right',
                    )
                    for place, cell in enumerate(trade_texts(trade))
                )
            )
