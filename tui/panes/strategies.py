"""Pane 7: the strategies of the profile."""

from collections.abc import Sequence

from sting.model import commands
from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import requests
from tui.panes import table

_LIVE = frozenset({'starting', 'running', 'lost'})
_STYLES = {
    'running': 'good',
    'starting': 'warning',
    'restarting': 'warning!',
    'lost': 'warning!',
    'failed': 'error!',
    'quarantined': 'error!',
}
# So much fits into the column; `d` tells the words in full.
_WORDS = {'restarting': 'restart', 'quarantined': 'quarant.'}


def is_live(row: views.StrategyRow) -> bool:
    """Whether a strategy may trade now."""
    return row.status in _LIVE


def _gain_style(row: views.StrategyRow) -> str:
    if round(row.pnl, 2) == 0:
        return ''
    return 'up' if row.pnl > 0 else 'down'


def _detail(row: views.StrategyRow) -> str:
    if row.error or row.detail:
        return text_format.file_names(row.error or row.detail)
    late = f'{row.late} late' if row.late else ''
    again = f'{row.restarts} restarts' if row.restarts else ''
    about = (late, again, row.parameters, ','.join(row.symbols))
    return ' '.join(filter(None, about))


class Strategies(table.Table[views.StrategyRow]):
    """The strategies; enter starts or stops one, r reloads it."""

    number = 7
    scope = 'strategies'
    short = 'strat'
    empty = 'no strategy in this profile'
    why_not = 'what set its status is no longer at hand'
    BINDINGS = keymap.bindings('strategies')
    columns = (
        table.Column('name', 10, lambda row: row.name, 'text!'),
        table.Column(
            'P&L',
            10,
            lambda row: text_format.gain(row.pnl),
            _gain_style,
            align='right',
            key=lambda row: row.pnl,
        ),
        table.Column(
            'status',
            8,
            lambda row: _WORDS.get(row.status, row.status),
            lambda row: _STYLES.get(row.status, 'muted'),
        ),
        table.Column(
            'fills',
            5,
            lambda row: str(row.trades),
            align='right',
            drop=1,
            key=lambda row: row.trades,
        ),
        table.Column(
            'working',
            7,
            lambda row: str(row.working),
            align='right',
            drop=3,
            key=lambda row: row.working,
        ),
        table.Column('about', 10, _detail, 'muted', drop=2, grow=True),
    )

    def rows_of(self, snapshot: views.Snapshot) -> Sequence[views.StrategyRow]:
        """Gives the instances in the profile's order."""
        return snapshot.strategies

    def key_of(self, row: views.StrategyRow) -> object:
        """Gives the instance's name."""
        return row.name

    def seq_of(self, row: views.StrategyRow) -> int:
        """Gives what set its status last, its alert, signal or order."""
        return (
            self.newest_event(
                lambda event: (
                    event.type == 'strategy_status'
                    and event.text.startswith(f'{row.name} ')
                )
            )
            or (0 if is_live(row) else self._newest_alert(row.name))
            or self._newest_signal(row.name)
            or self.newest_order(lambda order: order.strategy == row.name)
        )

    def _newest_signal(self, name: str) -> int:
        signals = () if self._snapshot is None else self._snapshot.signals
        return next((row.seq for row in signals if row.strategy == name), 0)

    def _newest_alert(self, name: str) -> int:
        alerts = () if self._snapshot is None else self._snapshot.alerts
        start = f'strategy {name} '
        found = (row.seq for row in alerts if row.message.startswith(start))
        return next(found, 0)

    def note_of(self, snapshot: views.Snapshot) -> str:
        """Says how many run."""
        live = sum(is_live(row) for row in snapshot.strategies)
        return f'{live} running'

    def action_start_stop(self) -> None:
        """Starts the strategy under the cursor, or stops it if asked to."""
        row = self.current
        if row is None:
            return
        name = text_format.clean(row.name)
        if is_live(row):
            self.post_message(
                requests.Give(
                    commands.StopStrategy(name=row.name),
                    f'Stop the strategy {name}?',
                )
            )
        else:
            self.post_message(
                requests.Give(commands.StartStrategy(name=row.name))
            )

    def action_detail(self) -> None:
        """Shows how the strategy under the cursor does."""
        if self.current is not None:
            self.post_message(requests.ShowStrategy(self.current.name))

    def action_reload(self) -> None:
        """Has the strategy under the cursor take its files as they are."""
        if self.current is not None:
            self.post_message(
                requests.Give(commands.ReloadStrategy(name=self.current.name))
            )

    def action_roll_back(self) -> None:
        """Has the strategy under the cursor go back to its last version."""
        if self.current is not None:
            self.post_message(
                requests.Give(commands.RollbackStrategy(name=self.current.name))
            )
