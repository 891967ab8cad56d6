"""Small tables of F5, drawn again only when a figure changed."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
from typing import Any

from rich import style as rich_style
from rich import table
from rich import text
from textual import events
from textual import widgets

from sting.model import views
from tui import format as text_format

Rows = list[tuple[str, ...]]
# Gives the rows of a picture for so many cells of width.
Fill = Callable[[views.Snapshot, int], Rows]
# Gives the name of a row's colour; empty for that of the text.
Tint = Callable[[Sequence[str]], str]


def plain(row: Sequence[str]) -> str:
    """Has no colour for any row."""
    del row
    return ''


def paired(rows: Rows) -> Rows:
    """Lays names and figures in two columns, to be read down each."""
    half = (len(rows) + 1) // 2
    right = [*rows[half:], ('', '')]
    return [(*a, *b) for a, b in zip(rows[:half], right, strict=False)]


class Sheet(widgets.Static):
    """A small table that is drawn again only when a figure changed."""

    def __init__(
        self,
        title: str,
        fill: Fill,
        *,
        heads: bool = False,
        bold: Collection[int] = (0,),
        right: Collection[int] = (),
        tint: Tint = plain,
    ) -> None:
        """Makes one; it is empty before the first picture.

        Args:
            title: What it shows.
            fill: Gives its rows.
            heads: The first row has the columns' names.
            bold: Numbers of the columns that name what the others say.
            right: Numbers of the columns that have figures.
            tint: Gives the colours of rows.
        """
        super().__init__(classes='sheet')
        self.border_title = title
        self._fill = fill
        self._heads = heads
        self._bold = bold
        self._right = right
        self._tint = tint
        self._picture: views.Snapshot | None = None
        self._shown: Rows | None = None

    def on_resize(self, event: events.Resize) -> None:
        """Fits its rows to another width."""
        del event
        if self._picture is not None:
            self.show(self._picture)

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        self._shown = None
        if self._picture is not None:
            self.show(self._picture)

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest figures."""
        self._picture = snapshot
        rows = self._fill(snapshot, self.content_size.width)
        if rows == self._shown:
            return
        self._shown = rows
        grid = table.Table.grid(padding=(0, 2))
        last = len(rows[0]) - 1
        for index in range(last + 1):
            # Sentences stand last: they take more lines, so that what is
            # before them keeps its room.
            grid.add_column(
                no_wrap=index < last,
                style='bold' if index in self._bold else '',
                justify='right' if index in self._right else 'left',
            )
        for number, row in enumerate(rows):
            grid.add_row(
                *(text.Text(text_format.clean(cell)) for cell in row),
                style='dim' if self._heads and not number else self._style(row),
            )
        self.update(grid)

    def _style(self, row: Sequence[str]) -> rich_style.Style | str:
        name = self._tint(row)
        if not name:
            return ''
        app: Any = self.app
        style: rich_style.Style = app.palette.style(name, 'background')
        return style
