"""The line of a replay: a log from its first event to its last, with marks."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from rich import segment
from textual import strip
from textual import widget

from tui import format as text_format
from tui import themes

# By kind: the sign, the colour, and what it is called. The first that a place
# has is the one that is shown there.
SIGNS: Mapping[str, tuple[str, str, str]] = {
    'halt': ('■', 'error!', 'halt'),
    'reduce': ('▼', 'warning!', 'reduce'),
    'resume': ('▶', 'good!', 'resume'),
    'reload': ('↻', 'focus!', 'reload'),
    'refused': ('✗', 'error!', 'refused'),
    'fill': ('●', 'text!', 'fill'),
    'alert': ('!', 'warning!', 'alert'),
}
_EMPTY = '─'
_HERE = '▲'


def legend() -> str:
    """Says what the signs are."""
    return '  '.join(f'{sign} {name}' for sign, _, name in SIGNS.values())


class Track(widget.Widget, can_focus=False):
    """Two lines: the marks, and below them where the replay is.

    Attributes:
        text: What stands below the marks, without styles.
    """

    def __init__(self) -> None:
        super().__init__()
        self._buckets: Sequence[Mapping[str, int]] = ()
        self._place = 0
        self._said = ''

    @property
    def palette(self) -> themes.Palette:
        """The styles of the theme."""
        app: Any = self.app
        palette: themes.Palette = app.palette
        return palette

    @property
    def text(self) -> str:
        """What stands below the marks."""
        said = text_format.fit(self._said, max(0, self.size.width - 2))
        said = said.rstrip()
        if self._place + 2 + len(said) <= self.size.width:
            return f'{" " * self._place}{_HERE} {said}'
        return f'{" " * (self._place - len(said) - 1)}{said} {_HERE}'

    def show(
        self, buckets: Sequence[Mapping[str, int]], place: int, said: str
    ) -> None:
        """Takes the marks and where the replay is.

        Args:
            buckets: Of each cell how many marks of each kind it has.
            place: The cell of the moment that is shown.
            said: What that moment is.
        """
        new = (buckets, place, said)
        if new != (self._buckets, self._place, self._said):
            self._buckets, self._place, self._said = new
            self.refresh()

    def sign(self, place: int) -> tuple[str, str]:
        """Gives the sign of a cell and the name of its colour."""
        found = self._buckets[place] if place < len(self._buckets) else {}
        for kind, (sign, color, _) in SIGNS.items():
            if found.get(kind):
                return sign, color
        return _EMPTY, 'muted'

    def render_line(self, y: int) -> strip.Strip:
        """Gives one of the two lines."""
        style = self.palette.style
        width = self.size.width
        if y:
            below = segment.Segment(self.text, style('focus!'))
            return strip.Strip([below]).adjust_cell_length(width, style(''))
        cells = []
        for place in range(width):
            sign, color = self.sign(place)
            ground = 'cursor' if place == self._place else 'surface'
            cells.append(segment.Segment(sign, style(color, ground)))
        return strip.Strip(cells).simplify()
