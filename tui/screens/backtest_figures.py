"""The key figures of a backtest."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from rich import console
from rich import table
from rich import text
from textual import events
from textual import widgets

from tui import format as text_format

NOTHING = 'no result yet'
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


def ambiguity(figures: Mapping[str, Any]) -> str:
    """Says how far the result hangs on what the bars do not say.

    Args:
        figures: Of a run in all modes of filling, or in one.

    Returns:
        The range of the final equity, and the fills that differ; empty without
        a range.
    """
    found = dict(figures.get('range') or {})
    fills = found.pop('ambiguous_fills', None)
    if not found or fills is None:
        return ''
    ordered = sorted(
        (float(each['final_equity']), name) for name, each in found.items()
    )
    (low, worst), (high, best) = ordered[0], ordered[-1]
    return text_format.clean(
        f'by fill {text_format.money(low)} {worst} .. '
        f'{text_format.money(high)} {best}, '
        f'{share(float(fills["share"]))} of fills differ'
    )


class Figures(widgets.Static):
    """The key figures, in as many columns as fit."""

    def __init__(self) -> None:
        super().__init__(NOTHING, id='figures')
        self._heading = ''
        self._pairs: Sequence[tuple[str, str]] = ()

    def show(self, figures: Mapping[str, Any]) -> None:
        """Shows the figures of a result."""
        self._heading = '\n'.join(
            filter(None, (heading(figures), ambiguity(figures)))
        )
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
