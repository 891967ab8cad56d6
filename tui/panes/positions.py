"""Pane 5: what is held, and what it brings."""

from collections.abc import Sequence
import math

from sting.model import commands
from sting.model import orders
from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import requests
from tui import ticket
from tui.panes import table

# Cells of the bar of an exposure as large as the equity.
_BAR = 8


def _gain_style(value: float) -> str:
    if round(value, 2) == 0:
        return ''
    return 'up' if value > 0 else 'down'


def _row_style(row: views.PositionRow) -> str:
    return '' if row.quantity else 'muted'


def exits(
    row: views.PositionRow, found: Sequence[orders.Order]
) -> tuple[float | None, float | None]:
    """Gives the nearest working stop and target of a position.

    Args:
        row: The position.
        found: Orders of any symbol.

    Returns:
        Their prices; None without one.
    """
    stops, targets = [], []
    for order in found:
        closes = order.side.sign * row.quantity < 0
        if order.symbol != row.symbol or not order.is_working or not closes:
            continue
        if order.stop_price is not None:
            stops.append(order.stop_price)
        elif order.parent and order.price is not None:
            targets.append(order.price)
    # Of a long position the stop is below, the target above.
    near, far = (max, min) if row.quantity > 0 else (min, max)
    return near(stops, default=None), far(targets, default=None)


class Positions(table.Table[views.PositionRow]):
    """The positions; x closes one."""

    number = 5
    scope = 'positions'
    short = 'pos'
    empty = 'no positions'
    why_not = 'the fills of this position are no longer at hand'
    BINDINGS = keymap.bindings('positions')

    def __init__(self) -> None:
        super().__init__()
        self._equity = 0.0
        self._exits: dict[str, tuple[float | None, float | None]] = {}
        # These know of the account and its orders.
        self.columns = (
            *self.columns[:2],
            table.Column('exposure', 13, self._bar, drop=2, key=self._exposure),
            *self.columns[2:],
            table.Column(
                'stop',
                14,
                lambda row: self._exit(row, 0),
                align='right',
                drop=1,
            ),
            table.Column(
                'target',
                14,
                lambda row: self._exit(row, 1),
                align='right',
                drop=3,
            ),
        )

    columns: Sequence[table.Column[views.PositionRow]] = (
        table.Column('symbol', 7, lambda row: row.symbol, _row_style),
        table.Column(
            'P&L open',
            11,
            lambda row: text_format.gain(row.unrealized),
            lambda row: _gain_style(row.unrealized),
            align='right',
            key=lambda row: row.unrealized,
        ),
        table.Column(
            'last',
            10,
            lambda row: text_format.price(row.last),
            _row_style,
            align='right',
            key=lambda row: row.last,
            drop=4,
        ),
        table.Column(
            'value',
            11,
            lambda row: text_format.money(row.value),
            _row_style,
            align='right',
            key=lambda row: row.value,
            drop=6,
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
            drop=7,
        ),
        table.Column(
            'P&L done',
            11,
            lambda row: text_format.gain(row.realized),
            lambda row: _gain_style(row.realized),
            align='right',
            key=lambda row: row.realized,
            drop=5,
        ),
    )

    def rows_of(self, snapshot: views.Snapshot) -> Sequence[views.PositionRow]:
        """Gives open positions, and those that were closed today."""
        self._equity = snapshot.equity
        self._exits = {
            row.symbol: exits(row, snapshot.orders)
            for row in snapshot.positions
        }
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

    def _exposure(self, row: views.PositionRow) -> float:
        """Gives what a position is worth, as a share of the equity."""
        return abs(row.value) / self._equity if self._equity > 0 else 0.0

    def _bar(self, row: views.PositionRow) -> str:
        """Draws the exposure; a short one is hatched."""
        share = self._exposure(row)
        cells = min(_BAR, math.ceil(share * _BAR)) if row.quantity else 0
        drawn = ('█' if row.quantity > 0 else '▒') * cells
        return f'{drawn:{_BAR}} {share:4.0%}'

    def _exit(self, row: views.PositionRow, which: int) -> str:
        """Writes a stop or a target with its distance from the last price."""
        level = self._exits.get(row.symbol, (None, None))[which]
        if level is None:
            return text_format.NONE if row.quantity else ''
        away = text_format.percent(level / row.last - 1 if row.last else None)
        return f'{text_format.price(level)} {away}'

    def _held(self) -> views.PositionRow | None:
        """Gives the position under the cursor, and says that there is none."""
        row = self.current
        if row is None or not row.quantity:
            self.notify('no position here')
            return None
        return row

    def action_close_half(self) -> None:
        """Closes half of the position, after a question."""
        row = self._held()
        if row is not None:
            symbol = text_format.clean(row.symbol)
            held = text_format.quantity(row.quantity)
            self.post_message(
                requests.Give(
                    commands.Flatten(symbol=row.symbol, share=0.5),
                    f'Close half of {symbol}, {held}, at market?',
                )
            )

    def action_reverse(self) -> None:
        """Has the ticket review one order that takes the other side."""
        row = self._held()
        if row is not None:
            side = 'sell' if row.quantity > 0 else 'buy'
            twice = ticket.plain(2 * abs(row.quantity))
            self.post_message(
                requests.Review(ticket.Draft(side, row.symbol, twice))
            )

    def action_protect(self) -> None:
        """Opens the command line with what protects the position."""
        row = self._held()
        if row is not None:
            stop, target = self._exits.get(row.symbol, (None, None))
            words = ['protect', row.symbol]
            words.append(f'stop {ticket.plain(stop) or "2%"}')
            if target is not None:
                words.append(f'target {ticket.plain(target)}')
            self.post_message(requests.Line(' '.join(words)))

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
