"""A list of live rows that paints only what changed.

It is drawn line by line from cached strips: Textual sends whatever it is told
to refresh, so the texts are compared here first, and of a changed line only
the part up to the last changed column is painted again. Columns that change
most therefore belong at the left.
"""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import itertools
from typing import Any
from typing import ClassVar
from typing import Generic
from typing import TypeVar

from rich import segment
from rich import style as rich_style
from textual import events
from textual import geometry
from textual import scroll_view
from textual import strip
from textual import timer
from textual import widget

from sting.model import orders
from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import opening
from tui import requests
from tui.panes import pane
from tui.panes import sieve

Row = TypeVar('Row')
_CURSOR = '▸'
# Between two parts of a long list keys and frames have their turn.
_BETWEEN_S = 0.002
# So long nothing is done to a row that slipped under the cursor by itself.
SETTLE_S = 0.3


@dataclasses.dataclass(frozen=True)
class Column(Generic[Row]):
    """One column of a list.

    Attributes:
        title: What stands above it.
        width: Cells.
        text: Gives a row's text; it is cleaned and cut here.
        draw: Gives a text that fills the width; used in the place of `text`.
        key: Gives what rows are sorted by; None sorts by the text.
        style: Gives the name of a row's colour, as in themes.Palette.
        align: 'left' or 'right'.
        drop: Columns with the highest number go first where there is no room
            for all; 0 stays.
        grow: Takes the room that is left.
        drifts: It changes as time goes by: a filter finds it only by its
            title.
    """

    title: str
    width: int
    text: Callable[[Row], str]
    style: Callable[[Row], str] | str = ''
    align: str = 'left'
    drop: int = 0
    grow: bool = False
    draw: Callable[[Row, int], str] | None = None
    key: Callable[[Row], float | str | None] | None = None
    drifts: bool = False

    def fitted(self, row: Row, width: int) -> str:
        """Gives a row's text in exactly this many cells."""
        text = self.text(row) if self.draw is None else self.draw(row, width)
        return text_format.fit(text_format.clean(text), width, self.align)

    def style_of(self, row: Row) -> str:
        """Gives the name of the colour of a row's cell."""
        return self.style if isinstance(self.style, str) else self.style(row)


def fit_columns(
    columns: Sequence[Column[Row]], width: int
) -> list[tuple[Column[Row], int]]:
    """Chooses the columns that there is room for.

    Args:
        columns: All of them, in order.
        width: Cells there are, without the cursor's.

    Returns:
        The columns in order with their widths; one blank goes between two.
    """
    kept = list(columns)

    def needed() -> int:
        return sum(column.width + 1 for column in kept) - 1

    while needed() > width:
        droppable = [column for column in kept if column.drop]
        if not droppable:
            break
        kept.remove(max(droppable, key=lambda column: column.drop))
    spare = max(0, width - needed())
    growing = next((column for column in kept if column.grow), None)
    return [
        (column, column.width + (spare if column is growing else 0))
        for column in kept
    ]


def _mark(here: bool) -> str:
    return _CURSOR if here else ' '


@dataclasses.dataclass(frozen=True)
class _Line:
    """What a line of the list shows, to be compared with what it showed."""

    texts: tuple[str, ...]
    styles: tuple[str, ...]
    ground: str
    mark: str


