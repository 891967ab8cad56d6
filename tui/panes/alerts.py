"""Pane 6: what a person should know."""

from collections.abc import Sequence

from sting.model import commands
from sting.model import records
from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import requests
from tui.panes import table

_STYLES = {
    records.Severity.INFO: 'muted',
    records.Severity.WARNING: 'warning',
    records.Severity.CRITICAL: 'error!',
}


def _style(row: views.AlertRow) -> str:
    return 'muted' if row.seen else _STYLES[row.severity]


class Alerts(table.Table[views.AlertRow]):
    """The alerts: those not seen first, each newest first."""

    number = 6
    scope = 'alerts'
    short = 'alerts'
    empty = 'no alerts'
    follows_top = True
    BINDINGS = keymap.bindings('alerts')
    columns = (
        table.Column('', 1, lambda row: ' ' if row.seen else '●', _style),
        table.Column(
            'time',
            8,
            lambda row: text_format.clock(row.timestamp),
            'muted',
            drop=2,
        ),
        table.Column('severity', 8, lambda row: row.severity.value, _style),
        table.Column(
            'message',
            36,
            lambda row: text_format.file_names(row.message),
            lambda row: 'muted' if row.seen else '',
            grow=True,
        ),
        table.Column('source', 12, lambda row: row.source, 'muted', drop=1),
    )

    def rows_of(self, snapshot: views.Snapshot) -> Sequence[views.AlertRow]:
        """Gives those that were not seen first, each newest first."""
        return sorted(snapshot.alerts, key=lambda row: row.seen)

    def key_of(self, row: views.AlertRow) -> object:
        """Gives the alert's number."""
        return row.seq

    def seq_of(self, row: views.AlertRow) -> int:
        """Gives the alert's number."""
        return row.seq

    def note_of(self, snapshot: views.Snapshot) -> str:
        """Says how many were not seen."""
        return f'{snapshot.unseen} new' if snapshot.unseen else ''

    def flag_of(self, snapshot: views.Snapshot) -> str:
        """Shows that there are alerts that were not seen."""
        return f'({snapshot.unseen})' if snapshot.unseen else ''

    def action_acknowledge(self) -> None:
        """Marks the alert under the cursor as seen."""
        row = self.settled
        if row is None:
            return
        if row.seen:
            self.notify('this alert was seen already')
            return
        self.post_message(
            requests.Give(commands.AcknowledgeAlerts(up_to=row.seq, only=True))
        )

    def action_acknowledge_all(self) -> None:
        """Marks every alert as seen."""
        newest = max((row.seq for row in self._all if not row.seen), default=0)
        if not newest:
            self.notify('every alert was seen already')
            return
        self.post_message(
            requests.Give(commands.AcknowledgeAlerts(up_to=newest))
        )

    def action_jump(self) -> None:
        """Goes to what the alert is about, else to what led to it."""
        row, snapshot = self.current, self._snapshot
        if row is None or snapshot is None:
            return
        words = {word.strip('.,:;()') for word in row.message.split()}
        words.add(row.source)
        for pane, keys in (
            ('orders', [order.id for order in snapshot.orders]),
            ('strategies', [each.name for each in snapshot.strategies]),
            ('positions', [each.symbol for each in snapshot.positions]),
            ('watchlist', [each.symbol for each in snapshot.watch]),
        ):
            found = next((key for key in keys if key in words), None)
            if found is not None:
                self.post_message(requests.Jump(pane, found))
                return
        self.action_why()
