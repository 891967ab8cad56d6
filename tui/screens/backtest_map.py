"""A sweep as a map of two of its parameters, to walk through."""

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from rich import text
from textual import message
from textual import widget

from tui import format as text_format
from tui import keymap
from tui import themes
from tui.screens import backtest_figures as figures
from tui.screens import backtest_swept

NOTHING = (
    'no sweep yet: write a parameter as 5:20:5 or 5|10|20 and run it; two '
    'such make a map'
)
# The figures that a map can be of.
METRICS = (
    'sharpe',
    'total_return',
    'cagr',
    'max_drawdown',
    'sortino',
    'calmar',
    'profit_factor',
    'win_rate',
    'expectancy',
    'volatility',
    'turnover',
    'trades',
)
# From the worst fifth to the best; the figure itself is always written.
_STYLES = (
    ('surface!', 'down'),
    ('down', 'surface'),
    ('text', 'surface'),
    ('up', 'surface'),
    ('surface!', 'up'),
)
_BEST = '*'
_REFUSED = 'x'
# Lines above and below the map.
_AROUND = 8


class Map(widget.Widget, can_focus=True):
    """The figure of each run, by two parameters; the others are held.

    Attributes:
        swept: What is shown; None before the first sweep.
        metric: The figure that is written.
    """

    BINDINGS = keymap.bindings('map')

    class Chosen(message.Message):
        """A run of the sweep is to be run as a backtest.

        Attributes:
            values: Its parameters.
        """

        def __init__(self, values: Mapping[str, backtest_swept.Value]) -> None:
            super().__init__()
            self.values = values

    def __init__(self) -> None:
        super().__init__(id='map')
        self.swept: backtest_swept.Swept | None = None
        self.metric = METRICS[0]
        self._across = self._down = ''
        self._chosen: dict[str, backtest_swept.Value] = {}

    def put(self, swept: backtest_swept.Swept | None) -> None:
        """Shows a sweep, from its best run on; None takes it away."""
        self.swept = swept
        if swept is not None:
            self.metric = swept.metric
            by_size = sorted(
                swept.axes, key=lambda name: -len(swept.axes[name])
            )
            self._down, self._across = (*by_size, '')[:2]
            best = swept.best(self.metric)
            self._chosen = swept.at(best or 0)
        self.refresh()

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        self.refresh()

    def render(self) -> text.Text:
        """Writes the map."""
        palette: themes.Palette = self.app.palette  # type: ignore[attr-defined]
        if self.swept is None:
            return text.Text(NOTHING, palette.style('muted'))
        lines = [
            self._title(palette),
            *self._rows(self.swept, palette),
            text.Text(''),
            *self._about(self.swept, palette),
        ]
        return text.Text('\n').join(lines)

    # What is written.

    def _title(self, palette: themes.Palette) -> text.Text:
        label, _ = figures.FIGURES[self.metric]
        words = f'{label} by {self._down}, down'
        if self._across:
            words += f', and {self._across}, across'
        held = [
            f'{name}={value}'
            for name, value in self._chosen.items()
            if name not in (self._down, self._across)
        ]
        if held:
            words += f'; held: {" ".join(held)}'
        return text.Text(text_format.clean(words), palette.style('muted'))

    def _rows(
        self, swept: backtest_swept.Swept, palette: themes.Palette
    ) -> Iterator[text.Text]:
        across = swept.axes.get(self._across, ('',))
        down = swept.axes[self._down]
        levels, best = swept.levels(self.metric), swept.best(self.metric)
        label = max(len(str(value)) for value in down) + 1
        cell = 3 + max(
            *(len(str(value)) for value in across),
            *(len(self._written(n)) for n in range(len(levels))),
        )
        columns = _window(
            across,
            across.index(self._chosen.get(self._across, '')),
            (self.size.width - label) // cell,
        )
        rows = _window(
            down,
            down.index(self._chosen[self._down]),
            self.size.height - _AROUND,
        )
        head = ''.join(str(value).rjust(cell - 1) + ' ' for value in columns)
        yield text.Text(' ' * label + head, palette.style('muted'))
        for row in rows:
            line = text.Text(
                str(row).rjust(label - 1) + ' ', palette.style('muted')
            )
            for column in columns:
                at = self._chosen | {self._down: row}
                if self._across:
                    at[self._across] = column
                place = swept.place(at)
                here = at == self._chosen
                level = None if place is None else levels[place]
                style = palette.style(*_style(level))
                mark = _BEST if place is not None and place == best else ''
                written = mark + self._written(place)
                if here:
                    style = palette.style('focus!', 'cursor')
                    written = f'[{written}]'
                else:
                    written += ' '
                line.append(written.rjust(cell), style)
            yield line

    def _written(self, place: int | None) -> str:
        """Writes the figure of a run."""
        if place is None or self.swept is None:
            return ''
        if str(place) in self.swept.errors:
            return _REFUSED
        return _figure(self.swept, self.metric, place)

    def _about(
        self, swept: backtest_swept.Swept, palette: themes.Palette
    ) -> Iterator[text.Text]:
        """Writes the run under the cursor, and what the best is worth."""
        place = swept.place(self._chosen)
        yield text.Text(
            text_format.clean(_values(self._chosen)), palette.style('text!')
        )
        if place is not None and str(place) in swept.errors:
            error = text_format.clean(swept.errors[str(place)])
            yield text.Text(error, palette.style('warning'))
        elif place is None:
            yield text.Text('not run', palette.style('muted'))
        else:
            shown = [
                f'{figures.FIGURES[name][0]} {_figure(swept, name, place)}'
                for name in ('final_equity', *METRICS)
            ]
            yield text.Text('  '.join(shown), palette.style(''))
        best = swept.best(self.metric)
        if best is None:
            return
        words = f'{_BEST} best of {len(swept.figures[self.metric]):,}: '
        words += _values(swept.at(best))
        if swept.deflated is not None and self.metric == 'sharpe':
            words += (
                f'; deflated Sharpe {swept.deflated:.3f} among '
                f'{swept.trials:,} trials (below 0.95 it may be luck)'
            )
        yield text.Text(text_format.clean(words), palette.style('muted'))

    # Actions of the key table.

    def action_walk(self, axis: str, steps: int) -> None:
        """Goes so many values along an axis, not beyond its ends."""
        name = self._across if axis == 'across' else self._down
        if self.swept is None or not name:
            return
        values = self.swept.axes[name]
        place = values.index(self._chosen[name]) + steps
        self._chosen[name] = values[max(0, min(place, len(values) - 1))]
        self.refresh()

    def action_metric(self) -> None:
        """Writes the next figure."""
        place = METRICS.index(self.metric) if self.metric in METRICS else -1
        self.metric = METRICS[(place + 1) % len(METRICS)]
        self.refresh()

    def action_axes(self) -> None:
        """Takes the next two parameters."""
        if self.swept is None or not self._across:
            return
        names = list(self.swept.axes)
        pairs = [(a, b) for a in names for b in names if a != b]
        place = pairs.index((self._down, self._across))
        self._down, self._across = pairs[(place + 1) % len(pairs)]
        self.refresh()

    def action_hold(self, steps: int) -> None:
        """Goes to the next values of what is held."""
        if self.swept is None:
            return
        for name, values in self.swept.axes.items():
            if name in (self._down, self._across):
                continue
            place = values.index(self._chosen[name]) + steps
            self._chosen[name] = values[place % len(values)]
            if 0 <= place < len(values):
                break
        self.refresh()

    def action_run_cell(self) -> None:
        """Has the run under the cursor run as a backtest."""
        if self.swept is not None:
            self.post_message(self.Chosen(dict(self._chosen)))


def _style(level: int | None) -> tuple[str, str]:
    return ('muted', 'surface') if level is None else _STYLES[level]


def _values(values: Mapping[str, Any]) -> str:
    return ' '.join(f'{name}={value}' for name, value in values.items())


def _figure(swept: backtest_swept.Swept, name: str, place: int) -> str:
    value = swept.figures[name][place]
    if value is None:
        return text_format.NONE
    _, write = figures.FIGURES[name]
    return write(float(value))


def _window(values: Any, cursor: int, room: int) -> Any:
    """Gives as many values as there is room for, the cursor among them."""
    room = max(room, 1)
    first = max(0, min(cursor - room // 2, len(values) - room))
    return values[first : first + room]
