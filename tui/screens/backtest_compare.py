"""Two backtests side by side."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from typing import Any
from typing import ClassVar

from rich import text
from textual import app as textual_app
from textual import containers
from textual import screen
from textual import widgets

from tui import format as text_format
from tui import keymap
from tui import themes
from tui.screens import backtest_figures as figures
from tui.screens import backtest_history
from tui.screens import backtest_runs as runs

_LABEL, _CELL, _LESS = 14, 18, 14
_DIFFERENCE: Mapping[Callable[[float], str], Callable[[float], str]] = {
    figures.share: text_format.percent,
    text_format.percent: text_format.percent,
    text_format.money: text_format.gain,
    figures.ratio: lambda value: f'{value:+.2f}',
    text_format.quantity: lambda value: f'{value:+,.0f}',
}
# It says nothing of how the two went.
_LEFT_OUT = frozenset({'elapsed_s'})


def table(
    one: backtest_history.Run,
    other: backtest_history.Run,
    palette: themes.Palette,
) -> text.Text:
    """Writes what two runs were, and their figures.

    Args:
        one: The run that stands first, A.
        other: The other one, B.
        palette: The theme's styles.

    Returns:
        A line each: what was filled in where it differs, then the figures
        with B less A.
    """
    muted, plain = (palette.style(name, 'panel') for name in ('muted', ''))
    bold = palette.style('text!', 'panel')
    lines = [
        text.Text(
            _row('', f'A: run {one.number}', f'B: run {other.number}', 'B - A'),
            bold,
        ),
        text.Text(
            _row('ended', runs.moment(one), runs.moment(other), ''), muted
        ),
    ]
    for name, first, second in differing(one, other):
        lines.append(text.Text(f'{name}', muted))
        for letter, value in (('A', first), ('B', second)):
            lines.append(text.Text(f'  {letter} {value or "-"}', plain))
    lines.append(text.Text(''))
    for name, (label, write) in figures.FIGURES.items():
        if name in _LEFT_OUT:
            continue
        both = one.figures.get(name), other.figures.get(name)
        if both == (None, None):
            continue
        first, second = (runs.written(run, name, write) for run in (one, other))
        row = _row(label, first, second, _less(both, write))
        lines.append(text.Text(row, plain))
    return text.Text('\n').join(lines)


def differing(
    one: backtest_history.Run, other: backtest_history.Run
) -> Iterator[tuple[str, str, str]]:
    """Gives what was filled in differently: its name, and both values.

    Args:
        one: A run.
        other: Another one.
    """
    for field in dataclasses.fields(one.form):
        first, second = (getattr(run.form, field.name) for run in (one, other))
        if first.split() != second.split():
            name = field.name.replace('_', ' ')
            yield name, text_format.clean(first), text_format.clean(second)


def _less(both: tuple[Any, Any], write: Callable[[float], str]) -> str:
    if None in both:
        return text_format.NONE
    return _DIFFERENCE[write](float(both[1]) - float(both[0]))


def _row(label: str, one: str, other: str, less: str) -> str:
    cells = ((one, _CELL), (other, _CELL), (less, _LESS))
    return label.ljust(_LABEL) + ''.join(
        text_format.fit(cell, width, 'right') for cell, width in cells
    )


class Compared(screen.ModalScreen[None]):
    """Two runs: what differs in their forms, their figures, their growth."""

    BINDINGS: ClassVar = keymap.bindings('compared')
    DEFAULT_CSS = """
    Compared {
        .compared { scrollbar-gutter: stable; scrollbar-size-vertical: 1; }
        .compared Static { width: 64; height: auto; }
        GrowthPlot { width: 64; height: 14; margin: 1 0 0 0; }
        &.-wide .compared { layout: horizontal; }
        &.-wide GrowthPlot { width: 1fr; height: 30; margin: 0 0 0 2; }
    }
    """

    def __init__(
        self, one: backtest_history.Run, other: backtest_history.Run
    ) -> None:
        """Makes the screen.

        Args:
            one: The run that stands first.
            other: The other one.
        """
        super().__init__()
        self.key_scope = 'compared'
        self.HORIZONTAL_BREAKPOINTS = [(0, '-narrow'), (160, '-wide')]
        self._both = one, other

    def compose(self) -> textual_app.ComposeResult:
        """Gives the figures and the curves, in a box that scrolls."""
        # plotext takes a tenth of a second to import.
        from tui.charts import lines  # noqa: PLC0415

        palette = self.app.palette  # type: ignore[attr-defined]
        with containers.VerticalScroll(classes='dialog compared') as box:
            box.border_title = 'two backtests'
            box.border_subtitle = 'esc closes'
            yield widgets.Static(table(*self._both, palette), markup=False)
            yield lines.GrowthPlot(
                [
                    (run.outcome.curve.times, run.outcome.curve.equity)
                    for run in self._both
                ]
            )
