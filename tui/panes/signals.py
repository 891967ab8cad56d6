"""What a strategy wanted, and what became of each of these signals."""

from collections.abc import Sequence

from sting.model import views
from tui import format as text_format
from tui import keymap
from tui.panes import table

# By the first word of what became of a signal; each says it in words.
_STYLES = {
    'filled': 'good',
    'waits': 'muted',
    'accepted': 'warning',
    'submitted': 'warning',
    'partially': 'warning',
}


def _style(row: views.SignalRow) -> str:
    word = row.fate.partition(' ')[0].rstrip(':')
    return _STYLES.get(word, 'error' if row.is_done else 'warning')


class Signals(table.Table[views.SignalRow]):
    """The signals of one strategy, the newest first; w asks why.

    Attributes:
        strategy: Whose they are.
    """

    number = 0
    scope = 'signals'
    short = 'signals'
    follows_top = True
    empty = 'it has wanted nothing yet'
    BINDINGS = keymap.bindings('signals')
    columns = (
        table.Column('time', 8, lambda row: text_format.clock(row.timestamp)),
        table.Column('symbol', 7, lambda row: row.symbol, 'text!'),
        table.Column('wanted', 20, lambda row: row.text),
        table.Column(
            'what became of it', 24, lambda row: row.fate, _style, grow=True
        ),
        table.Column('because', 32, lambda row: row.reason, 'muted', drop=1),
        table.Column(
            'event', 7, lambda row: str(row.seq), 'muted', 'right', drop=2
        ),
    )

    def __init__(self, strategy: str) -> None:
        """Makes an empty list.

        Args:
            strategy: The instance's name.
        """
        super().__init__()
        self.strategy = strategy

    def rows_of(self, snapshot: views.Snapshot) -> Sequence[views.SignalRow]:
        """Gives the strategy's signals, the newest first."""
        return tuple(
            row for row in snapshot.signals if row.strategy == self.strategy
        )

    def key_of(self, row: views.SignalRow) -> object:
        """Gives the number of the signal's event."""
        return row.seq

    def seq_of(self, row: views.SignalRow) -> int:
        """Gives the number of the signal's event."""
        return row.seq

    def action_filter(self) -> None:
        """Does nothing: the line for it is on the trade screen."""
