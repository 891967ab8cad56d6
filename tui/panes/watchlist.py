"""Pane 1: the symbols of the profile and their prices."""

from collections.abc import Sequence
import math
from typing import ClassVar

import msgspec

from sting.model import commands
from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import requests
from tui.charts import sparkline
from tui.panes import groups
from tui.panes import table

_TREND = 8
_QUOTES = frozenset({'bid', 'ask'})
_SILENT_S = 15.0


def _direction(row: views.WatchRow) -> str:
    if not row.change:
        return ''
    return 'up' if row.change > 0 else 'down'


def _volume(row: views.WatchRow) -> str:
    known = row.last is not None
    return text_format.compact(row.volume) if known else text_format.NONE


def _age_style(row: views.WatchRow) -> str:
    silent = row.age_s is None or row.age_s > row.usual_s + _SILENT_S
    return 'warning' if silent else 'muted'


def _moved(row: views.WatchRow) -> str:
    """Writes how much the price changed, as finely as the price."""
    if row.moved is None:
        return text_format.NONE
    text = text_format.price(row.last)
    decimals = len(text.partition('.')[2])
    rounded = round(row.moved, decimals)
    return f'{rounded:+,.{decimals}f}' if rounded else f'{0:.{decimals}f}'


class Watchlist(table.Table[views.WatchRow]):
    """The symbols; the one under the cursor is charted and traded.

    Attributes:
        folded: The groups whose symbols are not shown.
    """

    number = 1
    scope = 'watchlist'
    short = 'watch'
    empty = 'no symbol; a adds one, or symbols: [AAPL, IBM] in sting.yaml'
    why_not = 'nothing was wanted, ordered or filled in this symbol yet'
    BINDINGS = keymap.bindings('watchlist')
    all_columns: ClassVar[Sequence[table.Column[views.WatchRow]]] = (
        table.Column('symbol', 7, lambda row: row.symbol, 'text!'),
        table.Column(
            'last',
            9,
            lambda row: text_format.price(row.last),
            _direction,
            align='right',
            key=lambda row: row.last,
        ),
        table.Column(
            'change',
            8,
            lambda row: text_format.percent(row.change),
            _direction,
            align='right',
            key=lambda row: row.change,
        ),
        table.Column(
            'net',
            8,
            _moved,
            _direction,
            align='right',
            drop=3,
            key=lambda row: row.moved,
        ),
        table.Column(
            'trend',
            _TREND,
            lambda row: '',
            _direction,
            drop=1,
            grow=True,
            draw=lambda row, width: sparkline.render(row.trend, width),
        ),
        table.Column(
            'volume',
            6,
            _volume,
            align='right',
            drop=3,
            key=lambda row: row.volume,
        ),
        table.Column(
            'age',
            5,
            lambda row: text_format.duration(row.age_s),
            _age_style,
            align='right',
            drop=2,
            key=lambda row: row.age_s,
        ),
        table.Column(
            'bid',
            9,
            lambda row: text_format.price(row.bid),
            align='right',
            drop=4,
            key=lambda row: row.bid,
        ),
        table.Column(
            'ask',
            9,
            lambda row: text_format.price(row.ask),
            align='right',
            drop=4,
            key=lambda row: row.ask,
        ),
    )

    columns = tuple(c for c in all_columns if c.title not in _QUOTES)

    def __init__(self) -> None:
        super().__init__()
        self.folded: set[str] = set()

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest rows; bid and ask only where a feed has them."""
        quoted = any(row.bid is not None for row in snapshot.watch)
        if quoted and self.columns is not self.all_columns:
            self.set_columns(self.all_columns)
        had_rows = bool(self.rows)
        super().show(snapshot)
        if not had_rows and self.rows and self.heading_of(self.rows[0]):
            # The first symbol is the one that is charted.
            self._set_cursor(1)

    def rows_of(self, snapshot: views.Snapshot) -> Sequence[views.WatchRow]:
        """Gives the symbols in the profile's order."""
        usual_s = max((feed.usual_s for feed in snapshot.feeds), default=0.0)
        if not usual_s:
            return snapshot.watch
        if any(feed.status == 'closed' for feed in snapshot.feeds):
            usual_s = math.inf
        return tuple(
            msgspec.structs.replace(row, usual_s=usual_s)
            for row in snapshot.watch
        )

    def in_order(
        self, rows: Sequence[views.WatchRow]
    ) -> Sequence[views.WatchRow]:
        """Puts groups together; what a filter finds is never folded away."""
        return groups.arrange(rows, () if self.filter_text else self.folded)

    def heading_of(self, row: views.WatchRow) -> str:
        """Gives the line above a group."""
        return row.text if isinstance(row, groups.Heading) else ''

    def _everything(self, row: views.WatchRow) -> str:
        return f'{super()._everything(row)} {row.group.casefold()}'

    def key_of(self, row: views.WatchRow) -> object:
        """Gives the symbol, or the group of a line above one."""
        return row.symbol or (row.group,)

    def seq_of(self, row: views.WatchRow) -> int:
        """Gives the last fill, order or signal of the symbol."""
        return row.told

    def note_of(self, snapshot: views.Snapshot) -> str:
        """Says when the prices are not real."""
        return 'generated' if snapshot.generated else ''

    def moved(self, row: views.WatchRow) -> None:
        """Takes the symbol for the chart and the ticket."""
        if row.symbol:
            self.post_message(requests.Select(row.symbol))

    def move_to_key(self, key: object) -> None:
        """Goes to a symbol, and unfolds its group."""
        hidden = {row.group for row in self._all if row.symbol == key}
        if hidden & self.folded:
            self.folded -= hidden
            self._take_rows()
        super().move_to_key(key)

    def step(self, lines: int) -> None:
        """Goes to the next symbol below, or above when negative.

        Args:
            lines: 1 or -1; lines above groups are passed over.
        """
        place = self._cursor + lines
        while 0 <= place < len(self.rows):
            if self.rows[place].symbol:
                self.move_to(place)
                return
            place += lines

    def action_show_chart(self) -> None:
        """Goes to the chart; on the line above a group it folds that."""
        row = self.current
        if row is not None and not row.symbol:
            self.action_fold()
        else:
            self.post_message(requests.ShowPane('chart'))

    def action_add_symbol(self) -> None:
        """Asks for one more symbol to follow."""
        self.post_message(requests.Line('watch '))

    def action_drop_symbol(self) -> None:
        """Follows the symbol no more."""
        row = self.current
        if row is not None and row.symbol:
            drop = commands.UnwatchSymbol(symbol=row.symbol)
            self.post_message(requests.Give(drop))

    def action_fold(self) -> None:
        """Folds the group of the line, or unfolds it."""
        row = self.current
        if row is None or not row.group:
            self.notify('it is in no group: `groups` of the profile names some')
            return
        self.folded ^= {row.group}
        self._take_rows()
        super().move_to_key((row.group,))
