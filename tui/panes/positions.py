"""Pane 5: what is held, and what it brings."""

from collections.abc import Sequence

from sting.model import commands
from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import requests
from tui.panes import table


def _gain_style(value: float) -> str:
    if round(value, 2) == 0:
        return ''
    return 'up' if value > 0 else 'down'


def _row_style(row: views.PositionRow) -> str:
    return '' if row.quantity else 'muted'


class Positions(table.Table[views.PositionRow]):
    """The positions; x closes one."""

    number = 5
    scope = 'positions'
    short = 'pos'
    empty = 'no positions'
    why_not = 'the fills of this position are no longer at hand'
    BINDINGS = keymap.bindings('positions')
    columns = (
        table.Column('symbol', 7, lambda row: row.symbol, _row_style),
        table.Column(
            'P&L open',
            11,
            lambda row: text_format.gain(row.unrealized),
            lambda row: _gain_style(row.unrealized),
            align='right',
        ),
        table.Column(
            'last',
            10,
            lambda row: text_format.price(row.last),
            _row_style,
            align='right',
            drop=2,
        ),
        table.Column(
            'value',
            11,
            lambda row: text_format.money(row.value),
            _row_style,
            align='right',
            drop=3,
        ),
        table.Column(
            'held',
            8,
            lambda row: text_format.quantity(row.quantity),
            _row_style,
            align='right',
        ),
        table.Column(
            'paid',
            10,
            lambda row: text_format.price(row.average_price),
            _row_style,
            align='right',
            drop=4,
        ),
        table.Column(
            'P&L done',
            11,
            lambda row: text_format.gain(row.realized),
            lambda row: _gain_style(row.realized),
            align='right',
            drop=1,
        ),
    )

    def rows_of(self, snapshot: views.Snapshot) -> Sequence[views.PositionRow]:
        """Gives open positions, and those that were closed today."""
        return snapshot.positions

    def key_of(self, row: views.PositionRow) -> object:
        """Gives the symbol."""
        return row.symbol

    def seq_of(self, row: views.PositionRow) -> int:
        """Gives its newest fill, else the newest order that was filled."""
        return self.newest_event(
            lambda event: event.type == 'fill' and event.symbol == row.symbol
        ) or self.newest_order(
            lambda order: order.symbol == row.symbol and bool(order.filled)
        )

    def note_of(self, snapshot: views.Snapshot) -> str:
        """Says how many are open."""
        held = sum(1 for row in snapshot.positions if row.quantity)
        return f'{held} open'

    def action_flatten(self) -> None:
        """Closes the position under the cursor, after a question."""
        row = self.current
        if row is None or not row.quantity:
            self.notify('no position here to flatten')
            return
        symbol = text_format.clean(row.symbol)
        held = text_format.quantity(row.quantity)
        question = f'Flatten {symbol}: close {held} at market?'
        self.post_message(
            requests.Give(commands.Flatten(symbol=row.symbol), question)
        )
