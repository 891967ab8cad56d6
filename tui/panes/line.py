"""One line across the screen, painted only when it changed."""

from collections.abc import Sequence
from typing import Any

from rich import segment
from rich import style as rich_style
from textual import strip
from textual import widget

from tui import keymap
from tui import themes

# Text and its style.
Part = tuple[str, rich_style.Style]


class Line(widget.Widget, can_focus=False):
    """A widget one line high.

    Attributes:
        text: What it shows, without styles.
    """

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[Part, ...] = ()

    @property
    def palette(self) -> themes.Palette:
        """The styles of the theme."""
        app: Any = self.app
        palette: themes.Palette = app.palette
        return palette

    @property
    def actions(self) -> tuple[keymap.Action, ...]:
        """The table of actions, with the user's keys."""
        app: Any = self.app
        actions: tuple[keymap.Action, ...] = app.actions
        return actions

    @property
    def text(self) -> str:
        """What it shows, without styles."""
        return ''.join(text for text, _ in self._parts)

    def put(self, parts: Sequence[Part]) -> None:
        """Shows these texts, one after the other, if they are others.

        Args:
            parts: Texts with their styles; what does not fit is cut.
        """
        new = tuple(parts)
        if new != self._parts:
            self._parts = new
            self.refresh()

    def repaint(self) -> None:
        """Paints it again, as after a change of theme or width."""
        self.refresh()

    def render_line(self, y: int) -> strip.Strip:
        """Gives the line."""
        parts = [segment.Segment(text, style) for text, style in self._parts]
        # Without a style of its own the rest cannot be shown without colour.
        rest = self._parts[-1][1] if self._parts else rich_style.Style.null()
        return strip.Strip([] if y else parts).adjust_cell_length(
            self.size.width, rest
        )
