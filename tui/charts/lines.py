"""Curves of a backtest, drawn once with plotext.

plotext takes a tenth of a second to import and 20 ms to draw, so this file is
imported when there is a result to show, and by nothing that paints live.
"""

from collections.abc import Sequence
import datetime
from typing import Any

from textual import color
import textual_plotext

from tui import format as text_format
from tui.charts import axes

# A line has two points a cell with this marker.
MARKER = 'braille'
_POINTS_PER_CELL = 2
_ROWS_PER_TICK = 3
_CELLS_PER_LABEL = 16
# The same for all plots, so that those above each other share their times.
_LABEL_WIDTH = 6
_ROWS_FOR_TEXT = 6


def thin(values: Sequence[float], most: int) -> list[int]:
    """Chooses which values to draw, keeping every high and low.

    Args:
        values: Any number of them.
        most: About how many may be drawn.

    Returns:
        Positions in ascending order: the lowest and the highest of each of
        `most / 2` stretches.
    """
    count = len(values)
    stretches = max(most // 2, 1)
    if count <= stretches * 2:
        return list(range(count))
    kept: set[int] = {0, count - 1}
    for number in range(stretches):
        stretch = range(
            number * count // stretches, (number + 1) * count // stretches
        )
        kept.add(min(stretch, key=values.__getitem__))
        kept.add(max(stretch, key=values.__getitem__))
    return sorted(kept)


def time_ticks(times: Sequence[str], count: int) -> list[tuple[int, str]]:
    """Chooses evenly spread labels for a time axis.

    Args:
        times: ISO 8601, oldest first.
        count: How many labels there may be.

    Returns:
        Position and text; the text has the time of day only where the whole
        axis is within a few days.
    """
    if not times:
        return []
    first = datetime.datetime.fromisoformat(times[0])
    last = datetime.datetime.fromisoformat(times[-1])
    length = 16 if (last - first).days < count else 10
    number = min(max(count, 2), len(times))
    if number == 1:
        return [(0, _short(times[0], length))]
    places = [step * (len(times) - 1) // (number - 1) for step in range(number)]
    return [(place, _short(times[place], length)) for place in places]


def _short(time: str, length: int) -> str:
    return time[:length].replace('T', ' ')


class _CurvePlot(textual_plotext.PlotextPlot):
    """One line over time that fits itself to its size."""

    # What it shows, and the name of the theme's colour of the line.
    title = ''
    tone = 'primary'
    fill = False

    def __init__(self, times: Sequence[str], values: Sequence[float]) -> None:
        super().__init__()
        self._times = times
        self._values = values

    def label(self, value: float, decimals: int) -> str:
        """Writes a value on the axis."""
        raise NotImplementedError

    def render(self) -> Any:
        """Draws the line for the present size."""
        self._draw()
        return super().render()

    def _draw(self) -> None:
        width, height = self.size
        places = thin(self._values, width * _POINTS_PER_CELL)
        shown = [self._values[place] for place in places]
        self.plt.clear_figure()
        if not shown:
            return
        self.plt.plot(
            places,
            shown,
            marker=MARKER,
            color=self._rgb(self.tone),
            fillx=self.fill,
        )
        low, high = min(shown), max(shown)
        rows = max(height // _ROWS_PER_TICK, 1)
        ticks = axes.price_ticks(low, high, rows) or [low]
        decimals = axes.price_decimals(low, high, rows)
        labels = [self.label(tick, decimals) for tick in ticks]
        self.plt.yticks(ticks, [text.rjust(_LABEL_WIDTH) for text in labels])
        self.plt.xlim(0, max(len(self._values) - 1, 1))
        self._draw_texts(width, height)

    def _draw_texts(self, width: int, height: int) -> None:
        if height < _ROWS_FOR_TEXT:
            self.plt.xticks([], [])
            return
        self.plt.title(self.title)
        count = width // _CELLS_PER_LABEL
        ticks = time_ticks(self._times, count)
        self.plt.xticks([p for p, _ in ticks], [text for _, text in ticks])

    def _rgb(self, name: str) -> tuple[int, int, int]:
        return color.Color.parse(self.app.theme_variables[name]).rgb


class GrowthPlot(textual_plotext.PlotextPlot):
    """What two accounts made of their first equity, over the same time.

    Each line ends with its letter, A or B.
    """

    def __init__(
        self, curves: Sequence[tuple[Sequence[str], Sequence[float]]]
    ) -> None:
        """Makes the plot.

        Args:
            curves: Moments, ISO 8601, and the equity at each; two of them.
        """
        super().__init__()
        self._curves = [
            (
                [datetime.datetime.fromisoformat(t).timestamp() for t in times],
                [value / equity[0] - 1.0 for value in equity],
            )
            for times, equity in curves
            if equity and equity[0] > 0
        ]

    def render(self) -> Any:
        """Draws the lines for the present size."""
        self._draw()
        return super().render()

    def _draw(self) -> None:
        width, height = self.size
        self.plt.clear_figure()
        everything: list[float] = []
        for (stamps, growth), tone, name in zip(
            self._curves, ('primary', 'warning'), 'AB', strict=False
        ):
            places = thin(growth, width * _POINTS_PER_CELL)
            shown = [growth[place] for place in places]
            rgb = color.Color.parse(self.app.theme_variables[tone]).rgb
            self.plt.plot(
                [stamps[place] for place in places],
                shown,
                marker=MARKER,
                color=rgb,
            )
            self.plt.text(name, stamps[-1], growth[-1], color=rgb)
            everything += shown
        if not everything:
            return
        low, high = min(everything), max(everything)
        ticks = axes.price_ticks(low, high, max(height // _ROWS_PER_TICK, 1))
        ticks = ticks or [low]
        labels = [f'{tick * 100:.0f}%'.rjust(_LABEL_WIDTH) for tick in ticks]
        self.plt.yticks(ticks, labels)
        first = min(stamps[0] for stamps, _ in self._curves)
        last = max(stamps[-1] for stamps, _ in self._curves)
        count = max(width // _CELLS_PER_LABEL, 2)
        step = (last - first) / (count - 1)
        moments = [first + step * place for place in range(count)]
        self.plt.xticks(
            moments,
            [
                f'{datetime.datetime.fromtimestamp(m, datetime.UTC):%Y-%m-%d}'
                for m in moments
            ],
        )


class EquityPlot(_CurvePlot):
    """Equity over time."""

    title = 'equity'

    def label(self, value: float, decimals: int) -> str:
        """Writes money in short: 105k."""
        return text_format.compact(value)


class DrawdownPlot(_CurvePlot):
    """Drawdown over time, filled from the top."""

    title = 'drawdown'
    tone = 'error'
    fill = True

    def label(self, value: float, decimals: int) -> str:
        """Writes per cent: -10%."""
        return f'{value * 100:.{max(decimals - 2, 0)}f}%'
