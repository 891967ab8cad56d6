"""The backtests that were run, as a list: to open, to mark, to compare."""

from collections.abc import Callable
from collections.abc import Sequence
import datetime
from typing import Any

from textual import message

from sting.model import views
from tui import format as text_format
from tui import keymap
from tui.panes import table
from tui.screens import backtest_figures as figures
from tui.screens import backtest_history

NO_RUNS = 'no backtest was run yet'
_MARK = '*'


def title(run: backtest_history.Run) -> str:
    """Names a run's strategy in short: sma_cross."""
    place, _, kind = run.form.strategy.partition(':')
    return kind or place.rpartition('/')[2].removesuffix('.py').split('.')[-1]


def moment(run: backtest_history.Run) -> str:
    """Says when a run ended, in UTC."""
    ended = datetime.datetime.fromtimestamp(run.ended, datetime.UTC)
    return f'{ended:%Y-%m-%d %H:%M}'


def written(run: backtest_history.Run, name: str, write: Any) -> str:
    """Writes a figure of a run."""
    value = run.figures.get(name)
    return text_format.NONE if value is None else str(write(float(value)))


def _figure(name: str, write: Any) -> Callable[[backtest_history.Run], str]:
    return lambda run: written(run, name, write)


def _key(name: str) -> Callable[[backtest_history.Run], float | None]:
    return lambda run: run.figures.get(name)


def _tone(run: backtest_history.Run) -> str:
    return 'down' if (run.figures.get('total_return') or 0.0) < 0 else 'up'


class Runs(table.Table[backtest_history.Run]):
    """The runs, the newest first; at most two of them are marked.

    Attributes:
        marked: Numbers of the runs that are marked, in the order of marking.
    """

    number = 0
    scope = 'runs'
    short = 'runs'
    follows_top = True
    empty = NO_RUNS
    BINDINGS = keymap.bindings('runs')

    class Opened(message.Message):
        """A run is to be shown again."""

        def __init__(self, run: backtest_history.Run) -> None:
            self.run = run
            super().__init__()

    class Compared(message.Message):
        """Two runs are to be shown side by side, the older first."""

        def __init__(
            self, one: backtest_history.Run, other: backtest_history.Run
        ) -> None:
            self.one = one
            self.other = other
            super().__init__()

    class Reported(message.Message):
        """A run's page is to be opened."""

        def __init__(self, run: backtest_history.Run) -> None:
            self.run = run
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[int] = []
        self._all: Sequence[backtest_history.Run] = ()
        self.columns = (
            table.Column('', 1, self._mark, 'focus!'),
            table.Column('run', 4, lambda run: str(run.number), align='right'),
            table.Column('ended', 16, moment, 'muted', drop=7),
            table.Column('strategy', 14, title),
            table.Column('symbols', 8, lambda run: run.form.symbols, drop=4),
            table.Column(
                'parameters',
                16,
                lambda run: run.form.parameters,
                'muted',
                drop=6,
                grow=True,
            ),
            table.Column(
                'return',
                9,
                _figure('total_return', text_format.percent),
                _tone,
                align='right',
                key=_key('total_return'),
            ),
            table.Column(
                'Sharpe',
                7,
                _figure('sharpe', figures.ratio),
                align='right',
                drop=2,
                key=_key('sharpe'),
            ),
            table.Column(
                'fall',
                8,
                _figure('max_drawdown', figures.share),
                align='right',
                drop=3,
                key=_key('max_drawdown'),
            ),
            table.Column(
                'trades',
                7,
                _figure('trades', text_format.quantity),
                align='right',
                drop=5,
                key=_key('trades'),
            ),
        )

    def put(self, runs: Sequence[backtest_history.Run]) -> None:
        """Shows runs.

        Args:
            runs: The newest first.
        """
        self._all = runs
        known = {run.number for run in runs}
        self.marked = [number for number in self.marked if number in known]
        self._take_rows()
        self.repaint()

    def key_of(self, row: backtest_history.Run) -> object:
        """Gives the run's number."""
        return row.number

    def rows_of(
        self, snapshot: views.Snapshot
    ) -> Sequence[backtest_history.Run]:
        """Gives the runs: no picture of an engine changes them."""
        del snapshot
        return self._all

    def seq_of(self, row: backtest_history.Run) -> int:
        """No event of a log belongs to it."""
        del row
        return 0

    def _mark(self, run: backtest_history.Run) -> str:
        return _MARK if run.number in self.marked else ''

    def _empty_text(self) -> str:
        return self.empty

    # Actions of the key table.

    def action_open_run(self) -> None:
        """Shows the run again."""
        if self.current is not None:
            self.post_message(self.Opened(self.current))

    def action_mark(self) -> None:
        """Marks the run, or takes its mark away; two have one at most."""
        run = self.current
        if run is None:
            return
        if run.number in self.marked:
            self.marked.remove(run.number)
        else:
            self.marked = [*self.marked[-1:], run.number]
        self.repaint()

    def action_compare(self) -> None:
        """Shows the two that are marked, or the marked one and this one."""
        wanted = set(self.marked)
        if len(wanted) < 2 and self.current is not None:
            wanted.add(self.current.number)
        chosen = [run for run in self._all if run.number in wanted]
        if len(chosen) < 2:
            self.notify('mark a run with space first, then go to another')
            return
        newer, older = chosen
        self.post_message(self.Compared(older, newer))

    def action_report(self) -> None:
        """Opens the run's page."""
        if self.current is not None:
            self.post_message(self.Reported(self.current))