class Table(pane.Pane, scroll_view.ScrollView, Generic[Row], can_focus=True):
    """A list of live rows with a cursor and a filter.

    Attributes:
        columns: What it shows of a row.
        empty: What it says when there are no rows.
        filter_text: Only rows that hold all of its words are shown: in any
            column, or as `title:word` in that column.
        sorted_by: Title of the column that rows are sorted by; empty for the
            list's own order.
        reversed: The greatest come first.
        follows_top: A cursor on the first line stays there when rows come in
            above it.
        slides: Rows stay as they are; new ones come in at the top, and old ones
            go at the end.
        why_not: What is said where a row's cause cannot be asked for.
        rows: The rows that are shown.
    """

    columns: Sequence[Column[Row]] = ()
    empty: ClassVar[str] = 'nothing yet'
    follows_top: ClassVar[bool] = False
    slides: ClassVar[bool] = False
    why_not: ClassVar[str] = ''
    BINDINGS = keymap.bindings('list')

    def __init__(self) -> None:
        super().__init__()
        self.filter_text = ''
        self.sorted_by = ''
        self.reversed = False
        self.rows: Sequence[Row] = ()
        self._all: Sequence[Row] = ()
        self._snapshot: views.Snapshot | None = None
        self._cursor = 0
        self._cursor_key: object = None
        self._under: object = None
        self._settling: timer.Timer | None = None
        self._painted: dict[int, tuple[_Line, strip.Strip]] = {}
        self._fitted: list[tuple[Column[Row], int]] = []
        self._room = 0
        self._sifting = False
        self._sieve: sieve.Sieve[Row] | sieve.SlidingSieve[Row] = (
            sieve.SlidingSieve() if self.slides else sieve.Sieve(self.key_of)
        )

    # What a list has to say of its rows.

    def rows_of(self, snapshot: views.Snapshot) -> Sequence[Row]:
        """Gives the rows, first to last."""
        raise NotImplementedError

    def key_of(self, row: Row) -> object:
        """Gives what stays the same while a row changes."""
        raise NotImplementedError

    def seq_of(self, row: Row) -> int:
        """Gives the number of the event that a row can be asked about."""
        raise NotImplementedError

    def in_order(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Gives the lines to show of the rows that were found and sorted."""
        return rows

    def heading_of(self, row: Row) -> str:
        """Gives what a line says that has no columns; empty for the others."""
        return ''

    def newest_event(self, wanted: Callable[[views.EventRow], bool]) -> int:
        """Gives the number of the newest event of a kind; 0 without one."""
        rows = () if self._snapshot is None else self._snapshot.events
        return next((row.seq for row in reversed(rows) if wanted(row)), 0)

    def newest_order(self, wanted: Callable[[orders.Order], bool]) -> int:
        """Gives the event that let the newest order of a kind pass, or 0."""
        rows = () if self._snapshot is None else self._snapshot.orders
        return max(
            (row.judged or row.seq for row in rows if wanted(row)), default=0
        )

    def note_of(self, snapshot: views.Snapshot) -> str:
        """Gives what the title says beside the name."""
        return ''

    def flag_of(self, snapshot: views.Snapshot) -> str:
        """Gives what the name says while another pane is seen in its place."""
        return ''

    # New rows in.

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest rows; paints the lines that changed."""
        self._all = self.rows_of(snapshot)
        self._snapshot = snapshot
        self._take_rows()
        self._say_filter(self.flag_of(snapshot))

    def set_filter(self, text: str) -> None:
        """Shows only the rows that hold a text, in any column."""
        self.filter_text = text.strip()
        self._take_rows()
        self._say_filter(self.flag)

    def _say_filter(self, flag: str) -> None:
        """Says the filter, and how far it is, beside the list's own note."""
        parts = []
        if self.filter_text:
            parts.append(f'/{self.filter_text}')
            if self._sieve.pending:
                parts.append('looking')
        found = self._snapshot
        if found is not None and not opening.is_opening(found):
            parts.append(self.note_of(found))
        self.set_note(' '.join(filter(None, parts)), flag)

    def _take_rows(self) -> None:
        words = sieve.Words(
            self.filter_text,
            self._everything,
            {column.title: column.text for column in self.columns},
        )
        self.rows = self._sieve.sift(self._all, words) if words else self._all
        if words and self._sieve.pending and not self._sifting:
            self._sifting = True
            self.set_timer(_BETWEEN_S, self._sift_on)
        column = self._sorting
        if column is not None:
            self.rows = self._sort(self.rows, column)
        self.rows = self.in_order(self.rows)
        self._find_cursor()
        self._note_slip()
        self._take_length()
        self._paint_changed()

    def _take_length(self) -> None:
        """Tells the scroll bar how many rows there are.

        To set the reactive would lay out the whole screen, with each row that
        comes in.
        """
        size = geometry.Size(0, len(self.rows) + 1)
        if self.virtual_size != size:
            self.set_reactive(widget.Widget.virtual_size, size)
            self._scroll_update(size)

    def _sift_on(self) -> None:
        """Looks through the next part of a long list."""
        self._sifting = False
        if self.filter_text:
            self._take_rows()
            self._say_filter(self.flag)

    @property
    def _sorting(self) -> Column[Row] | None:
        found = [each for each in self.columns if each.title == self.sorted_by]
        return found[0] if found and self.sorted_by else None

    def _sort(self, rows: Sequence[Row], column: Column[Row]) -> Sequence[Row]:
        """Sorts rows; those without a value come last either way."""
        key = column.key or (lambda row: column.text(row).casefold())
        valued = [(key(row), row) for row in rows]
        # mypy: a column's values are all numbers or all texts.
        known: list[tuple[Any, Row]] = [v for v in valued if v[0] is not None]
        known.sort(key=lambda pair: pair[0], reverse=self.reversed)
        bare = [row for value, row in valued if value is None]
        return [row for _, row in known] + bare

    def _everything(self, row: Row) -> str:
        """Gives what a word of a filter is looked for in."""
        return ' '.join(
            column.text(row) for column in self.columns if not column.drifts
        ).casefold()

    def _find_cursor(self) -> None:
        """Keeps the cursor on its row, wherever that is now.

        A list that nobody is in shows its top, and so does one that follows
        its top until the cursor is moved away. Otherwise a new row must not
        slip under a key press.
        """
        if not self.rows:
            self._cursor, self._cursor_key = 0, None
            return
        if self._cursor_key is None:
            self._set_cursor(0)
            return
        # It is most often where it was, or a few lines below.
        start = min(self._cursor, len(self.rows))
        for index in itertools.chain(
            range(start, len(self.rows)), range(start - 1, -1, -1)
        ):
            if self.key_of(self.rows[index]) == self._cursor_key:
                self._cursor = index
                return
        self._set_cursor(min(self._cursor, len(self.rows) - 1))

    def _note_slip(self) -> None:
        """Notes that another row came under the cursor by itself."""
        row = self.current
        under = None if row is None else self.key_of(row)
        if self.has_focus and self._under not in (None, under):
            self._settle()
            self._settling = self.set_timer(SETTLE_S, self._settle)
        self._under = under

    def _settle(self) -> None:
        if self._settling is not None:
            self._settling.stop()
            self._settling = None

    @property
    def settled(self) -> Row | None:
        """The row under the cursor, for what is done without a question.

        None, which is told, while it has only just slipped there: the key was
        meant for the row that was there before.
        """
        if self._settling is None:
            return self.current
        self.notify('another row came under the cursor; press it again')
        return None

    def _set_cursor(self, index: int) -> None:
        self._cursor = index
        loose = self.follows_top or not self.has_focus
        self._cursor_key = (
            None if loose and index == 0 else self.key_of(self.rows[index])
        )

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        if self._cursor < len(self.rows):
            return self.rows[self._cursor]
        return None

    # Painting.

    def set_columns(self, columns: Sequence[Column[Row]]) -> None:
        """Shows other columns."""
        self.columns = columns
        self._layout_columns()
        self.repaint()

    def _layout_columns(self) -> None:
        self._room = self.scrollable_content_region.width
        self._fitted = fit_columns(self.columns, self._room - 1)

    def _empty_text(self) -> str:
        if self._snapshot is None or opening.is_opening(self._snapshot):
            return 'opening'
        if self._all:
            return 'looking' if self._sieve.pending else 'none holds the filter'
        return self.empty

    def _line(self, y: int) -> _Line:
        index = self.scroll_offset.y + y - 1
        if index >= len(self.rows):
            text = self._empty_text() if not self.rows and y == 1 else ''
            return _Line((text,), ('muted',), 'surface', ' ')
        row = self.rows[index]
        here = index == self._cursor
        heading = self.heading_of(row)
        if heading:
            return _Line(
                (heading,), ('muted!',), self._ground(here), _mark(here)
            )
        return _Line(
            tuple(column.fitted(row, width) for column, width in self._fitted),
            tuple(column.style_of(row) for column, _ in self._fitted),
            self._ground(here),
            _mark(here),
        )

    def _ground(self, here: bool) -> str:
        return 'cursor' if here and self.has_focus else 'surface'

    def _paint_changed(self) -> None:
        if not self._fitted:
            return
        for y in range(1, self.size.height):
            line = self._line(y)
            old = self._painted.get(y)
            if old is None or old[0] != line:
                self._painted[y] = line, self._strip(line)
                right = self._changed_to(None if old is None else old[0], line)
                self.refresh(geometry.Region(0, y, right, 1))

    def _changed_to(self, old: _Line | None, new: _Line) -> int:
        """Gives the right end of what differs between two lines."""
        width = self.size.width
        if (
            old is None
            or old.ground != new.ground
            or len(old.texts) != len(new.texts)
            or len(new.texts) != len(self._fitted)
        ):
            return width
        right = 1
        edge = 1
        for index, (_, cells) in enumerate(self._fitted):
            edge += cells + 1
            if (
                old.texts[index] != new.texts[index]
                or old.styles[index] != new.styles[index]
            ):
                right = edge - 1
        return min(right, width)

    def _strip(self, line: _Line) -> strip.Strip:
        style = self.palette.style
        ground = line.ground
        parts = [segment.Segment(line.mark, style('focus!', ground))]
        # The blank after a cell is in the cell's style: one colour code less.
        parts += [
            segment.Segment(f'{text} ', style(name, ground))
            for text, name in zip(line.texts, line.styles, strict=True)
        ]
        return (
            strip.Strip(parts)
            .adjust_cell_length(self.size.width, style('', ground))
            .simplify()
        )

    def _header(self) -> strip.Strip:
        style: rich_style.Style = self.palette.style('muted')
        titles = ' '.join(
            text_format.fit(self._titled(column), width, column.align)
            for column, width in self._fitted
        )
        return strip.Strip(
            [segment.Segment(' ' + titles, style)]
        ).adjust_cell_length(self.size.width, style)

    def _titled(self, column: Column[Row]) -> str:
        """Gives a column's title, with an arrow where rows are sorted by it."""
        if not self.sorted_by or column.title != self.sorted_by:
            return column.title
        return ('▼' if self.reversed else '▲') + column.title

    def render_line(self, y: int) -> strip.Strip:
        """Gives a line; the first holds the columns' titles."""
        if not self._fitted:
            self._layout_columns()
        if y == 0:
            return self._header()
        painted = self._painted.get(y)
        if painted is None:
            line = self._line(y)
            painted = self._painted[y] = line, self._strip(line)
        return painted[1]

    def repaint(self) -> None:
        """Paints every line again."""
        self._painted.clear()
        self.refresh()

    def render_lines(self, crop: geometry.Region) -> list[strip.Strip]:
        """Gives lines of columns that fit into the room that there is now.

        It changes without a word where a scroll bar comes in between.
        """
        if self._fitted and self._room != self.scrollable_content_region.width:
            self._layout_columns()
            self._painted.clear()
            self.call_later(self.repaint)
        return super().render_lines(crop)

    def on_resize(self) -> None:
        """Fits the columns to the new width."""
        self._layout_columns()
        self.repaint()
        self._keep_visible()

    def watch_show_vertical_scrollbar(self) -> None:
        """Fits the columns beside the bar that shows where one is."""
        self._layout_columns()
        self.repaint()

    def on_focus(self) -> None:
        """Shows the cursor as the one that has the keys, on its row."""
        if self.rows:
            self._set_cursor(self._cursor)
        self._keep_visible()
        self._paint_changed()

    def on_blur(self) -> None:
        """Shows the cursor as one that has not; at the top it is loose."""
        if self.rows:
            self._set_cursor(self._cursor)
        self._paint_changed()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paints the lines that came into view."""
        self._painted.clear()
        super().watch_scroll_y(old_value, new_value)

    # The cursor.

    def move_to(self, index: int) -> None:
        """Puts the cursor on a line, counted from 0; outside is cut."""
        if not self.rows:
            return
        self._set_cursor(min(max(index, 0), len(self.rows) - 1))
        self._under = self.key_of(self.rows[self._cursor])
        self._settle()
        self._keep_visible()
        self._paint_changed()
        self.moved(self.rows[self._cursor])

    def move_to_key(self, key: object) -> None:
        """Puts the cursor on the row with a key, if there is one."""
        for index, row in enumerate(self.rows):
            if self.key_of(row) == key:
                self.move_to(index)

    def moved(self, row: Row) -> None:
        """Called after the operator moved the cursor to a row."""

    def _keep_visible(self) -> None:
        body = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if self._cursor < top:
            top = self._cursor
        elif self._cursor >= top + body:
            top = self._cursor - body + 1
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False)

    def on_click(self, event: events.Click) -> None:
        """Puts the cursor where the mouse clicked."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y > 0:
            self.move_to(self.scroll_offset.y + offset.y - 1)

    def action_cursor(self, lines: int) -> None:
        """Moves the cursor by some lines."""
        self.move_to(self._cursor + lines)

    def action_page(self, pages: int) -> None:
        """Moves the cursor by some pages."""
        self.move_to(self._cursor + pages * max(1, self.size.height - 2))

    def action_top(self) -> None:
        """Goes to the first line."""
        self.move_to(0)

    def action_bottom(self) -> None:
        """Goes to the last line."""
        self.move_to(len(self.rows) - 1)

    def action_sort(self) -> None:
        """Sorts by the next column that is seen, at last as it came."""
        titles = [column.title for column, _ in self._fitted if column.title]
        titles = [*titles, '']
        index = titles.index(self.sorted_by) if self.sorted_by in titles else -1
        self.sorted_by = titles[(index + 1) % len(titles)]
        self._take_rows()
        self.refresh()

    def action_turn_sort(self) -> None:
        """Sorts the other way round."""
        self.reversed = not self.reversed
        self._take_rows()
        self.refresh()

    def action_filter(self) -> None:
        """Asks for the filter."""
        self.post_message(requests.Filter())

    def action_why(self) -> None:
        """Asks what led to the row."""
        row = self.current
        if row is None:
            return
        if seq := self.seq_of(row):
            self.post_message(requests.Why(seq))
        elif self.why_not:
            self.notify(self.why_not)
