"""Pane 8: the sequence, newest first."""

from collections.abc import Sequence

from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import requests
from tui.panes import table

_STYLES = {
    'fill': 'good',
    'risk_alert': 'warning',
    'trading_state': 'error!',
    'order_request': 'focus',
    'order_update': 'focus',
    'command': 'focus!',
    'signal': 'focus',
    'signal_refused': 'warning',
}


def _what(row: views.EventRow) -> str:
    """Leaves out the symbol, which has a column of its own."""
    return row.text.removeprefix(f'{row.symbol} ') if row.symbol else row.text


class Events(table.Table[views.EventRow]):
    """The newest events of the log."""

    number = 8
    scope = 'events'
    short = 'events'
    follows_top = True
    slides = True
    BINDINGS = keymap.bindings('events')

    def __init__(self) -> None:
        super().__init__()
        self._paused: Sequence[views.EventRow] | None = None

    columns = (
        table.Column('seq', 7, lambda row: str(row.seq), 'muted', 'right'),
        table.Column(
            'time',
            8,
            lambda row: text_format.clock(row.timestamp),
            'muted',
            drop=1,
        ),
        table.Column(
            'type',
            13,
            lambda row: row.type,
            lambda row: _STYLES.get(row.type, ''),
        ),
        table.Column('symbol', 6, lambda row: row.symbol),
        table.Column('what', 20, _what, grow=True),
        table.Column('source', 12, lambda row: row.source, 'muted', drop=2),
        table.Column(
            'cause',
            7,
            lambda row: str(row.cause or ''),
            'muted',
            'right',
            drop=3,
        ),
    )

    def rows_of(self, snapshot: views.Snapshot) -> Sequence[views.EventRow]:
        """Gives the newest events, newest first, or those of the pause."""
        if self._paused is not None:
            return self._paused
        return snapshot.events[::-1]

    def note_of(self, snapshot: views.Snapshot) -> str:
        """Says that it is paused, and how many events came since."""
        if self._paused is None:
            return ''
        shown = self._paused[0].seq if self._paused else 0
        return f'paused, {max(0, snapshot.seq - shown)} newer'

    def action_pause(self) -> None:
        """Keeps the events as they are, or follows the log again."""
        self._paused = self._all if self._paused is None else None
        if self._snapshot is not None:
            self.show(self._snapshot)

    def action_detail(self) -> None:
        """Shows all that is known of the event."""
        if self.current is not None:
            self.post_message(requests.ShowEvent(self.current))

    def key_of(self, row: views.EventRow) -> object:
        """Gives the event's number."""
        return row.seq

    def seq_of(self, row: views.EventRow) -> int:
        """Gives the event's number."""
        return row.seq
